"""The report: a page that needs nothing else, and is never markup of somebody else's."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from alrl.errors import InvalidDataError
from alrl.projects import Project
from alrl.projects.report import write_report
from tests.projects.conftest import table, truth

Make = Callable[..., Project]
HOSTILE = "<script>alert(1)</script>"


@pytest.fixture
def project(make: Make) -> Project:
    made = make(audit=0.3)
    for _ in range(4):
        batch = [str(each) for each in made.ask(10)["customer"]]
        made.tell(truth(table(), batch), annotator=HOSTILE)
        made.fit()
    return made


def test_the_page_shows_curve_bill_verdict_rounds_and_people(project: Project, tmp_path: Path) -> None:
    (file,) = write_report(project, tmp_path / "churn.html")
    text = file.read_text(encoding="utf-8")
    titles = re.findall(r"<h2>(.*?)</h2>", text)
    assert titles == [
        "Labels", "Learning curve", "Bill", "Verdict and advice", "Rounds", "Annotators", "To look at again",
    ]  # fmt: skip
    assert text.count("<svg") == 2
    assert "40 of 60 records are labelled" in text
    assert "<script" not in text
    assert "&lt;script&gt;" in text
    assert not re.search(r'(src|href)="', text)


def test_markdown_stands_beside_its_figures(project: Project, tmp_path: Path) -> None:
    files = write_report(project, tmp_path / "churn.md")
    assert [each.name for each in files] == ["churn.md", "churn-curve.svg", "churn-bill.svg"]
    text = files[0].read_text(encoding="utf-8")
    assert "![Learning curve](churn-curve.svg)" in text
    assert "<script" not in text.replace("\\<", "")
    assert ET.fromstring(files[1].read_text(encoding="utf-8")).tag.endswith("svg")  # noqa: S314 - our own
    with pytest.raises(InvalidDataError, match="there already"):
        write_report(project, tmp_path / "churn.md")
    with pytest.raises(InvalidDataError, match=r"ends in \.html or \.md"):
        write_report(project, tmp_path / "churn.pdf")


def test_a_project_without_rounds_has_a_report_too(make: Make, tmp_path: Path) -> None:
    (file,) = write_report(make(), tmp_path / "churn.html")
    assert "Labels are too few for an estimate" in file.read_text(encoding="utf-8")
