"""Learning curves, their sums and their comparison."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alrl.errors import InvalidDataError
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves, aubc, labels_to_target, mean_interval

LABELS, VALUES = [10, 20, 30, 40], [0.5, 0.7, 0.8, 0.85]


def make(**changes: Any) -> Curves:
    fields: dict[str, Any] = {
        "data_set": "iris",
        "strategy": "margin",
        "learner": "softmax-regression",
        "batch": 1,
        "seeds": (0, 1),
        "accuracy": [[0.5, 0.7, 0.9], [0.3, 0.5, 0.7]],
        "balanced_accuracy": [[0.4, 0.6, 0.8], [0.2, 0.4, 0.6]],
        "picks": [[3, 7], [5, -1]],
        "first": [3, 3],
    }
    return Curves(**(fields | changes))


def test_aubc_is_the_known_value_in_labels_and_in_their_logarithm() -> None:
    assert float(aubc(VALUES, LABELS)) == pytest.approx(0.725, abs=1e-12)
    assert float(aubc(VALUES, LABELS, log=True)) == pytest.approx(0.6905639, abs=5e-8)


def test_aubc_works_over_leading_axes_and_of_one_point_is_that_point() -> None:
    assert aubc([VALUES, [1.0] * 4], LABELS).round(9).tolist() == [0.725, 1.0]
    assert aubc([[0.3], [0.6]]).tolist() == [0.3, 0.6]


@given(st.lists(st.floats(0, 1), min_size=2, max_size=20))
def test_aubc_lies_between_the_lowest_and_the_highest_value(values: list[float]) -> None:
    assert min(values) - 1e-12 <= float(aubc(values)) <= max(values) + 1e-12


def test_labels_to_target_interpolates_and_is_nan_where_never_reached() -> None:
    assert float(labels_to_target(VALUES, LABELS, target=0.75)) == pytest.approx(25)
    assert float(labels_to_target(VALUES, LABELS, target=0.4)) == 10
    assert np.isnan(labels_to_target(VALUES, LABELS, target=0.9))


def test_labels_to_target_takes_the_first_crossing_of_a_curve_that_falls_again() -> None:
    assert labels_to_target([[0.0, 1.0, 0.0, 1.0], [0.0, 0.0, 0.0, 1.0]], target=0.5).tolist() == [0.5, 2.5]


@pytest.mark.parametrize(
    ("values", "labels", "log", "message"),
    [
        ([], None, False, "a curve without points has no area"),
        ([0.5, 0.6], [1], False, "one count a point"),
        ([0.5, 0.6], [2, 2], False, "must increase strictly"),
        ([0.5, 0.6], None, True, "log=True needs label counts above 0, got 0 first"),
    ],
)
def test_aubc_refuses_label_counts_that_do_not_fit(values: list[float], labels: Any, log: bool, message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        aubc(values, labels, log=log)


def test_interval_is_students() -> None:
    mean, low, high = mean_interval([1.0, 2.0, 3.0])
    assert (float(mean), float(low), float(high)) == pytest.approx((2.0, 2 - 2.484138, 2 + 2.484138), abs=1e-6)


def test_interval_of_one_seed_is_nan_and_of_a_wrong_level_an_error() -> None:
    assert np.isnan(mean_interval([[1.0, 2.0]]).low).all()
    with pytest.raises(InvalidDataError, match=r"level 95 given; a confidence level lies between 0 and 1"):
        mean_interval([1.0, 2.0], level=95)


def test_curves_have_areas_targets_and_intervals_by_seed() -> None:
    curves = make()
    assert curves.labels == 2
    assert curves.aubc.round(9).tolist() == [0.7, 0.5]
    assert curves.aubc_balanced.round(9).tolist() == [0.6, 0.4]
    assert curves.labels_to(0.8).round(9).tolist()[0] == 1.5
    assert np.isnan(curves.labels_to(0.8)[1])
    assert curves.interval("balanced_accuracy").mean.round(9).tolist() == [0.3, 0.5, 0.7]


def test_curves_keep_a_copy_that_nobody_can_change() -> None:
    source = np.array([[0.5, 0.7, 0.9], [0.3, 0.5, 0.7]])
    curves = make(accuracy=source)
    source[:] = 0
    assert curves.accuracy[0, 0] == 0.5
    with pytest.raises(ValueError, match="read-only"):
        curves.accuracy[0, 0] = 1


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"seeds": (0, 0)}, "at least one seed, each of them once"),
        ({"seeds": (0,)}, r"accuracy of margin on iris has shape \(2, 3\); 1 seeds and 2 labels need \(1, 3\)"),
        ({"picks": [[1], [2]]}, r"picks of margin on iris has shape \(2, 1\)"),
        ({"accuracy": [[0.5, np.nan, 0.9], [0.3, 0.5, 0.7]]}, "hold NaN or infinity"),
    ],
)
def test_curves_refuse_what_does_not_fit(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        make(**changes)


def test_take_keeps_the_rows_of_the_seeds() -> None:
    assert make().take((1,)).picks.tolist() == [[5, -1]]
    with pytest.raises(InvalidDataError, match="no curve of seed 9 for margin on iris"):
        make().take((9,))


def test_values_refuse_an_unknown_metric() -> None:
    with pytest.raises(InvalidDataError, match="metric 'f1' given; curves have accuracy and balanced_accuracy"):
        make().values("f1")  # type: ignore[arg-type]


def test_table_reads_as_points_with_intervals() -> None:
    lines = str(make().table()).splitlines()
    assert lines[0] == "margin on iris (softmax-regression, batch 1, 2 seeds)"
    assert lines[-1].split() == ["AUBC", "60.00", "±", "127.06", "50.00", "±", "127.06"]


def test_plot_draws_the_mean_and_its_band_on_the_axes_given() -> None:
    from matplotlib.figure import Figure

    axes = Figure().subplots()
    assert make().plot(axes) is axes
    assert np.asarray(axes.lines[0].get_ydata()).round(9).tolist() == [40, 60, 80]
    assert len(axes.collections) == 1
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("Queried labels", "Test accuracy (%)")


def test_comparison_joins_blocks_of_seeds() -> None:
    comparison = Comparison([make(), make(seeds=(2, 3)), make(strategy="random")])
    joined = comparison.get("iris", "margin")
    assert joined is not None
    assert joined.seeds == (0, 1, 2, 3)
    assert joined.accuracy.shape == (4, 3)
    assert comparison.strategies == ("margin", "random")
    assert len(comparison) == 2


def test_comparison_refuses_a_seed_twice_mixed_learners_and_mixed_budgets() -> None:
    with pytest.raises(InvalidDataError, match="each of them once"):
        Comparison([make(), make()])
    with pytest.raises(InvalidDataError, match="several learners, conditions or batch sizes"):
        Comparison([make(), make(strategy="random", learner="forest")])
    shorter = make(strategy="random", accuracy=[[0.5, 0.7]] * 2, balanced_accuracy=[[0.5, 0.7]] * 2, picks=[[3]] * 2)
    with pytest.raises(InvalidDataError, match="span different numbers of labels"):
        Comparison([make(), shorter])
    with pytest.raises(InvalidDataError, match="no curves given"):
        Comparison([])


def test_comparison_groups_by_learner_and_batch() -> None:
    groups = Comparison.groups([make(), make(learner="forest"), make(strategy="random")])
    apart = Comparison.groups([make(condition="late"), make()])
    assert [group.setting for group in apart] == ["softmax-regression, late", "softmax-regression"]
    assert [(group.learner, group.strategies) for group in groups] == [
        ("softmax-regression", ("margin", "random")),
        ("forest", ("margin",)),
    ]


def test_comparison_pairs_on_the_seeds_that_both_have() -> None:
    comparison = Comparison([make(), make(strategy="random", seeds=(1, 2)), make(data_set="wine")])
    pair = comparison.pair("iris", "margin", "random")
    assert pair is not None
    assert (pair[0].seeds, pair[1].seeds) == ((1,), (1,))
    assert comparison.pair("wine", "margin", "random") is None


def test_comparison_means_and_table_show_what_is_missing() -> None:
    comparison = Comparison([make(), make(strategy="random"), make(data_set="wine")])
    assert comparison.means().round(9)[:, 0].tolist() == [0.6, 0.6]
    assert np.isnan(comparison.means()[1, 1])
    assert str(comparison.table()).splitlines()[-1].split()[-1] == "–"
