from __future__ import annotations

import dataclasses

import pytest
import torch
from scipy import stats

from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.strategies.randomness import gumbel
from alrl.strategies.uncertainty_sampling import Entropy, Margin
from alrl.strategies.wrappers.power import Power, rank
from alrl.testing.example_view import example_view


def firsts(strategy, view, draws=1500):
    """How often each record of one episode is queried first, over many draws of the noise."""
    random = torch.Generator().manual_seed(0)
    many = torch.rand(draws, view.noise.shape[1], generator=random)
    count = torch.zeros(view.noise.shape[1])
    for row in many:
        count[strategy.select(dataclasses.replace(view, noise=row[None]))[0, 0]] += 1
    return count


@pytest.mark.parametrize(
    ("settings", "weight"),
    [
        ({"base": "least-confidence"}, lambda s: s),
        ({"base": "least-confidence", "beta": 3.0}, lambda s: s**3),
        ({"base": "margin", "kind": "softmax", "beta": 2.0}, lambda s: (2 * s).exp()),
        ({"base": "margin", "kind": "softrank"}, lambda s: 1 / torch.tensor([2.0, 3.0, 1.0, 4.0])),
    ],
)
def test_the_first_record_is_a_draw_in_proportion(view_of, settings, weight):
    view = view_of(probabilities=[[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3], [0.9, 0.06, 0.04]])
    strategy = Power(**settings)
    chance = weight(strategy.inner.score(view)[0])
    count = firsts(strategy, view)
    assert stats.chisquare(count, chance / chance.sum() * count.sum()).pvalue > 0.001


@pytest.mark.parametrize("kind", ["power", "softmax", "softrank"])
def test_at_a_high_beta_the_base_chooses(kind):
    view = example_view(seed=6)
    assert Power(kind=kind, beta=1e6).select(view, 3).equal(Entropy().select(view, 3))


def test_the_noise_is_gumbels_over_beta():
    view = example_view(seed=6)
    shaped = Entropy().score(view).clamp_min(torch.finfo(torch.float32).tiny).log()
    torch.testing.assert_close(Power(beta=4.0).score(view), shaped + gumbel(view.noise, 0) / 4)


def test_records_of_score_zero_are_drawn_last_and_at_random(view_of):
    sure = [[1.0, 0.0]] * 5
    view = view_of(probabilities=[*sure, [0.6, 0.4]], noise=[0.1, 0.7, 0.3, 0.9, 0.5, 0.2])
    assert Power().score(view).isfinite().all()
    assert Power().select(view)[0, 0] == 5
    assert firsts(Power(), view_of(probabilities=sure), 500).gt(50).all()


def test_equal_scores_share_the_better_rank():
    score = torch.tensor([[3.0, 1.0, 3.0, 2.0, 9.0]])
    open_ = torch.tensor([[True, True, True, True, False]])
    assert rank(score, open_)[0, :4].tolist() == [1, 4, 1, 3]


def test_a_base_below_zero_has_no_power():
    with pytest.raises(InvalidQueryError, match=r'margin gives a score of -0\.\d+.*kind = "softmax"'):
        Power(base="margin").score(example_view())
    assert Power(base=Margin(), kind="softrank").score(example_view()).isfinite().all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"kind": "soft"}, "kind = 'soft' given; allowed: power, softmax, softrank"),
        ({"beta": 0.0}, "beta = 0.0 given; it must be above 0 and finite"),
        ({"beta": float("nan")}, "beta = nan given"),
        ({"base": "entropi"}, 'did you mean "entropy"'),
        ({"base": "entropy", "settings": {"beta": 1}}, 'unknown setting "beta"'),
    ],
)
def test_what_cannot_be_is_refused(settings, message):
    with pytest.raises(InvalidRecipeError) as caught:
        Power(**settings)
    assert message in str(caught.value)
