"""``alrl project``, as a newcomer types it."""

from __future__ import annotations

import csv
import json
import re
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from alrl.cli import app
from tests.projects.conftest import table, truth


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with the table ``customers.csv``, of which two records are labelled."""
    table().assign(churn=["no", "yes"] + [None] * 58).to_csv(tmp_path / "customers.csv", index=False)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def project(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["project", *arguments])


def ok(*arguments: str) -> str:
    result = project(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def fill(source: Path, target: Path) -> None:
    with source.open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    labels = truth(table(), [row["customer"] for row in rows])
    with target.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, rows[0].keys())
        writer.writeheader()
        writer.writerows({**row, "churn": labels[row["customer"]]} for row in rows)


def test_a_project_goes_from_a_table_to_labels_and_back_in_time(place: Path) -> None:
    create = ("create", "churn", "--data", "customers.csv", "--id", "customer", "--label", "churn")
    text = ok(*create, "--strategy", "margin", "--price-label", "0.8", "--price-hour", "2.5")
    assert "churn: 2 of 60 records labelled (no 1, yes 1)" in text
    assert "15 records in tasks.csv" in ok("next", "churn", "--batch", "15", "--to", "tasks.csv")
    fill(place / "tasks.csv", place / "answers.csv")
    assert "ann: 15 new" in ok("take", "churn", "answers.csv", "--annotator", "ann")
    assert "ann: 15 there already" in ok("take", "churn", "answers.csv", "--annotator", "ann")
    document = json.loads(project("status", "churn", "--json").stdout)
    assert (document["labelled"], document["charged"], document["rounds"]) == (17, 15, 1)
    ok("next", "churn", "--batch", "5", "--to", "more.jsonl")
    text = ok("status", "churn")
    assert "accuracy on what was queried, cross-validated" in text
    assert "model softmax-regression, fitted 2 times (a round is a fit, which `next` makes where labels" in text
    assert "5 records may be sent to others" in ok("release", "churn")
    assert "is taken back" in ok(
        "withdraw", "churn", "--id", json.loads(first_answer(place))["id"], "--annotator", "ann"
    )
    assert "1 labels fewer than it was fitted to" in ok("status", "churn")
    assert "churn: 17 of 60 records labelled" in ok("at", "churn", document["last_event"])


@pytest.mark.parametrize(
    ("to", "why"),
    [("gone/tasks.csv", "there is no folder .*gone for tasks.csv"), ("tasks.xlsx", "a file of kind '.xlsx'")],
)
def test_a_file_that_cannot_be_written_asks_nobody(place: Path, to: str, why: str) -> None:
    ok("create", "churn", "--data", "customers.csv", "--id", "customer", "--label", "churn", "--strategy", "margin")
    result = project("next", "churn", "--batch", "3", "--to", to)
    assert result.exit_code == 2
    assert re.search(why, result.stderr.replace("\n", " "))
    assert "with annotators: 0" in ok("status", "churn")


def first_answer(place: Path) -> str:
    ok("export", "churn", "--to", "events.jsonl", "--events-only")
    lines = (place / "events.jsonl").read_text(encoding="utf-8").splitlines()
    rows = [json.loads(line) for line in lines]
    return json.dumps(next(row["body"] for row in rows if row.get("body", {}).get("annotator") == "ann"))


def test_a_project_is_changed_copied_and_moved(place: Path) -> None:
    ok("create", "churn", "--data", "customers.csv", "--id", "customer", "--label", "churn")
    table(65).iloc[60:].to_csv(place / "more.csv", index=False)
    assert "5 records added" in ok("grow", "churn", "--data", "more.csv")
    assert "classes: no, yes, maybe" in ok("classes", "churn", "--add", "maybe")
    assert "model: nearest-centroid" in ok("model", "churn", "--to", "nearest-centroid")
    assert "is a copy of churn" in ok("backup", "churn", "--to", "copy")
    ok("export", "churn", "--to", "churn.jsonl")
    ok("import", "moved", "--from", "churn.jsonl")
    assert ok("status", "moved") == ok("status", "churn")
    assert "are erased" in ok("erase", "moved", "--id", "c1")
    assert "2 labels set aside" in ok("restart", "churn", "--yes")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("status", "nowhere"), "there is no project in nowhere"),
        (("create", "churn", "--data", "nothing.csv"), "there is no file nothing.csv"),
        (("create", "churn", "--data", "customers.csv", "--id", "custommer"), 'did you mean "customer"'),
        (("create", "churn", "--data", "customers.csv"), "0 classes known"),
    ],
)
def test_what_is_wrong_is_told_with_what_to_do(place: Path, arguments: tuple[str, ...], words: str) -> None:
    result = project(*arguments)
    assert result.exit_code == 2
    assert words in result.stderr


def test_without_the_extra_a_page_is_not_served_and_files_are_named(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ok("create", "churn", "--data", "customers.csv", "--id", "customer", "--label", "churn")
    monkeypatch.setitem(sys.modules, "uvicorn", None)
    text = ok("serve", "churn")
    assert 'pip install "alrl[serve]"; or label by files: alrl project next churn --to tasks.csv' in text


def test_a_question_that_nobody_answers_changes_nothing(place: Path) -> None:
    ok("create", "churn", "--data", "customers.csv", "--id", "customer", "--label", "churn", "--strategy", "margin")
    ok("next", "churn", "--batch", "5", "--to", "tasks.csv")
    fill(place / "tasks.csv", place / "answers.csv")
    ok("take", "churn", "answers.csv", "--annotator", "ann")
    ok("status", "churn", "--fit") if "--fit" in ok("status", "--help") else ok("next", "churn", "--to", "more.csv")
    for arguments in (("restart", "churn"), ("rollback", "churn", "--to", "0")):
        refused = project(*arguments)
        assert refused.exit_code == 2
        assert "nobody answered, and nothing was changed; --yes agrees beforehand" in refused.output
    missing = project("rollback", "churn", "--to", "99")
    assert "there is no round 99" in missing.output
    assert "take back" not in missing.output
    assert "7 of 60 records labelled" in ok("status", "churn")


def test_a_row_that_does_not_say_who_answered_is_refused(place: Path) -> None:
    ok("create", "churn", "--data", "customers.csv", "--id", "customer", "--label", "churn")
    (place / "late.csv").write_text("customer,churn,annotator\nc5,yes,ann\nc6,no,\n", encoding="utf-8")
    refused = project("take", "churn", "late.csv")
    assert refused.exit_code == 2
    assert "row 2 of late.csv does not say who answered" in " ".join(refused.output.split())
    taken = ok("take", "churn", "late.csv", "--annotator", "ben")
    assert "ann: 1 new" in taken
    assert "ben: 1 new" in taken


def test_grown_records_are_not_judged_by_their_columns(place: Path) -> None:
    ok("create", "churn", "--data", "customers.csv", "--id", "customer", "--label", "churn")
    (place / "more.csv").write_text("customer,age,visits\nd1,1,2\nd2,1,2\n", encoding="utf-8")
    text = ok("grow", "churn", "--data", "more.csv")
    assert "2 records added" in text
    assert "--drop" not in text


def test_a_report_needs_a_folder_that_is_there(place: Path) -> None:
    ok("create", "churn", "--data", "customers.csv", "--id", "customer", "--label", "churn")
    refused = project("report", "churn", "--to", "nowhere/churn.html")
    assert refused.exit_code == 2
    assert "there is no folder" in refused.output


def test_the_next_batch_is_not_recommended_where_no_record_is_left(place: Path) -> None:
    (place / "all.csv").write_text("id,age,label\na,1,yes\nb,2,no\n")
    (place / "some.csv").write_text("id,age,label\na,1,yes\nb,2,no\nc,3,\n")
    how = ("--id", "id")
    every = ok("create", "every", "--data", "all.csv", *how)
    assert "advice: stop: no record is left to ask about" in every
    assert "next:" not in every
    assert "next: alrl project next some" in ok("create", "some", "--data", "some.csv", *how)
