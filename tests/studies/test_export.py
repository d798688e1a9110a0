"""A run as data frames."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import alrl
from alrl.errors import InvalidQueryError
from alrl.recipes import parse
from alrl.reports.pages.progress import write_progress
from alrl.studies.description import RunDirectoryError
from alrl.studies.runner import Runner
from alrl.studies.store import Store
from alrl.studies.study import StudyRecipe

STUDY = {"title": "<b>t</b>", "data": ["iris"], "agents": ["margin", "random"], "labels": 3, "seeds": 4, "block": 2}


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("run")
    pages: list[str] = []

    def watch(store: Store, done: int, cells: int) -> None:
        pages.append(write_progress(folder, "<b>t</b>", store, done, cells).read_text(encoding="utf-8"))

    Runner(study=parse(StudyRecipe, STUDY, where="here"), folder=folder, workers=1, watch=watch, every=0.0).run()
    (folder / "pages.json").write_text(json.dumps(pages), encoding="utf-8")
    return folder


@pytest.mark.parametrize("frames", ["pandas", "polars"])
def test_a_run_is_read_as_data_frames(run: Path, frames: str) -> None:
    read = alrl.read_run(run, frames=frames)  # type: ignore[arg-type]
    assert type(read.curves).__module__.startswith(frames)
    assert len(read.curves) == 2 * 4 * 4
    assert list(read.cells["agent"]) == ["margin", "margin", "random", "random"]
    assert set(read.curves["strategy"]) == {"margin", "random"}
    assert float(read.curves["accuracy"].min()) > 0.2


def test_what_is_no_run_is_told(tmp_path: Path) -> None:
    with pytest.raises(RunDirectoryError, match="does not exist: give the directory"):
        alrl.read_run(tmp_path)


def test_while_a_run_is_played_its_page_loads_itself_again(run: Path) -> None:
    first, *_, last = json.loads((run / "pages.json").read_text(encoding="utf-8"))
    assert '<meta http-equiv="refresh" content="10">' in first
    assert "INCOMPLETE: 1 of 4 cells are played" in first
    assert "INCOMPLETE: 4 of 4 cells are played" in last
    assert "&lt;b&gt;t&lt;/b&gt;" in first
    assert "margin" in last
    assert "random" in last
    assert "http://" not in first.replace('http-equiv="refresh"', "")


def test_a_run_that_is_no_path_is_told() -> None:
    with pytest.raises(RunDirectoryError, match="a run called None given; give the folder"):
        alrl.read_run(None)  # type: ignore[arg-type]


def test_frames_are_of_pandas_or_polars(run: Path) -> None:
    with pytest.raises(InvalidQueryError, match="frames = 'arrow' given; allowed are 'pandas', 'polars'"):
        alrl.read_run(run, frames="arrow")  # type: ignore[arg-type]
