"""What is looked at after each round."""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np
import pytest
from typer.testing import CliRunner

from alrl.cli import app
from alrl.errors import InvalidQueryError, MissingPackageError
from alrl.projects import IRRELEVANT, Project
from alrl.projects.review import annotators, bias, disagreements, foreign, forgotten, review, twins
from tests.projects.conftest import table, truth

Make = Callable[..., Project]


def test_wrong_labels_come_first_and_nothing_is_dropped(make: Make) -> None:
    frame = table(120)
    project = make(pool=frame)
    labels = truth(frame, [f"c{place}" for place in range(100)])
    sums = (frame["age"] + frame["visits"]).abs()
    wrong = [f"c{place}" for place in sums[:100].nlargest(30).index[::6]]
    project.tell({record: "no" if label == "yes" else "yes" for record, label in labels.items() if record in wrong})
    project.tell({record: label for record, label in labels.items() if record not in wrong})
    first = project.suspects(8)
    assert project.suspects(8.0) == first  # type: ignore[arg-type]
    assert {each.id for each in first if each.flagged} >= set(wrong)
    assert all(each.rather != each.label for each in first[: len(wrong)])
    assert len(project.state.labels) == 100


def test_ten_labels_are_needed_and_the_extra_is_named(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    project = make()
    project.tell({"c1": "yes", "c2": "no"})
    with pytest.raises(InvalidQueryError, match="too few"):
        project.suspects()
    monkeypatch.setitem(sys.modules, "cleanlab.filter", None)
    with pytest.raises(MissingPackageError, match=r"alrl\[audit\]"):
        project.suspects()


def test_annotators_who_differ_are_named(make: Make) -> None:
    project = make()
    project.tell({"c1": "yes", "c2": "no", "c3": "no"}, annotator="ann")
    project.tell({"c1": "no", "c2": "no"}, annotator="bob")
    assert disagreements(project.state) == [{"id": "c1", "answers": {"ann": "yes", "bob": "no"}, "believed": "yes"}]
    ann, bob = annotators(project.state)
    assert (ann["answers"], ann["compared"], ann["agreement"]) == (3, 2, 0.5)
    assert (bob["answers"], bob["agreement"]) == (2, 0.5)


def test_twins_and_foreign_records_are_found(make: Make) -> None:
    frame = table(60)
    frame.loc[5, ["age", "visits"]] = frame.loc[4, ["age", "visits"]].to_numpy()
    frame.loc[7, ["age", "visits"]] = [40.0, -40.0]
    project = make(pool=frame)
    project.tell({**truth(frame, [f"c{place}" for place in range(30)]), "c5": "yes", "c4": "no"}, annotator="ann")
    pairs = twins(project.state, project.pool())
    assert pairs[0]["ids"] == ["c4", "c5"]
    assert pairs[0]["conflict"]
    assert foreign(project.state, project.pool())[0]["id"] == "c7"


def test_records_that_the_last_round_gets_wrong_again_are_forgotten(make: Make) -> None:
    project = make()
    project.tell(truth(table(), [f"c{place}" for place in range(20)]), annotator="ann")
    project.fit()
    assert forgotten(project) == []
    before = project.view().predicted[0].numpy().copy()
    flipped = {f"c{place}": ("yes", "no")[int(before[place])] for place in range(20, 60)}
    project.tell(flipped, annotator="bob")
    project.fit()
    after = project.view().predicted[0].numpy()
    classes = np.array(project.state.classes)
    expected = [
        record
        for record, label in project.state.labels.items()
        if classes[before[int(record[1:])]] == label and classes[after[int(record[1:])]] != label
    ]
    assert forgotten(project) == expected
    assert expected


def test_a_biased_sample_is_named_by_its_column(make: Make) -> None:
    frame = table(200).assign(town=["Ulm", "Bonn"] * 100)
    project = make(pool=frame)
    ulm = [f"c{place}" for place in range(0, 80, 2)]
    project.tell(truth(frame, ulm), annotator="ann")
    worst = bias(project)[0]
    assert (worst["column"], worst["gap"], worst["too_much"]) == ("town", 0.5, "Ulm")
    assert worst["chance"] < 0.01
    fair = make_fair(project)
    assert next(row for row in fair if row["column"] == "town")["chance"] > 0.05


def test_a_biased_column_of_numbers_is_named_by_its_range(make: Make) -> None:
    frame = table(200).assign(income=np.arange(200) + 1_000_000)
    project = make(pool=frame)
    project.tell(truth(frame, [f"c{place}" for place in range(180, 200)]), annotator="ann")
    worst = next(row for row in bias(project) if row["column"] == "income")
    assert (worst["gap"], worst["too_much"]) == (0.9, "above 1000180")


def make_fair(project: Project) -> list[dict[str, object]]:
    project.restart()
    project.tell(truth(table(200), [f"c{place}" for place in range(40)]), annotator="ann")
    return bias(project)


def test_a_review_is_one_document(make: Make) -> None:
    project = make()
    project.tell(truth(table(), [f"c{place}" for place in range(30)]), annotator="ann")
    project.fit()
    document = review(project)
    assert set(document) == {
        "suspects", "false_alarms", "disagreements", "annotators", "twins", "foreign", "forgotten", "bias", "found",
    }  # fmt: skip
    assert project.advice().reason
    assert project.state.advice["stop"] is False
    assert project.verdict().kind == "undecided"
    assert project.bill().labels == 30
    assert project.curve()[-1].labels == 30


def test_a_review_shows_some_of_each_kind_and_counts_all(make: Make) -> None:
    project = make(pool=table(120))
    right = truth(table(120), [f"c{place}" for place in range(100)])
    wrong = {record: {"yes": "no", "no": "yes"}[right[record]] for record in list(right)[:12]}
    project.tell({**right, **wrong}, annotator="ann")
    project.tell({record: right[record] for record in list(right)[:6]}, annotator="bob")
    project.fit()
    few, many = review(project, 2), review(project, 100)
    assert few["found"] == many["found"]
    assert [len(few[kind]) for kind in ("suspects", "disagreements")] == [2, 2]
    assert few["found"]["disagreements"] == len(many["disagreements"]) == 6
    assert few["found"]["suspects"] == sum(each["flagged"] for each in many["suspects"]) > 2
    shown = CliRunner().invoke(app, ["project", "review", str(project.folder), "--count", "2"]).stdout
    assert "6 records that annotators answer differently, 2 shown" in shown


def test_an_answer_that_a_record_does_not_belong_is_named_as_in_files(make: Make) -> None:
    project = make()
    project.tell({"c1": "yes"}, annotator="ann")
    project.tell({"c1": IRRELEVANT}, annotator="bob")
    assert disagreements(project.state)[0]["answers"] == {"ann": "yes", "bob": "#irrelevant"}
