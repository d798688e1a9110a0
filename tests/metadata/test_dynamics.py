from __future__ import annotations

import math

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.metadata.dynamics import (
    area_under_margin,
    data_map,
    deepest_dip,
    error_norm,
    forgetting_events,
    logit_margin,
    never_learnt,
)

ROWS = [[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3], [1.0, 0.0, 0.0]]


def sequence(digits):
    return torch.tensor([[digit == "1"] for digit in digits])


@pytest.mark.parametrize(
    ("digits", "events", "never"),
    [
        ("01101", 1, False),
        ("10101", 2, False),
        ("111", 0, False),
        ("000", 0, True),
        ("001", 0, False),
        ("100", 1, False),
    ],
)
def test_forgetting_is_from_right_to_wrong_and_never_learnt_a_state_of_its_own(digits, events, never):
    assert forgetting_events(sequence(digits)).tolist() == [events]
    assert never_learnt(sequence(digits)).tolist() == [never]


def test_many_records_of_many_episodes_at_once():
    correct = torch.stack([torch.cat([sequence("10101"), sequence("11100")], 1), torch.zeros(5, 2, dtype=torch.bool)])
    assert forgetting_events(correct).tolist() == [[2, 1], [0, 0]]
    assert never_learnt(correct).tolist() == [[False, False], [True, True]]


@pytest.mark.parametrize(
    ("probability", "mean", "spread"), [([0.2, 0.6, 0.4, 0.8], 0.5, 0.2236068), ([0.2, 0.6, 1.0], 0.6, 0.3265986)]
)
def test_the_data_map_has_the_population_deviation(probability, mean, spread):
    result = data_map(torch.tensor(probability), torch.ones(len(probability)))
    assert [float(each) for each in result] == pytest.approx([mean, spread], abs=1e-6)


def test_epochs_that_are_not_counted_leave_the_data_map_alone():
    mean, spread = data_map(torch.tensor([9.0, 0.2, 0.6, 1.0]), torch.tensor([0.0, 1.0, 1.0, 1.0]))
    assert float(mean) == pytest.approx(0.6)
    assert float(spread) == pytest.approx(0.3265986, abs=1e-6)


def test_the_area_under_the_margin_of_logits():
    margins = logit_margin(torch.tensor([[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]]), torch.tensor([0, 0]))
    assert margins.tolist() == [1, -2]
    assert area_under_margin(margins[:, None]).tolist() == [-0.5]


def test_error_norms():
    P = torch.tensor(ROWS)
    assert error_norm(P[:1], torch.tensor([1])).item() == pytest.approx(0.6164414, abs=1e-6)
    assert error_norm(P[:1], torch.tensor([0])).item() == pytest.approx(0.9899495, abs=1e-6)
    assert error_norm(P[3:], torch.tensor([0])).item() == 0
    assert error_norm(P[3:], torch.tensor([2])).item() == pytest.approx(math.sqrt(2))


@given(st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8))
def test_a_dip_is_nil_only_where_the_confidence_never_falls(values):
    dip = float(deepest_dip(torch.tensor(values)[:, None]))
    assert 0 <= dip <= 1
    assert (dip == 0) == (values == sorted(values))
