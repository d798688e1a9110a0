"""Files that go out and come back, and projects that move."""

from __future__ import annotations

import csv
import json
import os
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.errors import FooterWarning, InvalidDataError, ProjectError
from alrl.projects import IRRELEVANT, Project
from alrl.projects.exchange.task_files import take_file, write_tasks
from alrl.projects.exchange.transfer import export_project, import_project
from alrl.projects.model_files import load_model
from alrl.projects.models import EstimatorModel
from alrl.projects.records.record_file import read_records, write_records
from alrl.projects.records.tables import read_table
from alrl.projects.upkeep import back_up, erase
from tests.projects.conftest import table, truth

Make = Callable[..., Project]


def fill(source: Path, target: Path, labels: dict[str, str], **more: str) -> Path:
    with source.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, [*rows[0], *more])
        writer.writeheader()
        writer.writerows({**row, "churn": labels.get(row["customer"].lstrip("'"), ""), **more} for row in rows)
    return target


def test_a_file_of_tasks_comes_back_filled_in_part_late_and_twice(make: Make, tmp_path: Path) -> None:
    project = make()
    batch = project.ask(6)
    tasks = write_tasks(project, batch, tmp_path / "tasks.csv")
    assert list(read_table(tasks).columns) == ["customer", "churn", "age", "visits"]
    every = truth(table(), batch["customer"])
    part = dict(list(every.items())[:4])
    first = take_file(project, fill(tasks, tmp_path / "part.csv", part), annotator="ann")
    assert (first.receipts["ann"].new, first.empty) == (4, 2)
    assert take_file(project, tmp_path / "part.csv", annotator="ann").written == 0
    record = next(iter(part))
    project.tell({record: "yes" if part[record] == "no" else "no"}, annotator="ann")
    last = take_file(project, fill(tasks, tmp_path / "all.csv", every), annotator="ann").receipts["ann"]
    assert (last.new, last.same, last.stale) == (2, 3, 1)
    assert project.state.labels[record] != part[record]
    again = take_file(project, tmp_path / "all.csv", annotator="ann", correct=True).receipts["ann"]
    assert again.corrected == 1


def test_a_file_of_several_annotators_and_words_for_no_label(make: Make, tmp_path: Path) -> None:
    project, file = make(), tmp_path / "answers.jsonl"
    rows = [
        {"customer": "c1", "churn": "yes", "annotator": "ann", "seconds": 2.5},
        {"customer": "c1", "churn": "no", "annotator": "bob"},
        {"customer": "c2", "churn": "#unknown", "annotator": "bob"},
        {"customer": "c3", "churn": "#irrelevant", "annotator": "bob"},
        {"customer": "c4", "churn": None, "annotator": "bob"},
    ]
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    taken = take_file(project, file)
    assert (taken.receipts["ann"].new, taken.receipts["bob"].new, taken.receipts["bob"].unknown) == (1, 2, 1)
    assert taken.empty == 1
    assert project.state.given["c3"]["bob"].label is IRRELEVANT
    assert project.state.given["c1"]["ann"].seconds == 2.5


def test_wrong_rows_are_named_by_number(make: Make, tmp_path: Path) -> None:
    project, file = make(), tmp_path / "answers.csv"
    file.write_text("customer;churn\nc1;yes\nc99;no\nc2;perhaps\n", encoding="utf-8")
    with pytest.raises(InvalidDataError, match=r"row 2: there is no record 'c99'; answers.csv, row 3"):
        take_file(project, file, annotator="ann")
    with pytest.raises(InvalidDataError, match="does not say who answered"):
        take_file(project, file)
    taken = take_file(project, file, annotator="ann", leave_out=True)
    assert (taken.written, len(taken.left_out)) == (1, 2)


def test_cells_that_a_spreadsheet_would_run_are_marked_and_known_again(make: Make, tmp_path: Path) -> None:
    frame = table(10).assign(note="=cmd()")
    frame["customer"] = [f"={record}" for record in frame["customer"]]
    project = make(pool=frame)
    batch = project.ask(3)
    text = write_tasks(project, batch, tmp_path / "tasks.csv").read_text(encoding="utf-8")
    assert text.count("'=") == 6
    labels = dict.fromkeys(batch["customer"], "yes")
    taken = take_file(project, fill(tmp_path / "tasks.csv", tmp_path / "back.csv", labels), annotator="ann")
    assert taken.written == 3
    with pytest.raises(InvalidDataError, match="is there already"):
        write_tasks(project, batch, tmp_path / "tasks.csv")


