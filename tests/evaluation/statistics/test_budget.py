"""Areas, deficiency, labels to a target and break-even, against known values."""

from __future__ import annotations

import numpy as np
import pytest

from alrl.errors import InvalidDataError
from alrl.evaluation import statistics
from alrl.evaluation.curves import Curves
from alrl.numerics.streams import generator


def rising(rows: list[list[float]], first: list[int] | None = None) -> Curves:
    return Curves(
        data_set="iris",
        strategy="margin",
        learner="softmax-regression",
        batch=1,
        seeds=tuple(range(len(rows))),
        accuracy=rows,
        balanced_accuracy=rows,
        picks=[[0] * (len(rows[0]) - 1)] * len(rows),
        first=first or [1] * len(rows),
    )


def test_the_area_over_log_labels_counts_the_first_sample() -> None:
    # After 1, 2 and 3 labels: (.5 + .7) / 2 over one doubling, (.7 + .8) / 2 over log2(1.5) of one.
    at_one = (0.6 + 0.75 * np.log2(1.5)) / np.log2(3)
    # After 2, 3 and 4: log2(1.5) and log2(4 / 3).
    at_two = 0.6 * np.log2(1.5) + 0.75 * np.log2(4 / 3)
    result = statistics.log_area(rising([[0.5, 0.7, 0.8]] * 2, first=[1, 2]))
    assert result == pytest.approx([at_one, at_two])
    assert statistics.log_area(rising([[0.5, 0.7, 0.8]], first=[0])) == pytest.approx([at_one])


def test_deficiency_is_the_ratio_of_what_is_lacking() -> None:
    reference = [0.5, 0.6, 0.7, 0.8]
    assert statistics.deficiency([0.5, 0.7, 0.8, 0.85], reference) == pytest.approx(0.35 / 0.6)
    assert statistics.deficiency(reference, reference) == 1.0
    assert np.isnan(statistics.deficiency([0.5, 0.6], [0.7, 0.7]))
    with pytest.raises(InvalidDataError, match="must span the same labels"):
        statistics.deficiency([0.5], reference)


def test_labels_needed_are_interpolated_and_infinite_where_never_reached() -> None:
    curves = rising([[0.5, 0.7, 0.8, 0.85]] * 3)
    result = statistics.labels_needed(curves, 0.75, generator([0], "bootstrap"))
    assert (result.value, result.low, result.high) == pytest.approx((1.5, 1.5, 1.5))
    never = statistics.labels_needed(curves, 0.9, generator([0], "bootstrap"))
    assert (never.value, never.low, never.high) == (np.inf, np.inf, np.inf)
    split = statistics.labels_needed(rising([[0.5, 1.0]] * 5 + [[0.5, 0.7]] * 5), 0.84, generator([0], "bootstrap"))
    assert split.value < 1.0
    assert split.high == np.inf


@pytest.mark.parametrize(
    ("label", "compute", "rounds", "share"),
    [(1.0, 0.5, 10, 0.60), (2.0, 1.0, 10, 0.60), (1.0, 0.01, 10, 0.04266), (1.0, 0.5, 1, 0.0), (0.0, 1.0, 3, 0.5)],
)
def test_break_even_is_the_known_value(label: float, compute: float, rounds: int, share: float) -> None:
    assert statistics.break_even(label, compute, rounds) == pytest.approx(share, abs=1e-5)


@pytest.mark.parametrize(("label", "compute", "rounds"), [(-1, 1, 2), (1, -1, 2), (0, 0, 2), (1, 1, 0)])
def test_break_even_refuses_what_has_no_price(label: float, compute: float, rounds: int) -> None:
    with pytest.raises(InvalidDataError, match="prices are 0 or above"):
        statistics.break_even(label, compute, rounds)


def test_the_saving_counts_the_first_sample() -> None:
    assert statistics.label_saving(10, 40, 10) == pytest.approx(0.6)
    assert statistics.label_saving(40, 40, 10) == 0.0
    assert statistics.label_saving(np.inf, 40, 10) == -np.inf
