"""What a condition costs: paired differences by hand, labels told apart, files a study with conditions alone writes."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alrl.evaluation.curves import Curves
from alrl.reports.report import write_conditions
from alrl.reports.tables.conditions import as_csv, condition_costs, markdown


def curves(
    condition: str, levels: list[float], seeds: tuple[int, ...], wasted: list[list[int]] | None = None
) -> Curves:
    """Two labels bought; accuracy stays at one level a seed, which is its area."""
    accuracy = np.repeat(np.array(levels)[:, None], 3, 1)
    picks = np.tile(np.arange(2), (len(seeds), 1))
    return Curves(
        data_set="iris",
        strategy="margin",
        learner="softmax-regression",
        condition=condition,
        batch=1,
        seeds=seeds,
        accuracy=accuracy,
        balanced_accuracy=accuracy,
        picks=picks,
        first=np.full(len(seeds), 3),
        wasted=None if wasted is None else np.array(wasted, dtype=np.int8),
    )


def test_differences_are_paired_by_seed_and_held_against_the_first_condition() -> None:
    clean = curves("clean", [0.9, 0.8, 0.7], (0, 1, 2))
    # Seed 9 has no partner; seeds 2 and 0 stand in another order.
    foul = curves("foul", [0.65, 0.83, 0.1], (2, 0, 9), [[1, 0], [0, 0], [1, 1]])
    (cost,) = condition_costs([clean, foul])
    assert (cost.condition, cost.against, cost.seeds) == ("foul", "clean", 2)
    # -7 and -5 points: mean -6, standard deviation sqrt 2, t of one degree of freedom 12.7062.
    assert cost.difference == pytest.approx(-6)
    assert cost.half_width == pytest.approx(12.7062, abs=1e-3)
    assert not cost.hurts
    assert cost.wasted == pytest.approx(0.5)


def test_blocks_of_seeds_are_one_run_whatever_their_number() -> None:
    clean, foul = [0.9, 0.8, 0.7, 0.8], [0.7, 0.7, 0.6, 0.75]
    whole = condition_costs([curves("clean", clean, (0, 1, 2, 3)), curves("foul", foul, (0, 1, 2, 3))])
    blocks = [
        curves(condition, levels[first : first + 2], (first, first + 1))
        for condition, levels in (("clean", clean), ("foul", foul))
        for first in (0, 2)
    ]
    assert condition_costs(blocks) == whole
    assert whole[0].seeds == 4


def test_a_condition_hurts_where_its_whole_interval_lies_below_zero() -> None:
    (cost,) = condition_costs([curves("clean", [0.9, 0.8], (0, 1)), curves("foul", [0.8, 0.7], (0, 1))])
    assert cost.hurts
    assert cost.half_width == pytest.approx(0, abs=1e-9)
    text = markdown([cost], mark="unfinished")
    assert "**unfinished**" in text
    assert "| iris | **-10.0 ± 0.0** |" in text
    assert "| data sets hurt | 1 |" in text
    assert as_csv([cost]).splitlines()[1].startswith("iris,softmax-regression,1,margin,foul,clean,-10.0")


def test_a_study_without_conditions_writes_nothing_more(tmp_path: Path) -> None:
    assert write_conditions([curves("", [0.9, 0.8], (0, 1))], tmp_path) == []
    assert list(tmp_path.iterdir()) == []


def test_a_study_with_conditions_writes_its_table_and_picture_the_same_each_time(tmp_path: Path) -> None:
    given = [curves("clean", [0.9, 0.8], (0, 1)), curves("foul", [0.8, 0.75], (0, 1))]
    paths = write_conditions(given, tmp_path)
    assert {path.name for path in paths} == {
        *("conditions.md", "conditions.csv", "conditions.png", "conditions.pdf"),
        *("conditions-column.png", "conditions-column.pdf"),
    }
    before = {path.name: path.read_bytes() for path in paths}
    assert {path.name: path.read_bytes() for path in write_conditions(given, tmp_path)} == before
