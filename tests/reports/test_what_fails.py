"""A report whose figure fails, or whose page lacks its packages: the rest is written, and what is missing is named."""

from __future__ import annotations

import json
import shutil
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from alrl.cli import app
from alrl.reports import figures

CASES = Path(__file__).parents[1] / "data" / "cases"
pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copy(CASES / "three-data-sets.toml", tmp_path / "three.toml")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_study_of_three_data_sets_has_its_page_and_figures(place: Path) -> None:
    result = CliRunner().invoke(app, ["run", "three.toml", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "Note:" not in result.stdout
    assert (place / "runs" / "three" / "figures" / "pick-embedding.png").is_file()


def test_a_figure_that_fails_is_named_and_the_rest_is_written(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(figures, "ranking", lambda *_, **__: 1 / 0)
    result = CliRunner().invoke(app, ["run", "three.toml", "--workers", "1", "--json"])
    assert result.exit_code == 0, result.output
    document = json.loads(result.stdout)
    note = "The figure ranking could not be drawn (ZeroDivisionError: division by zero)"
    assert document["notes"][0] == note
    assert note in Path(document["page"]).read_text(encoding="utf-8")
    assert (place / "runs" / "three" / "figures" / "outcomes.png").is_file()


def test_without_the_extra_report_the_table_is_shown_and_a_note_says_what_to_install(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "altair", None)
    result = CliRunner().invoke(app, ["run", "three.toml", "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert "AUBC of accuracy in points" in result.stdout
    assert 'Note:    the page needs altair, which is not installed: pip install "alrl[report]"' in result.stdout
    assert (place / "runs" / "three" / "table.md").is_file()
    assert not (place / "runs" / "three" / "index.html").exists()
    again = CliRunner().invoke(app, ["report", "runs/three", "--json"])
    assert again.exit_code == 0, again.output
    assert json.loads(again.stdout)["page"] is None
