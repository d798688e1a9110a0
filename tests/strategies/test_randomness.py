from __future__ import annotations

import dataclasses

import torch
from scipy import stats

from alrl.strategies.randomness import coin, fresh, gumbel
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone, padded, records_permuted


def test_fresh_numbers_are_uniform_and_new_for_every_step():
    noise = torch.rand(1, 5000, generator=torch.Generator().manual_seed(0))
    numbers = torch.stack([fresh(noise, step)[0] for step in range(4)])
    assert float(numbers.min()) > 0
    assert float(numbers.max()) < 1
    for row in numbers:
        assert stats.kstest(row.numpy(), "uniform").pvalue > 0.001
    together = torch.corrcoef(torch.cat([numbers, noise])) - torch.eye(5)
    assert float(together.abs().max()) < 0.06


def test_each_record_has_its_own_numbers_wherever_it_is():
    noise = torch.rand(1, 50, generator=torch.Generator().manual_seed(1))
    assert fresh(noise, 3).flip(1).equal(fresh(noise.flip(1), 3))
    assert fresh(noise, torch.tensor([3])).equal(fresh(noise, 3))


def test_a_coin_is_the_episodes_own_whatever_order_and_padding():
    view = example_view(seed=4)
    drawn = coin(view, torch.tensor([0, 1, 2]))
    assert coin(padded(view, records=5), torch.tensor([0, 1, 2])).equal(drawn)
    order = torch.arange(12).flip(0)[None].expand(3, -1)
    assert coin(records_permuted(view, order), torch.tensor([0, 1, 2])).equal(drawn)
    assert coin(alone(view, 1), 1).equal(drawn[1:2])


def test_coins_are_fair():
    view = example_view(records=(12,))
    random = torch.Generator().manual_seed(0)
    drawn = [
        float(coin(dataclasses.replace(view, noise=torch.rand(1, 12, generator=random)), step)) for step in range(500)
    ]
    assert stats.kstest(drawn, "uniform").pvalue > 0.001


def test_gumbel_numbers_are_gumbel():
    noise = torch.rand(1, 5000, generator=torch.Generator().manual_seed(2))
    assert stats.kstest(gumbel(noise, 0)[0].numpy(), "gumbel_r").pvalue > 0.001
