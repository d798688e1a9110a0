"""From a run directory to its report."""

from __future__ import annotations

import csv
import dataclasses
import json
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import joblib
import pytest
from matplotlib.figure import Figure
from matplotlib.text import Text

from alrl.evaluation.curves import Curves
from alrl.recipes import parse
from alrl.reports.report import IncompleteStudyError, report
from alrl.studies.description import RunDirectoryError
from alrl.studies.runner import Runner
from alrl.studies.store.store import Store
from alrl.studies.study import StudyRecipe

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


def test_a_study_becomes_page_figures_tables_and_curves(
    tmp_path: Path, small: list[Curves], saved: list[Figure]
) -> None:
    write_study(tmp_path, small)
    files = report(tmp_path, title="Another title")
    assert files.page == tmp_path / "index.html"
    text = files.page.read_text(encoding="utf-8")
    assert "<h1>Another title</h1>" in text
    assert "INCOMPLETE" not in text
    assert {path.name for path in files.tables} == {
        *("table.md", "table.csv", "table.tex", "table-column.tex", "table-page.tex"),
        *("across.tex", "across-column.tex", "across-page.tex"),
    }
    assert {path.name for path in files.texts} == {"summary.md"}
    each = [f"{name}{metric}" for name in ("learning-curves", "differences", "ranking") for metric in ("", "-balanced")]
    over_sets = ["differences-random", "outcomes", "performance-profile", "break-even"]
    assert {path.name for path in files.figures} == {
        f"{name}{width}.{kind}" for name in each + over_sets for width in ("", "-column") for kind in ("png", "pdf")
    }
    assert "\\caption{}" not in "".join(path.read_text("utf-8") for path in files.tables if path.suffix == ".tex")
    assert "the study does not say how vowel was played" in text
    assert all(path.stat().st_size > 100 for path in (*files.tables, *files.texts, files.curves))
    assert "balanced accuracy" in (tmp_path / "table.md").read_text(encoding="utf-8")
    assert all(f'href="{path.relative_to(tmp_path)}"' in text for path in (*files.tables, *files.texts))
    assert 'href="figures/ranking.pdf"' in text
    assert 'href="figures/ranking-column.pdf"' in text
    assert 'href="figures/ranking.png"' not in text


@pytest.mark.parametrize(
    "answer",
    [{"methods": {"general": ["general-0", "general-1"]}}, {"settings": {"trained policies": "general: a on b"}}],
)
def test_policies_of_several_seeds_are_one_method_with_its_spread(
    tmp_path: Path, make_curves: Callable[..., list[Curves]], saved: list[Figure], answer: dict[str, Any]
) -> None:
    names = [f"set_{place}" for place in range(6)]
    curves = make_curves(tuple(names), ("general", "margin", "random"), seeds=6, labels=4)
    trained = [
        dataclasses.replace(each, strategy=f"general-{seed}", accuracy=each.accuracy - 0.01 * seed)
        for each in curves
        for seed in (0, 1)
        if each.strategy == "general"
    ]
    both = [*trained, *(each for each in curves if each.strategy != "general")]
    cells = [{**cell(each), "agent": each.strategy} for each in both]
    write_study(tmp_path, both, primary=["general-0", "margin"], cells=cells, **answer)
    with Store(tmp_path / "results.sqlite") as store:
        for spec, each in zip(cells, both, strict=True):
            store.add(spec, each, seconds=1.0)
    report(tmp_path)
    text = (tmp_path / "table.md").read_text(encoding="utf-8")
    assert "| data set | general | margin | random |" in text
    assert "general is one method, the mean of 2 trainings, whose mean differences are" in text
    assert "(standard deviation 0.71)" in text
    assert "Family of the correction: the 2 tests" in text
    assert "**general** against **margin**" in (tmp_path / "summary.md").read_text(encoding="utf-8")


def test_what_a_study_measures_is_what_its_report_tells(
    tmp_path: Path, small: list[Curves], saved: list[Figure]
) -> None:
    write_study(tmp_path, small, metrics=["balanced_accuracy"])
    files = report(tmp_path)
    with (tmp_path / "table.csv").open(encoding="utf-8") as table:
        assert {row["metric"] for row in csv.DictReader(table)} == {"balanced_accuracy"}
    text = files.page.read_text(encoding="utf-8")
    assert '<option value="balanced_accuracy">' in text
    assert '<option value="accuracy">' not in text
    assert not [path for path in files.figures if "-balanced" in path.name]
    write_study(tmp_path, small, metrics=["balanced_accuracy", "accuracy"])
    report(tmp_path)
    with (tmp_path / "table.csv").open(encoding="utf-8") as table:
        assert list(dict.fromkeys(row["metric"] for row in csv.DictReader(table))) == ["balanced_accuracy", "accuracy"]


