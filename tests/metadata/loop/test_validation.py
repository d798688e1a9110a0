from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import cohen_kappa_score

from alrl.metadata.loop.validation import agreement, change_bound, kappa, overall_uncertainty


def digits(text):
    return torch.tensor([int(digit) for digit in text])


def of(first, second, classes=2):
    return float(kappa(digits(first), digits(second), torch.ones(len(first), dtype=torch.bool), classes))


def test_kappas():
    assert of("0011101011", "0011001111") == pytest.approx(0.5833333, abs=1e-6)
    assert of("0110", "0111") == pytest.approx(0.5)


def test_two_identical_one_class_vectors_agree_fully():
    assert of("1111", "1111") == 1
    assert of("", "") == 1


def test_one_class_against_another_agrees_no_better_than_chance():
    assert of("1111", "0000") == 0


@settings(max_examples=30)
@given(st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), min_size=2, max_size=20))
def test_kappa_is_that_of_scikit_learn(pairs):
    first, second = zip(*pairs, strict=True)
    if len({*first, *second}) > 1:
        expected = cohen_kappa_score(first, second, labels=[0, 1, 2])
        result = kappa(torch.tensor(first), torch.tensor(second), torch.ones(len(first), dtype=torch.bool), 3)
        assert float(result) == pytest.approx(expected, abs=1e-6)


def test_records_that_do_not_count_do_not_count():
    first, second = digits("0110100"), digits("0111011")
    among = torch.tensor([True] * 4 + [False] * 3)
    assert float(kappa(first, second, among, 2)) == pytest.approx(0.5)
    assert float(agreement(first, second, among)) == 0.75


def test_the_bound_on_the_change_of_f():
    bound = change_bound(torch.tensor([0.99, 1.0, 0.8, 0.0, -1.0]))
    assert bound.tolist() == pytest.approx([0.0404040, 0, 1, 1, 1], abs=1e-6)


def test_overall_uncertainty():
    rows = torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.99, 0.01], [1.0, 0.0]])
    assert overall_uncertainty(rows).tolist() == pytest.approx([1, 0.468996, 0.080793, 0], abs=1e-6)
