"""Taking the answers of several annotators at once, wherever they come from: each is written once."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from alrl.errors import InvalidDataError
from alrl.projects.answers import Answer
from alrl.projects.telling import Receipt, as_known, faults

if TYPE_CHECKING:
    from alrl.projects.project import Project

AnswerRow = tuple[str, Answer]
"""Where an answer stands in its source, such as ``row 7``, and the answer."""


@dataclass(frozen=True, kw_only=True)
class Taken:
    """What became of a file of answers."""

    receipts: dict[str, Receipt]
    """By annotator."""
    empty: int
    """Rows without an answer yet."""
    left_out: tuple[str, ...]
    """What was wrong with the rows that were left out."""

    @property
    def written(self) -> int:
        """Events that were written."""
        return sum(receipt.written for receipt in self.receipts.values())


def take_rows(
    project: Project,
    by_annotator: Mapping[str, Sequence[AnswerRow]],
    *,
    source: str,
    empty: int,
    leave_out: bool,
    correct: bool,
    untaken: Sequence[str] = (),
) -> Taken:
    """Take answers.

    Args:
        project: whose answers they are.
        by_annotator: the answers of each annotator, with their places.
        source: where they come from, such as a file's name.
        empty: places without an answer yet.
        leave_out: take the others where some cannot be taken, instead of none.
        correct: an answer that was given before, and corrected or set aside since, counts anew.
        untaken: places that hold no answer that can be taken, and why; the others are taken all the same.

    Raises InvalidDataError, naming places, for unknown records and classes, and for answers that contradict each other.
    """
    known = project.pool().position
    by_annotator = {
        who: list(
            zip(
                [place for place, _ in rows],
                as_known([answer for _, answer in rows], known, project.state.classes),
                strict=True,
            )
        )
        for who, rows in by_annotator.items()
    }
    wrong = [
        f"{source}, {rows[place][0]}: {fault}"
        for rows in by_annotator.values()
        for place, fault in faults([answer for _, answer in rows], known, project.state).items()
    ]
    if wrong and not leave_out:
        raise InvalidDataError(
            f"{len(wrong)} answers cannot be taken, so none was: {'; '.join(wrong[:3])}. Mend them, add a class (alrl"
            " project classes), or take the others: --leave-out"
        )
    receipts = {
        who: project.tell(
            [answer for _, answer in rows],
            annotator=who,
            repeats="correct" if correct else "ignore",
            source=source,
            leave_out=True,
        )
        for who, rows in by_annotator.items()
    }
    left_out = (*wrong, *(f"{source}, {each}" for each in untaken))
    return Taken(receipts=receipts, empty=empty, left_out=left_out)