def test_what_the_model_thinks_is_written_only_when_asked_for(make: Make, tmp_path: Path) -> None:
    project = make()
    project.tell({"c1": "yes", "c2": "no"}, annotator="ann")
    batch = project.ask(2)
    rows = write_tasks(project, batch, tmp_path / "t.jsonl", reasons=True).read_text(encoding="utf-8").splitlines()
    assert json.loads(rows[0])["model reason"].startswith("margin: ")
    with pytest.raises(InvalidDataError, match=r"allowed are .csv, .tsv and .jsonl"):
        write_tasks(project, batch, tmp_path / "t.xlsx")


def test_classes_and_identifiers_of_a_file_stay_the_text_they_are(tmp_path: Path) -> None:
    file = tmp_path / "records.csv"
    file.write_text("id,label,age\n007,None,1\n08,01,2\n9,,3\n", encoding="utf-8")
    project = Project.create(tmp_path / "p", pool=file, id="id")
    assert project.state.classes == ["01", "None"]
    assert project.state.labels == {"007": "None", "08": "01"}


@pytest.mark.parametrize(
    ("annotator", "words"), [({"a": 1}, "name the person who answers"), ("\ud800", "half a character")]
)
def test_a_row_whose_annotator_is_no_name_is_told(make: Make, tmp_path: Path, annotator: Any, words: str) -> None:
    rows = [{"customer": "c1", "churn": "yes", "annotator": who} for who in ("ann", annotator)]
    (tmp_path / "answers.jsonl").write_text("\n".join(map(json.dumps, rows)))
    project = make()
    with pytest.raises(InvalidDataError, match=f"row 2 of answers.jsonl: .*{words}"):
        take_file(project, tmp_path / "answers.jsonl")
    assert not project.state.given


def test_a_row_whose_class_is_no_word_is_told_and_may_be_left_out(make: Make, tmp_path: Path) -> None:
    rows = [{"customer": f"c{place}", "churn": label} for place, label in enumerate(["yes", {"a": 1}])]
    (tmp_path / "answers.jsonl").write_text("\n".join(map(json.dumps, rows)))
    project = make()
    with pytest.raises(InvalidDataError, match=r"row 2: record 'c1': \"\{'a': 1\}\" is no class"):
        take_file(project, tmp_path / "answers.jsonl", annotator="ann")
    assert take_file(project, tmp_path / "answers.jsonl", annotator="ann", leave_out=True).written == 1


def test_a_file_of_another_kind_is_told_before_it_is_read(make: Make, tmp_path: Path) -> None:
    (tmp_path / "export.json").write_text('[{"customer": "c1", "churn": "yes"}]')
    with pytest.raises(InvalidDataError, match=r"of kind '.json'; give .*\.jsonl.*one JSON object a line"):
        take_file(make(), tmp_path / "export.json", annotator="ann")