def test_an_incomplete_study_is_refused_and_says_why(tmp_path: Path, small: list[Curves]) -> None:
    write_study(tmp_path, small, finished=2)
    with Store(tmp_path / "results.sqlite") as store:
        store.fail(cell(small[2]), "Traceback\nZeroDivisionError: division by zero")
    with pytest.raises(
        IncompleteStudyError,
        match=r"2 of 3 cells of 'A study' are finished; 1 failed.*ZeroDivisionError.*or report --incomplete",
    ):
        report(tmp_path)
    assert not (tmp_path / "index.html").exists()


def test_an_incomplete_study_that_is_allowed_is_marked_everywhere_until_it_is_finished(
    tmp_path: Path, small: list[Curves], saved: list[Figure]
) -> None:
    write_study(tmp_path, small, finished=2)
    files = report(tmp_path, allow_incomplete=True)
    mark = "INCOMPLETE: 2 of 3 cells finished"
    assert all(mark in path.read_text(encoding="utf-8") for path in (files.page, *files.tables, *files.texts))
    assert len(saved) > 5
    for figure in saved:
        assert any(mark in text.get_text() for text in figure.findobj(Text))
    assert files.curves.name == "curves-incomplete.csv"
    write_study(tmp_path, small)
    assert report(tmp_path).curves.name == "curves.csv"
    assert not files.curves.exists()


