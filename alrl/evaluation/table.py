"""One table, and its forms: plain text, Markdown, LaTeX, HTML, CSV and the terminal's."""

from __future__ import annotations

import html
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from textwrap import fill
from typing import TYPE_CHECKING

from alrl.evaluation.latex import TEXT, latex
from alrl.evaluation.spreadsheet import SpreadsheetWriter

if TYPE_CHECKING:
    from rich.table import Table as RichTable

MISSING = "–"


class Bold(str):
    """A cell in bold."""

    __slots__ = ()


class Markup(str):
    """A cell that is HTML already."""

    __slots__ = ()


Row = tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A header and rows of text; the first column stands to the left, the others to the right.

    >>> table = Table(header=("labels", "accuracy"), rows=(("0", "50.00"), ("10", Bold("71.25"))), caption="two")
    >>> print(table)
    two
    labels  accuracy
    ------  --------
    0          50.00
    10         71.25
    >>> print(table.to_markdown())
    two
    <BLANKLINE>
    | labels | accuracy |
    | :-- | --: |
    | 0 | 50.00 |
    | 10 | **71.25** |
    <BLANKLINE>
    """

    header: Row
    rows: tuple[Row, ...]
    foot: tuple[Row, ...] = ()
    """Rows below a line."""
    caption: str = ""
    notes: str = ""
    mark: str = ""
    """A warning above everything, say that the study is incomplete."""
    emphasis: str | None = None
    """The column, or row, that the table is about."""

    def __str__(self) -> str:
        """Return the table for any terminal and log."""
        rows = (self.header, *self.rows, *self.foot)
        widths = [max(len(row[column]) for row in rows) for column in range(len(self.header))]
        lines = [self.header, tuple("-" * width for width in widths), *self.rows, *self.foot]
        return "\n".join([self.caption, *(_aligned(row, widths) for row in lines)])

    def to_markdown(self) -> str:
        """Return the table in Markdown, its mark and caption above, its notes below."""
        lines = [f"**{self.mark}**", ""] if self.mark else []
        lines += [self.caption, ""] if self.caption else []
        return "\n".join([*lines, *self.markdown_rows(), *(["", self.notes] if self.notes else []), ""])

    def markdown_rows(self) -> Iterator[str]:
        """Yield the lines of the table alone, in Markdown."""
        yield _pipes(self.header)
        yield _pipes((":--", *["--:"] * (len(self.header) - 1)))
        for row in (*self.rows, *self.foot):
            yield _pipes(tuple(f"**{cell}**" if isinstance(cell, Bold) else cell for cell in row))

    def to_latex(self, *, width: float = TEXT, label: str = "results") -> str:
        r"""Return the table in LaTeX, at most ``width`` inches wide; needs the package booktabs.

        ``label`` is what ``\\ref{tab:...}`` names.
        """
        parts = {"caption": self.caption, "notes": self.notes, "mark": self.mark}
        look: Callable[[str], bool] = lambda cell: isinstance(cell, Bold)  # noqa: E731
        return latex(self.header, self.rows, self.foot, **parts, label=label, width=width, bold=look)

    def to_html(self) -> str:
        """Return the table in HTML, scrollable where it is too wide, its caption above; cells are text or Markup."""
        head = "".join(_head(name, "col", self.emphasis) for name in self.header)
        body = "".join(map(self._html_row, self.rows))
        foot = f"<tfoot>{''.join(map(self._html_row, self.foot))}</tfoot>" if self.foot else ""
        caption = html.escape(self.caption)
        return (
            f'<p class="note">{caption}.</p>\n'
            f'<div class="scroll" role="region" tabindex="0" aria-label="{caption}">'
            f"<table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>{foot}</table></div>"
        )

    def _html_row(self, row: Row) -> str:
        cells = "".join(f"<td>{cell if isinstance(cell, Markup) else html.escape(cell)}</td>" for cell in row[1:])
        return f"<tr>{_head(row[0], 'row', self.emphasis)}{cells}</tr>"

    def to_csv(self) -> str:
        """Return header and rows as CSV, cells that a spreadsheet would take for a formula escaped."""
        buffer = io.StringIO()
        SpreadsheetWriter(buffer).writerows([self.header, *self.rows, *self.foot])
        return buffer.getvalue()

    def to_rich(self, *, title: str | None = None) -> RichTable:
        """Return the table for the terminal, its caption (or ``title``) above, its mark and notes below."""
        from rich.markup import escape
        from rich.table import Table as RichTable
        from rich.text import Text

        below = " ".join(filter(None, (self.mark, self.notes)))
        table = RichTable(title=title or self.caption or None, caption=below or None)
        table.add_column(self.header[0], no_wrap=True)
        for name in self.header[1:]:
            style = "bold" if name == self.emphasis else ""
            table.add_column(Text(name, style=style), justify="right", overflow="fold")
        for row in self.rows:
            cells = (f"[bold green]{cell}[/]" if isinstance(cell, Bold) else cell for cell in row[1:])
            table.add_row(escape(row[0]), *cells)
        table.add_section()
        for row in self.foot:
            # Labels below are longer than those above: wrapped, they leave the room to the numbers.
            table.add_row(escape(fill(row[0], 16)), *row[1:])
        return table


def _aligned(row: Row, widths: list[int]) -> str:
    cells = [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
    return "  ".join(cells).rstrip()


def _pipes(row: Row) -> str:
    return "| " + " | ".join(cell.replace("|", r"\|") for cell in row) + " |"


def _head(text: str, scope: str, emphasis: str | None) -> str:
    marked = ' class="emphasis"' if emphasis is not None and text == emphasis else ""
    return f'<th scope="{scope}"{marked}>{html.escape(text)}</th>'
