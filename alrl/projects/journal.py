"""The log of a project as one process sees it: events read as they come, and written alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Collection, Iterable, Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from alrl.errors import ProjectError
from alrl.projects.event_log import Event, EventLog, Transaction
from alrl.projects.state import State
from alrl.projects.telling import as_written, id_of
from alrl.projects.times import seconds_of

if TYPE_CHECKING:
    from alrl.projects.records.pool import Pool

LOG = "log.sqlite"


def folder_of(folder: Any) -> Path:
    """Return a project's folder as a path. Raises ProjectError for what is no path."""
    if not isinstance(folder, str | Path):
        raise ProjectError(f"a project called {folder!r} given; give its folder")
    return Path(folder)


def check_opening(clock: Any, trusted: Any) -> None:
    """Raise ProjectError for a clock that cannot be called, and for trusted types that are no list of names."""
    if not callable(clock):
        raise ProjectError(f"clock = {clock!r} given; give a function that returns seconds, such as time.time")
    if isinstance(trusted, str | bytes) or not isinstance(trusted, Collection):
        raise ProjectError(f"trusted = {trusted!r} given; give a list of types, such as ['package.module.Class']")


class Journal:
    """The log in a folder, its state and its records. Raises ProjectError where there is none."""

    def __init__(self, folder: Path, *, trusted: Collection[str] = (), clock: Callable[[], float] = time.time) -> None:
        check_opening(clock, trusted)
        self.folder, self.trusted = folder, tuple(trusted)
        self.log = EventLog(folder / LOG, clock=clock)
        self._lock = threading.RLock()
        self._state, self._shown = State(), False
        self._pool: tuple[Any, Pool] | None = None
        self.last_fit: tuple[str, Any] | None = None
        """Fingerprint and fit of the last round that this process fitted."""

    @property
    def state(self) -> State:
        """The state after everything that any process has written: it stays as it is, whatever is written later."""
        with self._lock:
            self._extend(self.log.after(self._state.number))
            self._shown = True
            return self._state

    def state_and_pool(self) -> tuple[State, Pool]:
        """Return the state and the records that it speaks of, of one moment."""
        with self._lock:
            pool = self.pool()
            return self._state, pool

    def events(self) -> list[Event]:
        """Return everything that has happened."""
        return self.log.after(0)

    def at(self, when: str | float | datetime) -> State:
        """Return the state as it was at a time: seconds since 1970, a datetime, or a date, which is its end (UTC).

        Events count up to the first that a later clock wrote.
        """
        limit = seconds_of(when)
        state = State()
        for event in self.events():
            if event.at > limit:
                break
            state.apply(event)
        if not state.number:
            raise ProjectError(f"the project was made after {when}; give a later time")
        return state

    def pool(self) -> Pool:
        """Return the records; read once, and again when some were added."""
        with self._lock:
            state = self.state
            key = ([file["sha256"] for file in state.files], list(state.classes))
            if self._pool is None or self._pool[0] != key:
                # Imported here: a status needs neither records nor what reads them.
                from alrl.projects.records.pool import Pool

                self._pool = (key, Pool(self.folder, state.files, state.classes))
            return self._pool[1]

    def known(self, records: Iterable[Any], otherwise: str) -> list[str]:
        """Return identifiers as the project writes them; numbers are taken as text, and a text alone is one identifier.

        Raises InvalidDataError for those of no record, with what may be meant and with what was not done ``otherwise``.
        """
        erased, known = self.state.erased, self.pool().position.keys()
        given = [records] if isinstance(records, str) else records
        return as_written([id_of(each) for each in given], known - erased if erased else known, otherwise)

    def forget(self) -> None:
        """Read everything anew from the folder at the next use."""
        with self._lock:
            self._state, self._shown, self._pool, self.last_fit = State(), False, None, None

    @contextmanager
    def writing(self) -> Iterator[tuple[Transaction, State]]:
        """Write alone, with the state of now, which events have to be applied to."""
        with self._lock:
            try:
                with self.log.writing() as transaction:
                    self._extend(transaction.after(self._state.number))
                    self._change()
                    yield transaction, self._state
            except BaseException:
                # It may hold events that were never committed.
                self._state, self._shown = State(), False
                raise

    def _extend(self, events: Iterable[Event]) -> None:
        if events := list(events):
            self._change()
        for event in events:
            self._state.apply(event)

    def _change(self) -> None:
        """Have a state that nobody else looks at: a fit in another thread goes on from the one that it was shown."""
        if self._shown:
            self._state, self._shown = self._state.copy(), False
