"""A cell is played again from wherever its run and its tables lie, and another machine agrees within a tolerance."""

from __future__ import annotations

import dataclasses
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest

from alrl.errors import PolicyFileError
from alrl.recipes import parse
from alrl.studies.reproduce import ReproduceError, reproduce
from alrl.studies.runner import Runner
from alrl.studies.store import RESULTS, Store
from alrl.studies.study import StudyRecipe
from alrl.studies.study_agents import build_again


@pytest.fixture
def run(tmp_path: Path) -> Path:
    """A run on a table of one's own."""
    numbers = np.random.default_rng(0).normal(size=(60, 3))
    lines = [f"{a:.4f},{b:.4f},{c:.4f},{'high' if a + b > 0 else 'low'}" for a, b, c in numbers]
    table = tmp_path / "tables" / "own.csv"
    table.parent.mkdir()
    table.write_text("\n".join(["a,b,c,kind", *lines]) + "\n", encoding="utf-8")
    data = [{"file": str(table), "label": "kind"}]
    study = parse(StudyRecipe, {"title": "t", "data": data, "agents": ["random"], "labels": 4, "seeds": 3}, where="t")
    Runner(study=study, folder=tmp_path / "run", workers=1).run()
    return tmp_path / "run"


def test_a_table_that_moved_is_looked_for_and_has_to_be_the_same(
    run: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    table, moved = tmp_path / "tables" / "own.csv", tmp_path / "archive" / "own.csv"
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    shutil.copytree(run, elsewhere / "copied")
    (again,) = reproduce("copied")
    assert again.same
    assert again.agrees
    assert not again.elsewhere
    moved.parent.mkdir()
    table.rename(moved)
    with pytest.raises(ReproduceError, match=r"table of data set 'own' is neither at .*own.csv.*--data"):
        list(reproduce("copied"))
    (again,) = reproduce("copied", data=moved.parent)
    assert again.same
    moved.write_text(moved.read_text(encoding="utf-8").replace("high", "medium"), encoding="utf-8")
    with pytest.raises(ReproduceError, match=r"data set 'own' is no longer what cell"):
        list(reproduce("copied", data=moved.parent))


def test_another_machine_agrees_within_the_tolerance_and_this_one_never_does(run: Path) -> None:
    with Store(run / RESULTS) as store:
        (cell,), (curves,) = store.cells(), store.curves()
        # As another processor might have rounded it, half a point off.
        off = dataclasses.replace(curves, accuracy=curves.accuracy + 0.005)
        for code, origin in (({"alrl": {"version": "0"}}, {**cell.provenance, "cpu": {"name": "another"}}), ({}, None)):
            store.add(cell.spec, off, 1.0, code=code, provenance=origin or cell.provenance)
            (again,) = reproduce(run)
            assert not again.same
            assert again.deviation == pytest.approx(0.005)
            assert again.elsewhere == again.agrees == (origin is not None)
        assert "DIFFERENT" in again.summary
    (again,) = reproduce(run, tolerance=0.001)
    assert not again.agrees


@pytest.mark.parametrize("recipe", ["{}", '{"kind": "policy"}', '{"kind": "policy", "policy": 3}', '{"kind": null}'])
def test_an_agent_that_was_kept_damaged_is_named(run: Path, recipe: str) -> None:
    with sqlite3.connect(run / RESULTS) as database:
        database.execute("UPDATE agents SET recipe = ?", (recipe,))
    database.close()
    with pytest.raises(ReproduceError, match=r"agent 'random' of cell .* cannot be built again: an agent of"):
        list(reproduce(run))


def test_a_policy_is_looked_for_wherever_a_damaged_store_says(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match="neither a folder with policy"):
        build_again({"kind": "policy", "policy": "a\x00b"}, tmp_path)
