"""Mutated policies, recipes, stores, tables and command lines: a documented error or a right result, within bounds.

`make fuzz` plays some thousands, `make test` a few of each.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import shutil
import sqlite3
import sys
from pathlib import Path
from typing import Any

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from typer.testing import CliRunner

from alrl import recipes
from alrl.agents.policy import Policy
from alrl.agents.policy_file import _description_sha256, load_policy, save_policy
from alrl.agents.recipe import load_agent_recipe
from alrl.cli import app
from alrl.cli.exit_codes import Exit
from alrl.data.data_set import DataSet
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import load_env_recipe
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.studies.export import export_files
from alrl.studies.loading import load_study
from alrl.studies.reproduce import reproduce
from alrl.studies.runner import Runner
from alrl.studies.store import Store
from alrl.studies.study import StudyRecipe
from tests.fuzz.mutation import bounded, changed, changes, documented, examples, places, spliced, splices, values

ROOT = Path(__file__).resolve().parents[2]
CASES = sorted((ROOT / "tests" / "data" / "cases").glob("*.[ct]sv"))
STUDY = {"title": "t", "data": ["iris"], "agents": ["margin", "random"], "labels": 3, "seeds": 4, "block": 2}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a policy, a run and a table, which every example begins from."""
    folder = tmp_path_factory.mktemp("strangers")
    mixture = CandidateMixture(count=8, margin=1.0, random=0.0)
    save_policy(Policy.untrained(FeatureSet(DEFAULT_GROUPS), mixture, width=8), folder / "policy")
    study = recipes.parse(StudyRecipe, STUDY, where="here")
    Runner(study=study, folder=folder / "run", workers=1).run()
    (folder / "evil_module.py").write_text("raise SystemExit('imported')", encoding="utf-8")
    return folder


@examples(0.1, 10)
@given(data=splices, weights=st.booleans())
def test_policies_of_other_bytes(place: Path, data: Any, weights: bool) -> None:
    folder = shutil.copytree(place / "policy", place / "mutant", dirs_exist_ok=True)
    file = folder / ("weights.safetensors" if weights else "policy.json")
    file.write_bytes(spliced(file.read_bytes(), data))
    if weights:
        _sign(folder, json.loads((folder / "policy.json").read_text(encoding="utf-8")))
    documented(lambda: load_policy(folder))


@examples(0.15, 10)
@given(edits=changes)
def test_policies_of_other_content(place: Path, edits: Any) -> None:
    folder = shutil.copytree(place / "policy", place / "mutant", dirs_exist_ok=True)
    content = changed(json.loads((folder / "policy.json").read_text(encoding="utf-8")), edits)
    _sign(folder, content)
    documented(lambda: load_policy(folder))


def _sign(folder: Path, content: Any) -> None:
    content["sha256"] = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    content["description_sha256"] = _description_sha256(content)
    (folder / "policy.json").write_text(json.dumps(content), encoding="utf-8")


RECIPES = [(kind, path) for kind in ("envs", "agents", "experiments") for path in sorted((ROOT / kind).glob("*.toml"))]


def _parsed(kind: str, file: Path) -> object:
    if kind == "experiments":
        study = load_study(file)
        return list(study.settings())
    return load_env_recipe(file) if kind == "envs" else load_agent_recipe(file)


@examples(0.15, 12)
@given(recipe=st.sampled_from(RECIPES), data=splices)
def test_recipes_of_other_bytes(place: Path, recipe: tuple[str, Path], data: Any) -> None:
    file = place / "mutant.toml"
    file.write_bytes(spliced(recipe[1].read_bytes(), data))
    documented(lambda: _parsed(recipe[0], file))
    assert "evil_module" not in sys.modules


@examples(0.2, 12)
@given(recipe=st.sampled_from(RECIPES), edits=changes)
def test_recipes_of_other_content(place: Path, recipe: tuple[str, Path], edits: Any) -> None:
    content = changed(recipes.read(recipe[1]), edits)
    file = place / "mutant.toml"
    file.write_text("\n".join(f"{_key(key)} = {_toml(value)}" for key, value in content.items()), "utf-8", "replace")
    documented(lambda: _parsed(recipe[0], file))
    assert "evil_module" not in sys.modules


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(key)} = {_toml(each)}" for key, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_toml, value)) + "]"
    return json.dumps(value) if isinstance(value, str | bool) else repr(value)


def _key(name: str) -> str:
    return json.dumps(name)


@examples(0.1, 8)
@given(data=splices)
def test_stores_of_other_bytes(place: Path, data: Any) -> None:
    folder = _copy_of_run(place)
    file = folder / "results.sqlite"
    file.write_bytes(spliced(file.read_bytes(), data))
    documented(lambda: _read_run(folder))


