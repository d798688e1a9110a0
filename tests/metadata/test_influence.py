"""How far a record's label would carry, by hand and by the formulas of the papers."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
import torch
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from alrl.loop.pool_view import PoolView
from alrl.metadata import GROUPS
from alrl.numerics.backend import portable
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone, classes_permuted, records_permuted

INFLUENCE = GROUPS["influence"]
NAMES = [feature.name for feature in INFLUENCE.features]
FEW = settings(max_examples=25)
LINE = [0.0, 1.0, -1.0]
"""Without a label: variances .1, .2 and .2, covariances .1 with the first, 0 between the others."""
GIVEN = [[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]]
"""Impurities .5, .5 and .18."""


def computed(view: PoolView) -> torch.Tensor:
    """The features of all records, padding included, (B, N, 6)."""
    return INFLUENCE.compute(view, torch.arange(view.exists.shape[1]).expand_as(view.exists))


def by_hand(view: PoolView) -> np.ndarray:
    """The features of all records of the only episode, (N, 6), in float64, by refits of the linear model.

    A label's worth is the model's variances before less those after, with that record among the labelled ones.
    """
    Z = np.pad(view.features[0].double().numpy(), ((0, 0), (0, 1)), constant_values=1.0)
    impurity = 1 - (view.probabilities[0].double().numpy() ** 2).sum(1)
    known, free = view.known[0].numpy(), view.available[0].numpy()

    def covariance(weight: np.ndarray) -> np.ndarray:
        return Z @ np.linalg.inv(10 * np.eye(Z.shape[1]) + (Z.T * weight) @ Z) @ Z.T

    answer = np.maximum(impurity, 0.02) * known
    now = covariance(answer)
    variance, doubt = now.diagonal(), (impurity**2 * free)[free]
    rows = []
    for n in range(len(Z)):
        later = covariance(answer + impurity * (np.arange(len(Z)) == n)).diagonal()
        correlation = (now[n] / np.sqrt(variance[n] * variance))[free]
        rows.append(
            [
                1 - later[n] / variance[n],
                np.log(variance[n] / variance[free].mean()) / 3,
                (correlation**2).mean(),
                (correlation**2 * doubt).sum() / doubt.sum(),
                (np.maximum(correlation, 0) ** 2 * doubt).sum() / doubt.sum(),
                ((variance - later)[free] * doubt).sum() / (variance[free] * doubt).sum(),
            ]
        )
    return np.array(rows)


@st.composite
def views(draw: st.DrawFn, cases: tuple[str, ...] = ("ordinary", "duplicates", "certain", "even")) -> PoolView:
    """Up to three episodes, one record of each perhaps in the batch."""
    records = draw(st.lists(st.integers(1, 14), min_size=1, max_size=3))
    view = example_view(
        seed=draw(st.integers(0, 10_000)),
        records=records,
        features=draw(st.lists(st.integers(1, 5), min_size=1, max_size=3)),
        labelled=[draw(st.integers(0, size)) for size in records],
        case=draw(st.sampled_from(cases)),
    )
    if draw(st.booleans()):
        some = view.available
        view = view.with_selected(torch.where(some.any(1), some.to(torch.uint8).argmax(1), -1))
    return view


def test_leverage_is_the_share_of_its_variance_that_a_label_takes(view_of, features_of):
    # .5 v / (1 + .5 v): .05 / 1.05, .1 / 1.1, and with an impurity of .18 .036 / 1.036.
    seen = features_of(view_of(features=LINE, probabilities=GIVEN))
    assert seen["leverage"] == pytest.approx([0.05 / 1.05, 0.1 / 1.1, 0.036 / 1.036])


def test_the_variance_is_told_beside_the_pools(view_of, features_of):
    # Mean of .1, .2 and .2: 1/6.
    seen = features_of(view_of(features=LINE, probabilities=GIVEN))
    assert seen["variance-ratio"] == pytest.approx([math.log(0.6) / 3, math.log(1.2) / 3, math.log(1.2) / 3], abs=1e-6)


def test_reach_is_the_mean_squared_correlation(view_of, features_of):
    # Correlations: 1, √.5 and √.5 of the first; √.5, 1 and 0 of the second.
    seen = features_of(view_of(features=LINE, probabilities=GIVEN))
    assert seen["reach"] == pytest.approx([2 / 3, 0.5, 0.5])


def test_in_doubtful_reach_records_count_by_their_squared_impurity(view_of, features_of):
    # Weights .25, .25 and .0324.
    seen, total = features_of(view_of(features=LINE, probabilities=GIVEN)), 0.5324
    expected = [(0.25 + 0.125 + 0.0162) / total, (0.125 + 0.25) / total, (0.125 + 0.0324) / total]
    assert seen["doubtful-reach"] == pytest.approx(expected)
    # No correlation is below zero here.
    assert seen["doubtful-alignment"] == pytest.approx(expected)


def test_what_is_correlated_the_other_way_round_is_not_aligned(view_of, features_of):
    # Variances .5, covariance (1 - 4) / 10: correlation -.6.
    seen = features_of(view_of(features=[2.0, -2.0], probabilities=[[0.5, 0.5], [0.5, 0.5]]))
    assert seen["doubtful-reach"] == pytest.approx([0.68, 0.68])
    assert seen["doubtful-alignment"] == pytest.approx([0.5, 0.5])


def test_variance_reduction_is_the_share_of_the_pools_variance_that_a_label_takes(view_of, features_of):
    seen = features_of(view_of(features=LINE, probabilities=GIVEN))
    pool = 0.25 * 0.1 + 0.25 * 0.2 + 0.0324 * 0.2
    first = (0.25 * 0.01 + 0.25 * 0.01 + 0.0324 * 0.01) * 0.5 / 1.05
    second = (0.25 * 0.01 + 0.25 * 0.04) * 0.5 / 1.1
    third = (0.25 * 0.01 + 0.0324 * 0.04) * 0.18 / 1.036
    assert seen["variance-reduction"] == pytest.approx([first / pool, second / pool, third / pool])


def test_records_that_may_not_be_queried_are_none_of_the_pool(view_of, features_of):
    seen = features_of(view_of(features=[1.0, 0.0, 1.0], probabilities=GIVEN, labelled=[1], labels=[0]))
    # Left are two at the same place, of variance .2 - .01 / (.1 + 2) each.
    assert seen["reach"][0] == pytest.approx(1)
    assert seen["variance-ratio"][::2] == pytest.approx([0, 0], abs=1e-6)
    assert seen["leverage"][0] == pytest.approx(0.5 * (0.2 - 0.01 / 2.1) / (1 + 0.5 * (0.2 - 0.01 / 2.1)))


def test_a_record_in_the_batch_takes_away_from_what_is_near_it(view_of, features_of):
    before, after = (features_of(view_of(features=[2.0, 1.0, -1.0], selected=batch)) for batch in ((), (0,)))
    # Variances .5, .2 and .2, of mean .3.
    assert before["variance-ratio"] == pytest.approx([math.log(x / 0.3) / 3 for x in (0.5, 0.2, 0.2)])
    # Its label, of variance .5, is divided by .5 + 2: the second has .2 - .09 / 2.5 left, the third .2 - .01 / 2.5.
    assert after["variance-ratio"][1:] == pytest.approx([math.log(0.164 / 0.18) / 3, math.log(0.196 / 0.18) / 3])


@FEW
@given(views(cases=("ordinary", "even")))
def test_features_are_what_refits_of_the_linear_model_say(view):
    first = alone(view, 0)
    assume(bool(first.available.any()))
    np.testing.assert_allclose(computed(first)[0], by_hand(first).clip(-1, 1), rtol=1e-3, atol=2e-5)


@FEW
@given(views(), st.integers(-30, 30))
def test_whatever_the_scale_features_are_finite_and_within_their_range(view, power):
    scaled = dataclasses.replace(view, features=view.features * 2.0**power)
    here = computed(scaled)
    with portable():
        there = computed(scaled)
    for feature, column in zip(INFLUENCE.features, zip(here.unbind(-1), there.unbind(-1), strict=True), strict=True):
        for way in column:
            assert bool((way >= feature.low).all() and (way <= feature.high).all()), feature.name


@FEW
@given(views())
def test_what_torch_alone_computes_is_what_compiled_code_computes(view):
    here = computed(view)
    with portable():
        there = computed(view)
    torch.testing.assert_close(there, here, rtol=1e-3, atol=1e-5)


def test_where_all_are_certain_nothing_is_in_doubt(view_of, features_of):
    seen = features_of(view_of(features=LINE, probabilities=[[1.0, 0.0], [0.0, 1.0], [1.0, 0.0]]))
    for name in ("leverage", "doubtful-reach", "doubtful-alignment", "variance-reduction"):
        assert seen[name] == [0, 0, 0], name
    assert seen["reach"] == pytest.approx([2 / 3, 0.5, 0.5])


def test_with_nothing_left_to_query_there_is_no_pool_to_reach(view_of, features_of):
    seen = features_of(view_of(features=[1.0, 2.0], labelled=[0], labels=[0], selected=[1]))
    for name in NAMES[1:]:
        assert seen[name] == [0, 0], name
    assert all(value > 0 for value in seen["leverage"])


@FEW
@given(views(), st.randoms())
def test_the_order_of_the_records_changes_nothing_but_the_order(view, random):
    order = _shuffled(view.exists, random)
    moved = computed(records_permuted(view, order))
    expected = computed(view).gather(1, order[..., None].expand(-1, -1, len(NAMES)))
    torch.testing.assert_close(moved, expected, rtol=1e-4, atol=2e-6)


@FEW
@given(views(), st.randoms())
def test_the_order_of_the_classes_changes_nothing(view, random):
    order = _shuffled(view.class_mask, random)
    torch.testing.assert_close(computed(classes_permuted(view, order)), computed(view), rtol=1e-4, atol=2e-6)


def _shuffled(mask, random):
    """A random order of the real places of each row, which come first; the others stay."""
    order = torch.arange(mask.shape[1]).repeat(len(mask), 1)
    for row, size in enumerate(mask.sum(1).tolist()):
        order[row, :size] = torch.tensor(random.sample(range(size), size))
    return order


def test_every_column_adds_to_what_is_not_known(view_of, features_of):
    few, many = (features_of(view_of(features=[[x] * count for x in LINE])) for count in (1, 4))
    # Variances (4 x² + 1) / 10 in place of (x² + 1) / 10.
    assert few["leverage"][1] == pytest.approx(0.1 / 1.1)
    assert many["leverage"][1] == pytest.approx(0.25 / 1.25)
    # Correlations of the second with the others: √.5 and 0; √.2 and -.6.
    assert few["reach"][1] == pytest.approx((0.5 + 1) / 3)
    assert many["reach"][1] == pytest.approx((0.2 + 1 + 0.36) / 3)


def test_in_a_large_pool_128_records_stand_for_it(view_of, features_of):
    places = torch.linspace(-2, 2, 500).tolist()
    seen = features_of(view_of(features=places), index=[0, 250])
    # The noise of view_of rises with the position: those drawn are the last 128.
    last = np.array(places[-128:])
    expected = [((x * last + 1) ** 2 / ((x**2 + 1) * (last**2 + 1))).mean() for x in (places[0], places[250])]
    assert seen["reach"] == pytest.approx(expected, rel=1e-4)
