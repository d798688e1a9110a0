"""A table in LaTeX that fits a column or a page: wide tables are broken into several, one below the other."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from textwrap import wrap

COLUMN, TEXT, PAGE = 3.5, 5.5, 7.16
"""Inches: a column of a journal, the text of an article, the text of a page of two columns."""
_MARKS = {
    "±": r"$\pm$",
    "↓": r"$\downarrow$",
    "–": "--",
    "χ²": r"$\chi^2$",
    "−": "$-$",
    "∞": r"$\infty$",
    "τ": r"$\tau$",
}
_TEX = {"\\": r"\textbackslash{}", "~": r"\textasciitilde{}", "^": r"\textasciicircum{}"} | {
    letter: "\\" + letter for letter in "&%$#_{}"
}
_GAP = 6.0
"""Points between two columns."""
_ROWS = 48
"""Lines that a float has room for."""
_LABEL = 18
"""Characters of a label of a row beyond which it is wrapped."""

Cells = Sequence[str]


def tex(text: str) -> str:
    r"""Return text as LaTeX; a number below zero has a minus sign, not a hyphen.

    >>> tex("50 % ± 1"), tex("-0.25 on core-set")
    ('50 \\% $\\pm$ 1', '$-$0.25 on core-set')
    """
    text = re.sub(r"(?<![\w.)])-(?=\d)", "−", text)
    escaped = "".join(_TEX.get(letter, letter) for letter in text)
    for mark, command in _MARKS.items():
        escaped = escaped.replace(mark, command)
    # Whatever else the fonts of plain LaTeX lack must not stop a paper.
    return "".join(letter if ord(letter) < 0x250 else "?" for letter in escaped)


def latex(
    header: Cells,
    rows: Sequence[Cells],
    foot: Sequence[Cells],
    *,
    caption: str,
    notes: str,
    mark: str,
    label: str,
    width: float,
    bold: Callable[[str], bool],
) -> str:
    r"""Return floats of at most ``width`` inches, with the package booktabs; all but the first are continuations.

    ``label`` is what ``\\ref`` names; notes stand below the last float.
    """
    small = width <= COLUMN
    point = 4.0 if small else 4.5
    blocks = list(_blocks(header, [*rows, *foot], 72.27 * width, point))
    floats: list[list[list[int]]] = [[]]
    taken = 0
    for block in blocks:
        lines = sum(max(cell.count("\n") for cell in _wrapped(row, block)) + 1 for row in (*rows, *foot)) + 4
        if floats[-1] and taken + lines > _ROWS:
            floats, taken = [*floats, []], 0
        floats[-1].append(block)
        taken += lines
    kind = "table*" if width > TEXT else "table"
    parts = [f"% {mark}"] if mark else []
    for number, part in enumerate(floats):
        title = tex(" ".join(filter(None, (mark, f"{caption}." if caption else "", "(continued)" if number else ""))))
        parts += [rf"\begin{{{kind}}}", r"\centering", rf"\caption{{{title}}}"]
        parts += [] if number else [rf"\label{{tab:{label}}}"]
        parts += [r"\scriptsize" if small else r"\footnotesize", rf"\setlength{{\tabcolsep}}{{{_GAP / 2:g}pt}}"]
        bodies = ["\n".join(_tabular(header, rows, foot, block, bold)) for block in part]
        parts.append("\n\\par\\medskip\n".join(bodies))
        if number == len(floats) - 1 and notes:
            parts.append(rf"\par\smallskip\parbox{{\linewidth}}{{\raggedright {tex(notes)}}}")
        parts += [rf"\end{{{kind}}}"]
    return "\n".join([*parts, ""])


def _blocks(header: Cells, rows: Sequence[Cells], room: float, point: float) -> Iterator[list[int]]:
    """Yield the columns of each part, by number: as many as fit beside the labels."""

    def size(column: int) -> float:
        cells = [_wrap(header[column], 10), *(_wrap(row[0], _LABEL) if column == 0 else row[column] for row in rows)]
        return _GAP + point * max(len(line) for cell in cells for line in cell.split("\n"))

    labels = size(0)
    block: list[int] = []
    taken = labels
    for column in range(1, len(header)):
        if block and taken + size(column) > room:
            yield block
            block, taken = [], labels
        block.append(column)
        taken += size(column)
    yield block


def _tabular(
    header: Cells, rows: Sequence[Cells], foot: Sequence[Cells], block: Sequence[int], bold: Callable[[str], bool]
) -> Iterator[str]:
    yield rf"\begin{{tabular}}{{@{{}}l{'r' * len(block)}@{{}}}}"
    yield r"\toprule"
    heads = [_stack(_wrap(header[0], 10), "l"), *(_stack(_wrap(header[column], 10), "r") for column in block)]
    yield " & ".join(heads) + r" \\"
    for part in (rows, foot):
        if part:
            yield r"\midrule"
        for row in part:
            cells = [rf"\textbf{{{tex(row[at])}}}" if bold(row[at]) else tex(row[at]) for at in block]
            yield " & ".join([_stack(_wrap(row[0], _LABEL), "l"), *cells]) + r" \\"
    yield r"\bottomrule"
    yield r"\end{tabular}"


def _wrapped(row: Cells, block: Sequence[int]) -> list[str]:
    return [_wrap(row[0], _LABEL), *(row[column] for column in block)]


def _wrap(text: str, width: int) -> str:
    return "\n".join(wrap(text, width, break_long_words=False, break_on_hyphens=True)) or text


def _stack(text: str, side: str) -> str:
    lines = [tex(line) for line in text.split("\n")]
    stacked = r" \\ ".join(lines)
    return rf"\shortstack[{side}]{{{stacked}}}" if len(lines) > 1 else stacked
