"""Figures of 24 strategies: what is told apart, named and inside its panel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from itertools import combinations, pairwise
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest
from matplotlib.container import ErrorbarContainer
from matplotlib.figure import Figure
from matplotlib.text import Text

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.reports import figures
from alrl.reports.figures.canvas import COLUMN, style_of
from alrl.reports.figures.conditions import conditions
from alrl.reports.figures.picks import SHOWN
from alrl.reports.figures.style import OTHER
from alrl.reports.picks.replay import Replay
from alrl.reports.summary import Summary, summarise
from alrl.reports.tables.conditions import ConditionCost

Study = tuple[Comparison, Summary, figures.Looks]
SETS = ("satimage", "vehicle", "vowel", "keel/contraceptive", "a-name-of-many-words_and-letters", "yeast")


@pytest.fixture(scope="module")
def studies(make_curves: Callable[..., list[Curves]]) -> dict[int, Study]:
    """Four and 24 strategies on six data sets: the comparison, its summary and the looks."""
    made: dict[int, Study] = {}
    for others in (1, 21):
        names = ("random", "margin", "general", *(f"rule-with-a-name-{place}" for place in range(others)))
        comparison = Comparison(make_curves(SETS, names, seeds=3, labels=6))
        summary = summarise(comparison, emphasis="general")
        looks = figures.styles(names, "general", reference="margin", ranks=summary.ranks)
        made[len(names)] = (comparison, summary, looks)
    return made


@pytest.fixture(scope="module")
def many(studies: dict[int, Study]) -> tuple[Summary, figures.Looks]:
    """The summary and the looks of 24 strategies."""
    return studies[24][1:]


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
        values = sorted(each.value if np.isfinite(each.value) else -0.06 for each in savings if each)
        low, high = values[(len(values) - 1) // 2], values[len(values) // 2]
        # Between a target never reached and one that was there is no middle.
        return low if low == -0.06 else (low + high) / 2

    assert order == sorted(order, key=median, reverse=True)
    assert len(order) == 23


def costs(names: Iterable[str], sets: Sequence[str], of: Sequence[str]) -> list[ConditionCost]:
    return [
        ConditionCost(
            data_set=data_set, learner="softmax-regression", batch=1, strategy=name, condition=condition,
            against="clean", difference=float(place), half_width=0.5, seeds=3, wasted=None,
        )
        for place, name in enumerate(names)
        for data_set in sets
        for condition in of
    ]  # fmt: skip


def test_conditions_of_many_strategies_have_intervals_of_those_told_apart_and_a_line_for_the_rest(
    many: tuple[Summary, figures.Looks],
) -> None:
    looks = many[1]
    (axes,) = conditions(costs(looks, ("wine",), ("noise",)), looks=looks).axes
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


def test_the_critical_difference_draws_random_in_strokes_the_subject_thick_and_the_others_thin(
    many: tuple[Summary, figures.Looks],
) -> None:
    summary, looks = many
    lines = figures.critical_difference(summary, looks=looks).axes[0].lines
    (random,) = (line for line in lines if line.get_color() == figures.RANDOM and line.get_linestyle() == "--")
    (subject,) = (line for line in lines if line.get_color() == figures.EMPHASIS and np.size(line.get_xdata()) == 3)
    others = [line for line in lines if line.get_color() == OTHER and np.size(line.get_xdata()) == 3]
    assert len(others) == 17
    assert {line.get_linestyle() for line in others} == {"-"}
    assert max(line.get_linewidth() for line in others) < random.get_linewidth() < subject.get_linewidth()


def seen(strategy: str) -> Replay:
    shape = (2, 6, len(SHOWN))
    values = np.linspace(0, 1, 12 * len(SHOWN)).reshape(shape)
    return Replay(
        data_set="iris", strategy=strategy, features=tuple(SHOWN), picked=values, others=values[::-1], overlap={}
    )


def drawings(comparison: Comparison, summary: Summary, looks: figures.Looks) -> dict[str, Callable[..., Figure]]:
    kept = list(looks)[:2]
    conditioned = costs(looks, comparison.data_sets, ("noisy-annotators", "foreign-records", "late"))
    return {
        "learning curves": partial(figures.learning_curves, comparison, looks=looks),
        "ranking": partial(figures.ranking, summary, looks=looks),
        "critical difference": partial(figures.critical_difference, summary, looks=looks),
        "outcomes": partial(figures.outcome_matrix, summary),
        "profile": partial(figures.performance_profile, summary, looks=looks),
        "break-even": partial(figures.break_even, summary, looks=looks),
        "conditions": partial(conditions, conditioned, looks=looks),
        "pick profile": partial(figures.pick_profile, [seen(name) for name in kept], looks=looks),
    }


KINDS = ("learning curves", "ranking", "critical difference", "outcomes", "profile", "break-even", "conditions",
         "pick profile")  # fmt: skip


@pytest.mark.parametrize("count", [4, 24])
@pytest.mark.parametrize("kind", KINDS)
def test_in_a_column_letters_can_be_read_and_nothing_is_cut_off_or_overlaps(
    kind: str, count: int, studies: dict[int, Study]
) -> None:
    with mpl.rc_context(style_of(COLUMN)):
        figure = drawings(*studies[count])[kind](width=COLUMN)
        figure.draw_without_rendering()
        figure.set_layout_engine("none")
        inside = figure.get_tightbbox()
    assert inside is not None
    height = figure.get_figheight()
    assert (figure.get_figwidth(), height <= 9.0) == (COLUMN, True)
    assert -0.01 <= inside.x0 < inside.x1 <= COLUMN + 0.01
    assert -0.01 <= inside.y0 < inside.y1 <= height + 0.01
    written = [text for text in figure.findobj(Text) if text.get_text().strip() and text.get_visible()]
    assert min(float(text.get_fontsize()) for text in written) >= 5.99
    titles = [text.get_window_extent() for text in written if text.get_text().replace("\n", "") in SETS]
    for boxes in (titles, *([name.get_window_extent() for name in axes.get_yticklabels()] for axes in figure.axes)):
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2) if one.width and other.width)
    for legend in figure.legends:
        assert not any(legend.get_window_extent().overlaps(axes.get_window_extent()) for axes in figure.axes)


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
