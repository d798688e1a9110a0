"""A table of text that prints readably anywhere."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class TextTable:
    """A header and rows of strings; ``str`` lines them up.

    >>> print(TextTable(title="two", header=("labels", "accuracy"), rows=(("0", "50.00"), ("10", "71.25"))))
    two
    labels  accuracy
    ------  --------
    0          50.00
    10         71.25
    """

    title: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def __str__(self) -> str:
        """Return the first column to the left, the others to the right."""
        widths = [max(len(row[column]) for row in (self.header, *self.rows)) for column in range(len(self.header))]
        lines = [self.header, tuple("-" * width for width in widths), *self.rows]
        return "\n".join([self.title, *(_line(row, widths) for row in lines)])


def _line(row: tuple[str, ...], widths: list[int]) -> str:
    first, *others = zip(row, widths, strict=True)
    return "  ".join([first[0].ljust(first[1]), *(text.rjust(width) for text, width in others)]).rstrip()
