"""The command line, as a newcomer meets it."""

from __future__ import annotations

import importlib
import json
import os
import re
import sqlite3
import subprocess
import sys
import warnings
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import typer
from click.testing import Result
from sklearn.utils.multiclass import type_of_target
from typer.testing import CliRunner

import alrl
from alrl import recipes
from alrl.agents.recipe import agent_names
from alrl.cli import app
from alrl.cli.common import reporting
from alrl.cli.exit_codes import Exit
from alrl.data.sources import data_set_names
from alrl.errors import InvalidRecipeError
from alrl.metadata import GROUPS
from alrl.progress import Bars
from alrl.strategies import strategies
from alrl.studies.loading import load_study
from alrl.studies.protocols import paired
from alrl.studies.runner import Runner
from docs.generate.cli import page

ROOT = Path(__file__).parents[1]
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
    for command in ("list", "train", "evaluate", "run", "report", "reproduce", "export", "quickstart"):
        assert command in text
    assert "distance" in text
    assert "Begin with: alrl quickstart" in text


@pytest.mark.parametrize(
    ("command", "words"),
    [
        ("list", ("features", "policies")),
        ("train", ("--env", "--seed", "--out", "--workers", "runs/policies")),
        ("run", ("--out", "plays only what is missing")),
        ("report", ("--incomplete", "no cell is played again")),
        ("evaluate", ("--against", "--data", "losses are told as wins are")),
        ("distance", ("--seeds", "how far data sets lie")),
        ("reproduce", ("--cell", "bit for bit")),
        ("export", ("--to", "--out")),
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
        ("environments", [f"alrl/{name}-v0" for name in recipes.names("envs")]),
        ("agents", agent_names()),
        ("experiments", recipes.names("experiments")),
        ("studies", recipes.names("experiments")),
        ("strategies", sorted(strategies())),
        ("learners", ["scikit-learn", "softmax-regression"]),
        ("data", data_set_names()),
        ("features", [each.name for group in GROUPS.values() for each in group.features]),
        ("policies", []),
        ("executors", ["dask", "loky", "ray", "slurm"]),
        ("protocols", ["paired"]),
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
    # The same training once more: its curves are not told twice.
    ok("train", "small", "--env", "envs/small.toml", "--seed", "2", "--workers", "1")
    assert len(list((folder / "tensorboard").glob("events.*"))) == 1
    # Another training goes on from it; its network is the policy's, whatever the recipe says of one.
    ok("train", "small", "--env", "small", "--start", str(folder), "--out", "on", "--workers", "1")
    assert alrl.load_policy("on").card["start"] == alrl.load_policy(folder).fingerprint
    assert alrl.load_policy("on").network.described == alrl.load_policy(folder).network.described
    missing = CliRunner().invoke(app, ["train", "small", "--env", "small", "--start", "nowhere"])
    assert missing.exit_code == Exit.INPUT
    assert "no policy 'nowhere'" in missing.stderr


def test_a_warning_is_shown_once_and_few_labels_of_many_classes_are_none(capsys: pytest.CaptureFixture[str]) -> None:
    context = typer.Context(typer.main.get_command(app))
    with reporting(context):
        for number in (1, 2, 1, 1):
            warnings.simplefilter("always", RuntimeWarning)
            warnings.warn(f"warned {number}", RuntimeWarning, stacklevel=1)
        type_of_target([*range(30), 0])
    assert capsys.readouterr().err.splitlines() == ["warning: warned 1", "warning: warned 2"]


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
    assert list((folder / "figures").glob("*.png"))
    assert not list((folder / "figures").glob("*.pdf"))
    assert 'href="figures/ranking.png"' in (folder / "index.html").read_text(encoding="utf-8")
    assert "2 cells, 0 played now, 0 failed" in ok("run", "small", "--workers", "1")
    (folder / "index.html").unlink()
    assert f"Page: {folder / 'index.html'}" in ok("report", "runs/small")
    assert "learned" in (folder / "index.html").read_text(encoding="utf-8")
    assert list((folder / "figures").glob("*-column.pdf"))


RULES = """# Two rules, in a second
title = "Rules"
data = ["iris"]
agents = ["margin", "random"]
primary = ["margin", "random"]
labels = 3
seeds = 4
block = 2
"""


def test_a_run_tells_the_metric_that_its_study_names_first(place: Path) -> None:
    file = place / "experiments" / "rules.toml"
    file.write_text(RULES + 'metrics = ["balanced_accuracy"]\n', encoding="utf-8")
    assert "AUBC of balanced accuracy in points" in ok("run", "rules", "--workers", "1")
    summary = (place / "runs" / "rules" / "summary.md").read_text(encoding="utf-8")
    assert "balanced accuracy" in summary


@pytest.fixture
def rules(place: Path) -> Path:
    """The folder of a run of two rules, of four cells, not reported."""
    (place / "experiments" / "rules.toml").write_text(RULES, encoding="utf-8")
    folder = place / "runs" / "rules"
    Runner(study=load_study("rules"), folder=folder, workers=1).run()
    return folder


def test_a_dry_run_counts_and_estimates_and_writes_nothing(place: Path) -> None:
    file = place / "experiments" / "rules.toml"
    file.write_text(RULES, encoding="utf-8")
    outcome = json.loads(alrl_cli("run", "rules", "--dry-run", "--workers", "2", "--json").stdout)
    assert (outcome["cells"], outcome["finished"], outcome["missing"], outcome["workers"]) == (4, 0, 4, 2)
    assert 0 < outcome["seconds"] < 60
    assert outcome["basis"] == "the first loops of some cells"
    assert not (place / "runs").exists()
    Runner(study=load_study("rules"), folder=place / "runs" / "rules", workers=1).run()
    file.write_text(RULES.replace("seeds = 4", "seeds = 6"), encoding="utf-8")
    text = ok("run", "rules", "--dry-run", "--workers", "1")
    assert "6 cells: 4 finished, 2 to play, about" in text
    assert "judged by cells played before" in text
    given = ok("run", "small", "--dry-run", "--workers", "1")
    assert "First learned would be trained" in given


def test_a_cell_is_reproduced_bit_for_bit_and_a_changed_one_is_found(rules: Path) -> None:
    assert "4 of 4 cells gave the same bits" in ok("reproduce", str(rules))
    with sqlite3.connect(rules / "results.sqlite") as database:
        key, blob = database.execute("SELECT run_id, accuracy FROM curves LIMIT 1").fetchone()
        changed = blob[:-1] + bytes([blob[-1] ^ 1])
        database.execute("UPDATE curves SET accuracy = ? WHERE run_id = ?", (changed, key))
    damaged = alrl_cli("reproduce", str(rules), "--cell", key[:9])
    assert (damaged.exit_code, f"holds damaged curves of cell {key[:12]}" in damaged.stderr) == (2, True)
    verified = alrl_cli("verify", str(rules))
    assert (verified.exit_code, f"Cell {key[:12]}" in verified.stdout) == (4, True)
    assert "4 cells: 3 sound by their checksums; 1 faults." in verified.stdout
    with sqlite3.connect(rules / "results.sqlite") as database:
        database.execute("UPDATE cells SET checksum = NULL WHERE run_id = ?", (key,))
    result = alrl_cli("reproduce", str(rules), "--cell", key[:9], "--json")
    assert result.exit_code == 4
    outcome = json.loads(result.stdout)
    assert (outcome["cells"], outcome["same"]) == (1, 0)
    assert "accuracy in 1 of 8 values, first at seed 1" in outcome["found"][0]["differences"][0]
    other = alrl_cli("reproduce", str(rules), "--cell", "nothing")
    assert (other.exit_code, "no cell of" in other.stderr) == (2, True)
    with sqlite3.connect(rules / "results.sqlite") as database:
        database.execute("DELETE FROM picks WHERE run_id = ?", (key,))
    assert "3 cells kept, 1 dropped." in ok("repair", str(rules))
    assert "1 cells of the study are not stored" in alrl_cli("verify", str(rules)).stdout


def test_a_policy_is_held_against_rules_and_its_losses_are_named(place: Path) -> None:
    arguments = ("--data", "iris", "--data", "wine", "--labels", "4", "--seeds", "6", "--workers", "1")
    text = ok("evaluate", "random", "--against", "margin", "--against", "entropy", *arguments)
    assert "against margin:" in text
    assert "against entropy:" in text
    outcome = json.loads(alrl_cli("evaluate", "random", *arguments, "--json").stdout)
    assert [(each["data_set"], each["rule"]) for each in outcome["duels"]] == [("iris", "margin"), ("wine", "margin")]
    for each in outcome["duels"]:
        assert each["low"] <= each["difference"] <= each["high"]
        assert each["difference"] == pytest.approx(each["policy_aubc"] - each["rule_aubc"])
    (seen,) = [name for name in alrl.load_policy("general").card["trained_on"] if name.startswith("keel/")][:1]
    useless = alrl_cli("evaluate", "margin", "--env", "wine-batch", "--data", "iris", "--labels", "2")
    assert useless.exit_code == 2
    assert "--env wine-batch given with margin; it names the environment of a zip" in " ".join(useless.output.split())
    refused = alrl_cli("evaluate", "general", "--data", seen, "--labels", "2", "--seeds", "2", "--workers", "1")
    assert refused.exit_code == 2
    assert "allow it with --seen" in refused.stderr


@pytest.mark.parametrize("kind", ["csv", "parquet"])
def test_a_run_is_exported(rules: Path, kind: str) -> None:
    written = json.loads(alrl_cli("export", str(rules), "--to", kind, "--json").stdout)["written"]
    assert [Path(each).name for each in written] == [f"curves.{kind}", f"cells.{kind}"]
    read = pl.read_csv if kind == "csv" else pl.read_parquet
    curves, cells = (read(rules / "export" / f"{name}.{kind}") for name in ("curves", "cells"))
    assert curves.shape == (2 * 4 * 4, 10)
    assert curves["record"].null_count() == 2 * 4
    assert cells["status"].to_list() == ["finished"] * 4
    assert min(cells["peak_bytes"]) > 2**20
    assert min(cells["cpu_seconds"]) > 0


def test_a_study_with_failed_cells_ends_with_a_status_of_its_own(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any, **__: Any) -> Any:
        raise ZeroDivisionError("the bottle is empty")

    (place / "experiments" / "rules.toml").write_text(RULES, encoding="utf-8")
    monkeypatch.setattr(paired, "simulate", broken)
    result = alrl_cli("run", "rules", "--workers", "1", "--json")
    assert result.exit_code == 3
    outcome = json.loads(result.stdout)
    assert (outcome["played"], outcome["failed"]) == (0, 4)
    assert all("ZeroDivisionError: the bottle is empty" in text for text in outcome["failures"].values())
    assert "margin on iris: ZeroDivisionError" in result.stderr


def test_a_machine_reads_one_document_and_errors_apart(rules: Path) -> None:
    outcome = json.loads(alrl_cli("run", "rules", "--workers", "1", "--json").stdout)
    assert (outcome["cells"], outcome["played"]) == (4, 0)
    assert Path(outcome["page"]).is_file()
    assert {"envs", "data"} <= {row["kind"] for row in json.loads(alrl_cli("list", "--json").stdout)}
    failed = alrl_cli("run", "rule", "--json")
    assert (failed.exit_code, failed.stdout) == (2, "")
    error = json.loads(failed.stderr)["error"]
    assert error["kind"] == "InvalidRecipeError"
    assert 'did you mean "rules"' in error["message"]


def test_a_fault_is_told_without_a_traceback(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # Something that fails in alrl's own code.
    monkeypatch.setattr("alrl.recipes.find", lambda *_: None)
    result = alrl_cli("run", "small")
    assert result.exit_code == 1
    assert "error: unexpected TypeError: " in result.stderr
    assert "this is a fault of alrl" in result.stderr
    monkeypatch.setattr("alrl.studies.loading.load_study", lambda _: {}["no"])
    result = alrl_cli("run", "small")
    assert result.exit_code == 1
    assert "error: unexpected KeyError: 'no'; raised in " in result.stderr
    assert "test_cli.py" in result.stderr
    assert "which is not alrl's" in result.stderr
    assert isinstance(alrl_cli("--debug", "run", "small").exception, KeyError)


def test_an_interruption_says_how_to_go_on(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupted(_: str) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("alrl.studies.loading.load_study", interrupted)
    result = alrl_cli("run", "small")
    assert result.exit_code == 130
    assert "the same command goes on from there" in result.stderr


def test_an_interruption_of_what_stores_nothing_says_that_it_begins_anew(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("alrl.studies.loading.load_study", interrupted)
    monkeypatch.setattr(importlib.import_module("alrl.evaluation.evaluate"), "evaluate", interrupted)
    for arguments in (("run", "small", "--dry-run"), ("evaluate", "margin", "--data", "iris", "--against", "random")):
        result = alrl_cli(*arguments)
        assert result.exit_code == 130
        assert "interrupted: the same command begins anew" in result.stderr
        assert "kept" not in result.stderr


def test_an_opponent_of_itself_is_told_apart_from_the_default(place: Path) -> None:
    result = alrl_cli("evaluate", "margin", "--data", "iris")
    assert result.exit_code == 2
    assert "the opponent is margin unless another is named" in result.stderr
    assert "random (--against" in result.stderr


def test_an_engine_setting_that_does_not_fit_is_refused(place: Path) -> None:
    for arguments, message in (
        (("--executor", "lokky"), 'did you mean "loky"'),
        (("--address", "tcp://x:1"), "executor 'loky' has none"),
        (("--option", "a=1"), "executor 'loky' takes none"),
        (("--option", "a"), "write KEY=VALUE"),
    ):
        result = alrl_cli("run", "small", *arguments)
        assert (result.exit_code, message in result.stderr) == (2, True), result.stderr


def test_the_page_of_the_command_line_is_what_the_commands_say() -> None:
    assert (ROOT / "docs" / "cli.md").read_text(encoding="utf-8") == page()
    for status in Exit:
        assert f"| {status.value} | {status.meaning} |" in page()


def test_every_option_of_help_is_on_the_page(place: Path) -> None:
    sections = {part.split("\n")[0]: part for part in page().split("\n## ")}
    for command in ("train", "run", "evaluate", "reproduce", "export", "report", "list", "quickstart"):
        options = set(re.findall(r"--[a-z][a-z-]+", ok(command, "--help")))
        named = set(re.findall(r"--[a-z][a-z-]+", sections[f"alrl {command}"]))
        assert options - {"--help", "--incomplete"} <= named | {"--help"}


def test_the_shell_completes_names(place: Path) -> None:
    def completed(words: str) -> set[str]:
        wanted = {"_ALRL_COMPLETE": "complete_bash", "COMP_WORDS": words, "COMP_CWORD": str(words.count(" "))}
        environment = {**os.environ, **wanted}
        code = "from alrl.cli import app; app(prog_name='alrl')"
        done = subprocess.run(
            [sys.executable, "-c", code], cwd=place, env=environment, capture_output=True, text=True, check=True
        )
        return set(done.stdout.split())

    assert completed("alrl run sma") == {"small"}
    assert "evaluate" in completed("alrl e")


@pytest.mark.parametrize(
    ("module", "heavy"),
    [
        ("alrl.cli", {"torch", "scipy", "stable_baselines3", "sklearn"}),
        # What takes people's answers, and what a study's processes load.
        ("alrl.projects.exchange.task_files", {"torch", "numba", "scipy", "sklearn"}),
        ("alrl.studies.runner", {"stable_baselines3", "matplotlib", "pandas", "sklearn"}),
    ],
)
def test_a_command_loads_nothing_heavy_that_it_does_not_need(place: Path, module: str, heavy: set[str]) -> None:
    code = f"import sys, {module}; print({heavy} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


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
    command = [sys.executable, "-m", "alrl", *arguments]
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
    given = subprocess.run([sys.executable, "-c", made], cwd=place, capture_output=True, text=True, check=False)
    assert "broken.toml: not valid TOML" in given.stderr


def test_bars_write_a_line_each_where_no_terminal_listens(capsys: pytest.CaptureFixture[str]) -> None:
    with Bars() as bars:
        bar = bars.bar("look [ahead]", 3)
        bar.advance(2, note="half [way]")
        bar.done(note="worth [+0.1]")
    assert capsys.readouterr().out.splitlines() == ["look [ahead]: 3 in 0 s; worth [+0.1]"]
    with Bars(quiet=True) as bars:
        bars.bar("silent", 3).done()
    assert capsys.readouterr().out == ""