def test_lines_longer_than_the_header_are_said_to_begin_with_the_name_of_a_row(make: Make, tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("customer,churn\nc1,yes,sure\nc2,no,sure\n")
    with pytest.raises(InvalidDataError, match=r"no record 'yes'.*first cell of each is taken as the row's name"):
        take_file(make(), tmp_path / "long.csv", annotator="ann")


def test_a_project_moves_as_json_lines_and_a_cut_file_is_recognised(make: Make, tmp_path: Path) -> None:
    project = make()
    project.tell(truth(table(), ["c1", "c2", "c3", "c4", "c5"]), annotator="ann")
    project.fit()
    file = tmp_path / "project.jsonl"
    assert export_project(project, file) == project.state.number
    moved = import_project(file, tmp_path / "moved")
    assert moved.events() == project.events()
    assert moved.ask(3)["customer"].tolist() == project.ask(3)["customer"].tolist()
    lines = file.read_text(encoding="utf-8").splitlines(keepends=True)
    for content in (
        lines[:-1],
        [*lines[:-2], lines[-1]],
        [*lines[:-1], lines[-1][:20]],
        [line.replace("yes", "no") for line in lines],
    ):
        (tmp_path / "cut.jsonl").write_text("".join(content), encoding="utf-8")
        with pytest.raises(ProjectError, match=r"was cut|was changed"):
            import_project(tmp_path / "cut.jsonl", tmp_path / "never")
    assert not (tmp_path / "never").exists()


def test_a_project_with_any_character_of_a_text_moves_and_a_pipe_is_none(make: Make, tmp_path: Path) -> None:
    project = make()
    # Python ends a line of text at it, and JSON does not.
    project.tell({"c1": "yes"}, annotator="Anna\u2028Maria\x85")
    export_project(project, tmp_path / "project.jsonl")
    assert import_project(tmp_path / "project.jsonl", tmp_path / "moved").events() == project.events()
    os.mkfifo(tmp_path / "pipe.jsonl")
    with pytest.raises(ProjectError, match=r"pipe\.jsonl: a pipe, not a regular file; give the file that alrl project"):
        import_project(tmp_path / "pipe.jsonl", tmp_path / "never")
    (tmp_path / "list.jsonl").write_text('[1]\n{"sha256": ""}\n', encoding="utf-8")
    with pytest.raises(ProjectError, match=r"list\.jsonl holds a line that is no table"):
        import_project(tmp_path / "list.jsonl", tmp_path / "never")


def test_an_import_writes_nowhere_else(make: Make, tmp_path: Path) -> None:
    import hashlib

    head = {"format": "alrl project", "schema": 1, "events": 0, "complete": True}
    body = "".join(json.dumps(row) + "\n" for row in (head, {"file": "records/../../x", "base64": ""}))
    seal = json.dumps({"sha256": hashlib.sha256(body.encode()).hexdigest()})
    (tmp_path / "bad.jsonl").write_text(body + seal + "\n", encoding="utf-8")
    with pytest.raises(ProjectError, match="no file of a project"):
        import_project(tmp_path / "bad.jsonl", tmp_path / "never")


def test_a_backup_is_a_project_itself(make: Make, tmp_path: Path) -> None:
    project = make()
    project.tell({"c1": "yes", "c2": "no"}, annotator="ann")
    project.fit()
    copy = Project(back_up(project, tmp_path / "copy"))
    assert copy.events() == project.events()
    assert len(copy.ask(4)) == 4
    with pytest.raises(ProjectError, match="lies in the project itself"):
        back_up(project, project.folder / "backups" / "monday")


def test_a_person_is_erased_from_log_and_records_and_the_bill_stays(make: Make) -> None:
    frame = table().assign(note=[f"secret of c{place}" for place in range(60)])
    project = make(pool=frame)
    project.tell(truth(table(), [f"c{place}" for place in range(9)]), annotator="ann")
    project.fit()
    remarks = erase(project, ["c7"])
    assert any("remove them yourself" in each for each in remarks)
    state = project.state
    assert (len(state.labels), state.charged) == (8, 9)
    for file in project.folder.rglob("*"):
        if file.is_file():
            data = file.read_bytes()
            assert b'"c7"' not in data
            assert b"secret of c7" not in data
    with pytest.raises(InvalidDataError, match="no record 'c7'"):
        project.tell({"c7": "yes"}, annotator="ann")
    assert len(project.ask(5)) == 5
    with pytest.raises(InvalidDataError, match="nothing was erased"):
        erase(project, ["c7"])


def test_a_model_is_kept_as_a_file_and_loaded_without_unpickling(make: Make, tmp_path: Path) -> None:
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    model = make_pipeline(StandardScaler(), LogisticRegression(C=0.5))
    project = make(model=model)
    (file,) = (project.folder / "models").iterdir()
    assert file.suffix == ".skops"
    project.tell({"c1": "yes", "c2": "yes"}, annotator="ann")
    assert project.ask(1)["reason"].tolist() == ["first sample, drawn by chance"]
    project.tell(truth(table(), [f"c{place}" for place in range(20)]), annotator="ann", repeats="ignore")
    assert project.fit().facts["cross_validated"]["right"] > 10
    view = project.view()
    expected = model.fit(table().iloc[:0:-1][["age", "visits"]], ["no", "yes"] * 29 + ["no"]).classes_
    assert list(expected) == project.state.classes
    assert view.probabilities.sum(2).numpy() == pytest.approx(np.ones((1, 60)), abs=1e-5)
    file.write_bytes(file.read_bytes() + b" ")
    project.tell({"c30": "yes"}, annotator="ann")
    with pytest.raises(ProjectError, match="gone or was changed"):
        project.fit()


class Foreign:
    """A model of a stranger's making."""

    def __init__(self) -> None:
        self.classes_ = ["no", "yes"]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        return {}

    def fit(self, X: Any, y: Any) -> Foreign:
        return self


def test_types_that_nobody_vouched_for_are_not_loaded(make: Make) -> None:
    with pytest.raises(ProjectError, match=r"Foreign; if you trust them"):
        make(model=Foreign())


def test_the_automatic_model_takes_a_table_as_it_is(make: Make) -> None:
    frame = table().assign(town=["Ulm", None, "Bonn"] * 20, since=pd.Timestamp("2024-01-01"))
    frame.loc[3, "age"] = None
    project = make(pool=frame, model="auto")
    project.tell(truth(table(), [f"c{place}" for place in range(15)]), annotator="ann")
    assert project.fit().labels == 15
    assert isinstance(load_model({"kind": "auto", "name": "auto"}, project.folder), EstimatorModel)


TEXTS = st.one_of(st.none(), st.text(max_size=6).filter(lambda text: "\x00" not in text))


@settings(max_examples=25)
@given(
    rows=st.lists(
        st.tuples(TEXTS, st.floats(allow_nan=False), st.booleans(), st.integers(-9, 9)), min_size=1, max_size=8
    )
)
def test_records_are_read_as_they_were_written(rows: list[tuple[Any, ...]], tmp_path_factory: Any) -> None:
    columns = [
        pd.Series(each, dtype=object) if place == 0 else each for place, each in enumerate(zip(*rows, strict=True))
    ]
    frame = pd.DataFrame(dict(zip(("text", "number", "flag", "whole"), columns, strict=True)))
    again = read_records(write_records(tmp_path_factory.mktemp("records") / "r.npz", frame))
    assert [tuple(row) for row in again.itertuples(index=False)] == rows


def test_answers_of_one_file_that_contradict_each_other_are_named_and_not_taken(make: Make, tmp_path: Path) -> None:
    project, file = make(), tmp_path / "answers.csv"
    file.write_text("customer,churn,annotator\nc1,yes,ann\nc2,no,ann\nc1,no,ann\nc1,no,bob\n", encoding="utf-8")
    match = r"row 1: record 'c1': 'yes' and 'no' contradict each other, keep one of them; answers.csv, row 3"
    with pytest.raises(InvalidDataError, match=match):
        take_file(project, file)
    assert not project.state.given
    taken = take_file(project, file, leave_out=True)
    assert (taken.written, len(taken.left_out), taken.receipts["ann"].corrected) == (2, 2, 0)
    assert set(project.state.given["c1"]) == {"bob"}
    with pytest.raises(InvalidDataError, match="contradict"):
        project.tell([("c3", "yes"), ("c3", None)], annotator="ann")
    assert project.tell([("c3", "yes"), ("c3", "yes")], annotator="ann").same == 1


def test_an_annotator_has_a_name(make: Make, tmp_path: Path) -> None:
    project, file = make(), tmp_path / "answers.csv"
    file.write_text("customer,churn\nc1,yes\n", encoding="utf-8")
    for call in (
        lambda: take_file(project, file, annotator=" "),
        lambda: project.tell({"c1": "yes"}, annotator=""),
        lambda: project.ask(1, annotator=""),
    ):
        with pytest.raises(InvalidDataError, match="an empty name given for the annotator"):
            call()
    assert project.tell({"c1": "yes"}, annotator=" ann ").new == 1
    assert set(project.state.given["c1"]) == {"ann"}


def test_titles_totals_and_empty_lines_of_a_spreadsheet_are_no_records(make: Make, tmp_path: Path) -> None:
    file, project = tmp_path / "customers.csv", make()
    rows = "".join(f"d{number},{number},{-number}\n" for number in range(5))
    file.write_text(f"Customers, churn, 2026\n,,\n\ncustomer,age,visits\n{rows},,\n", encoding="utf-8")
    assert read_table(file, text=["customer", "churn"])["customer"].tolist() == [f"d{number}" for number in range(5)]
    assert project.grow(file) == 5
    file.write_text(f"customer,age,visits\n{rows.replace('d', 'e')}Total,10,-10\n", encoding="utf-8")
    with pytest.warns(FooterWarning, match="'Total', '10.*looks like a total"):
        project.grow(file)
    with pytest.raises(InvalidDataError, match="is a folder; give the path of a CSV, JSONL or Parquet file in it"):
        take_file(project, tmp_path, annotator="ann")


def test_a_record_without_its_leading_zeros_is_recognised_where_one_alone_may_be_meant(tmp_path: Path) -> None:
    pool = {"id": ["000143", "0007", "007"], "age": [1.0, 2.0, 3.0]}
    project = Project.create(tmp_path / "own", pool=pool, id="id", classes=["no", "yes"])
    (tmp_path / "a.csv").write_text("id,label\n143,yes\n7,no\n")
    with pytest.raises(InvalidDataError) as wrong:
        take_file(project, tmp_path / "a.csv", annotator="ann")
    assert "row 1: there is no record '143', did you mean '000143'?; " in str(wrong.value)
    assert "row 2: there is no record '7'. " in str(wrong.value)


def test_umlauts_in_two_letters_are_the_same_classes_and_records(tmp_path: Path) -> None:
    of_mac = ["mäßig übel", "Müller"]
    label, record = (unicodedata.normalize("NFC", each) for each in of_mac)
    far, name = (unicodedata.normalize("NFD", each) for each in of_mac)
    pool = {"id": [record, "b"], "age": [1.0, 2.0]}
    project = Project.create(tmp_path / "own", pool=pool, id="id", classes=["gut", far])
    (tmp_path / "a.csv").write_text(f"id,label\n{name},{far}\n", encoding="utf-8")
    assert take_file(project, tmp_path / "a.csv", annotator="ann").written == 1
    assert project.state.labels == {record: label}
    assert project.tell({name: far}, annotator="ann").same == 1
