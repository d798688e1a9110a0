"""Tables on the command line: what is said of them, and where."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from alrl.cli import app
from alrl.data.sources import load_data_set

CASES = Path(__file__).parents[1] / "data" / "cases"
QUICK = ("--labels", "2", "--seeds", "2", "--against", "random")


def evaluate(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["evaluate", "margin", *arguments, *QUICK])


def test_what_was_found_out_goes_to_standard_error_once() -> None:
    result = evaluate("--data", str(CASES / "dates-and-ids.csv"), "--drop", "joined")
    assert result.exit_code == 0, result.output
    assert result.stderr.count("dates-and-ids.csv: 200 records, 1 features, 2 classes of 'class' (n 100, y 100)") == 1
    assert "left out: 'joined' (as asked)" in result.stderr
    assert " dates-and-ids " in result.stdout
    assert "left out" not in result.stdout


def test_the_label_is_named_or_the_columns_are_listed() -> None:
    result = evaluate("--data", str(CASES / "label-first.csv"))
    assert result.exit_code == 2
    assert "columns: grade, a, visits" in result.stderr
    result = evaluate("--data", str(CASES / "label-first.csv"), "--label", "grade", "--json")
    document = json.loads(result.stdout)
    assert document["tables"][0]["classes"] == {"A": 30, "B": 30}
    assert document["tables"][0]["label_by"] == "given"


def test_a_guess_is_said_and_a_first_line_can_be_a_record() -> None:
    result = evaluate("--data", str(CASES / "no-header.csv"), "--no-header")
    assert "label: 'column_3', guessed as it is the last column; --label NAME" in result.stderr
    assert "40 records" in result.stderr
    assert "warning" not in result.stderr.replace("warning: ", "", result.stderr.count("pool ran out"))


def test_names_and_tables_go_together_and_tables_of_one_name_are_told_apart(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "own.csv").write_bytes((CASES / "semicolon.csv").read_bytes())
    both = [str(tmp_path / folder / "own.csv") for folder in ("a", "b")]
    result = evaluate("--data", "iris", "--data", both[0], "--data", both[1], "--json")
    assert [duel["data_set"] for duel in json.loads(result.stdout)["duels"]] == ["iris", *both]


def test_columns_of_what_is_no_table_are_refused() -> None:
    result = evaluate("--data", "iris", "--label", "species")
    assert result.exit_code == 2
    assert "--label, --drop and --header tell of columns of a table, and iris are none; leave them out" in result.stderr


def test_the_distance_takes_tables_too() -> None:
    arguments = [
        "distance",
        "general",
        str(CASES / "label-first.csv"),
        "--label",
        "grade",
        "--labels",
        "2",
        "--seeds",
        "1",
    ]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "label-first.csv: 60 records" in result.stderr


def test_a_policy_that_has_seen_a_tables_records_is_refused_whatever_it_is_called(tmp_path: Path) -> None:
    seen = load_data_set("keel/banana")
    seen.frame.assign(kind=seen.y).to_csv(tmp_path / "fruit.csv", index=False)
    arguments = ["evaluate", "general", "--data", str(tmp_path / "fruit.csv"), *QUICK]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 2
    assert "trained on 'keel/banana', which shares records with 'fruit'" in result.stderr


@pytest.mark.parametrize("command", [("list", "features"), ("list", "features", "--json"), ("--help",)])
def test_a_terminal_without_unicode_is_spoken_to(command: tuple[str, ...]) -> None:
    settings = {**os.environ, "PYTHONIOENCODING": "ascii"}
    done = subprocess.run([sys.executable, "-m", "alrl", *command], env=settings, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.isascii()
    if "--json" in command:
        assert "√" in json.dumps(json.loads(done.stdout), ensure_ascii=False)
