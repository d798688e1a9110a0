"""Figures: what is drawn, in which look, to the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure

from alrl.experiments import figures
from alrl.experiments.summary import summarise
from alrl.loop.comparison import Comparison
from alrl.loop.curves import Curves


def legend_texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_learning_curves_show_every_mean_and_band(comparison: Comparison) -> None:
    figure = figures.learning_curves(comparison, emphasis="general")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["vehicle", "vowel"]
    assert all(len(axes.lines) == 6 and len(axes.collections) == 6 for axes in figure.axes)
    curves = comparison.get("vehicle", "general")
    assert curves is not None
    drawn = next(line for line in figure.axes[0].lines if line.get_color() == figures.EMPHASIS)
    assert np.allclose(np.asarray(drawn.get_ydata()), 100 * curves.accuracy.mean(0))
    assert legend_texts(figure)[0] == "general"


def test_differences_leave_out_the_reference_and_draw_zero(comparison: Comparison) -> None:
    figure = figures.differences(comparison, reference="margin", emphasis="general")
    assert "margin" not in legend_texts(figure)
    assert len(figure.axes[0].lines) == 1 + 5
    assert figure.get_supylabel() == "Accuracy minus margin (points)"


def test_ranking_names_every_strategy_and_carries_the_mark(comparison: Comparison) -> None:
    figure = figures.ranking(summarise(comparison, emphasis="general"), mark="INCOMPLETE")
    left, right = figure.axes
    assert {text.get_text() for text in right.get_yticklabels()} == set(comparison.strategies)
    assert [text.get_text() for text in left.get_yticklabels()] == ["vehicle", "vowel"]
    assert figure.legends[0].get_title().get_text().startswith("INCOMPLETE")


def test_looks_differ_in_colour_or_strokes_for_many_rules() -> None:
    names = [f"rule {place}" for place in range(30)]
    looks = figures.styles([*names, "random", "general"], emphasis="general")
    assert len({(look.colour, look.dashes) for look in looks.values()}) == 32
    assert looks["general"].width > max(look.width for name, look in looks.items() if name != "general")


def test_one_seed_has_lines_without_bands(make_curves: Callable[..., list[Curves]]) -> None:
    figure = figures.learning_curves(Comparison(make_curves(("vowel",), ("margin",), seeds=1, labels=3)))
    assert (len(figure.axes[0].lines), len(figure.axes[0].collections)) == (1, 0)


def test_files_are_the_same_bytes_each_time_and_nothing_global_changes(
    tmp_path: Path, make_curves: Callable[..., list[Curves]]
) -> None:
    comparison = Comparison(make_curves(("vowel",), ("margin", "general"), seeds=3, labels=5))
    before = dict(mpl.rcParams)
    saved = [figures.save(figures.learning_curves(comparison), tmp_path / name / "curves") for name in ("a", "b")]
    for first, second in zip(*saved, strict=True):
        assert first.read_bytes() == second.read_bytes()
    assert saved[0][0].read_bytes().startswith(b"\x89PNG")
    assert saved[0][1].read_bytes().startswith(b"%PDF")
    assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("count", [1, 4, 5])
def test_the_grid_has_one_panel_a_data_set(count: int, make_curves: Callable[..., list[Curves]]) -> None:
    names = tuple(f"set {place}" for place in range(count))
    assert len(figures.learning_curves(Comparison(make_curves(names, ("margin",), seeds=2, labels=2))).axes) == count
