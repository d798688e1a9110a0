"""A whole study beside the same grid by hand: the same loop on both sides, and times that add up."""

from __future__ import annotations

import subprocess
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure
from typer.testing import CliRunner

from alrl.cli import app
from alrl.evaluation.simulate import DEFAULT_SPLIT, simulate
from alrl.reports import figures
from alrl.studies.loading import load_study
from alrl.studies.provenance import provenance
from benchmarks import grid as bench
from benchmarks import grid_page
from benchmarks.baseline_loop import WRITTEN, hand_rule
from benchmarks.grid import ByHand, Grid, GridError, GridRun, measure_grid, play_by_hand

STUDY = """title = "t"
data = ["iris", "wine"]
agents = ["margin", "power"]
labels = 3
seeds = 4
block = 2
"""


@pytest.mark.parametrize("strategy", WRITTEN)
def test_a_strategy_that_is_written_by_hand_queries_what_ours_does(strategy: str) -> None:
    ours = simulate("wine", strategy, labels=12, seeds=[0, 1], split=DEFAULT_SPLIT)
    theirs = np.stack(
        [play_by_hand("wine", strategy, seed, labels=12, split=dict(DEFAULT_SPLIT)).curve for seed in (0, 1)]
    )
    # Records at the border may fall to either side: probabilities agree within 1e-3.
    assert np.abs(ours.accuracy - theirs).max() <= 2.5 / 53
    assert np.abs(ours.accuracy - theirs).mean() < 0.005


def test_a_strategy_that_is_not_is_played_as_margin() -> None:
    pool = np.zeros((3, 2), np.float32)
    assert {hand_rule(name, pool) for name in load_study("grid").agents if name not in WRITTEN} == {"margin"}


def in_process(command: list[str], **settings: Any) -> subprocess.CompletedProcess[str]:
    result = CliRunner().invoke(app, command[3:])
    return subprocess.CompletedProcess(command, result.exit_code, stdout=result.stdout)


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with a study of its own, whose figures are not drawn: that is what takes the time."""

    def save(figure: Figure, stem: Path, *, paper: bool) -> tuple[Path]:
        stem.parent.mkdir(exist_ok=True)
        path = stem.with_name(stem.name + ".pdf")
        path.touch()
        return (path,)

    monkeypatch.setattr(figures, "save", save)
    monkeypatch.setattr(figures, "as_svg", lambda _: "<svg/>")
    monkeypatch.setattr(bench.subprocess, "run", in_process)
    monkeypatch.chdir(tmp_path)
    Path("small.toml").write_text(STUDY, encoding="utf-8")
    return tmp_path


def test_a_grid_is_played_whole_and_by_sample_and_written_down(place: Path) -> None:
    page = place / "page.md"
    page.write_text("# Speed\n\n## Where and when\n\nhere\n", encoding="utf-8")
    arguments = ["--study", "small.toml", "--workers", "1", "--sample", "1", "--out", "result", "--page", str(page)]
    assert grid_page.main(arguments) == 0
    text = page.read_text(encoding="utf-8")
    assert "2 strategies × 2 real data sets × 4 seeds × 3 queries = 48\nloop steps" in text
    assert text.index(grid_page.HEADING) < text.index("## Where and when")
    assert {path.name for path in (place / "result").iterdir()} == {
        "README.md", "by_hand.csv", "summary.md", "table.csv", "table.md"
    }  # fmt: skip
    assert len((place / "result" / "by_hand.csv").read_text(encoding="utf-8").splitlines()) == 1 + 4
    assert grid_page.keep_section("# Speed\n\n## Where and when\n\nhere\n", page) == text
    assert grid_page.keep_section("# Speed\n", place / "no.md") == "# Speed\n"


def test_what_is_no_plain_grid_and_what_fails_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def ask(name: str) -> Grid:
        return measure_grid(name, place / "run", workers=1, sample=[0], tick=lambda _: None)

    with pytest.raises(GridError, match="'hardships' is no plain grid"):
        ask("hardships")
    monkeypatch.setattr(bench.subprocess, "run", lambda command, **_: subprocess.CompletedProcess(command, 3))
    with pytest.raises(GridError, match="ended with status 3"):
        ask("small.toml")


def test_times_are_extrapolated_from_the_sample_to_the_grid() -> None:
    study = load_study("grid")
    by_hand = tuple(
        ByHand(data_set=data, strategy=name, seed=seed, seconds=1.0 + seed, curve=np.zeros(61))
        for data in study.data
        for name in study.agents
        for seed in (0, 1)
    )
    played = GridRun(cells=100, wall=50.0, playing=40.0, busy=70.0)
    grid = Grid(
        study=study, workers=2, sample=(0, 1), played=played, by_hand=by_hand, agreement={}, source=provenance()
    )
    assert grid.steps == 300_000
    assert grid.extrapolated() == pytest.approx(100 * 1.5 * 50 / 2)
    assert grid.extrapolated("margin") == pytest.approx(10 * 1.5 * 50 / 2)
    assert grid.extrapolated(seeds=[0]) == pytest.approx(100 * 50 / 2)
    assert grid.ratio == pytest.approx(75)
    assert replace(grid, workers=1).extrapolated() == pytest.approx(2 * grid.extrapolated())
