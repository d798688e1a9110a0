from __future__ import annotations

from pathlib import Path

from alrl.metadata import GROUPS
from docs.generate.features import feature_page

DOCS = Path(__file__).resolve().parents[2] / "docs"


def test_the_page_is_what_the_groups_say_now():
    assert (DOCS / "metadata.md").read_text(encoding="utf-8") == feature_page(), (
        "docs/metadata.md is out of date; run: python -m docs.generate.features docs/metadata.md"
    )


def test_every_feature_has_a_row_and_every_group_a_section():
    page = feature_page()
    for group in GROUPS.values():
        assert f"\n## {group.name}\n" in page
        for feature in group.features:
            row = next(line for line in page.splitlines() if line.startswith(f"| `{feature.name}` |"))
            assert row.replace("\\|", "").count("|") == 5
            assert feature.meaning.replace("|", "\\|") in row


def test_the_page_is_in_the_documentation():
    assert "metadata.md" in (DOCS.parent / "mkdocs.yml").read_text(encoding="utf-8")
