"""Progress bars for long work: moving on a terminal, a line for each finished bar elsewhere, or silent."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft


class Bar:
    """One bar: advance it as work is done; a note says how things stand."""

    def __init__(self, progress: Progress | None, description: str, total: float) -> None:
        self._progress, self._description, self._total = progress, description, total
        self._task: TaskID | None = None
        self._began = time.perf_counter()
        if progress is not None:
            self._task = progress.add_task(escape(description), total=total, note="")

    def advance(self, by: float = 1, note: str = "") -> None:
        """Move on by ``by`` units; ``note`` replaces the last one if given."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, by)
            self._show(note)

    def done(self, note: str = "") -> None:
        """Fill the bar."""
        if self._progress is None or self._task is None:
            return
        self._progress.update(self._task, completed=self._total)
        self._show(note)
        if self._progress.disable:
            # No terminal listens: moving bars would drown the log, silence would worry its reader.
            line = f"{self._description.strip()}: {self._total:g} in {time.perf_counter() - self._began:.0f} s"
            self._progress.console.print(
                f"{line}; {note}" if note else line, markup=False, highlight=False, soft_wrap=True
            )

    def _show(self, note: str) -> None:
        if self._progress is not None and self._task is not None and note:
            self._progress.update(self._task, note=escape(note))


class Bars:
    """The bars of one job; a context manager. ``Bars(quiet=True)`` shows nothing.

    >>> with Bars(quiet=True) as bars:
    ...     bars.bar("train", 10).advance(3)
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._progress = None
        if not quiet:
            console = console or Console()
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description:<34}"),
                BarColumn(bar_width=16),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeLeft(),
                TextColumn("[dim]{task.fields[note]}"),
                console=console,
                refresh_per_second=4,
                disable=not console.is_terminal,
            )

    def __enter__(self) -> Self:
        if self._progress is not None:
            self._progress.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._progress is not None:
            self._progress.stop()

    def bar(self, description: str, total: float) -> Bar:
        """Return a new bar of ``total`` units."""
        return Bar(self._progress, description, total)

    def print(self, text: str) -> None:
        """Print a line above the bars."""
        if self._progress is not None:
            self._progress.console.print(text, markup=False)
