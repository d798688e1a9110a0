"""Tables of AUBC."""

from __future__ import annotations

import csv
import dataclasses
import io
from collections.abc import Callable

import numpy as np
import pytest
from rich.console import Console

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.reports.summary import Summary, summarise
from alrl.reports.tables import across, aubc


@pytest.fixture
def summary(make_curves: Callable[..., list[Curves]]) -> Summary:
    curves = make_curves(("breast_cancer", "satimage"), ("margin", "core-set", "general", "random"), seeds=30)
    return summarise(Comparison(curves), emphasis="general")


def test_markdown_has_best_bold_losses_marked_and_ranks(summary: Summary) -> None:
    lines = aubc.area_table(summary).to_markdown().splitlines()
    row = next(line for line in lines if line.startswith("| satimage"))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    assert cells[1] == f"**{summary.cells['satimage', 'general']}**"
    assert cells[3].endswith("↓")
    assert row.count("**") == 2
    assert any(line.startswith("| mean rank (2 data sets) |") for line in lines)
    assert any(line.startswith("| wins / ties / losses vs margin | 1 / 1 / 0 | – | 0 / 0 / 2 |") for line in lines)


def test_rich_table_shows_every_cell(summary: Summary) -> None:
    console = Console(width=140, file=io.StringIO(), record=True)
    console.print(aubc.area_table(summary, mark="INCOMPLETE").to_rich())
    text = console.export_text()
    assert all(str(cell) in text for cell in summary.cells.values())
    assert "INCOMPLETE" in text


def test_latex_uses_booktabs_and_escapes(summary: Summary) -> None:
    text = aubc.area_table(summary, mark="INCOMPLETE: 1 % done").to_latex()
    assert r"\toprule" in text
    assert r"\bottomrule" in text
    assert r"breast\_cancer & " in text
    assert r"\textbf{" in text
    assert r"INCOMPLETE: 1 \% done" in text
    assert "±" not in text


def test_the_table_over_data_sets_is_booktabs_and_says_which_friedman(
    make_curves: Callable[..., list[Curves]],
) -> None:
    names = tuple(f"set_{place}" for place in range(6))
    six = summarise(Comparison(make_curves(names, ("margin", "core-set", "general"), seeds=4, labels=5)))
    text = across.across_table(six, mark="INCOMPLETE").to_latex()
    assert six.friedman is not None
    assert rf"$\chi^2$ = {six.friedman.chi_square:.2f} (scipy's, corrected for ties" in text
    assert text.index(r"\toprule") < text.index("general") < text.index(r"\bottomrule")
    assert "INCOMPLETE" in text
    rows = across.across_table(six).rows
    assert [row[0] for row in rows] == sorted(six.ranks, key=lambda name: six.ranks[name])
    assert next(row for row in rows if row[0] == "margin")[2:8] == ("–",) * 6
    assert "Family of the correction: the 2 tests of this column." in across.across_notes(six)
    assert "**INCOMPLETE**" in across.across_table(six, mark="INCOMPLETE").to_markdown()


def test_the_wide_interval_stands_first_and_the_mean_and_the_worst_beside_the_midmean(
    make_curves: Callable[..., list[Curves]],
) -> None:
    names = tuple(f"set_{place}" for place in range(7))
    summary = summarise(Comparison(make_curves(names, ("margin", "core-set", "random"), seeds=8, labels=5)))
    (row,) = (row for row in across.across_table(summary).rows if row[0] == "core-set")
    shown = dict(zip(across.across_table(summary).header, row, strict=True))
    about = summary.across["core-set"]
    assert shown["mean difference"] == across.interval(about.mean, "+.2f")
    assert shown["midmean difference"] == across.interval(about.midmean, "+.2f")
    assert shown["worst data set"] == f"{about.worst[1]:+.2f} {about.worst[0]}"
    assert about.midmean.high - about.midmean.low > about.midmean_seeds.high - about.midmean_seeds.low
    assert about.worst[1] <= about.mean.value
    ratings = across.ratings_table(summary)
    assert {row[0]: row[1] for row in ratings.rows}["random"] == "1000 (1000 to 1000)"
    assert "not rliable's" in ratings.notes


def test_csv_carries_intervals_outcomes_and_the_mark(summary: Summary) -> None:
    rows = list(csv.DictReader(io.StringIO(aubc.csv_table([summary], mark="INCOMPLETE"))))
    assert len(rows) == 8
    row = next(each for each in rows if (each["data_set"], each["strategy"]) == ("satimage", "core-set"))
    assert (row["random_outcome"], row["reference_outcome"], row["mark"]) == ("loss", "loss", "INCOMPLETE")
    assert float(row["aubc"]) == pytest.approx(summary.cells["satimage", "core-set"].mean, abs=1e-4)


def test_what_was_wasted_has_a_row_a_column_and_a_place_in_the_csv(
    make_curves: Callable[..., list[Curves]], summary: Summary
) -> None:
    given = make_curves(("vowel", "vehicle"), ("margin", "general"), seeds=4, labels=5)
    codes = {"margin": [1, 2, 0, 0, 0], "general": [0, 0, 0, 0, 3]}
    dirty = [dataclasses.replace(each, wasted=np.tile(codes[each.strategy], (4, 1))) for each in given]
    # Of the last data set nothing is known: its pool is a clean one.
    result = summarise(Comparison([*dirty[:2], *given[2:]]))
    assert result.wasted("margin") == pytest.approx(0.4)
    assert aubc.foot(result)[-1] == ("labels wasted", ["40.0 %", "20.0 %"])
    assert "Labels wasted: share of the budget" in aubc.notes(result)
    assert across.across_table(result).header[-1] == "labels wasted"
    assert {row[0]: row[-1] for row in across.across_table(result).rows} == {"margin": "40.0 %", "general": "20.0 %"}
    assert "40.0 \\%" in across.across_table(result).to_latex()
    rows = list(csv.DictReader(io.StringIO(aubc.csv_table([result], mark="M"))))
    assert [row["wasted_share"] for row in rows] == ["0.4000", "0.2000", "", ""]
    assert {row["mark"] for row in rows} == {"M"}
    assert "wasted" not in aubc.csv_table([summary]) + aubc.area_table(summary).to_markdown()
    assert "wasted" not in across.across_table(summary).to_markdown()


def test_a_pool_that_ran_out_is_told_below_the_table(make_curves: Callable[..., list[Curves]]) -> None:
    curves = make_curves(("breast_cancer", "satimage"), ("margin", "random"), seeds=4)
    assert "ran out" not in aubc.notes(summarise(Comparison(curves)))
    picks = np.array(curves[0].picks)
    picks[2, 7:] = -1
    short = [dataclasses.replace(curves[0], picks=picks), *curves[1:]]
    notes = aubc.notes(summarise(Comparison(short)))
    assert f"The pool ran out before the budget, and curves stay where they are: {short[0].data_set} after 7 l" in notes


def test_a_missing_cell_is_a_dash(make_curves: Callable[..., list[Curves]]) -> None:
    curves = make_curves(("vowel", "vehicle"), ("margin", "general"), seeds=4, labels=3)[:-1]
    row = next(
        line for line in aubc.area_table(summarise(Comparison(curves))).to_markdown().splitlines() if "vehicle" in line
    )
    assert row.endswith("| – |")
