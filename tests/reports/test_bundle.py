"""One archive of a run, which checks itself."""

from __future__ import annotations

import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alrl.cli import app
from alrl.studies.loading import load_study
from alrl.studies.runner import Runner

ROOT = Path(__file__).parents[2]
STUDY = """title = "Own table"
hypothesis = "margin gains"
data = [{ file = "own.csv", label = "kind" }, "iris"]
agents = ["margin", "random"]
labels = 3
seeds = 2
"""


def test_a_bundle_holds_all_and_its_script_ends_in_the_same_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undrawn: None
) -> None:
    monkeypatch.chdir(tmp_path)
    rows = [f"{place % 7},{place % 3},{'ab'[place % 2]}" for place in range(60)]
    (tmp_path / "own.csv").write_text("\n".join(["x,z,kind", *rows]) + "\n", encoding="utf-8")
    (tmp_path / "study.toml").write_text(STUDY, encoding="utf-8")
    Runner(study=load_study("study.toml"), folder=tmp_path / "run", workers=1, command="alrl run study.toml").run()
    for figure in ("conditions.pdf", "conditions-column.png"):
        (tmp_path / "run" / figure).write_bytes(b"a figure of several conditions lies beside the tables")
    result = CliRunner().invoke(app, ["bundle", "run", "--out", "paper.v2.zip"])
    assert result.exit_code == 0, result.output
    assert "in its folder paper.v2." in " ".join(result.output.split())
    (tmp_path / "own.csv").unlink()

    with zipfile.ZipFile(tmp_path / "paper.v2.zip") as archive:
        archive.extractall(tmp_path / "elsewhere")
    place = tmp_path / "elsewhere" / "paper.v2"
    assert (place / "data" / "own.csv").is_file()
    assert (place / "run" / "conditions.pdf").is_file()
    assert (place / "run" / "conditions-column.png").is_file()
    sheet = (place / "DATASHEET.md").read_text(encoding="utf-8")
    assert "60 records of 2 features, 2 classes" in sheet
    assert "a: 30, b: 30" in sheet
    assert "alrl.load_data_set('iris')" in sheet
    listed = (place / "NEURIPS-CHECKLIST.md").read_text(encoding="utf-8")
    assert "margin gains" in listed
    assert "2 paired seeds" in listed
    assert "numpy==" in (place / "requirements.lock").read_text(encoding="utf-8")
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "ALRL": f"{sys.executable} -m alrl"}
    ran = subprocess.run(
        ["/bin/sh", "reproduce.sh"], cwd=place, env=environment, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert ran.stdout.endswith("The same table.\n")

    (place / "data" / "own.csv").write_text("x,kind\n1,a\n", encoding="utf-8")
    broken = subprocess.run(["/bin/sh", "reproduce.sh"], cwd=place, env=environment, capture_output=True, check=False)
    assert broken.returncode != 0


def test_a_bundle_holds_the_modules_that_own_classes_import(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, undrawn: None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bundled_doubt.py").write_text(
        "from bundled_help import doubt\nfrom alrl.strategies.base import Strategy\n\n\n"
        "class Doubt(Strategy):\n    name = 'doubt'\n\n    def score(self, view):\n        return doubt(view)\n",
        encoding="utf-8",
    )
    (tmp_path / "bundled_help.py").write_text("def doubt(view):\n    return -view.margin\n", encoding="utf-8")
    text = STUDY.replace('{ file = "own.csv", label = "kind" }, ', "").replace('"margin"', '"bundled_doubt:Doubt"')
    (tmp_path / "study.toml").write_text(text, encoding="utf-8")
    Runner(study=load_study("study.toml"), folder=tmp_path / "run", workers=1, command="alrl run study.toml").run()
    assert CliRunner().invoke(app, ["bundle", "run", "--out", "paper.zip"]).exit_code == 0
    with zipfile.ZipFile(tmp_path / "paper.zip") as archive:
        names = set(archive.namelist())
    assert {"paper/run/bundled_doubt.py", "paper/run/bundled_help.py"} <= names
