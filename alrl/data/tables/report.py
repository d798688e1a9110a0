"""Report what was recognised, left out, filled and encoded when a table was read, for people and for the record."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

_SHOWN = 8
ONE_VALUE = "one value in every record"
"""Why a constant column is left out."""


@dataclass(frozen=True, kw_only=True)
class DataReport:
    """Account of how a table was read; :attr:`lines` tells people, :meth:`to_json` is kept with a run.

    >>> report = DataReport(source="own.csv", records=3, label="kind", label_by="last column",
    ...                     classes={"a": 2, "b": 1}, features=2, left_out={"id": "identifiers"})
    >>> print(report)
    own.csv: 3 records, 2 features, 2 classes of 'kind' (a 2, b 1)
      label: 'kind', guessed as it is the last column; --label NAME (label= in Python) names another
      left out: 'id' (identifiers)
    """

    source: str
    """The file, or what a frame is called."""
    records: int
    """Labelled records: those of the data set; of a labelling project all records."""
    unlabelled: int = 0
    """Records without a label, which are no part of the data set."""
    label: str
    label_by: str
    """How the label was found: ``given``, ``name``, ``last column`` or ``array y``."""
    classes: Mapping[str, int]
    """Records of each class, in the order of the codes."""
    features: int
    """Columns of X; of a labelling project those that describe its records."""
    left_out: Mapping[str, str] = field(default_factory=dict)
    """By column: why it is no feature."""
    filled: Mapping[str, int] = field(default_factory=dict)
    """By column: missing numbers, which became its mean beside an indicator."""
    encoded: Mapping[str, str] = field(default_factory=dict)
    """By column: what became of text and dates."""
    notes: Sequence[str] = ()
    """What was found out about the source."""

    @property
    def guessed(self) -> bool:
        """Whether nothing but its place speaks for the label column."""
        return self.label_by == "last column"

    @property
    def constant_columns(self) -> tuple[str, ...]:
        """Columns that were left out because all records have one value there."""
        return tuple(name for name, reason in self.left_out.items() if reason == ONE_VALUE)

    @property
    def lines(self) -> list[str]:
        """The report in lines; all but the first say what is not as it was in the source."""
        counts = ", ".join(f"{name} {count}" for name, count in list(self.classes.items())[:_SHOWN])
        more = ", ..." if len(self.classes) > _SHOWN else ""
        head = f"{self.source}: {self.records} records, {self.features} features"
        lines = [f"{head}, {len(self.classes)} classes of {self.label!r} ({counts}{more})", *self.sentences]
        return [lines[0], *(f"  {line}" for line in lines[1:])]

    @property
    def sentences(self) -> list[str]:
        """What was found out and changed, a sentence each."""
        lines = []
        if self.guessed:
            guess = f"label: {self.label!r}, guessed as it is the last column"
            lines.append(f"{guess}; --label NAME (label= in Python) names another")
        if self.unlabelled:
            lines.append(f"{self.unlabelled} records have no label: only the {self.records} that have one are used")
        lines += self.notes
        reasons: dict[str, list[str]] = {}
        for name, reason in self.left_out.items():
            reasons.setdefault(reason, []).append(name)
        lines += [f"left out: {_some(names)} ({reason})" for reason, names in reasons.items()]
        if self.filled:
            imputed = _some([f"{name!r} {count}" for name, count in self.filled.items()], quote=False)
            lines.append(f"missing values became the column's mean, with an indicator beside it: {imputed}")
        made: dict[str, list[str]] = {}
        for name, how in self.encoded.items():
            made.setdefault(how, []).append(name)
        return [*lines, *(f"encoded: {_some(names)} ({how})" for how, names in made.items())]

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        return {key: dict(value) if isinstance(value, Mapping) else value for key, value in asdict(self).items()}

    def __str__(self) -> str:
        return "\n".join(self.lines)


def _some(names: Sequence[str], *, quote: bool = True) -> str:
    shown = [repr(name) if quote else name for name in names[:_SHOWN]]
    return ", ".join(shown) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")
