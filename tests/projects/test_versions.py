"""Rounds as versions: compared, gone back to, fitted again; and logs of an older schema."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from alrl.errors import InvalidDataError, ProjectError
from alrl.projects import Project
from alrl.projects.judgement.curve import grown, standing
from alrl.projects.model_files import load_skops
from alrl.projects.status import status_of
from alrl.projects.upkeep import upgrade
from alrl.projects.versions import compare, fitted_model, roll_back, save_model, sentences
from tests.projects.conftest import table, truth

Make = Callable[..., Project]


def labelled(make: Make, **settings: Any) -> Project:
    """Return a project of two rounds, with 12 and 20 labels."""
    project = make(**settings)
    for first, last in ((0, 12), (12, 20)):
        project.tell(truth(table(), [f"c{place}" for place in range(first, last)]), annotator="ann")
        project.fit()
    return project


def test_two_rounds_are_compared_by_labels_model_and_predictions(make: Make) -> None:
    project = labelled(make)
    project.set_model("nearest-centroid")
    project.fit()
    document = compare(project, 0, 2)
    assert (document["new_labels"], document["relabelled"]) == (8, 0)
    assert [each["model"] for each in document["rounds"]] == ["softmax-regression", "nearest-centroid"]
    assert 0 < document["changed"] < 1
    assert compare(project, 1, 1)["changed"] == 0
    assert sentences(document)[2] == "8 labels are new, 0 are others, 0 gone"
    assert compare(project, 2, 0)["lost_labels"] == 8
    with pytest.raises(InvalidDataError, match="there is no round 3; the project's rounds are 0 to 2"):
        compare(project, 0, 3)
    for wrong in ("1", 1.0, None):
        with pytest.raises(InvalidDataError, match=rf"there is no round {wrong!r}; the project's rounds are 0 to 2"):
            compare(project, 0, wrong)  # type: ignore[arg-type]


def test_rolling_back_restores_labels_and_model_and_charges_nothing(make: Make) -> None:
    project = labelled(make)
    before, charged = dict(project.at(project.log.now).labels), project.state.charged
    project.tell({"c1": {"yes": "no", "no": "yes"}[before["c1"]], "c30": "yes"}, annotator="ann")
    project.withdraw("c2", annotator="ann")
    project.tell({"c40": None}, annotator="bob")
    project.set_model("nearest-centroid")
    assert roll_back(project, 1) == {"withdrawn": 2, "put_back": 2, "model": 1}
    assert project.state.labels == before
    assert (project.state.model["name"], project.state.charged) == ("softmax-regression", charged + 2)
    assert project.fit().number == 2
    assert compare(project, 1, 2)["changed"] == 0
    # Forward again: the labels of the first round, then those of the second.
    roll_back(project, 0)
    assert len(project.state.labels) == 12
    roll_back(project, 2)
    assert project.state.labels == before
    project.restart()
    with pytest.raises(InvalidDataError, match="before the last restart"):
        roll_back(project, 0)


def test_rounds_that_were_rolled_back_advise_and_judge_no_more(make: Make) -> None:
    project = make(pool=table(200))
    for last in range(10, 80, 10):
        project.tell(truth(table(200), [f"c{place}" for place in range(last - 10, last)]), annotator="ann")
        project.fit()
    assert project.verdict().labels == 70
    assert [fitted.labels for fitted in standing(project.state)] == [10, 20, 30, 40, 50, 60, 70]
    roll_back(project, 1)
    for _ in range(2):
        assert [fitted.labels for fitted in standing(project.state)][:2] == [10, 20]
        result = project.verdict()
        assert (result.kind, result.labels) == ("undecided", 20)
        assert not project.advice().stop
        assert status_of(project.state, project.log.now)["estimates"]["cross_validated"]["records"] == 20
        project.fit()
    # A round that comes after those that were undone is not compared with them.
    project.tell(truth(table(200), ["c90", "c91", "c92"]), annotator="ann")
    project.fit()
    assert [new.labels for _, new in grown(project.state)] == [20, 23]


def test_the_model_of_a_round_is_fitted_again_to_the_same(make: Make) -> None:
    from alrl.projects.rounds import read_predictions

    project = labelled(make)
    again = fitted_model(project, 0).probabilities
    assert (again == read_predictions(project.folder, project.state.rounds[0]).probabilities).all()


def test_a_classifier_of_a_round_is_saved_without_code(make: Make, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression

    with pytest.raises(InvalidDataError, match="a learner of alrl"):
        save_model(labelled(make), 0, tmp_path / "model.skops")
    project = Project(tmp_path / "churn")
    project.set_model(LogisticRegression())
    number = project.fit().number
    file = save_model(project, number, tmp_path / "model.skops")
    assert load_skops(file).predict(project.pool().frame.iloc[:2]).shape == (2,)
    with pytest.raises(InvalidDataError, match="there already"):
        save_model(project, number, file)


def test_a_log_of_the_first_schema_is_read_and_upgraded_with_a_copy_beside_it(make: Make) -> None:
    project = labelled(make)
    with closing(sqlite3.connect(project.folder / "log.sqlite")) as database:
        database.execute("PRAGMA user_version = 1")
    connection = {"tool": "label studio", "address": "http://127.0.0.1:1", "number": 7}
    old = Project(project.folder)
    old.tell({"c30": "yes"}, annotator="ann")
    with pytest.raises(ProjectError, match=r"schema 1.*alrl project upgrade"), old.writing() as (transaction, _):
        transaction.append("connected", connection)
    events = old.events()
    assert upgrade(project.folder) == (1, 2)
    assert upgrade(project.folder) == (2, 2)
    new = Project(project.folder)
    with new.writing() as (transaction, state):
        state.apply(transaction.append("connected", connection))
    assert new.events()[:-1] == events
    with closing(sqlite3.connect(project.folder / "log-schema-1.sqlite")) as database:
        assert database.execute("PRAGMA user_version").fetchone() == (1,)
        assert database.execute("SELECT count(*) FROM events").fetchone() == (len(events),)