@pytest.fixture(scope="module")
def played(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A study of a policy and rules that really was played."""
    study = parse(
        StudyRecipe,
        {
            "title": "Iris",
            "hypothesis": "It works.",
            "data": ["iris"],
            "agents": ["general", "margin", "random"],
            "primary": ["general", "margin"],
            "labels": 3,
            "seeds": 2,
        },
        where="test",
    )
    folder = tmp_path_factory.mktemp("played")
    Runner(study=study, folder=folder, command="alrl run iris", workers=1).run()
    return folder


def test_a_study_that_was_played_shows_its_picks_its_policy_and_how_it_was_made(
    played: Path, saved: list[Figure]
) -> None:
    files = report(played)
    assert {"pick-profile", "pick-overlap", "pick-embedding"} <= {path.stem for path in files.figures}
    text = files.page.read_text(encoding="utf-8")
    assert text.count('src="data:image/svg+xml;base64,') == 4
    card = (played / "policy-general.md").read_text(encoding="utf-8")
    given = r"\| margin-rank \| record \| 0 to 1 \| (not recorded|[\d.]+ to [\d.]+) \| Share of the pool that has"
    assert re.search(given, card)
    for part in ("keel/australian", "Share of the pool that has a smaller margin.", "loses to margin on", "guard"):
        assert part in card
        assert part in text
    summary = (played / "summary.md").read_text(encoding="utf-8")
    assert "- **yes** Is every run that was planned reported? 3 of 3 cells finished, 0 failed." in summary
    assert "- **partly** How many runs, and with which seeds? 2 paired seeds, 0 to 1" in summary
    assert "of processor time" in summary
    assert "alrl run iris" in summary


def test_a_policy_whose_weights_have_changed_has_no_card(played: Path, tmp_path: Path, saved: list[Figure]) -> None:
    shutil.copytree(played, tmp_path / "run")
    described = json.loads((tmp_path / "run" / "study.json").read_text())
    for cell in described["cells"]:
        cell["agent_identity"] = "0" * 64
    with Store(played / "results.sqlite", read_only=True) as old, Store(tmp_path / "run" / "new.sqlite") as new:
        for changed, curves in zip(described["cells"], old.curves(), strict=True):
            new.add({**changed, "agent": curves.strategy, "data_set": curves.data_set}, curves, 1.0)
    (tmp_path / "run" / "new.sqlite").replace(tmp_path / "run" / "results.sqlite")
    (tmp_path / "run" / "study.json").write_text(json.dumps(described))
    files = report(tmp_path / "run", allow_incomplete=True)
    assert files.texts == (tmp_path / "run" / "summary.md",)
    assert "its weights are not those that were run any more" in files.page.read_text(encoding="utf-8")


def test_a_study_without_any_finished_cell_is_refused_even_so(tmp_path: Path, small: list[Curves]) -> None:
    write_study(tmp_path, small, finished=0)
    with pytest.raises(IncompleteStudyError, match="0 of 3 cells"):
        report(tmp_path, allow_incomplete=True)


def test_cells_of_an_earlier_study_in_the_same_file_stay_out(
    tmp_path: Path, small: list[Curves], saved: list[Figure]
) -> None:
    write_study(tmp_path, small, cells=[cell(each) for each in small[:1]])
    report(tmp_path)
    assert "random" not in (tmp_path / "table.csv").read_text().replace("random_", "")
    assert ",random," not in (tmp_path / "curves.csv").read_text()


def test_each_learner_has_a_page_of_its_own(
    tmp_path: Path, make_curves: Callable[..., list[Curves]], saved: list[Figure]
) -> None:
    curves = make_curves(("vowel",), ("margin",), seeds=2, labels=2)
    curves += make_curves(("vowel",), ("margin",), seeds=2, labels=2, learner="Random Forest", batch=10)
    write_study(tmp_path, curves)
    files = report(tmp_path)
    assert [path.name for path in files.pages] == ["index.html", "index-random-forest-batch-10.html"]
    # Each names the other before anything else is read.
    for page, link in zip(
        files.pages,
        (
            '<a href="index-random-forest-batch-10.html">Random Forest, batch 10</a>',
            '<a href="index.html">softmax-regression, batch 1</a>',
        ),
        strict=True,
    ):
        text = page.read_text(encoding="utf-8")
        assert text.index("<h1>") < text.index(link) < text.index("</header>")
    assert (tmp_path / "table-random-forest-batch-10.tex").exists()


def test_what_an_earlier_report_wrote_and_this_one_does_not_is_deleted(
    tmp_path: Path, small: list[Curves], make_curves: Callable[..., list[Curves]]
) -> None:
    others = [dataclasses.replace(each, learner="other") for each in small]
    write_study(tmp_path, [*small, *others])
    report(tmp_path, paper=False)
    (tmp_path / "notes-other.md").write_text("mine")
    before = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert any("other" in path.name and path.suffix == ".html" for path in before)
    shutil.rmtree(tmp_path / "figures")
    (tmp_path / "results.sqlite").unlink()
    write_study(tmp_path, small)
    files = report(tmp_path, paper=False)
    after = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if path.is_file()}
    assert [path.name for path in after if "other" in path.name] == ["notes-other.md"]
    assert all(path.exists() for path in (*files.pages, *files.figures, *files.tables, *files.texts, files.curves))
    # A list that a stranger wrote deletes nothing else.
    (tmp_path.parent / "outside.md").write_text("mine")
    named = {"files": ["../outside.md", "results.sqlite", "study.json", 7, str(tmp_path / "notes-other.md")]}
    (tmp_path / "report.json").write_text(json.dumps(named))
    report(tmp_path, paper=False)
    assert (tmp_path.parent / "outside.md").exists()
    assert all((tmp_path / name).exists() for name in ("results.sqlite", "study.json", "notes-other.md"))


def test_tables_are_the_same_whoever_writes_them_and_those_with_classes_are_written_here(
    tmp_path: Path, make_curves: Callable[..., list[Curves]], monkeypatch: pytest.MonkeyPatch
) -> None:
    curves = make_curves(("vowel",), ("margin",), seeds=2, labels=2)
    curves += make_curves(("vowel",), ("margin",), seeds=2, labels=2, learner="Random Forest", batch=10)
    processes: list[int] = []
    parallel = joblib.Parallel

    def counted(n_jobs: int, **settings: Any) -> Any:
        processes.append(n_jobs)
        return parallel(n_jobs=n_jobs, **settings)

    monkeypatch.setattr(joblib, "Parallel", counted)
    content = []
    for workers in (1, 2):
        run = tmp_path / str(workers)
        write_study(run, curves)
        files = report(run, workers=workers)
        texts = {path.name: path.read_bytes() for path in (*files.tables, *files.texts)}
        content.append((texts, [path.name for path in (*files.pages, *files.figures)], files.notes))
    assert content[0] == content[1]
    own = [{**cell(each), "learner_class": "sklearn.svm:SVC"} for each in curves]
    write_study(tmp_path / "own", curves, cells=own)
    with Store(tmp_path / "own" / "results.sqlite") as store:
        for spec, each in zip(own, curves, strict=True):
            store.add(spec, each, seconds=1.0)
    report(tmp_path / "own", workers=2)
    # Picks, figures and pages of each report.
    assert processes == [1, 1, 1, 2, 2, 2, 1, 1, 1]


def test_a_directory_without_a_study_is_named(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match=r"study.json does not exist: give the directory"):
        report(tmp_path)
    (tmp_path / "study.json").write_text("{}")
    with pytest.raises(RunDirectoryError, match="it needs title and cells"):
        report(tmp_path)
