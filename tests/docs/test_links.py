"""Links between pages lead to a page, and anchors to a heading of it; so do those of the README and of lessons."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml
from markdown.extensions.toc import slugify

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = [
    *(ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md")),
    *sorted(DOCS.rglob("*.md")),
    *sorted((DOCS / "lessons").glob("*.py")),
]
BUILT = {"gallery.md", "errors.md", "keys.md", "api.md", "api-rooms.md"}
"""Pages that are written while the site is built; lessons are those of their scripts."""


def target(page: Path, link: str) -> Path:
    """Return the file that a link leads to; of a lesson's page, figure, notebook or download, its script."""
    path = (page.parent / link).resolve()
    script = path.with_name(re.sub(r"-\d$", "", path.stem) + ".py")
    return script if path.suffix != ".py" and path.parent == DOCS / "lessons" else path


def anchors(page: Path) -> set[str]:
    text = re.sub(r"(?ms)^ *```.*?^ *```", "", page.read_text(encoding="utf-8"))
    headings = re.findall(r"(?m)^(?:# )?#{1,6} (.+)$", text)
    return {slugify(re.sub(r"[`*]", "", heading), "-") for heading in headings}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"(?ms)^ *```.*?^ *```|`[^`\n]*`", "", page.read_text(encoding="utf-8"))
    for link in re.findall(r"\]\((?!https?:|mailto:)([^)\s]+)\)", text):
        name, _, anchor = link.partition("#")
        there = target(page, name) if name else page
        if there.parent == DOCS / "pictures" or (there.parent == DOCS and there.name in BUILT):
            continue
        assert there.exists(), f"{link} leads nowhere"
        if anchor and there.suffix == ".md":
            assert anchor in anchors(there), f"{link}: there is no such heading"


def test_the_navigation_names_every_page_once() -> None:
    def names(items: list[object]) -> list[str]:
        result: list[str] = []
        for item in items:
            for each in item.values() if isinstance(item, dict) else (item,):
                result += [each] if isinstance(each, str) else names(each)
        return result

    listed = names(yaml.safe_load((ROOT / "mkdocs.yml").read_text(encoding="utf-8"))["nav"])
    there = {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} | BUILT
    there |= {f"lessons/{path.stem}.md" for path in (DOCS / "lessons").glob("*.py")}
    assert sorted(listed) == sorted(there)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_tests_that_a_page_names_are_there(page: Path) -> None:
    for name in re.findall(r"\btests/[\w/]+\.py\b", page.read_text(encoding="utf-8")):
        assert (ROOT / name).is_file(), f"{name}: there is no such test"
