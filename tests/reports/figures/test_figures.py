"""Figures: what is drawn, in which look, to the same bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Annotation, Text

from alrl.data.sources import load_data_set
from alrl.errors import InvalidDataError
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.evaluation.simulate import DEFAULT_SPLIT, simulate
from alrl.evaluation.statistics import break_even, cliques
from alrl.learners import SoftmaxRegression
from alrl.reports import figures
from alrl.reports.picks.replay import project, replay
from alrl.reports.summary import summarise
from alrl.strategies import make_strategy


def legend_texts(figure: Figure) -> list[str]:
    return [text.get_text() for text in figure.legends[0].get_texts()]


def test_learning_curves_show_every_mean_and_the_bands_of_subject_reference_and_random(comparison: Comparison) -> None:
    figure = figures.learning_curves(comparison, emphasis="general")
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["vehicle", "vowel"]
    assert all(len(axes.lines) == 6 and len(axes.collections) == 2 for axes in figure.axes)
    assert "Shaded, of general and random alone: 95 % interval" in figure.legends[0].get_title().get_text()
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


def test_looks_differ_in_colour_or_strokes_up_to_eight_strategies() -> None:
    names = [f"rule {place}" for place in range(6)]
    looks = figures.styles([*names, "random", "general"], emphasis="general")
    assert len({(look.colour, look.dashes) for look in looks.values()}) == 8


def test_of_many_the_subject_the_reference_random_and_the_best_are_told_apart() -> None:
    names = [f"rule {place}" for place in range(22)]
    ranks = {name: float(place) for place, name in enumerate(reversed(names))}
    looks = figures.styles([*names, "random", "general"], emphasis="general", reference="rule 0", ranks=ranks)
    apart = [name for name, look in looks.items() if not look.other]
    assert apart == ["general", "rule 0", "rule 18", "rule 19", "rule 20", "rule 21", "random"]
    assert len({looks[name].colour for name in apart}) == 7


def test_a_profile_of_strategies_that_score_the_same_has_a_width(make_curves: Callable[..., list[Curves]]) -> None:
    margin, entropy = make_curves(("vehicle",), ("margin", "entropy"), seeds=4, labels=6)
    same = replace(entropy, accuracy=margin.accuracy, balanced_accuracy=margin.balanced_accuracy, picks=margin.picks)
    figure = figures.performance_profile(summarise(Comparison([margin, same])))
    assert figure.axes[0].get_xlim() == (-1.0, 1.0)


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


@pytest.fixture(scope="module")
def pictures(make_curves: Callable[..., list[Curves]]) -> dict[str, Callable[[str], Figure]]:
    """Every figure over data sets, drawn anew at each call with the mark that it is given."""
    names = tuple(f"set {place}" for place in range(6))
    summary = summarise(Comparison(make_curves(names, seeds=3, labels=6)), emphasis="general")
    curves = [simulate("iris", name, labels=3, seeds=2) for name in ("entropy", "margin")]
    data = load_data_set("iris")
    rules = {name: make_strategy(name) for name in ("margin", "random")}
    seen = [
        replay(each, data, learner=SoftmaxRegression(), split=DEFAULT_SPLIT, rules=rules if each is curves[0] else {})
        for each in curves
    ]
    pool = project(curves, data, split=DEFAULT_SPLIT)
    return {
        "critical difference": lambda mark: figures.critical_difference(summary, mark=mark),
        "outcomes": lambda mark: figures.outcome_matrix(summary, mark=mark),
        "profile": lambda mark: figures.performance_profile(summary, mark=mark),
        "break-even": lambda mark: figures.break_even(summary, mark=mark),
        "pick profile": lambda mark: figures.pick_profile(seen, emphasis="entropy", mark=mark),
        "pick overlap": lambda mark: figures.pick_overlap(seen[:1], mark=mark),
        "pick embedding": lambda mark: figures.pick_embedding([pool, pool], mark=mark),
    }


KINDS = ("critical difference", "outcomes", "profile", "break-even", "pick profile", "pick overlap", "pick embedding")


def all_words(figure: Figure) -> str:
    return "\n".join(text.get_text() for text in figure.findobj(Text))


@pytest.mark.parametrize("kind", KINDS)
def test_every_figure_over_data_sets_is_marked_and_the_same_bytes_each_time(
    kind: str, tmp_path: Path, pictures: dict[str, Callable[[str], Figure]]
) -> None:
    drawn = [pictures[kind]("INCOMPLETE: 1 of 2") for _ in range(2)]
    assert "INCOMPLETE: 1 of 2" in all_words(drawn[0])
    saved = [figures.save(figure, tmp_path / name / "figure") for figure, name in zip(drawn, "ab", strict=True)]
    for first, second in zip(*saved, strict=True):
        assert first.read_bytes() == second.read_bytes()
        assert first.stat().st_size > 5000


def test_the_page_gets_the_same_svg_each_time(pictures: dict[str, Callable[[str], Figure]]) -> None:
    first, second = (figures.as_svg(pictures["outcomes"]("")) for _ in range(2))
    assert first == second
    assert "<svg" in first


def test_the_critical_difference_names_all_and_bars_those_it_cannot_tell_apart(
    make_curves: Callable[..., list[Curves]],
) -> None:
    names = tuple(f"set {place}" for place in range(6))
    summary = summarise(Comparison(make_curves(names, seeds=3, labels=6)), emphasis="general")
    assert summary.friedman is not None
    figure = figures.critical_difference(summary)
    words = all_words(figure)
    assert all(name in words for name in summary.strategies)
    assert f"critical difference {summary.friedman.critical_difference:.2f}" in words
    bars = [line for line in figure.axes[0].lines if line.get_linewidth() == 3]
    groups = cliques(summary.ranks, summary.friedman.critical_difference)
    assert [tuple(np.asarray(bar.get_xdata())) for bar in bars] == [
        pytest.approx((summary.ranks[group[0]] - 0.03, summary.ranks[group[-1]] + 0.03)) for group in groups
    ]


def test_the_critical_difference_needs_a_test_of_ranks(comparison: Comparison) -> None:
    with pytest.raises(InvalidDataError, match="needs 3 strategies and 6 data sets"):
        figures.critical_difference(summarise(comparison))


def test_the_matrix_holds_every_record_once(comparison: Comparison) -> None:
    summary = summarise(comparison, emphasis="general")
    axes = figures.outcome_matrix(summary).axes[0]
    order = [text.get_text() for text in axes.get_yticklabels()]
    written = {text.xy: text.get_text() for text in axes.texts if isinstance(text, Annotation)}
    assert len(written) == 6 * 5
    row, column = order.index("general"), order.index("random")
    assert written[column, row] == "–".join(map(str, summary.record("general", "random")))
    assert order[0] == min(summary.ranks, key=lambda name: summary.ranks[name])


def test_break_even_draws_the_formula_and_the_median_saving(comparison: Comparison) -> None:
    summary = summarise(comparison, emphasis="general")
    left, right = figures.break_even(summary).axes
    own = next(line for line in left.lines if line.get_color() == figures.EMPHASIS)
    at = np.asarray(own.get_xdata())
    expected = [100 * break_even(1.0, float(ratio), summary.rounds) for ratio in at]
    assert np.asarray(own.get_ydata()) == pytest.approx(expected)
    savings = [summary.cells[data_set, "general"].saving for data_set in summary.data_sets]
    median = np.median([100 * each.value for each in savings if each is not None])
    assert any(np.allclose(np.asarray(line.get_ydata()), median) for line in right.lines)


@pytest.mark.parametrize("count", [1, 4, 5])
def test_the_grid_has_one_panel_a_data_set(count: int, make_curves: Callable[..., list[Curves]]) -> None:
    names = tuple(f"set {place}" for place in range(count))
    assert len(figures.learning_curves(Comparison(make_curves(names, ("margin",), seeds=2, labels=2))).axes) == count
