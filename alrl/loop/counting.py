"""Count what loops do: queries played, refits, and those of roll-outs apart."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from torch import Tensor

CountOrMask = int | Tensor


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Numbers of what was done."""

    steps: int = 0
    """Queries, of every episode of every simulator."""
    rolled_out: int = 0
    """Queries of roll-outs, which a look-ahead plays to see what a candidate is worth."""
    refits: int = 0
    """Fits of the learner, roll-outs' and first samples' included."""
    cpu_seconds: float = 0.0
    """Processor time, of this process and of all its threads."""

    def __add__(self, other: Tally) -> Tally:
        names = [field.name for field in dataclasses.fields(self)]
        return Tally(**{name: getattr(self, name) + getattr(other, name) for name in names})

    @property
    def summary(self) -> dict[str, int | float]:
        """What was done beyond the queries of simulators, for a card."""
        took = round(self.cpu_seconds, 2)
        return {"look_ahead_steps": self.rolled_out, "refits": self.refits, "cpu_seconds": took}


class Counter:
    """Counts while it is open; :func:`counted` makes one."""

    def __init__(self) -> None:
        self._noted = Tally()
        self._began = time.process_time()
        self._took: float | None = None

    def add(self, more: Tally) -> None:
        """Add what was done elsewhere, such as in another process."""
        self._noted = self._noted + more

    def resume(self, before: Tally) -> None:
        """Go on from what another process had counted, and forget what was counted here."""
        self._noted, self._began = before, time.process_time()

    def close(self) -> None:
        """Stop the clock."""
        self._took = time.process_time() - self._began

    @property
    def tally(self) -> Tally:
        """What was counted so far."""
        took = time.process_time() - self._began if self._took is None else self._took
        return self._noted + Tally(cpu_seconds=took)


_OPEN: list[Counter] = []


@contextmanager
def counted() -> Iterator[Counter]:
    """Count what loops of this process do within the block; blocks may lie in one another, and each counts all.

    >>> with counted() as outer, counted() as inner:
    ...     note(steps=3, refits=3)
    >>> inner.tally.steps, outer.tally.refits, outer.tally.cpu_seconds < 60
    (3, 3, True)
    """
    counter = Counter()
    _OPEN.append(counter)
    try:
        yield counter
    finally:
        _OPEN.remove(counter)
        counter.close()


def counting() -> bool:
    """Return whether anybody counts."""
    return bool(_OPEN)


def note(*, steps: CountOrMask = 0, rolled_out: CountOrMask = 0, refits: CountOrMask = 0) -> None:
    """Tell whoever counts a number, or how often a mask is True; nothing is worked out where none does."""
    if not counting():
        return
    steps, rolled_out, refits = (
        each if isinstance(each, int) else int(each.sum()) for each in (steps, rolled_out, refits)
    )
    for counter in _OPEN:
        counter.add(Tally(steps=steps, rolled_out=rolled_out, refits=refits))
