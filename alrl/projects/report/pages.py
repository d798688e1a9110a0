"""The pages that a report comes on."""

from __future__ import annotations

from dataclasses import replace
from html import escape
from pathlib import Path
from typing import TYPE_CHECKING

from alrl.errors import InvalidDataError
from alrl.projects.report.sections import Section, sections

if TYPE_CHECKING:
    from alrl.projects.project import Project

_STYLE = """
:root { color-scheme: light dark; }
body { font: 16px/1.55 system-ui, sans-serif; max-width: 780px; margin: 40px auto; padding: 0 20px; }
h1 { font-size: 26px; margin-bottom: 4px; } h2 { font-size: 18px; margin: 34px 0 8px; }
p { margin: 6px 0; overflow-wrap: anywhere; } svg { width: 100%; height: auto; margin: 8px 0; }
.table { overflow-x: auto; } table { border-collapse: collapse; margin: 10px 0; font-size: 14px; }
th, td { padding: 5px 14px 5px 0; text-align: left; border-bottom: 1px solid #8884; vertical-align: top; }
th { font-weight: 600; } td + td, th + th { font-variant-numeric: tabular-nums; }
"""
_POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"


def write_report(project: Project, file: Path) -> list[Path]:
    """Write how a project stands to a new ``.html`` or ``.md`` file; returns the files that were written.

    The HTML page needs nothing else and runs no script. Beside the Markdown page stand its figures, ``NAME-curve.svg``
    and ``NAME-bill.svg``.

    Raises InvalidDataError where there is such a file, or its kind is another.
    """
    if file.suffix not in {".html", ".md"}:
        raise InvalidDataError(f"{file} given for a report; its name ends in .html or .md")
    if not file.parent.is_dir():
        raise InvalidDataError(f"there is no folder {file.absolute().parent} for {file.name}; make it, or name another")
    parts = sections(project)
    title = str(project.state.settings["name"])
    files = {file: _html(title, parts) if file.suffix == ".html" else _markdown(title, parts, file.stem)}
    if file.suffix == ".md":
        figures = [each.figure for each in parts if each.figure]
        files |= {file.with_name(f"{file.stem}-{name}.svg"): svg for name, svg in figures}
    there = [each for each in files if each.exists()]
    if there:
        raise InvalidDataError(f"{there[0]} is there already; name another file, or move it away")
    for path, text in files.items():
        part = path.with_name(f"{path.name}.part")
        part.write_text(text, encoding="utf-8", newline="\n")
        part.replace(path)
    return list(files)


def _html(title: str, parts: list[Section]) -> str:
    body = []
    for part in parts:
        body.append(f"<h2>{escape(part.title)}</h2>")
        body += [f"<p>{escape(sentence)}</p>" for sentence in part.sentences]
        body += [part.figure[1]] if part.figure else []
        body += [f'<div class="table">{table.to_html()}</div>' for table in part.tables]
    return (
        f'<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        f'<meta http-equiv="Content-Security-Policy" content="{_POLICY}">'
        f'<meta name="viewport" content="width=device-width, initial-scale=1"><title>{escape(title)}</title>'
        f"<style>{_STYLE}</style></head><body><h1>{escape(title)}</h1>{''.join(body)}</body></html>\n"
    )


def _markdown(title: str, parts: list[Section], stem: str) -> str:
    lines = [f"# {_plain(title)}", ""]
    for part in parts:
        lines += [f"## {part.title}", ""]
        for sentence in part.sentences:
            lines += [_plain(sentence), ""]
        if part.figure:
            lines += [f"![{part.title}]({stem}-{part.figure[0]}.svg)", ""]
        for table in part.tables:
            rows = tuple(tuple(_plain(cell) for cell in row) for row in table.rows)
            lines += [replace(table, rows=rows).to_markdown(), ""]
    return "\n".join(lines)


def _plain(text: str) -> str:
    """Return text that Markdown shows as it is."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]<>#" else letter for letter in text)
