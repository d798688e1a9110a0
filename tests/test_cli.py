"""The command line, as a newcomer meets it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

import alrl
from alrl import recipes
from alrl.cli import app
from alrl.errors import InvalidRecipeError
from alrl.loop.sources import data_set_names
from alrl.metadata import GROUPS
from alrl.progress import Bars
from alrl.strategies import strategies

AGENT = """# An agent that is trained in a second
[agent]
kind = "trained"
network = { width = 4 }
imitation = { rounds = 1, episodes = 1, epochs = 1, expert = { horizon = 1, reach = 8, iterations = 2 } }
"""
ENV = """# Three tiny [synthetic] tasks
[data]
synthetic = { tiny = 3 }
split = { pool = 0.4, validation = 0.3, test = 0.3 }
[budget]
labels = 4
[action]
candidates = { count = 4 }
"""
STUDY = """# A study of seconds
title = "Tiny [study]"
data = ["iris"]
agents = ["learned", "margin"]
primary = ["learned", "margin"]
labels = 3
seeds = 3
[train.learned]
agent = "small"
env = "small"
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with recipes of its own, on a wide terminal."""
    for kind, text in (("agents", AGENT), ("envs", ENV), ("experiments", STUDY)):
        (tmp_path / kind).mkdir()
        (tmp_path / kind / "small.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("COLUMNS", "200")
    return tmp_path


def alrl_cli(*arguments: str) -> Result:
    return CliRunner().invoke(app, arguments)


def ok(*arguments: str) -> str:
    result = alrl_cli(*arguments)
    assert result.exit_code == 0, result.output
    return result.output


def test_the_version_is_told() -> None:
    assert ok("--version").split() == ["alrl", alrl.__version__]


def test_help_names_every_command_and_where_to_begin() -> None:
    text = ok("--help")
    for command in ("list", "train", "run", "report", "quickstart"):
        assert command in text
    assert "Begin with: alrl quickstart" in text


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("list", ("features", "policies")),
        ("train", ("--env", "--seed", "--out", "--workers", "runs/policies")),
        ("run", ("--out", "plays only what is missing")),
        ("report", ("--incomplete", "nothing is run again")),
        ("quickstart", ("A minute or two", "--out")),
    ],
)
def test_every_command_has_help(command: str, words: tuple[str, ...], place: Path) -> None:
    text = " ".join(ok(command, "--help").split())
    for word in words:
        assert word in text


def test_without_a_kind_all_kinds_are_counted(place: Path) -> None:
    text = ok("list")
    assert f"strategies   {len(strategies())} " in text
    assert "alrl list features" in text


@pytest.mark.parametrize(
    ("kind", "names"),
    [
        ("envs", [f"alrl/{name}-v0" for name in recipes.names("envs")]),
        ("agents", recipes.names("agents")),
        ("experiments", recipes.names("experiments")),
        ("strategies", sorted(strategies())),
        ("learners", ["scikit-learn", "softmax-regression"]),
        ("data", data_set_names()),
        ("features", [each.name for group in GROUPS.values() for each in group.features]),
        ("policies", []),
    ],
)
def test_everything_there_is_can_be_listed_by_its_name(kind: str, names: list[str], place: Path) -> None:
    lines = ok("list", kind).splitlines()
    first = [line.split()[0] for line in lines if line.strip()]
    assert set(names) <= set(first)


def test_a_recipe_of_ones_own_is_listed_with_its_first_line(place: Path) -> None:
    assert "Three tiny [synthetic] tasks" in ok("list", "envs")


def test_a_policy_is_trained_and_can_be_loaded(place: Path) -> None:
    text = ok("train", "small", "--env", "envs/small.toml", "--seed", "2", "--workers", "1")
    folder = Path("runs/policies/small-2")
    assert "look ahead, round 1" in text
    assert f"alrl.load_policy('{folder}')" in text
    assert alrl.load_policy(folder).card["seed"] == 2
    assert list((folder / "tensorboard").glob("events.*"))


def test_a_study_is_run_reported_and_not_run_again(place: Path) -> None:
    text = ok("run", "small", "--workers", "1")
    assert "Tiny [study]" in text
    assert "2 cells, 2 played now, 0 failed" in text
    assert "AUBC of accuracy in points" in text
    folder = place / "runs" / "small"
    assert f"Page:    {folder / 'index.html'}" in text
    assert {"index.html", "table.md", "table.csv", "table.tex", "curves.csv"} <= {
        each.name for each in folder.iterdir()
    }
    assert list((folder / "figures").glob("*.pdf"))
    assert "2 cells, 0 played now, 0 failed" in ok("run", "small", "--workers", "1")
    (folder / "index.html").unlink()
    assert f"Page: {folder / 'index.html'}" in ok("report", "runs/small")
    assert "learned" in (folder / "index.html").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("run", "smal"), 'unknown experiment "smal"; did you mean "small"?'),
        (("train", "smal", "--env", "small"), 'unknown agent "smal"; did you mean "small"?'),
        (("train", "small", "--env", "smal"), 'unknown environment "smal"; did you mean "small"?'),
        (("train", "margin", "--env", "small"), "agent 'margin' is of kind 'rule'; only kind 'trained' can be trained"),
        (("report", "nowhere"), "nowhere/study.json does not exist: give the directory that `alrl run` named"),
    ],
)
def test_what_is_not_there_is_told_without_a_traceback(arguments: tuple[str, ...], message: str, place: Path) -> None:
    result = alrl_cli(*arguments)
    assert result.exit_code == 2
    assert result.stderr.startswith("error: ")
    assert message in result.stderr
    assert "Traceback" not in result.output


def test_a_bracket_in_a_message_is_told_as_it_is(place: Path) -> None:
    (place / "experiments" / "bad.toml").write_text("title = 't'\ndata = ['iris']\nagents = ['small']\n", "utf-8")
    result = alrl_cli("run", "bad")
    assert result.exit_code == 2
    assert "add a table [train.small] with agent = 'small'" in result.stderr


def test_debug_lets_the_error_through(place: Path) -> None:
    result = alrl_cli("--debug", "run", "smal")
    assert isinstance(result.exception, InvalidRecipeError)


@pytest.mark.parametrize(
    "arguments", [("list", "dogs"), ("train", "small"), ("run", "small", "--workers", "0"), ("dance",)]
)
def test_a_command_that_is_none_is_answered_with_usage(arguments: tuple[str, ...], place: Path) -> None:
    result = alrl_cli(*arguments)
    assert result.exit_code == 2
    assert "Usage:" in result.stderr


def test_a_folder_that_is_a_file_is_told(place: Path) -> None:
    (place / "taken").write_text("", encoding="utf-8")
    result = alrl_cli("run", "small", "--out", "taken")
    assert result.exit_code == 2
    assert "taken" in result.stderr


def in_a_shell(*arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "alrl.cli", *arguments]
    environment = {**os.environ, "COLUMNS": "200"}
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False, timeout=120)


def test_in_a_shell_a_message_has_no_traceback_and_debug_shows_it(place: Path) -> None:
    plain = in_a_shell("run", "smal", cwd=place)
    assert (plain.returncode, plain.stdout) == (2, "")
    assert plain.stderr.startswith('error: unknown experiment "smal"')
    loud = in_a_shell("--debug", "run", "smal", cwd=place)
    assert loud.returncode == 1
    assert "Traceback (most recent call last)" in loud.stderr


def test_a_foreign_folder_named_envs_does_not_break_the_command(place: Path) -> None:
    (place / "envs" / "broken.toml").write_text("title =", encoding="utf-8")
    (place / "envs" / "of others.toml").write_text("version = '1.0'", encoding="utf-8")
    listed = in_a_shell("list", "envs", cwd=place)
    assert listed.returncode == 0, listed.stderr
    assert "alrl/broken-v0" in listed.stdout
    made = "import gymnasium, alrl; gymnasium.make('alrl/broken-v0')"
    told = subprocess.run([sys.executable, "-c", made], cwd=place, capture_output=True, text=True, check=False)
    assert "broken.toml: not valid TOML" in told.stderr


def test_bars_write_a_line_each_where_no_terminal_listens(capsys: pytest.CaptureFixture[str]) -> None:
    with Bars() as bars:
        bar = bars.bar("look [ahead]", 3)
        bar.advance(2, note="half [way]")
        bar.done(note="worth [+0.1]")
    assert capsys.readouterr().out.splitlines() == ["look [ahead]: 3 in 0 s; worth [+0.1]"]
    with Bars(quiet=True) as bars:
        bars.bar("silent", 3).done()
    assert capsys.readouterr().out == ""
