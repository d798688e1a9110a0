"""The page of models and kinds of data is what trying them comes to now."""

from __future__ import annotations

from pathlib import Path

from docs.generate.models import MODELS, kinds, models_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_queries_come_to_now():
    page = models_page()
    assert (ROOT / "docs" / "models.md").read_text(encoding="utf-8") == page, (
        "docs/models.md is out of date; run: python -m docs.generate.models docs/models.md"
    )
    rows = [line for line in page.splitlines() if line.startswith("| ")]
    for name in MODELS:
        assert sum(row.startswith(f"| {name} |") for row in rows) >= 1
    assert rows[0].count("|") == len(kinds()) + 2
    assert page.count("| works") > 50
    assert "other records" not in page


def test_the_page_is_in_the_documentation():
    assert "models.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
