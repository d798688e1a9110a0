"""Summary of a training for TensorBoard: curves over its steps, and its settings with how it ended (hparams)."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self


class Tracker:
    """Scalars and settings in the folder ``log``; without one, nothing is written. A context manager.

    >>> with Tracker(None) as tracker:
    ...     tracker.scalar("imitation/loss", 0.5, step=1)
    """

    def __init__(self, log: Path | None) -> None:
        self._writer: Any = None
        if log is not None:
            # TensorBoard takes a second to import: only who asks for curves pays for it.
            from torch.utils.tensorboard import SummaryWriter

            self._writer = SummaryWriter(str(log))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def scalar(self, name: str, value: float, step: int) -> None:
        """One point of a curve."""
        if self._writer is not None:
            self._writer.add_scalar(name, value, step)

    def settings(self, given: Mapping[str, Any], results: Mapping[str, float]) -> None:
        """Log the training's settings, nested tables as dotted names, and the numbers that it ended with."""
        if self._writer is None:
            return
        from torch.utils.tensorboard.summary import hparams

        # In this very file: SummaryWriter.add_hparams would make a run of its own for them.
        for summary in hparams(flat(given), dict(results)):
            self._writer.file_writer.add_summary(summary)
        for name, value in results.items():
            self._writer.add_scalar(name, value, 0)


def forget(log: Path) -> None:
    """Delete the curves in a folder, those of roll-outs below it too."""
    for file in sorted(log.rglob("events.out.tfevents.*")):
        file.unlink()
        with suppress(OSError):
            # Not where something else lies beside it.
            file.parent.rmdir()


def flat(given: Mapping[str, Any], prefix: str = "") -> dict[str, str | float | bool]:
    """Return Nested tables as one, by dotted names.

    What is no number or truth value becomes text, what is None is left out.

    >>> flat({"network": {"width": 64}, "sets": ["iris", "wine"], "ppo": None})
    {'network.width': 64, 'sets': 'iris, wine'}
    """
    rows: dict[str, str | float | bool] = {}
    for name, value in given.items():
        if isinstance(value, Mapping):
            rows |= flat(value, f"{prefix}{name}.")
        elif isinstance(value, list | tuple):
            rows[prefix + name] = ", ".join(map(str, value))
        elif value is not None:
            rows[prefix + name] = value if isinstance(value, int | float | bool) else str(value)
    return rows