@examples(0.15, 8)
@given(
    table=st.sampled_from(["cells", "curves", "picks", "provenance", "agents"]),
    column=places,
    value=st.sampled_from(["{}", "[]", "null", "[" * 100_000, "evil_module:Evil", "\x00", b"\x93NUMPY", b"", -1, 1e300])
    | values.filter(lambda value: isinstance(value, str | float)),
    edits=changes,
)
def test_stores_of_other_content(place: Path, table: str, column: float, value: Any, edits: Any) -> None:
    folder = _copy_of_run(place)
    with sqlite3.connect(folder / "results.sqlite") as database:
        names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
        try:
            name = names[int(column * len(names))]
            database.execute(f"UPDATE {table} SET {name} = ?", (value,))  # noqa: S608 - a test's own names
        except (sqlite3.Error, UnicodeEncodeError):
            pass
    database.close()
    study = folder / "study.json"
    study.write_text(json.dumps(changed(json.loads(study.read_text(encoding="utf-8")), edits)), encoding="utf-8")
    documented(lambda: _read_run(folder))
    assert "evil_module" not in sys.modules


def _copy_of_run(place: Path) -> Path:
    shutil.rmtree(place / "mutant-run", ignore_errors=True)
    return shutil.copytree(place / "run", place / "mutant-run")


def _read_run(folder: Path) -> None:
    with Store(folder / "results.sqlite", read_only=True) as store:
        store.cells()
        store.provenances()
    export_files(folder, folder / "export", "csv")
    with recipes.without_code():
        next(iter(reproduce(folder)), None)


@examples(0.25, 15)
@given(kind=st.sampled_from(["csv", "npz", "parquet", "csv.gz"]), case=st.sampled_from(CASES), data=splices)
def test_tables_of_other_bytes(place: Path, kind: str, case: Path, data: Any) -> None:
    file = place / f"mutant.{kind if kind != 'csv' else case.suffix[1:]}"
    file.write_bytes(spliced(_table(kind, case), data))
    outcome = documented(lambda: DataSet.read(file))
    if outcome is not None:
        assert np.isfinite(outcome.X).all()  # type: ignore[attr-defined]


def _table(kind: str, case: Path) -> bytes:
    if kind == "csv":
        return case.read_bytes()
    buffer = io.BytesIO()
    if kind == "npz":
        np.savez(buffer, X=np.eye(6), y=np.arange(6) % 2)
    elif kind == "parquet":
        pl.DataFrame({"a": [1.0, 2.0, 3.0, 4.0], "label": ["x", "y", "x", "y"]}).write_parquet(buffer)
    else:
        buffer.write(gzip.compress(case.read_bytes()))
    return buffer.getvalue()


TOKENS = (
    "", "-", "--", "--help", "--json", "--version", "--debug-no", "-x", "--out", "/dev/null", "\x00", "\U0001d6fc",
    "[red]x[/]", "a/b", "--label", "--drop", "--seed", "-1", "2", "nan", "margin", "iris", "nothing.toml", "/dev/zero",
    "nothing.csv", ".", "..", "--learner", "evil_module:Evil", "--param", "a=b", "--no-code", "--dry-run",
    "--incomplete", "--cell", "--to", "parquet",
)  # fmt: skip
LINES = [
    line.split()
    for line in (
        "list agents",
        "list envs",
        "list learners --json",
        "export RUN",
        "reproduce RUN",
        "reproduce RUN --cell 0",
        "evaluate margin --data iris --labels 2 --seeds 2",
        "evaluate POLICY --data wine --labels 2 --seeds 2 --json",
        "distance POLICY --data iris",
        "run STUDY --dry-run",
        "train margin --env quickstart",
        "tune margin --env nothing",
        "report NOWHERE",
        "project status NOWHERE",
        "project next NOWHERE --json",
    )
]


@examples(0.15, 10)
@given(
    line=st.sampled_from(LINES),
    edits=st.lists(
        st.tuples(st.sampled_from(["set", "add", "drop"]), places, st.sampled_from(TOKENS) | st.text(max_size=10)),
        min_size=1,
        max_size=3,
    ),
)
def test_command_lines_of_other_words(place: Path, monkeypatch: pytest.MonkeyPatch, line: Any, edits: Any) -> None:
    monkeypatch.chdir(place)
    # Without --dry-run a study is played, which is no matter of words.
    monkeypatch.setattr("alrl.cli.run.play", lambda *_, **__: None)
    (place / "study.toml").write_text("\n".join(f"{key} = {_toml(value)}" for key, value in STUDY.items()), "utf-8")
    paths = {"RUN": "run", "POLICY": "policy", "STUDY": "study.toml", "NOWHERE": "nowhere"}
    words = [paths.get(word, word) for word in line]
    for kind, where, token in edits:
        at = 1 + int(where * (len(words) - 1))
        words[at : at + (kind != "add")] = [] if kind == "drop" else [token]
    with bounded():
        result = CliRunner().invoke(app, words)
    assert result.exit_code in set(Exit) - {Exit.UNEXPECTED}, (words, result.output, result.exception)
    assert "fault of alrl" not in result.output
    assert "evil_module" not in sys.modules
