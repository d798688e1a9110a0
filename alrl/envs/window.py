"""Shows an episode to a person: in a window where there is a screen, else line by line in the terminal."""

from __future__ import annotations

from typing import Any

from matplotlib import get_backend
from matplotlib.backends.registry import BackendFilter, backend_registry
from rich.console import Console

from alrl.envs.picture import EpisodePicture

_MOMENT = 0.001
"""Seconds that the window is given to draw."""


class Window:
    """One window of matplotlib's, brought up to date with :meth:`show`.

    Without a screen (matplotlib then has no interactive backend) each call writes the episode's line of text instead.
    """

    def __init__(self, console: Console | None = None) -> None:
        self._console = console or Console()
        self._figure: Any = None

    def show(self, picture: EpisodePicture) -> None:
        """Show the picture as it is now."""
        known: Any = backend_registry
        interactive = {name.lower() for name in known.list_builtin(BackendFilter.INTERACTIVE)}
        if get_backend().lower() not in interactive:
            self._console.print(picture.line(), markup=False, highlight=False)
            return
        from matplotlib import pyplot as plt

        frame = picture.frame()
        if self._figure is None:
            height, width = frame.shape[:2]
            self._figure = plt.figure(figsize=(width / 100, height / 100), dpi=100)
        self._figure.clear()
        self._figure.figimage(frame)
        self._figure.canvas.draw_idle()
        plt.pause(_MOMENT)

    def close(self) -> None:
        """Close the window, if one was opened."""
        if self._figure is not None:
            from matplotlib import pyplot as plt

            plt.close(self._figure)
            self._figure = None
