"""Progress bars for long work, on the terminal or silent."""

from __future__ import annotations

from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, SpinnerColumn, TaskID, TextColumn, TimeElapsedColumn
from rich.progress import TimeRemainingColumn as TimeLeft


class Bar:
    """One bar: advance it as work is done; a note says how things stand."""

    def __init__(self, progress: Progress | None, task: TaskID | None) -> None:
        self._progress, self._task = progress, task

    def advance(self, by: float = 1, note: str = "") -> None:
        """Move on by ``by`` units; ``note`` replaces the last one if given."""
        if self._progress is not None and self._task is not None:
            self._progress.advance(self._task, by)
            if note:
                self._progress.update(self._task, note=note)

    def done(self, note: str = "") -> None:
        """Fill the bar."""
        if self._progress is not None and self._task is not None:
            total = self._progress.tasks[self._progress.task_ids.index(self._task)].total
            self._progress.update(self._task, completed=total)
            if note:
                self._progress.update(self._task, note=note)


class Bars:
    """The bars of one job; a context manager. ``Bars(quiet=True)`` shows nothing.

    >>> with Bars(quiet=True) as bars:
    ...     bars.bar("train", 10).advance(3)
    """

    def __init__(self, *, quiet: bool = False, console: Console | None = None) -> None:
        self._progress = None
        if not quiet:
            self._progress = Progress(
                SpinnerColumn(),
                TextColumn("{task.description:<34}"),
                BarColumn(bar_width=28),
                MofNCompleteColumn(),
                TimeElapsedColumn(),
                TimeLeft(),
                TextColumn("[dim]{task.fields[note]}"),
                console=console,
                # Where no terminal listens, a line a second would drown the log.
                refresh_per_second=4,
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
        """A new bar of ``total`` units."""
        task = None if self._progress is None else self._progress.add_task(description, total=total, note="")
        return Bar(self._progress, task)

    def print(self, text: str) -> None:
        """A line above the bars."""
        if self._progress is not None:
            self._progress.console.print(text)
