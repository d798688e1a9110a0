"""Figures of 24 strategies: what is told apart, named and inside its panel."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.text import Text

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.reports import figures
from alrl.reports.figures.conditions import conditions
from alrl.reports.picks.replay import Replay
from alrl.reports.summary import Summary, summarise
from alrl.reports.tables.conditions import ConditionCost


@pytest.fixture(scope="module")
def many(make_curves: Callable[..., list[Curves]]) -> tuple[Summary, figures.Looks]:
    """A summary of 24 strategies on six data sets, and their looks."""
    names = ("random", "margin", "general", *(f"rule-with-a-name-{place}" for place in range(21)))
    sets = ("satimage", "vehicle", "vowel", "ecoli", "glass", "yeast")
    summary = summarise(Comparison(make_curves(sets, names, seeds=3, labels=6)), emphasis="general")
    return summary, figures.styles(names, "general", reference="margin", ranks=summary.ranks)


def test_figures_of_many_strategies_fit_a_page_and_embed_their_fonts(
    many: tuple[Summary, figures.Looks], tmp_path: Path
) -> None:
    summary, looks = many
    for draw in (figures.ranking, figures.critical_difference, figures.break_even):
        figure = draw(summary, looks=looks)
        assert figure.get_figwidth() <= 7.16
        assert figure.get_figheight() <= 9.0
        written = {text.get_text() for text in figure.findobj(Text)}
        assert all(any(name in text for text in written) for name in looks if name != "random")
    matrix = figures.outcome_matrix(summary)
    assert matrix.get_figwidth() <= 7.16
    assert matrix.axes[0].texts[0].get_text().lstrip("+−").isdigit()
    _, pdf = figures.save(figures.critical_difference(summary, looks=looks), tmp_path / "ranks")
    assert b"/FontFile2" in pdf.read_bytes()
    assert b"/Type3" not in pdf.read_bytes()


def test_what_stands_above_a_figure_is_not_cut_off(many: tuple[Summary, figures.Looks]) -> None:
    summary, looks = many
    mark = "INCOMPLETE: " + "one of the data sets is missing, " * 8
    for draw in (figures.performance_profile, figures.ranking):
        figure = draw(summary, looks=looks, mark=mark)
        figure.draw_without_rendering()
        title = figure.legends[0].get_title()
        assert 0 <= title.get_window_extent().x0 < title.get_window_extent().x1 <= figure.bbox.width
        assert title.get_text().replace("\n", " ").startswith(mark.strip())


def test_ranks_are_numbered_inside_the_panel(many: tuple[Summary, figures.Looks]) -> None:
    figure = figures.ranking(many[0], looks=many[1])
    figure.draw_without_rendering()
    axes = figure.axes[1]
    frame = axes.get_window_extent()
    assert all(frame.x0 <= text.get_window_extent().x0 for text in axes.texts)
    assert all(text.get_window_extent().x1 <= frame.x1 + 3 for text in axes.texts)
    assert [text.get_text() for text in axes.get_xticklabels()] == ["1", "5", "9", "13", "17", "21"]


def test_of_many_strategies_who_saves_most_labels_stands_on_top(many: tuple[Summary, figures.Looks]) -> None:
    summary, looks = many
    order = [text.get_text() for text in figures.break_even(summary, looks=looks).axes[1].get_yticklabels()]

    def median(name: str) -> float:
        savings = [summary.cells[data_set, name].saving for data_set in summary.data_sets]
        return float(np.median([each.value if np.isfinite(each.value) else -0.06 for each in savings if each]))

    assert order == sorted(order, key=median, reverse=True)
    assert len(order) == 23


def test_conditions_of_many_strategies_have_intervals_of_those_told_apart_and_a_line_for_the_rest(
    many: tuple[Summary, figures.Looks],
) -> None:
    looks = many[1]
    costs = [
        ConditionCost(
            data_set="wine", learner="softmax-regression", batch=1, strategy=name, condition="noise", against="clean",
            difference=float(place), half_width=0.5, seeds=3, wasted=None,
        )
        for place, name in enumerate(looks)
    ]  # fmt: skip
    (axes,) = conditions(costs, looks=looks).axes
    bars = [bar for bar in axes.containers if isinstance(bar, ErrorbarContainer)]
    assert sum(bar.has_xerr for bar in bars) == 7
    assert len({float(np.asarray(bar.lines[0].get_ydata())[0]) for bar in bars if not bar.has_xerr}) == 1


def test_a_strategy_has_one_colour_in_every_figure_of_a_study(many: tuple[Summary, figures.Looks]) -> None:
    summary, looks = many
    apart = {name: look.colour for name, look in looks.items() if not look.other}
    for draw in (figures.ranking, figures.performance_profile):
        shown = draw(summary, looks=looks).legends[0]
        colours = dict(zip([text.get_text() for text in shown.get_texts()], shown.get_lines(), strict=True))
        assert all(colours[name].get_color() == colour for name, colour in apart.items() if name in colours)
    diagram = figures.critical_difference(summary, looks=looks).axes[0]
    assert {*apart.values()} <= {line.get_color() for line in diagram.lines}


def test_names_of_grey_lines_stay_inside_the_panel() -> None:
    rules = [f"rule {place}" for place in range(20)]
    shape = (1, 6, 6)
    seen = Replay(
        data_set="iris",
        strategy="general",
        features=(),
        picked=np.zeros(shape),
        others=np.zeros(shape),
        overlap={name: np.full((1, 6), float(place >= 17)) for place, name in enumerate(rules)},
    )
    figure = figures.pick_overlap([seen, seen], looks=figures.styles(rules))
    figure.draw_without_rendering()
    (axes,) = figure.axes
    boxes = [text.get_window_extent() for text in axes.texts]
    assert [text.get_text() for text in axes.texts] == ["rule 17", "rule 18", "rule 19"]
    assert all(box.y1 <= axes.get_window_extent().y1 for box in boxes)
    assert not any(one.overlaps(other) for one, other in pairwise(boxes))
