"""Asking and telling, as annotators and their team do it."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import skops.io
import torch
from sklearn.cluster import KMeans
from sklearn.ensemble import HistGradientBoostingClassifier, IsolationForest, VotingClassifier
from sklearn.linear_model import LinearRegression, LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import alrl
from alrl.agents.players import find_strategy
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidDataError, InvalidQueryError, InvalidRecipeError, PoolExhaustedWarning, ProjectError
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.projects import IRRELEVANT, Project, fitting
from alrl.projects.answers import Answer
from alrl.projects.event_log import EventLog
from alrl.projects.exchange.task_files import take_file
from alrl.projects.judgement.stopping import Budget
from alrl.projects.rounds import fit_round
from alrl.projects.status import sentences, status_of
from alrl.projects.telling import Receipt
from alrl.projects.upkeep import erase
from tests.projects.conftest import Clock, table, truth

Make = Callable[..., Project]


def ids(batch: pd.DataFrame) -> list[str]:
    return [str(each) for each in batch["customer"]]


def test_a_record_is_asked_of_one_annotator_until_its_lease_runs_out(make: Make, clock: Clock) -> None:
    project = make(lease_days=1.0)
    first, second = ids(project.ask(40)), ids(project.ask(20))
    assert len({*first, *second}) == 60
    with pytest.raises(InvalidQueryError, match="60 are with annotators"):
        project.ask(1)
    project.tell(truth(table(), first[:30]), annotator="ann")
    clock.now += 90_000
    with pytest.warns(PoolExhaustedWarning, match="30 records are left"):
        assert set(ids(project.ask(31))) == {*first[30:], *second}


def test_released_records_may_be_asked_again_and_late_answers_are_taken(make: Make) -> None:
    project = make()
    batch = ids(project.ask(5))
    assert project.release(batch[:2]) == 2
    assert project.state.pending(project.log.now) == set(batch[2:])
    assert project.tell(truth(table(), batch), annotator="ann").new == 5
    assert project.state.pending(project.log.now) == set()


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ("143", " (did you mean '000143'?)"),
        ("M\u00fcler", " (did you mean 'M\u00fcller'?)"),
        ("99", ""),
    ],
)
def test_an_unknown_record_is_named_with_the_one_that_may_be_meant(make: Make, given: str, hint: str) -> None:
    frame = pd.DataFrame({"customer": ["000143", "M\u00fcller", "c"], "age": [1.0, 2.0, 3.0]})
    project = make(pool=frame)
    for action, end in (
        (lambda: project.withdraw(given, annotator="ann"), "nothing is taken back"),
        (lambda: project.release(["c", given]), "none is released"),
        (lambda: erase(project, [given]), "nothing was erased"),
        (lambda: project.records(["c", given]), "none is returned; all identifiers: project.pool().ids"),
    ):
        with pytest.raises(InvalidDataError) as error:
            action()
        assert str(error.value) == f"there is no record {given!r}{hint}; {end}"


def test_records_are_shown_as_they_were_asked_for_and_numbers_name_them_as_text_does(make: Make) -> None:
    project = make(pool=table().drop(columns="customer"), id=None)
    shown = project.records([7, np.int64(3), "5"])
    assert shown["id"].tolist() == ["7", "3", "5"]
    assert shown["age"].tolist() == pytest.approx(table()["age"].iloc[[7, 3, 5]].tolist())
    assert project.records("12")["id"].tolist() == ["12"]
    project.tell({7: "yes"}, annotator="ann")
    project.withdraw(7, annotator=" ann ")  # type: ignore[arg-type]
    assert project.state.labels == {}
    with pytest.raises(InvalidDataError, match="there is no record '60'; none is released"):
        project.release([60])  # type: ignore[list-item]


def test_an_erased_record_is_shown_no_more(make: Make) -> None:
    project = make()
    erase(project, ["c7"])
    with pytest.raises(InvalidDataError, match="there is no record 'c7'"):
        project.records(["c7"])


def test_what_is_no_name_of_an_annotator_or_no_list_of_classes_is_told(make: Make) -> None:
    project = make()
    with pytest.raises(InvalidDataError, match="3 given for the annotator; name the person"):
        project.ask(1, annotator=3)  # type: ignore[arg-type]
    with pytest.raises(InvalidDataError, match=r"classes = 'maybe' given; give a list of them: \['maybe'\]"):
        project.add_classes("maybe")
    for wrong in (None, 5, b"ab"):
        with pytest.raises(InvalidDataError, match="given; give a list of them, such as"):
            project.add_classes(wrong)  # type: ignore[arg-type]
    assert project.state.classes == ["no", "yes"]


def test_a_class_in_place_of_a_model_and_what_is_no_folder_rule_time_or_count_are_told(make: Make) -> None:
    project = make()
    before = project.state.number
    with pytest.raises(InvalidDataError, match=r"the class SVC given as a model; give an object of it: SVC\(\)"):
        project.set_model(SVC)
    with pytest.raises(ProjectError, match="a project called None given; give its folder"):
        Project(None)  # type: ignore[arg-type]
    with pytest.raises(InvalidRecipeError, match=r"'Budget' given as a rule; give an object such as Budget\(\)"):
        project.advice("Budget")  # type: ignore[arg-type]
    for time in (float("nan"), float("inf"), 1e30, True):
        with pytest.raises(ProjectError, match="given as a time"):
            project.at(time)
    with pytest.raises(InvalidRecipeError, match=r"of alrl\.projects\.judgement\.stopping"):
        project.advice(Budget)  # type: ignore[arg-type]
    for count in (-1, 0, 2.5, "a"):
        with pytest.raises(InvalidQueryError, match="count = "):
            project.suspects(count)  # type: ignore[arg-type]
    assert project.state.number == before


def test_a_model_file_that_there_is_not_is_told_with_what_to_do(make: Make, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match=r"there is no file .*m.skops.*skops\.io\.dump"):
        make(model=str(tmp_path / "m.skops"))


def test_a_model_a_table_and_a_log_that_are_pipes_are_told_without_waiting(make: Make, tmp_path: Path) -> None:
    for name in ("m.skops", "t.csv", "log.sqlite"):
        os.mkfifo(tmp_path / name)
    with pytest.raises(InvalidDataError, match=r"m\.skops: a pipe, not a regular file; write an unfitted classifier"):
        make(model=str(tmp_path / "m.skops"))
    with pytest.raises(InvalidDataError, match=r"t\.csv is a pipe, not a regular file; give a CSV"):
        make(pool=tmp_path / "t.csv")
    with pytest.raises(ProjectError, match=r"log\.sqlite is a pipe, not a regular file; give the folder of a project"):
        EventLog(tmp_path / "log.sqlite")


def test_what_is_no_clock_no_list_of_types_and_no_folder_is_told_before_anything_is_written(tmp_path: Path) -> None:
    new: dict[str, Any] = {"folder": tmp_path / "new", "pool": table(), "id": "customer", "classes": ["no", "yes"]}
    for wrong, told in (
        ({"clock": 5}, "clock = 5 given; give a function"),
        ({"trusted": 5}, "trusted = 5 given; give a list of types"),
        ({"trusted": "own.Model"}, "trusted = 'own.Model' given; give a list of types"),
        ({"folder": None}, "a project called None given; give its folder"),
    ):
        with pytest.raises(ProjectError, match=told):
            Project.create(**{**new, **wrong})
        assert not (tmp_path / "new").exists()
    folder = Project.create(**new).folder
    with pytest.raises(ProjectError, match="clock = 5 given"):
        Project(folder, clock=5)  # type: ignore[arg-type]


def test_where_every_record_has_its_label_the_advice_is_to_stop(make: Make) -> None:
    project = make()
    assert not project.advice().stop
    project.tell(dict.fromkeys(project.pool().ids, "yes"), annotator="ann")
    advice = project.advice()
    assert advice.stop
    assert advice.reason == "no record is left to ask about"
    assert any(
        line.startswith("verdict: undecided: no model has been fitted yet")
        for line in sentences(status_of(project.state, 0.0))
    )


def test_a_column_that_the_project_does_not_have_is_not_left_out_as_asked(make: Make) -> None:
    project = make()
    more = table().assign(customer=lambda frame: "new-" + frame["customer"], extra=1.0)
    project.grow(more)
    assert project.state.files[-1]["report"]["left_out"]["extra"] == "the project has no such column"


def test_a_record_in_the_other_form_of_unicode_is_the_same_record(make: Make) -> None:
    frame = pd.DataFrame({"customer": ["M\u00fcller", "b"], "age": [1.0, 2.0]})
    project = make(pool=frame)
    project.tell({"M\u00fcller": "yes"}, annotator="ann")
    project.withdraw("Mu\u0308ller", annotator="ann")
    assert project.state.labels == {}
    erase(project, ["Mu\u0308ller"])
    assert "M\u00fcller" not in project.pool().position


def test_the_same_answer_twice_is_one(make: Make) -> None:
    project = make()
    answers = truth(table(), ids(project.ask(8)))
    assert project.tell(answers, annotator="ann").new == 8
    receipt = project.tell(answers, annotator="ann")
    assert (receipt.same, receipt.written) == (8, 0)
    assert project.state.charged == 8
    assert [event.kind for event in project.events()].count("answered") == 8


def test_a_correction_is_kept_and_costs_a_label_while_the_record_keeps_its_place(make: Make) -> None:
    project = make()
    project.tell({"c1": "yes", "c2": "no"}, annotator="ann")
    assert project.tell({"c1": "no"}, annotator="ann").corrected == 1
    assert list(project.state.labels.items()) == [("c1", "no"), ("c2", "no")]
    assert project.state.charged == 3
    assert project.tell({"c1": "yes"}, annotator="ann", repeats="ignore").stale == 1
    assert project.state.labels["c1"] == "no"
    project.withdraw("c1", annotator="ann")
    assert list(project.state.labels) == ["c2"]
    with pytest.raises(InvalidDataError, match="has given no answer"):
        project.withdraw("c1", annotator="ann")


def test_most_annotators_are_believed_and_a_tie_changes_nothing(make: Make) -> None:
    project = make()
    for annotator, label in (("ann", "yes"), ("bob", "no")):
        project.tell({"c1": label}, annotator=annotator)
    assert project.state.labels["c1"] == "yes"
    project.tell({"c1": "no"}, annotator="cy")
    assert project.state.labels["c1"] == "no"
    assert project.state.annotators() == {"ann": 1, "bob": 1, "cy": 1}


def test_the_last_label_is_believed_where_that_was_chosen(make: Make) -> None:
    project = make(aggregate="last")
    project.tell({"c1": "yes"}, annotator="ann")
    project.tell({"c1": "no"}, annotator="bob")
    assert project.state.labels["c1"] == "no"


def test_what_nobody_knows_or_needs_is_not_asked_again(make: Make) -> None:
    project = make()
    project.tell({"c1": None, "c2": IRRELEVANT, "c3": float("nan"), "c4": "yes", "c5": "no"}, annotator="ann")
    assert project.state.charged == 3
    assert project.state.labels == {"c4": "yes", "c5": "no"}
    assert alrl.IRRELEVANT is IRRELEVANT
    with pytest.warns(PoolExhaustedWarning):
        assert not {"c1", "c2", "c3"} & set(ids(project.ask(60)))
    project.tell({"c1": "yes"}, annotator="ann")
    assert project.state.labels["c1"] == "yes"


def test_wrong_answers_are_named_and_nothing_is_taken(make: Make) -> None:
    project = make()
    with pytest.raises(InvalidDataError, match=r"2 of 3 answers .* there is no record 'c99'; .*did you mean \"yes\""):
        project.tell({"c99": "yes", "c1": "yse", "c2": "no"}, annotator="ann")
    assert not project.state.labels
    assert project.tell({"c99": "yes", "c2": "no"}, annotator="ann", leave_out=True).new == 1


def test_an_earlier_state_can_be_seen(make: Make, clock: Clock) -> None:
    project = make()
    project.tell({"c1": "yes"}, annotator="ann")
    noon = clock.now
    clock.now += 3 * 86_400
    project.tell({"c2": "no"}, annotator="ann")
    assert list(project.at(noon).labels) == ["c1"]
    assert list(project.at(clock.now).labels) == ["c1", "c2"]
    with pytest.raises(ProjectError, match="made after"):
        project.at("2020-01-01")


def test_a_clock_set_back_loses_no_label_and_asks_nothing_twice(make: Make, clock: Clock) -> None:
    project = make()
    batch = ids(project.ask(10))
    project.tell(truth(table(), batch[:5]), annotator="ann")
    clock.now -= 10 * 86_400
    more = ids(project.ask(10))
    assert not set(more) & set(batch)
    project.tell(truth(table(), [*batch[5:], *more]), annotator="ann")
    assert len(project.state.labels) == 20
    assert [event.number for event in project.events()] == list(range(1, project.state.number + 1))


def test_the_budget_is_kept(make: Make) -> None:
    project = make(labels=3)
    project.tell({"c1": "yes", "c2": "no"}, annotator="ann")
    with pytest.warns(PoolExhaustedWarning):
        batch = ids(project.ask(4))
    assert len(batch) == 3
    project.tell(truth(table(), batch), annotator="ann")
    with pytest.raises(InvalidQueryError, match="budget of 3 labels is spent"):
        project.ask(1)


def test_records_classes_and_model_may_change_on_the_way(make: Make) -> None:
    project = make()
    project.tell(truth(table(), [f"c{place}" for place in range(12)]), annotator="ann")
    project.fit()
    later = table(80).iloc[60:].assign(churn=None)
    with pytest.raises(InvalidDataError, match=r"'age' holds numbers in the project, and words .* such as 'old'"):
        project.grow(later.assign(age="old"))
    assert project.grow(later) == 20
    with pytest.raises(InvalidDataError, match="20 records are there already"):
        project.grow(later)
    project.add_classes(["maybe"])
    project.tell({"c70": "maybe", "c71": "maybe"}, annotator="ann")
    view = project.view()
    assert tuple(view.probabilities.shape) == (1, 80, 3)
    assert [tuple(each.shape) for each in view.trajectory.probabilities] == [(1, 80, 3)] * 2
    project.set_model("nearest-centroid")
    assert project.fit().number == 2
    assert len(project.ask(5)) == 5


def test_a_model_that_cannot_read_the_words_of_the_table_is_told_which_columns_hold_them(make: Make) -> None:
    wanted = (
        r"fitted to 50 records with made-up labels: .*columns \['note'\] hold words: give a pipeline .*--model auto"
    )
    with pytest.raises(InvalidDataError, match=wanted):
        make(pool=table().assign(note="all is well"), model=SVC())
    project = make(pool=table().assign(note="all is well"))
    with pytest.raises(InvalidDataError, match=wanted):
        project.set_model(SVC())
    assert project.state.model["name"] == "softmax-regression"


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (LinearRegression(), "LinearRegression is a regressor; alrl learns one class a record"),
        (
            make_pipeline(StandardScaler(), LinearRegression()),
            "Pipeline is a regressor; alrl learns one class a record",
        ),
        (IsolationForest(n_estimators=2), "IsolationForest finds outliers, no classes"),
        (KMeans(2), "KMeans finds clusters, no classes"),
        (StandardScaler(), "StandardScaler has neither predict_proba nor decision_function"),
        (VotingClassifier([("a", SVC())]), "VotingClassifier has neither predict_proba nor decision_function"),
    ],
    ids=lambda value: "" if isinstance(value, str) else type(value).__name__,
)
def test_what_learns_no_classes_is_refused_before_a_label_is_bought(
    make: Make, tmp_path: Path, model: Any, why: str
) -> None:
    with pytest.raises(InvalidDataError, match=why):
        make(model=model)
    skops.io.dump(model, tmp_path / "m.skops")
    project = make()
    with pytest.raises(InvalidDataError, match=why):
        project.set_model(str(tmp_path / "m.skops"))
    assert project.state.model["name"] == "softmax-regression"


def test_a_model_is_tried_on_records_with_gaps_where_there_are_some(make: Make) -> None:
    frame = table()
    frame.loc[37, "age"] = np.nan
    with pytest.raises(InvalidDataError, match="fitted to 50 records with made-up labels: Input X contains NaN"):
        make(pool=frame, model=LogisticRegression())
    assert make(pool=frame, model=HistGradientBoostingClassifier()).state.model["kind"] == "skops"


@pytest.mark.parametrize("file", ["m.pkl", "m.joblib", "m.pt", "m.onnx", "folder/m.PKL"])
def test_a_file_of_another_kind_is_no_model_and_it_is_said_how_to_write_one(make: Make, file: str) -> None:
    with pytest.raises(
        InvalidDataError, match=r"takes no file but \.skops, .* skops\.io\.dump\(classifier, 'model.skops"
    ):
        make(model=file)


def test_what_a_model_may_be_is_told_with_auto_and_files(make: Make) -> None:
    with pytest.raises(
        InvalidRecipeError, match=r'unknown learner "rigde"; did you mean "ridge"\?.* give a \.skops file'
    ):
        make(model="rigde")
    with pytest.raises(InvalidRecipeError, match=r'unknown learner "autos"; did you mean "auto"\?'):
        make(model="autos")


def test_a_round_is_fitted_once_for_the_same_labels(make: Make) -> None:
    project = make()
    with pytest.raises(InvalidQueryError, match="too few for the model"):
        project.fit()
    project.tell({"c1": "yes", "c2": "no"}, annotator="ann")
    assert project.fit().number == project.fit().number == 0
    assert len(Project(project.folder).state.rounds) == 1


def test_a_restart_sets_labels_aside_and_draws_another_first_sample(make: Make) -> None:
    project = make()
    first = ids(project.ask(10))
    project.tell(truth(table(), first), annotator="ann")
    assert project.restart() == 10
    assert not project.state.labels
    assert project.state.charged == 10
    assert set(ids(project.ask(10))) != set(first)


def test_a_file_that_is_taken_again_after_a_restart_brings_no_label_back(make: Make, tmp_path: Path) -> None:
    project = make()
    first = ids(project.ask(10))
    answers = pd.DataFrame(truth(table(), first).items(), columns=["customer", "churn"])
    answers.to_csv(tmp_path / "first.csv", index=False)
    take_file(project, tmp_path / "first.csv", annotator="ann")
    project.restart()
    assert take_file(project, tmp_path / "first.csv", annotator="ann").receipts["ann"] == Receipt(stale=10)
    assert (len(project.state.labels), project.state.charged) == (0, 10)
    # Records that are asked for anew may have the answer that they had.
    again = ids(project.ask(50))
    common = [record for record in again if record in first]
    assert common
    answers[answers["customer"].isin(common)].to_csv(tmp_path / "again.csv", index=False)
    assert take_file(project, tmp_path / "again.csv", annotator="ann").receipts["ann"] == Receipt(new=len(common))


def test_a_state_that_was_shown_stays_as_it_was(make: Make) -> None:
    project = make()
    asked = ids(project.ask(6))
    before = project.state
    project.tell(truth(table(), asked), annotator="ann")
    project.tell({asked[0]: None}, annotator="bob")
    assert (before.labels, before.given, len(before.pending(project.log.now))) == ({}, {}, 6)
    between = project.state
    project.withdraw(asked[0], annotator="bob")
    project.release()
    assert list(between.given[asked[0]]) == ["ann", "bob"]
    assert len(project.state.labels) == len(between.labels) == 6


def test_labels_that_come_while_a_model_is_fitted_are_in_the_round_that_counts(
    make: Make, monkeypatch: pytest.MonkeyPatch
) -> None:
    project, late = make(), {"c50": "yes", "c51": "no"}
    project.tell(truth(table(), [f"c{place}" for place in range(12)]), annotator="ann")

    def interrupted(*given: Any) -> Any:
        if late:
            project.tell(dict([late.popitem()]), annotator="bob")
        return fit_round(*given)

    monkeypatch.setattr(fitting, "fit_round", interrupted)
    facts = project.fit()
    assert (facts.labels, facts.fingerprint) == (14, project.state.fingerprint())
    assert facts.facts["cross_validated"]["records"] == 14
    assert len(project.state.rounds) == 1


def test_a_person_whose_name_has_two_forms_in_unicode_is_one(make: Make, tmp_path: Path) -> None:
    project = make()
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    project.tell({"c1": "yes"}, annotator=composed)
    project.tell({"c1": "yes", "c2": "no"}, annotator=decomposed)
    assert dict(project.state.annotators()) == {composed: 2}
    project.withdraw("c2", annotator=decomposed)
    rows = [["c3", "yes", composed], ["c3", "no", decomposed]]
    pd.DataFrame(rows, columns=["customer", "churn", "annotator"]).to_csv(tmp_path / "two.csv", index=False)
    with pytest.raises(InvalidDataError, match="contradict each other"):
        take_file(project, tmp_path / "two.csv")


def test_the_budget_counts_every_label_that_is_paid(make: Make) -> None:
    project = make(labels=20)
    project.tell(truth(table(), [f"c{place}" for place in range(10)]), annotator="ann")
    project.fit()
    for annotator in ("ann", "bob"):
        project.tell(truth(table(), [f"c{place}" for place in range(10, 16)]), annotator=annotator)
    assert status_of(project.state, project.log.now)["budget_left"] == 8
    with pytest.warns(PoolExhaustedWarning, match=r"30 records asked for: 8 are returned.*budget of 20 labels"):
        project.ask(30)
    assert "20 of 20 labels are spent" in Budget().advise(project.state).reason
    assert Budget().advise(project.state).stop


def test_second_labels_are_bought_as_first_ones_are(make: Make) -> None:
    project = make()
    for annotator in ("ann", "bob"):
        project.tell(truth(table(), [f"c{place}" for place in range(15)]), annotator=annotator)
    assert (project.bill().labels, project.bill().saved) == (30, 0.5)


def test_labels_in_the_table_are_labels_from_the_start_and_cost_nothing(make: Make) -> None:
    frame = table().assign(churn=[1.0, 0.0] + [None] * 58)
    project = make(pool=frame, classes=None)
    assert project.state.classes == ["0", "1"]
    assert project.state.labels == {"c0": "1", "c1": "0"}
    assert project.state.charged == 0


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"classes": None}, "0 classes known"),
        ({"classes": ["yes", "yes"]}, "name each once"),
        ({"classes": "yes,no"}, "give a list"),
        ({"first": "spread"}, "allowed are 'random', 'cluster', 'covering'"),
        ({"id": "name"}, 'unknown id column "name"'),
        ({"labels": 0}, "at least 1"),
        ({"audit": 1.0}, "0 to below 1"),
        ({"strategy": "margn"}, 'did you mean "margin"'),
        ({"model": "os:system"}, "learners by name"),
        ({"pool": table().assign(customer="x")}, "names 1 records twice"),
        ({"pool": table()[["customer"]]}, "no column beside"),
    ],
)
def test_what_cannot_be_a_project_is_refused(make: Make, settings: dict[str, Any], words: str) -> None:
    def used() -> None:
        project = make(**settings)
        project.tell({"c1": "yes", "c2": "no"}, annotator="ann")
        project.ask(1)

    with pytest.raises(alrl.errors.AlrlError, match=words):
        used()


def test_a_second_project_in_the_same_folder_is_refused(make: Make) -> None:
    make()
    with pytest.raises(ProjectError, match="already holds a project"):
        make()


def test_a_project_that_is_called_as_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "churn").write_text("mine")
    with pytest.raises(ProjectError, match="churn is a file; a project is a folder"):
        alrl.Project.create(tmp_path / "churn", pool=table(), id="customer", classes=["yes", "no"])
    assert (tmp_path / "churn").read_text() == "mine"


def test_draws_by_chance_have_known_chances(make: Make) -> None:
    project = make(audit=0.4)
    project.tell(truth(table(), [f"c{place}" for place in range(10)]), annotator="ann")
    batch = project.ask(20)
    chances = [project.state.draws[record]["chance"] for record in ids(batch)]
    by_chance = batch["reason"].str.startswith("drawn by chance").tolist()
    assert 2 <= sum(by_chance) <= 14
    for place, (chance, lucky) in enumerate(zip(chances, by_chance, strict=True)):
        spread = 0.4 / (50 - place)
        assert chance == pytest.approx(spread) or chance == pytest.approx(spread + 0.6)
        assert lucky or chance > 0.6


@pytest.mark.parametrize("strategy", ["margin", "general", "core-set", "badge", "random"])
def test_a_strategy_picks_in_a_project_what_it_picks_in_simulation(make: Make, strategy: str) -> None:
    data, player = load_data_set("wine"), find_strategy(strategy)
    task = draw_task(data, [3])
    simulator = Simulator([task], SoftmaxRegression(warm_start=False), labels=12)
    simulator.provide(player.needs)
    rows = task.split.pool
    names = [data.class_names[code] for code in data.y[rows]]
    pool = pd.DataFrame(data.X[rows], columns=[f"x{column}" for column in range(data.n_features)])
    pool.insert(0, "customer", [str(place) for place in range(len(rows))])
    project = make(pool=pool, classes=data.class_names, seed=3, labels=12, strategy=strategy)
    project.tell({str(place): names[place] for place in task.first.tolist()}, annotator="ann")
    for _ in range(4):
        view = simulator.view
        expected = player.select(view, 3)
        assert torch.equal(project.view().probabilities, view.probabilities)
        picks = ids(project.ask(3))
        assert picks == [str(place) for place in expected[0].tolist()]
        simulator.step(expected)
        project.tell({place: names[int(place)] for place in picks}, annotator="ann")


def test_records_on_their_way_count_as_known(make: Make) -> None:
    project = make()
    project.tell(truth(table(), ["c1", "c2", "c3", "c4"]), annotator="ann")
    batch = ids(project.ask(6))
    view = project.view()
    known = {project.pool().ids[place] for place in np.flatnonzero(view.known[0].numpy())}
    assert known == {"c1", "c2", "c3", "c4", *batch}


def test_a_frame_of_polars_and_a_table_with_text_and_holes_are_pools(make: Make) -> None:
    import polars as pl

    frame = pl.DataFrame(
        {
            "customer": [f"c{place}" for place in range(40)],
            "town": ["Ulm", "Bonn", None, "Köln"] * 10,
            "age": [None, *[float(place % 7) for place in range(39)]],
        }
    )
    project = make(pool=frame)
    project.tell({"c1": "no", "c2": "yes"}, annotator="ann")
    assert len(project.ask(3)) == 3
    assert (project.folder / "cache").is_dir()
    records = project.records(["c2", "c3"])
    assert records["town"].tolist() == [None, "Köln"]


@pytest.mark.parametrize("strategy", ["margin", "entropy", "random"])
def test_in_a_large_pool_simple_rules_pick_what_they_pick_in_the_whole(
    make: Make, strategy: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    frame = table(400)
    project = make(pool=frame, strategy=strategy)
    project.tell(truth(frame, [f"c{place}" for place in range(8)]), annotator="ann")
    whole = ids(project.ask(5))
    project.release()
    monkeypatch.setattr("alrl.projects.narrowing.LARGE", 100)
    monkeypatch.setattr("alrl.projects.narrowing.SAMPLE", 50)
    monkeypatch.setattr("alrl.projects.narrowing.SURPLUS", 2)
    assert ids(project.ask(5)) == whole
    project.release()
    assert len(ids(project.ask(5, strategy="general"))) == 5
    assert len(ids(project.ask(5, strategy="general", audit=0.5))) == 5


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"classes": "yes,no"}, r"classes = 'yes,no' given; give a list of them: \['yes', 'no'\]"),
        ({"classes": ["yes", "no", "#irrelevant"]}, "class '#irrelevant' given; None, #unknown and #irrelevant are"),
        ({"seed": -1}, "seed = -1 given; it must be at least 0"),
        ({"first": "clusters"}, "first = 'clusters' given; allowed are 'random', 'cluster', 'covering'"),
        ({"audit": "a tenth"}, "audit = 'a tenth' given; give a number: the share that is drawn by chance"),
        ({"lease_days": 0}, "lease_days = 0 given; give a number: days that annotators need, above 0"),
        ({"labels": 2.5}, "labels = 2.5 given; it must be a whole number, at least 1"),
        ({"prices": {"label": 1.0}}, r"prices = \{'label': 1.0\} given; give alrl.Prices\("),
        ({"pool": table().iloc[:0]}, "the table has no records, only the columns"),
    ],
)
def test_what_a_project_cannot_be_made_of_is_said_before_it_is_made(
    tmp_path: Path, settings: dict[str, Any], message: str
) -> None:
    given = {"pool": table(), "id": "customer", "label": "churn", "classes": ["yes", "no"], **settings}
    with pytest.raises((InvalidDataError, InvalidQueryError), match=message):
        Project.create(tmp_path / "project", **given)
    assert not (tmp_path / "project").exists()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda project: project.ask(2.5), "count = 2.5 given; it must be a whole number, at least 1"),
        (lambda project: project.ask("5"), "count = '5' given; it must be a whole number"),
        (lambda project: project.ask(1, audit=2), "audit = 2 given; give a number"),
        (lambda project: project.ask(1, lease_days=-1), "lease_days = -1 given; give a number"),
        (lambda project: project.tell(None), "None given as answers; give a mapping from identifier to label"),
        (lambda project: project.tell("yes"), "'yes' given as answers; give a mapping"),
        (lambda project: project.tell({}, annotator=None), "None given for the annotator; name the person who answers"),
        (lambda project: project.tell({}, repeats="keep"), "repeats = 'keep' given; allowed are 'correct', 'ignore'"),
        (lambda project: project.add_classes("maybe"), r"classes = 'maybe' given; give a list of them: \['maybe'\]"),
        (lambda project: project.release("none"), "there is no record 'none'; none is released"),
    ],
)
def test_what_cannot_be_asked_or_told_is_said_and_changes_nothing(
    make: Make, call: Callable[[Project], object], message: str
) -> None:
    project = make()
    before = project.state.number
    with pytest.raises((InvalidDataError, InvalidQueryError), match=message):
        call(project)
    assert project.state.number == before


def test_an_index_that_is_called_as_the_identifiers_holds_them(tmp_path: Path) -> None:
    frame = table().set_index("customer")
    project = Project.create(tmp_path / "project", pool=frame, id="customer", label="churn", classes=["yes", "no"])
    assert set(ids(project.ask(5))) <= set(frame.index)


@pytest.mark.parametrize(
    "column",
    [
        pd.array([1, None] * 30, dtype="Int64"),
        pd.array([True, None] * 30, dtype="boolean"),
        pd.array([0.5, None] * 30, dtype="Float64"),
        pd.array(["a", None] * 30, dtype="string"),
        np.array(["a", pd.NA] * 30, dtype=object),
        np.array([1, pd.NA] * 30, dtype=object),
    ],
    ids=["Int64", "boolean", "Float64", "string", "text", "numbers"],
)
def test_the_missing_value_of_pandas_is_one_in_records(make: Make, column: Any) -> None:
    project = make(pool=table().assign(given=column))
    assert torch.isfinite(project.pool().features).all()
    assert project.grow(table(62)[60:].assign(given=column[:2])) == 2


@pytest.mark.parametrize("kind", ["string", "object"])
def test_the_missing_value_of_pandas_is_an_answer_that_is_not_there(make: Make, kind: str) -> None:
    labels = pd.Series(["yes", pd.NA, "no"] * 20, dtype=kind)
    project = make(pool=table().assign(churn=labels))
    assert len(project.state.labels) == 40
    receipt = project.tell({"c1": pd.NA, "c4": "yes"}, annotator="ann")
    assert (receipt.unknown, receipt.new) == (1, 1)
    late = pd.DataFrame({"customer": ["c7", "c10"], "churn": pd.array(["no", None], dtype="string")})
    receipt = project.tell(late, annotator="ann")
    assert (receipt.unknown, receipt.new) == (1, 1)


def test_seconds_beside_words_stay_apart(make: Make) -> None:
    dates = pd.date_range("2024-01-01 10:00", periods=60, freq="s")
    stamps = 1_704_103_200 + np.arange(60) / 4
    features = make(pool=table().assign(at=dates, stamp=stamps, town=["Ulm", "Bonn"] * 30)).pool().features[0]
    assert sorted(len(column.unique()) for column in features.T)[-4:] == [60] * 4


def test_erased_records_are_no_records_and_nobody_skipped_them(make: Make) -> None:
    project = make(prices=alrl.Prices(label=0.5))
    erase(project, ["c7", "c8"])
    project.tell({"c1": None, "c2": "yes"}, annotator="ann")
    erase(project, ["c2"])
    status = status_of(project.state, project.log.now)
    counted = {name: status[name] for name in ("records", "labelled", "skipped", "erased", "unlabelled")}
    assert counted == {"records": 57, "labelled": 0, "skipped": 1, "erased": 3, "unlabelled": 56}
    assert "erased 3" in sentences(status)[1]
    assert project.bill().everything == pytest.approx(57 * 0.5)
    outlook = project.outlook()
    assert (outlook.records, outlook.everything) == (57, 28.0)


@pytest.mark.parametrize(
    ("strategy", "model", "message"),
    [
        ("exp3", "softmax-regression", "exp3 learns from round to round, which a project cannot tell it"),
        ("bald", "softmax-regression", "reads the predictions of each member of a committee.*the model 'committee'"),
        ("uherding", SVC(probability=True), "reads a learner to refit.*or the model 'softmax-regression'"),
    ],
)
def test_a_strategy_that_the_project_could_never_ask_is_refused_before_a_label_is_bought(
    make: Make, tmp_path: Path, strategy: str, model: Any, message: str
) -> None:
    with pytest.raises((InvalidRecipeError, InvalidQueryError), match=message):
        make(strategy=strategy, model=model)
    assert not (tmp_path / "churn" / "log.sqlite").exists()


def test_a_model_that_does_not_tell_what_the_strategy_reads_is_refused(make: Make) -> None:
    project = make(strategy="bald", model="committee")
    with pytest.raises(InvalidQueryError, match="the strategy 'bald' reads the predictions of each member"):
        project.set_model("softmax-regression")
    assert project.state.model["name"] == "committee"


@pytest.mark.parametrize("seconds", [-1.0, float("nan"), float("inf"), "3", True])
def test_a_time_that_is_none_is_refused(make: Make, seconds: Any) -> None:
    project = make()
    answers = [Answer(id="c1", label="yes", seconds=seconds), Answer(id="c2", label="no", seconds=0.0)]
    with pytest.raises(InvalidDataError, match=r"record 'c1': seconds = .*, where a time is a number of 0 or more"):
        project.tell(answers, annotator="ann")
    assert project.state.labels == {}
    project.tell(answers, annotator="ann", leave_out=True)
    assert project.state.labels == {"c2": "no"}


@pytest.mark.filterwarnings("error::polars.exceptions.PerformanceWarning")
def test_lazy_frames_are_taken(make: Make) -> None:
    project = make(pool=pl.from_dicts(table(4).to_dict("records")).lazy())
    project.grow(pl.DataFrame({"customer": ["n1"], "age": [1.0], "visits": [2.0]}).lazy())
    project.tell(pl.DataFrame({"customer": ["n1"], "churn": ["yes"]}).lazy(), annotator="ann")
    assert (project.pool().records, project.state.labels) == (5, {"n1": "yes"})
