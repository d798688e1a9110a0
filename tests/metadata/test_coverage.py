"""Coverage by hand, and that no unit, company or order changes it."""

from __future__ import annotations

import dataclasses
import math

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.metadata import GROUPS
from alrl.strategies.diversity.herding import UHerding
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import alone, classes_permuted, padded, records_permuted

COVERAGE = GROUPS["coverage"]
NAMES = [feature.name for feature in COVERAGE.features]
FEW = settings(max_examples=25)


def computed(view):
    return COVERAGE.compute(view, torch.arange(view.exists.shape[1]).expand_as(view.exists))


def column(view, name):
    return computed(view)[..., NAMES.index(name)]


def test_known_values(view_of):
    # Known: 0. Available: 1 and 3, at distances 1 and 3, so the radius is 2; kernels of squared distance 1, 4 and 9.
    view = view_of(features=[[0.0], [1.0], [3.0]], probabilities=[[0.5, 0.5], [0.5, 0.5], [0.9, 0.1]], labelled=[0])
    one, four, nine = (math.exp(-square / 4) for square in (1, 4, 9))
    assert column(view, "cover-gain")[0].tolist() == pytest.approx(
        [0, (1 - one + four - nine) / 2, (1 - nine + max(four - one, 0)) / 2], abs=1e-5
    )
    # Margins 0 and .8: weights 1 and .2.
    assert float(column(view, "doubtful-cover-gain")[0, 2]) == pytest.approx(0.2 * (1 - nine) / 1.2, abs=1e-5)
    # Impurities .5 and .18, squared.
    heavy, light = 0.25, 0.0324
    assert float(column(view, "impure-cover-gain")[0, 2]) == pytest.approx(
        light * (1 - nine) / (heavy + light), abs=1e-5
    )
    assert float(column(view, "density")[0, 1]) == pytest.approx((1 + four) / 2, abs=1e-5)
    assert float(column(view, "doubtful-density")[0, 2]) == pytest.approx((four + 0.2) / 1.2, abs=1e-5)


@given(st.integers(0, 1000))
@FEW
def test_features_lie_within_their_bounds(seed):
    view = example_view(seed=seed, padding=seed % 3)
    assert (computed(view) >= 0).all()
    assert (computed(view) <= 1).all()


@given(st.integers(0, 1000))
@FEW
def test_the_gain_ranks_records_as_uncertain_herding_of_the_mean_radius_does(seed):
    view = example_view(seed=seed, records=(20,), labelled=(4,))
    rule = UHerding(radius="mean", temperature=1.0, unit_length=False)
    ours, free = column(view, "doubtful-cover-gain")[0], view.available[0]
    doubt = (1 - view.margin[0])[free].mean()
    torch.testing.assert_close((ours * doubt)[free].double(), rule.score(view)[0, free], rtol=1e-4, atol=1e-6)


@given(st.integers(0, 1000), st.sampled_from([1e-6, 1e4]))
@FEW
def test_no_unit_of_the_features_matters(seed, unit):
    view = example_view(seed=seed)
    scaled = dataclasses.replace(view, features=view.features * unit)
    torch.testing.assert_close(computed(view), computed(scaled), rtol=1e-3, atol=1e-4)


@given(st.integers(0, 1000))
@FEW
def test_neither_company_padding_nor_order_changes_anything(seed):
    view = example_view(seed=seed)
    values = computed(view)
    for episode, size in enumerate(view.exists.sum(1).tolist()):
        torch.testing.assert_close(computed(alone(view, episode))[0], values[episode, :size])
    wider = padded(view, records=2, features=3, classes=1, labelled=1)
    torch.testing.assert_close(computed(wider)[:, : values.shape[1]][view.exists], values[view.exists])
    order = torch.arange(values.shape[1]).flip(0).expand_as(view.exists)
    small = example_view(seed=seed, records=(8, 8))
    order = torch.arange(8).flip(0).expand(2, 8)
    torch.testing.assert_close(computed(records_permuted(small, order)), computed(small).flip(1))
    classes = torch.arange(view.class_mask.shape[1]).expand_as(view.class_mask)
    torch.testing.assert_close(computed(classes_permuted(view, classes)), values)


def test_a_record_in_the_batch_covers_already(view_of):
    view = view_of(features=[[0.0], [1.0], [1.0], [5.0]], probabilities=[[0.5, 0.5]] * 4, labelled=[0])
    begun = view.with_selected(torch.tensor([1]))
    assert float(column(begun, "cover-gain")[0, 2]) < 0.2 * float(column(view, "cover-gain")[0, 2])


def test_where_nothing_is_left_all_is_zero():
    view = example_view(seed=10, labelled=(9, 6, 12))
    assert (computed(view) == 0).all()
