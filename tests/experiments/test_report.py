"""From a run directory to its report."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from alrl.experiments.report import IncompleteStudyError, RunDirectoryError, report
from alrl.experiments.store import Store
from alrl.loop.curves import Curves

NAMES = ("margin", "general", "random")


def cell(curves: Curves) -> dict[str, Any]:
    return {"data_set": curves.data_set, "strategy": curves.strategy, "learner": curves.learner}


def write_study(run: Path, curves: list[Curves], *, finished: int | None = None, **changes: Any) -> None:
    run.mkdir(exist_ok=True)
    study = {"title": "A study", "hypothesis": "h", "command": "alrl run x", "cells": [cell(each) for each in curves]}
    study |= {"primary": ["general", "margin"], "settings": {"labels": 4}} | changes
    (run / "study.json").write_text(json.dumps(study))
    with Store(run / "results.sqlite") as store:
        for each in curves[:finished]:
            store.add(cell(each), each, seconds=1.0)


@pytest.fixture
def small(make_curves: Callable[..., list[Curves]]) -> list[Curves]:
    return make_curves(("vowel",), NAMES, seeds=4, labels=4)


def test_a_study_becomes_page_figures_tables_and_curves(tmp_path: Path, small: list[Curves]) -> None:
    write_study(tmp_path, small)
    files = report(tmp_path, title="Another title")
    assert files.page == tmp_path / "index.html"
    text = files.page.read_text(encoding="utf-8")
    assert "<h1>Another title</h1>" in text
    assert "INCOMPLETE" not in text
    assert {path.name for path in files.tables} == {"table.md", "table.csv", "table.tex"}
    assert {path.name for path in files.figures} == {
        f"{name}{metric}.{kind}"
        for name in ("learning-curves", "differences", "ranking")
        for metric in ("", "-balanced")
        for kind in ("png", "pdf")
    }
    assert all(path.stat().st_size > 100 for path in (*files.figures, *files.tables, files.curves))
    assert "balanced accuracy" in (tmp_path / "table.md").read_text(encoding="utf-8")
    assert all(f'href="{path.relative_to(tmp_path)}"' in text for path in (*files.figures, *files.tables))


def test_an_incomplete_study_is_refused_and_says_why(tmp_path: Path, small: list[Curves]) -> None:
    write_study(tmp_path, small, finished=2)
    with Store(tmp_path / "results.sqlite") as store:
        store.fail(cell(small[2]), "Traceback\nZeroDivisionError: division by zero")
    with pytest.raises(
        IncompleteStudyError, match=r"2 of 3 cells of 'A study' are finished; 1 failed.*ZeroDivisionError"
    ):
        report(tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_an_incomplete_study_that_is_allowed_is_marked_everywhere(tmp_path: Path, small: list[Curves]) -> None:
    write_study(tmp_path, small, finished=1)
    files = report(tmp_path, allow_incomplete=True)
    mark = "INCOMPLETE: 1 of 3 cells finished"
    assert all(mark in path.read_text(encoding="utf-8") for path in (files.page, *files.tables))


def test_a_study_without_any_finished_cell_is_refused_even_so(tmp_path: Path, small: list[Curves]) -> None:
    write_study(tmp_path, small, finished=0)
    with pytest.raises(IncompleteStudyError, match="0 of 3 cells"):
        report(tmp_path, allow_incomplete=True)


def test_cells_of_an_earlier_study_in_the_same_file_stay_out(tmp_path: Path, small: list[Curves]) -> None:
    write_study(tmp_path, small, cells=[cell(each) for each in small[:1]])
    report(tmp_path)
    assert "random" not in (tmp_path / "table.csv").read_text().replace("random_", "")
    assert ",random," not in (tmp_path / "curves.csv").read_text()


def test_each_learner_has_a_page_of_its_own(tmp_path: Path, make_curves: Callable[..., list[Curves]]) -> None:
    curves = make_curves(("vowel",), ("margin",), seeds=2, labels=2)
    curves += make_curves(("vowel",), ("margin",), seeds=2, labels=2, learner="Random Forest", batch=10)
    write_study(tmp_path, curves)
    files = report(tmp_path)
    assert [path.name for path in files.pages] == ["index.html", "index-random-forest-batch-10.html"]
    assert 'href="index-random-forest-batch-10.html"' in files.page.read_text(encoding="utf-8")
    assert (tmp_path / "table-random-forest-batch-10.tex").exists()


def test_a_directory_without_a_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"study.json does not exist: give the directory"):
        report(tmp_path)
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(RunDirectoryError, match="it needs title and cells"):
        report(tmp_path)
