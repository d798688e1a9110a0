"""Theirs beside ours: numbers by hand, what is said of what is missing, the files."""

from __future__ import annotations

import csv
import io
import math

import numpy as np
import pytest

from alrl.evaluation.curves import Curves
from experiments.lu2023 import table
from experiments.lu2023.comparison import agreeing_sets, check_seeds, compare
from experiments.lu2023.data import SETS
from experiments.lu2023.published import published_means, published_seeds
from experiments.lu2023.report import rows_and_checks, write


def flat(data: str, strategy: str, areas: list[float], first: int = 0) -> Curves:
    """Curves of two queries that have the given published areas: constant from the first query on."""
    accuracy = np.repeat(np.array(areas)[:, None] * 2, 3, axis=1)
    return Curves(
        data_set=data,
        strategy=strategy,
        learner="svc",
        batch=1,
        seeds=tuple(range(first, first + len(areas))),
        accuracy=accuracy,
        balanced_accuracy=accuracy,
        picks=np.tile([0, 1], (len(areas), 1)),
        first=np.full(len(areas), 20),
    )


def test_a_row_by_hand():
    row = compare([flat("Wdbc", "US-C", [0.96, 0.97]), flat("Wdbc", "US-C", [0.98], first=2)], SETS["Wdbc"], "US-C")
    assert (row.seeds, round(row.mean, 6), round(row.error, 6)) == (3, 0.97, round(0.01 / math.sqrt(3), 6))
    assert (row.their_mean, round(row.their_error, 6)) == (0.9652, 0.00103)
    assert row.gap == pytest.approx(0.0048 / math.hypot(0.01 / math.sqrt(3), 0.00103))
    assert row.agrees
    assert not row.complete
    assert row.own_mean == pytest.approx(2 * 0.97)


def test_a_mean_too_far_away_and_a_single_seed_do_not_agree():
    assert not compare([flat("Wdbc", "US-C", [0.95, 0.9501])], SETS["Wdbc"], "US-C").agrees
    alone = compare([flat("Wdbc", "US-C", [0.9652])], SETS["Wdbc"], "US-C")
    assert not alone.agrees
    assert math.isnan(alone.gap)


def test_seeds_are_checked_where_the_rows_are_theirs():
    theirs = published_seeds()["german"]
    curves = flat("German", "US-C", [theirs[0], theirs[1] + 2e-4, theirs[2] - 9e-5])
    check = check_seeds([curves], SETS["German"])
    assert check is not None
    assert (check.seeds, check.agreeing, round(check.largest, 8)) == (3, 2, 2e-4)
    assert check_seeds([curves], SETS["Heart"]) is None


def test_a_data_set_agrees_if_every_strategy_does():
    good = compare([flat("Heart", "US-C", [0.81, 0.82])], SETS["Heart"], "US-C")
    bad = compare([flat("Heart", "QBC", [0.9, 0.9001])], SETS["Heart"], "QBC")
    other = compare([flat("Sonar", "US-C", [0.77, 0.78])], SETS["Sonar"], "US-C")
    assert agreeing_sets([good, bad, other]) == (["Sonar"], ["Heart"])


def test_published_numbers_are_those_of_the_readme():
    means = published_means()
    assert means["Banana", "US-C"] == (0.8787, 0.0219)
    assert ("Clean1", "VR") not in means
    assert [published_seeds()["german"][seed] for seed in range(3)] == [0.74244, 0.76166, 0.72163]
    assert all(
        (name, strategy) in means for name in SETS for strategy in ("Uniform", "US-C", "US-NC", "QBC", "Core-Set")
    )


def test_the_table_tells_what_is_missing():
    curves = {
        ("Wdbc", "US-C"): [flat("Wdbc", "US-C", [0.96, 0.97])],
        ("Heart", "QBC"): [flat("Heart", "QBC", [0.9, 0.9])],
    }
    rows, checks = rows_and_checks(curves)
    text = table.markdown(rows, checks)
    assert "**1 of 17 data sets**" in text
    assert "Not within: Heart." in text
    assert "Not played: Appendicitis, Sonar, Haberman" in text
    assert "Fewer seeds than theirs: Heart, Wdbc." in text
    assert "| Wdbc | US-C | 2 | 0.9650 ± 0.0050 | 0.9652 ± 0.0010 (100) | -0.04 | yes |" in text
    assert "| Wdbc | 2 | " in text
    (heart, wdbc) = csv.DictReader(io.StringIO(table.as_csv(rows)))
    assert (heart["within"], wdbc["within"], wdbc["aubc"], wdbc["published_seeds"]) == (
        "False",
        "True",
        "0.965000",
        "100",
    )


def test_files_are_written_and_marked(tmp_path):
    curves = {("Wdbc", "US-C"): [flat("Wdbc", "US-C", [0.96, 0.97])]}
    paths = write(curves, tmp_path, mark="INCOMPLETE: 1 of 2")
    assert [path.name for path in paths] == ["published.md", "published.csv", "published.png"]
    assert paths[0].read_text().startswith("INCOMPLETE: 1 of 2\n\n")
    assert paths[2].read_bytes()[:4] == b"\x89PNG"
    assert write({}, tmp_path) == []
