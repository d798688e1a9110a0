"""Every lesson runs, at small size, and has what a lesson needs."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import matplotlib as mpl
import nbformat
import pytest

from docs.generate.lessons import Output, lesson_files, notebook, page, read, run, taken_away

ROOT = Path(__file__).parents[2]
LESSONS = lesson_files()


def named(path: Path) -> str:
    return path.stem


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_a_lesson_runs_and_becomes_a_page_and_a_notebook(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    lesson = read(path, small=True)
    with mpl.rc_context():
        outputs = run(lesson)
    text, figures = page(path.stem, lesson, outputs, 1.0)
    assert figures
    assert all(f".svg){{ .figure }}]({name})" in text for name in figures)  # a figure is a link to itself
    assert text.startswith("---\nhide: [toc]\n---\n\n# ")  # code has the room of a table of contents
    written = nbformat.reads(notebook(lesson, outputs), as_version=4)
    nbformat.validate(written)
    assert any("image/png" in json.dumps(cell.get("outputs", [])) for cell in written.cells)


@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_a_lesson_is_short_and_has_exercises_answers_and_literature(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 80
    exercises, answers, literature = re.split(r"## Exercises|<summary>Answers</summary>|## Literature", text)[1:]
    assert re.findall(r"(?m)^# (\d)\. ", exercises) == ["1", "2", "3"]
    assert re.findall(r"(?m)^# (\d)\. ", answers) == ["1", "2", "3"]
    assert re.search(r"\b(19|20)\d\d\b", literature)
    assert "# small: " in text


@pytest.mark.parametrize("site", [None, "https://example.org/alrl/"])
@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_no_link_of_what_is_taken_away_needs_the_site_beside_it(path: Path, site: str | None) -> None:
    lesson = read(path)
    cells = [cell for cell in lesson.cells if cell.cell_type == "code"]
    bare = notebook(lesson, [Output(text="", figures=())] * len(cells))
    for text in (bare, path.read_text(encoding="utf-8")):
        away = taken_away(text, site)
        assert not re.findall(r"\]\((?!https://)[^)]*\)", away)
        assert away.count("](https://example.org/alrl/") == (text.count("](../") if site else 0)
    nbformat.validate(nbformat.reads(taken_away(bare, site), as_version=4))


def test_links_that_are_taken_away_are_those_of_the_site_that_mkdocs_makes() -> None:
    text = "[all](../do/index.md) [one](../environments/restart.md#rewards)"
    assert taken_away(text, "https://example.org") == (
        "[all](https://example.org/do/) [one](https://example.org/environments/restart/#rewards)"
    )


def test_a_script_that_is_run_plainly_writes_its_figure_and_says_where(tmp_path: Path) -> None:
    (first_loop,) = (path for path in LESSONS if path.stem == "first_loop")
    script = tmp_path / "first_loop.py"
    script.write_text(re.sub(r"= \S+  # small: ", "= ", first_loop.read_text(encoding="utf-8")), encoding="utf-8")
    ran = subprocess.run([sys.executable, script], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert ran.stdout.endswith("Figure: first_loop.png\n")
    assert (tmp_path / "first_loop.png").stat().st_size > 10_000


@pytest.mark.parametrize("path", LESSONS, ids=named)
def test_every_script_saves_its_figure_and_neither_page_nor_notebook_does(path: Path) -> None:
    save = f'figure.savefig("{path.stem}.png")  # script only\nprint("Figure: {path.stem}.png")  # script only\n'
    assert path.read_text(encoding="utf-8").count(save) == 1
    assert not any("savefig" in cell.source or "script only" in cell.source for cell in read(path).cells)


def test_the_values_of_a_small_run_are_taken_and_never_shown(tmp_path: Path) -> None:
    script = tmp_path / "lesson.py"
    script.write_text("# %%\nSEEDS = 50  # small: 3\n")
    assert read(script).cells[0].source == "SEEDS = 50"
    assert read(script, small=True).cells[0].source == "SEEDS = 3"


def test_there_is_a_lesson_for_each_of_the_nine_reasons_and_the_site_lists_it() -> None:
    reasons = [re.search(r"\*\*Reason (\d)", path.read_text(encoding="utf-8")) for path in LESSONS]
    assert sorted(each[1] for each in reasons if each) == list("123456789")
    site = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    for path in LESSONS:
        assert f"lessons/{path.stem}.md" in site


def test_each_of_the_nine_reasons_has_its_lesson_figure_script_and_what_answers_it() -> None:
    page = (ROOT / "docs" / "nine-reasons.md").read_text(encoding="utf-8")
    rows = re.findall(r"(?m)^\| (\d) \| (.+) \|$", page)
    assert [number for number, _ in rows] == list("123456789")
    for number, row in rows:
        (stem,) = (path.stem for path in LESSONS if f"**Reason {number}:" in path.read_text(encoding="utf-8"))
        _, lesson, figure, script, answer = row.split(" | ")
        assert f"](lessons/{stem}.md)" in lesson
        assert f"](lessons/{stem}-1.svg)" in figure
        assert f"](lessons/{stem}.txt)" in script
        assert "](" in answer
