"""Passes over the pool, against the plain way to say the same."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.loop.held_out_scores import _outcome, outcome
from alrl.loop.labelled_set import fault_of
from alrl.numerics.compiled_ranking import best_records
from alrl.numerics.noise import _uniform, uniform
from alrl.numerics.ranking import likeliest


@given(st.integers(1, 3), st.integers(1, 30), st.integers(1, 8), st.integers(0, 99))
@settings(max_examples=80)
def test_the_best_records_are_those_of_a_full_sort(B, N, count, seed):
    rng = np.random.default_rng(seed)
    # Few distinct scores: ties are the rule, and luck decides.
    score, noise = rng.integers(0, 3, (B, N)).astype(np.float32), rng.random((B, N), dtype=np.float32)
    available = rng.random((B, N)) < 0.7
    picks = np.empty((B, count), np.int64)
    best_records(score, available, noise, picks)
    for b in range(B):
        order = sorted(np.flatnonzero(available[b]), key=lambda j: (-score[b, j], -noise[b, j], j))
        assert picks[b].tolist() == [*order[:count], *[-1] * (count - len(order))]


def test_a_score_that_is_no_number_comes_last():
    picks = np.empty((1, 3), np.int64)
    score = np.array([[np.nan, -5.0, -np.inf]], np.float32)
    best_records(score, np.ones((1, 3), bool), np.array([[0.9, 0.1, 0.2]], np.float32), picks)
    assert picks.tolist() == [[1, 0, 2]]


def test_the_likeliest_class_is_the_first_of_equals():
    result = likeliest(torch.tensor([[[0.25, 0.5, 0.25], [0.4, 0.2, 0.4], [1 / 3, 1 / 3, 1 / 3]]]))
    assert result.predicted.tolist() == [[1, 0, 0]]
    assert result.first.tolist()[0] == pytest.approx([0.5, 0.4, 1 / 3])
    assert result.second.tolist()[0] == pytest.approx([0.25, 0.4, 1 / 3])


@given(st.integers(1, 6), st.integers(0, 99))
def test_the_two_likeliest_are_those_of_a_sort(k, seed):
    probabilities = torch.rand(2, 17, k, generator=torch.Generator().manual_seed(seed))
    result, order = likeliest(probabilities), probabilities.sort(-1, descending=True)
    assert result.predicted.equal(order.indices[..., 0])
    assert result.first.equal(order.values[..., 0])
    assert result.second.equal(order.values[..., 1] if k > 1 else torch.zeros(2, 17))


def test_noise_is_the_same_on_any_device():
    keys, counter = torch.tensor([7, -8, 2**62]), torch.tensor([0, 5, 1])
    assert uniform(keys, counter, 1001).equal(_uniform(keys, counter, 1001))


@given(st.integers(1, 4), st.integers(1, 12), st.integers(0, 99))
def test_scores_are_the_same_on_any_device(k, M, seed):
    generator = torch.Generator().manual_seed(seed)
    probabilities = torch.rand(3, M, k, generator=generator)
    labels = torch.randint(k, (3, M), generator=generator)
    exists = torch.rand(3, M, generator=generator) < 0.8
    here, there = outcome(probabilities, labels, exists), _outcome(probabilities.argmax(-1), labels, exists, k)
    assert torch.allclose(here.accuracy, there.accuracy)
    assert torch.allclose(here.balanced_accuracy, there.balanced_accuracy)


LABELLED, EXISTS = torch.tensor([[False, True, False], [False] * 3]), torch.tensor([[True] * 3, [True, True, False]])


@pytest.mark.parametrize(
    ("picks", "fault"),
    [
        ([[0, 2], [1, -1]], (None, 0, 0)),
        ([[-1, -1], [-1, -1]], (None, 0, 0)),
        ([[0, -1], [3, -1]], ("outside", 1, 3)),
        ([[-2, 0], [0, 1]], ("outside", 0, -2)),
        ([[0, 1], [0, 1]], ("not to be had", 0, 1)),
        ([[0, 2], [0, 0]], ("not to be had", 1, 0)),
        ([[0, 2], [2, 0]], ("not to be had", 1, 2)),
    ],
)
def test_a_fault_is_told_with_its_place(picks, fault):
    assert fault_of(torch.tensor(picks), LABELLED, EXISTS) == fault
