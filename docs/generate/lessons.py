"""Lessons: scripts in percent format that are run, and become a page of the site and a notebook each.

``python -m docs.generate.lessons`` runs every lesson into ``build/lessons``; with ``--small`` at the sizes that the
comments ``# small: VALUE`` behind its constants give.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import io
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jupytext
from nbformat import NotebookNode

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "docs" / "lessons"
BUILT = ROOT / "build" / "lessons"
_SMALL = re.compile(r"= [^#\n]+?  # small: (.+)$", re.MULTILINE)
_COMMENT = re.compile(r"  # small: .+$", re.MULTILINE)
_SCRIPT_ONLY = re.compile(r"^.+  # script only\n", re.MULTILINE)
_LINK = re.compile(r"\[([^\[\]]+)\]\(\.\./([^)#\s]+)\.md(#[^)\s]+)?\)")


@dataclass(frozen=True, kw_only=True)
class Output:
    """What one code cell printed, and the figures that it left open, as SVG for the page and PNG for the notebook."""

    text: str
    figures: tuple[tuple[bytes, bytes], ...]


def lesson_files() -> list[Path]:
    """Return the scripts of the lessons, in alphabetical order; the navigation gives theirs."""
    return sorted(FOLDER.glob("*.py"))


def read(path: Path, *, small: bool = False) -> NotebookNode:
    """Return a lesson as a notebook without outputs; ``small`` takes the values behind ``# small:``.

    Lines that end in ``# script only`` are left out: they save the figure, which pages and notebooks show themselves.
    """
    text = _SCRIPT_ONLY.sub("", path.read_text(encoding="utf-8"))
    text = _SMALL.sub(r"= \1", text) if small else _COMMENT.sub("", text)
    lesson: NotebookNode = jupytext.reads(text, fmt="py:percent")
    return lesson


def run(lesson: NotebookNode) -> list[Output]:
    """Return what each code cell of a lesson gives, all of them run in one namespace in the present folder."""
    names: dict[str, Any] = {"__name__": "lesson"}
    return [_run(cell.source, names) for cell in lesson.cells if cell.cell_type == "code"]


def _run(source: str, names: dict[str, Any]) -> Output:
    from matplotlib import pyplot as plt

    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(source, "lesson", "exec"), names)  # noqa: S102 - our own lessons are programs
    figures = tuple((_drawn(number, "svg"), _drawn(number, "png")) for number in plt.get_fignums())
    plt.close("all")
    return Output(text=printed.getvalue(), figures=figures)


def _drawn(number: int, kind: str) -> bytes:
    from matplotlib import pyplot as plt

    file = io.BytesIO()
    plt.figure(number).savefig(file, format=kind, bbox_inches="tight", dpi=110)
    return file.getvalue()


def page(name: str, lesson: NotebookNode, outputs: list[Output], seconds: float) -> tuple[str, dict[str, bytes]]:
    """Return the page of a lesson in Markdown, and its figures by file name."""
    parts: list[str] = []
    figures: dict[str, bytes] = {}
    at = iter(outputs)
    for cell in lesson.cells:
        if cell.cell_type == "markdown":
            parts.append(cell.source)
            continue
        output = next(at)
        parts.append(f"```python\n{cell.source}\n```")
        if output.text.strip():
            parts.append(f"```text\n{output.text.rstrip()}\n```")
        for svg, _ in output.figures:
            file = f"{name}-{len(figures) + 1}.svg"
            figures[file] = svg
            # Its link opens a figure alone, to be drawn larger.
            parts.append(f"[![{_caption(lesson)}]({file}){{ .figure }}]({file})")
    took = f"Ran in {seconds:.0f} seconds when this page was built."
    files = f'[Notebook]({name}.ipynb){{ download }} · [script]({name}.txt){{ download="{name}.py" }}'
    parts.insert(1, f"{took} {files}")
    # Without its short table of contents a lesson has room for lines of code.
    return "---\nhide: [toc]\n---\n\n" + "\n\n".join(parts) + "\n", figures


def _caption(lesson: NotebookNode) -> str:
    """Return the first heading of a lesson, which names its figures to whoever does not see them."""
    heading, *_ = str(lesson.cells[0].source).split("\n", 1)
    return "Figure of lesson " + heading.lstrip("# ")


def notebook(lesson: NotebookNode, outputs: list[Output]) -> str:
    """Return the notebook, its outputs in it, as the text of an ``ipynb`` file."""
    written = json.loads(jupytext.writes(lesson, fmt="ipynb"))
    at = iter(outputs)
    for number, cell in enumerate(written["cells"]):
        cell["id"] = f"cell-{number}"
        if cell["cell_type"] == "code":
            output = next(at)
            pngs = [base64.b64encode(png).decode() for _, png in output.figures]
            cell["outputs"] = [
                *([{"output_type": "stream", "name": "stdout", "text": output.text}] if output.text else []),
                *({"output_type": "display_data", "data": {"image/png": png}, "metadata": {}} for png in pngs),
            ]
    return json.dumps(written, indent=1, ensure_ascii=False)


def taken_away(text: str, site: str | None) -> str:
    """Return a notebook or script whose links lead somewhere without the site's pages beside it.

    They are addresses below ``site``; where it is not known, each page is named in words instead.

    >>> taken_away("See the [glossary](../glossary.md#record).", "https://example.org/alrl/")
    'See the [glossary](https://example.org/alrl/glossary/#record).'
    >>> taken_away("See the [glossary](../glossary.md#record).", None)
    "See the glossary (page `glossary` of alrl's documentation)."
    """

    def led(link: re.Match[str]) -> str:
        words, page, anchor = link.groups()
        if not site:
            return f"{words} (page `{page}` of alrl's documentation)"
        return f"[{words}]({site.rstrip('/')}/{page.removesuffix('index').rstrip('/')}/{anchor or ''})"

    return _LINK.sub(led, text)


def build(path: Path, folder: Path, *, small: bool = False) -> None:
    """Run a lesson and write its page, figures, notebook and script into ``folder``."""
    import matplotlib as mpl

    mpl.use("Agg")
    mpl.rcParams.update(
        {"svg.hashsalt": "alrl", "figure.dpi": 110, "axes.spines.top": False, "axes.spines.right": False}
    )
    lesson = read(path, small=small)
    started = time.perf_counter()
    outputs = run(lesson)
    text, figures = page(path.stem, lesson, outputs, time.perf_counter() - started)
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in figures.items():
        (folder / name).write_bytes(content)
    (folder / f"{path.stem}.ipynb").write_text(notebook(lesson, outputs), encoding="utf-8")
    (folder / f"{path.stem}.txt").write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (folder / f"{path.stem}.md").write_text(text, encoding="utf-8")


def built(path: Path, *, small: bool = False) -> Path:
    """Return the folder that a lesson was built into, built now unless it is of this script and this library.

    Each lesson runs in a process and a temporary folder of its own, so that none leaves anything to another.
    """
    folder = BUILT / ("small" if small else "full") / path.stem
    key = path.read_text(encoding="utf-8") + library()
    if not current(folder, key):
        command = [sys.executable, "-m", "docs.generate.lessons", str(path), str(folder), *(["--small"] * small)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise RuntimeError(f"lesson {path.stem} does not run:\n{done.stderr[-3000:]}")
        keep(folder, key)
    return folder


def current(folder: Path, key: str) -> bool:
    """Return whether a folder was built from ``key``; any will do with ``ALRL_DOCS_KEEP=1``, to work on words alone."""
    stamp = folder / "built-from"
    if not stamp.is_file():
        return False
    return os.environ.get("ALRL_DOCS_KEEP") == "1" or stamp.read_text(encoding="utf-8") == _digest(key)


def keep(folder: Path, key: str) -> None:
    """Write down what a folder was built from."""
    (folder / "built-from").write_text(_digest(key), encoding="utf-8")


def _digest(key: str) -> str:
    return hashlib.sha256(key.encode()).hexdigest()


def library() -> str:
    """Return a hash of the library's sources, its policies and this file: what figures depend on."""
    digest = hashlib.sha256(Path(__file__).read_bytes())
    for path in _sources():
        digest.update(path.read_bytes())
    return digest.hexdigest()


def _sources() -> Iterator[Path]:
    yield from sorted((ROOT / "alrl").rglob("*.py"))
    yield from sorted((ROOT / "alrl" / "policies").rglob("*.safetensors"))
    yield from sorted((ROOT / "alrl" / "policies").rglob("policy.json"))


def main(arguments: list[str]) -> None:
    """Build one lesson into a folder, or all of them, each into its own."""
    import tempfile

    small, names = "--small" in arguments, [each for each in arguments if each != "--small"]
    if not names:
        for path in lesson_files():
            sys.stdout.write(f"{built(path, small=small)}\n")
        return
    script, folder = Path(names[0]).resolve(), Path(names[1]).resolve()
    with tempfile.TemporaryDirectory() as place:
        os.chdir(place)
        build(script, folder, small=small)
        os.chdir(ROOT)


if __name__ == "__main__":
    main(sys.argv[1:])
