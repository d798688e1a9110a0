"""What MkDocs calls while the site is built: lessons, pictures, and a copy of every page for machines.

Lessons, gallery, animation and the labelling game are made when the site is built and are kept in ``build/``; with
``ALRL_DOCS_SMALL=1`` they are made at small sizes. Every page is also written as Markdown beside its HTML, and
``llms.txt`` lists them all.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import Any

from mkdocs.config.defaults import MkDocsConfig
from mkdocs.structure.files import File, Files
from mkdocs.structure.nav import Navigation, Section
from mkdocs.structure.pages import Page

from docs.generate import api, errors, lessons, pictures, recipe_keys

_MARKDOWN: dict[str, str] = {}
_LISTS = ("environments/", "api", "keys")
_NAVIGATION: list[tuple[str, str, str]] = []
"""Section, title and address of each page, in the order of the navigation."""


def on_files(files: Files, config: MkDocsConfig) -> Files:
    """Add the pages and pictures that are made now."""
    small = os.environ.get("ALRL_DOCS_SMALL") == "1"
    for script in lessons.lesson_files():
        _add_folder(files, config, lessons.built(script, small=small), "lessons")
    _add_folder(files, config, pictures.built(small=small), "pictures")
    written = {
        "gallery.md": pictures.gallery_page,
        "errors.md": errors.errors_page,
        "keys.md": recipe_keys.keys_page,
        "api.md": api.api_page,
        "api-rooms.md": api.rooms_page,
    }
    for name, make in written.items():
        files.append(File.generated(config, name, content=make()))
    for figure in ("headline/ranking.png", "capabilities/capabilities.png"):
        path = lessons.ROOT / "experiments" / figure
        files.append(File.generated(config, f"pictures/{path.name}", abs_src_path=str(path)))
    return files


def _add_folder(files: Files, config: MkDocsConfig, folder: Path, place: str) -> None:
    for path in sorted(folder.iterdir()):
        if path.suffix in {".ipynb", ".txt"}:
            text = lessons.taken_away(path.read_text(encoding="utf-8"), config.site_url)
            files.append(File.generated(config, f"{place}/{path.name}", content=text))
        elif path.suffix:
            files.append(File.generated(config, f"{place}/{path.name}", abs_src_path=str(path)))


def on_nav(nav: Navigation, **_: Any) -> Navigation:
    """Keep the order of the navigation for ``llms.txt``."""
    _NAVIGATION.clear()
    _remember(nav.items, "")
    return nav


def _remember(items: list[Any], section: str) -> None:
    for item in items:
        if isinstance(item, Section):
            _remember(item.children, section or item.title)
        elif isinstance(item, Page):
            _NAVIGATION.append((section, str(item.title or ""), item.file.src_uri))


def on_page_markdown(markdown: str, page: Page, **_: Any) -> str:
    """Keep the source of a page; where many pages say the same, search finds what explains first."""
    _MARKDOWN[page.file.src_uri] = markdown
    if page.file.src_uri.startswith(_LISTS):
        page.meta.setdefault("search", {"boost": 0.2})
    return markdown


def on_post_build(config: MkDocsConfig) -> None:
    """Write every page as Markdown, and ``llms.txt``."""
    site = Path(config.site_dir)
    for name, markdown in _MARKDOWN.items():
        (site / name).parent.mkdir(parents=True, exist_ok=True)
        (site / name).write_text(markdown, encoding="utf-8")
    (site / "llms.txt").write_text(llms(str(config.site_name), str(config.site_description)), encoding="utf-8")


def llms(name: str, description: str) -> str:
    """Return ``llms.txt`` (llmstxt.org): what the site is, and each page with its first sentence."""
    lines, before = [f"# {name}", "", f"> {description}"], None
    for section, title, address in _NAVIGATION:
        if section != before:
            lines += ["", f"## {section or 'Start'}", ""]
            before = section
        text = _MARKDOWN.get(address, "")
        heading = re.search(r"(?m)^# (.+)$", text)
        lines.append(f"- [{title or (heading[1] if heading else address)}]({address}){_first_sentence(text)}")
    return "\n".join(lines) + "\n"


def _first_sentence(markdown: str) -> str:
    r"""Return the first sentence of a page behind a colon, or nothing.

    >>> _first_sentence("# Title\n\nOne thing. Another.")
    ': One thing.'

    A link's address is that of another folder: its words stay.

    >>> _first_sentence("# Title\n\nSee [this](../there.md).")
    ': See this.'
    """
    paragraphs = re.sub(r"<!--.*?-->", "", markdown, flags=re.DOTALL).split("\n\n")
    for paragraph in paragraphs:
        plain = " ".join(paragraph.split())
        if plain and plain[0] not in "#<|!`[-":
            plain = re.sub(r"\[([^\]]+)\]\([^)]+\)", r"\1", plain)
            return ": " + re.split(r"(?<=\.)(?:\*\*)? ", plain)[0].replace("**", "")
    return ""
