"""A project played by simulated annotators."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alrl.errors import InvalidDataError
from alrl.projects import Project
from alrl.projects.answers import HELD_OUT
from alrl.projects.rehearsal import Person, rehearse
from alrl.projects.status import status_of
from tests.projects.conftest import table, truth


def test_a_rehearsal_is_a_project_and_knows_what_was_true(tmp_path: Path) -> None:
    frame = table(200)
    frame["churn"] = list(truth(frame, frame["customer"]).values())
    played = rehearse(tmp_path / "p", frame, label="churn", id="customer", batches=6, batch=10, strategy="margin")
    assert len(played.points) == len(played.accuracy)
    assert played.accuracy[-1] > 0.8
    assert "true" in played.sentences()[-1]
    project = Project(tmp_path / "p")
    state = project.state
    outside = [record for record, answers in state.given.items() if HELD_OUT in answers]
    assert len(outside) == 60
    assert not set(outside) & set(state.labels)
    assert {"ann", "bob"} <= set(state.annotators())
    assert state.pending(project.log.now) == set()
    status = status_of(state, project.log.now)
    assert (status["held_out"], HELD_OUT in status["annotators"]) == (60, False)
    assert status["skipped"] + status["irrelevant"] + status["labelled"] + status["unlabelled"] == 140
    first, again = (
        played.accuracy,
        rehearse(tmp_path / "q", frame, label="churn", id="customer", batches=6, batch=10, strategy="margin").accuracy,
    )
    assert first == again


def test_a_rehearsal_ends_where_its_pool_does(tmp_path: Path) -> None:
    frame = table(40)
    frame["churn"] = list(truth(frame, frame["customer"]).values())
    played = rehearse(tmp_path / "p", frame, label="churn", id="customer", batches=50, batch=9, strategy="margin")
    assert sum(played.classes.values()) == 40
    assert played.project.state.unlabelled() == 0


def test_perfect_people_name_the_truth(tmp_path: Path) -> None:
    frame = table(80)
    frame["churn"] = list(truth(frame, frame["customer"]).values())
    played = rehearse(tmp_path / "p", frame, label="churn", id="customer", batches=2, people=[Person(name="cy")])
    assert played.project.state.labels == truth(frame, played.project.state.labels)


def test_a_table_with_gaps_and_a_share_above_one_are_refused(tmp_path: Path) -> None:
    frame = table(20)
    frame["churn"] = np.where(frame["age"] > 0, "yes", None)
    with pytest.raises(InvalidDataError, match="has gaps"):
        rehearse(tmp_path / "p", frame, label="churn")
    with pytest.raises(InvalidDataError, match="0 to 1"):
        Person(name="dan", wrong=2.0)
    with pytest.raises(InvalidDataError, match="name one who answers at least"):
        rehearse(tmp_path / "q", frame, label="churn", id="customer", people=[])


def test_the_bill_of_a_rehearsal_counts_what_can_be_labelled(tmp_path: Path) -> None:
    frame = table(60)
    frame["churn"] = list(truth(frame, frame["customer"]).values())
    people = [Person(name="cy")]
    played = rehearse(tmp_path / "p", frame, label="churn", id="customer", batches=2, batch=21, people=people)
    summary = played.project.bill()
    assert (summary.labels, summary.everything, summary.saved) == (42, 42.0, 0.0)
