"""Figures of more data sets than a page has rows or panels for."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import numpy as np
import pytest
from matplotlib.figure import Figure

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.reports import figures
from alrl.reports.figures.canvas import COLUMN, PAGE_HEIGHT, WIDTH
from alrl.reports.figures.conditions import conditions
from alrl.reports.figures.rows import rows
from alrl.reports.summary import summarise
from alrl.reports.tables.conditions import ConditionCost

STRATEGIES = ("random", "margin", "general")


@pytest.fixture(scope="module")
def compared(make_curves: Callable[..., list[Curves]]) -> Callable[[int], Comparison]:
    def made(sets: int) -> Comparison:
        return Comparison(make_curves([f"openml/a-set-{n}" for n in range(sets)], STRATEGIES, seeds=2, labels=2))

    return made


def note(figure: Figure) -> str:
    return figure.legends[0].get_title().get_text().replace("\n", " ")


def names(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.axes[0].get_yticklabels()]


def apart(figure: Figure) -> bool:
    """Return whether the names of the rows are inside the figure, can be read, and run into none."""
    figure.draw_without_rendering()
    labels = figure.axes[0].get_yticklabels()
    boxes = [label.get_window_extent() for label in labels]
    inside = all(min(box.x0, box.y0) >= 0 and box.y1 <= figure.bbox.height for box in boxes)
    legible = min(float(label.get_fontsize()) for label in labels) >= 5.99
    return inside and legible and all(below.y1 <= above.y0 + 1 for above, below in pairwise(boxes))


@pytest.mark.parametrize("width", [WIDTH, COLUMN])
@pytest.mark.parametrize(("sets", "whole"), [(4, True), (34, True), (100, False)])
def test_a_ranking_fits_a_page_and_says_whom_it_leaves_out(
    sets: int, whole: bool, width: float, compared: Callable[[int], Comparison]
) -> None:
    summary = summarise(compared(sets), emphasis="general", reference="margin")
    figure = figures.ranking(summary, width=width)
    assert figure.get_figheight() <= PAGE_HEIGHT
    assert apart(figure)
    if whole:
        assert names(figure) == list(summary.data_sets)
        assert "Rows" not in note(figure)
        return
    gains = {each: summary.cells[each, "general"].against_reference for each in summary.data_sets}
    order = sorted(gains, key=lambda name: -(gains[name].value if gains[name] else 0.0))  # type: ignore[union-attr]
    shown = names(figure)
    ends = len(shown) // 2
    assert shown == [*order[:ends], f"({sets - 2 * ends} others)", *order[-ends:]]
    assert f"Rows: the {ends} data sets where general gains most and the {ends} where it gains least" in note(figure)
    assert "Ranks over 100 data sets" in note(figure)


@pytest.mark.parametrize("width", [WIDTH, COLUMN])
@pytest.mark.parametrize("panels", [1, 4])
@pytest.mark.parametrize(("sets", "whole"), [(4, True), (34, True), (100, False)])
def test_conditions_fit_a_page_and_say_what_they_leave_out(sets: int, whole: bool, panels: int, width: float) -> None:
    costs = [
        ConditionCost(
            data_set=f"openml/a-set-{place}", learner="softmax-regression", batch=1, strategy=name,
            condition=f"condition {panel}", against="clean", difference=float(-place), half_width=0.5, seeds=3,
            wasted=None,
        )
        for place in range(sets)
        for name in STRATEGIES
        for panel in range(panels)
    ]  # fmt: skip
    figure = conditions(costs, width=width)
    assert figure.get_figheight() <= PAGE_HEIGHT + 1e-9
    assert apart(figure)
    shown = names(figure)
    assert ("Rows" in note(figure)) is not whole
    assert len(shown) == sets if whole else (shown[0], shown[-1]) == ("openml/a-set-0", "openml/a-set-99")


@pytest.mark.parametrize("width", [WIDTH, COLUMN])
@pytest.mark.parametrize("sets", [34, 100])
def test_panels_fit_a_page_and_say_whom_they_leave_out(
    sets: int, width: float, compared: Callable[[int], Comparison]
) -> None:
    comparison = compared(sets)
    figure = figures.learning_curves(comparison, width=width)
    assert figure.get_figheight() <= PAGE_HEIGHT
    shown = len(figure.axes)
    assert (shown == sets) is (sets == 34)
    assert (f"Panels: the {shown} of 100 data sets where the strategies differ most" in note(figure)) is (sets == 100)


def test_rows_are_as_high_as_they_may_be_and_never_too_low_to_read() -> None:
    values = {f"set {place}": float(place) for place in range(80)}
    assert rows(values, room=40.0, usual=0.3).height == 0.3
    assert rows(values, room=8.0, usual=0.3).height == pytest.approx(0.1)
    left = rows(values, room=6.0, usual=0.3)
    assert (left.ends, left.height, left.names[19]) == (19, 0.15, "(42 others)")
    assert np.isclose(len(left.names) * left.height, 5.85)
