"""What a run says of where its strategy lost."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alrl.cli import app
from alrl.errors import InvalidDataError
from alrl.recipes import parse
from alrl.reports.explain import explain
from alrl.studies.description import RunDirectoryError
from alrl.studies.runner import Runner
from alrl.studies.study import StudyRecipe

STUDY = {
    "title": "outliers",
    "data": ["synthetic/heavy-tailed-2", "wine"],
    "agents": ["core-set", "margin", "random"],
    "primary": ["core-set", "margin"],
    "labels": 16,
    "seeds": 8,
}


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    Runner(study=parse(StudyRecipe, STUDY, where="test_explain.py"), folder=folder, workers=1).run()
    return folder


def test_a_loss_is_told_by_data_set_by_labels_and_by_kind_of_record(played: Path) -> None:
    (explained,) = explain(played)
    assert (explained.strategy, explained.reference) == ("core-set", "margin")
    worst = explained.data_sets[0]
    assert worst.data_set == "synthetic/heavy-tailed-2"
    assert worst.difference.outcome == "loss"
    assert [(each.first, each.last) for each in worst.stretches] == [(1, 4), (5, 8), (9, 12), (13, 16)]
    # The stretches are of equal length: their mean is the mean gap of the curves after the first label.
    assert min(each.difference for each in worst.stretches) == worst.worst.difference < 0
    assert len(worst.kinds) == 3
    assert all(each.meaning for each in worst.kinds)
    assert worst.data_set in explained.text()


def test_a_strategy_that_does_not_lose_is_shown_where_it_gains_least(played: Path) -> None:
    (explained,) = explain(played, strategy="margin", against="core-set")
    assert explained.record[2] == 0
    assert len(explained.data_sets) == 1
    assert "No loss" in explained.text()


def test_strategies_that_pick_the_same_are_told_so_in_whole_rounds(tmp_path: Path) -> None:
    # With two classes margin and least confidence order records alike.
    twins = {**STUDY, "data": ["breast_cancer"], "agents": ["margin", "least-confidence"], "labels": 8, "seeds": 4}
    twins |= {"batches": [4], "primary": ["least-confidence", "margin"]}
    Runner(study=parse(StudyRecipe, twins, where="test_explain.py"), folder=tmp_path, workers=1).run()
    (explained,) = explain(tmp_path)
    (only,) = explained.data_sets
    assert [(each.first, each.last) for each in only.stretches] == [(1, 4), (5, 8)]
    assert (only.kinds, only.why_not) == ((), "")
    assert "the two picked records of the same kinds" in explained.text()


def test_a_strategy_is_not_held_against_itself_and_has_to_be_there(played: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match="against itself"):
        explain(played, strategy="margin")
    with pytest.raises(InvalidDataError, match="'entropy' was not run"):
        explain(played, strategy="entropy")
    with pytest.raises(RunDirectoryError, match="does not exist"):
        explain(tmp_path)


def test_the_command_says_it_in_words_and_in_json(played: Path) -> None:
    answer = CliRunner().invoke(app, ["explain", str(played), "--against", "random"])
    assert answer.exit_code == 0, answer.output
    assert "core-set against random" in answer.output
    machine = CliRunner().invoke(app, ["explain", str(played), "--json"])
    assert json.loads(machine.stdout)["explained"][0]["data_sets"][0]["kinds"][0]["feature"]


@pytest.mark.parametrize(
    "changed",
    [
        {"conditions": [{"name": "clean"}, {"name": "noisy", "annotator": {"kind": "noisy", "rate": 0.3}}]},
        {
            "conditions": [
                {"name": "clean"},
                {"name": "copies", "contamination": [{"kind": "duplicates", "share": 0.3}]},
            ]
        },
        {"learners": [{"kind": "softmax-regression"}, {"kind": "nearest-neighbours"}]},
    ],
    ids=["annotator", "contamination", "learner"],
)
def test_the_picks_of_each_setting_are_seen_again_in_that_setting(tmp_path: Path, changed: dict[str, Any]) -> None:
    study = {**STUDY, "data": ["iris", "wine"], "labels": 8, "seeds": 4}
    alone = {name: each[-1:] for name, each in changed.items()}
    texts = []
    for name, settings in (("both", changed), ("alone", alone)):
        recipe = parse(StudyRecipe, {**study, **settings}, where="test_explain.py")
        Runner(study=recipe, folder=tmp_path / name, workers=1).run()
        texts.append(explain(tmp_path / name)[-1].text())
    assert texts[0] == texts[1]
    assert "cannot be seen again" not in texts[0]
