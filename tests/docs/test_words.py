"""The pages use one word for one thing, that of the glossary."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "docs" / "lessons").glob("*.py"))]
INSTEAD = {
    r"un-?label(l)?ed instances?|data ?points?": "record",
    r"acquisition functions?": "querying strategy",
    r"labell?ers?": "annotator",
    r"un?labeled|labeled|labeling": "labelled, labelling",
    r"seed set": "first sample",
    r"surrogate model|student model": "learner",
    r"AL cycles?|AL rounds?": "round",
}
"""What is not said, and the glossary's word for it."""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_a_page_uses_the_words_of_the_glossary(page: Path) -> None:
    # Titles of papers and code are others' words.
    prose = re.sub(r"```.*?```|`[^`]*`|\*[^*\n]+\*|\"[^\"\n]+\"", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
    answer = {instead: re.findall(rf"(?i)\b(?:{words})\b", prose) for words, instead in INSTEAD.items()}
    assert not any(answer.values()), answer


def test_every_word_of_the_check_is_one_of_the_glossary() -> None:
    glossary = (ROOT / "docs" / "glossary.md").read_text(encoding="utf-8")
    for instead in set(INSTEAD.values()) - {"labelled, labelling"}:
        assert f"**{instead}**" in glossary
