from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.numerics.uncertainty import entropy, gini, least_confidence, margin

P = torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0]], dtype=torch.float64)
KNOWN = {
    least_confidence: [0.5, 0.3, 0.66667, 0],
    margin: [0.2, 0.5, 0, 1],
    entropy: [1.0296530, 0.8018186, 1.0986123, 0],
    gini: [0.62, 0.46, 0.66667, 0],
}


@pytest.mark.parametrize("measure", KNOWN, ids=lambda measure: measure.__name__)
def test_known_values(measure):
    assert measure(P).tolist() == pytest.approx(KNOWN[measure], abs=5e-6)


def test_entropy_over_that_of_the_uniform_distribution():
    assert (entropy(P) / math.log(3)).tolist() == pytest.approx([0.937231, 0.729847, 1, 0], abs=5e-7)


def test_three_measures_rank_three_rows_differently():
    rows = torch.tensor([[0.5, 0.5, 0.0], [0.4, 0.3, 0.3], [0.45, 0.45, 0.1]], dtype=torch.float64)
    assert least_confidence(rows).argmax() == 1
    assert margin(rows).tolist() == pytest.approx([0, 0.1, 0], abs=1e-12)
    assert entropy(rows).tolist() == pytest.approx([0.69315, 1.08890, 0.94892], abs=5e-6)


@pytest.mark.parametrize("measure", KNOWN, ids=lambda measure: measure.__name__)
def test_a_class_that_is_padding_changes_nothing(measure):
    padded = torch.nn.functional.pad(P, (0, 2))
    torch.testing.assert_close(measure(padded), measure(P), rtol=0, atol=1e-15)


def test_margin_of_a_single_class_is_its_probability():
    assert margin(torch.tensor([[1.0]])).tolist() == [1.0]


@given(st.integers(2, 1000), st.data())
def test_in_two_classes_all_measures_give_one_order(scale, data):
    parts = data.draw(st.lists(st.integers(0, scale), min_size=2, max_size=20))
    rows = torch.tensor([[part / scale, (scale - part) / scale] for part in parts], dtype=torch.float64)
    scores = [least_confidence(rows), -margin(rows), entropy(rows), gini(rows)]
    # Rounded, so that records that differ in the last bit alone count as tied in every measure.
    ranks = [np.unique(score.numpy().round(11), return_inverse=True)[1].tolist() for score in scores]
    assert ranks[0] == ranks[1] == ranks[2] == ranks[3]


@given(st.lists(st.lists(st.integers(0, 50), min_size=4, max_size=4).filter(any), min_size=1, max_size=8))
def test_measures_agree_with_their_definitions(counts):
    p = np.array(counts, dtype=float) / np.array(counts, dtype=float).sum(1, keepdims=True)
    expected_entropy = [-sum(x * math.log(x) for x in row if x > 0) for row in p]
    expected_margin = np.diff(np.sort(p, 1))[:, -1]
    rows = torch.tensor(p)
    np.testing.assert_allclose(entropy(rows), expected_entropy, atol=1e-12)
    np.testing.assert_allclose(margin(rows), expected_margin, atol=1e-12)
    np.testing.assert_allclose(least_confidence(rows), 1 - p.max(1), atol=1e-12)
    np.testing.assert_allclose(gini(rows), 1 - (p**2).sum(1), atol=1e-12)
