"""An episode as a picture: the pool in two dimensions, what was picked, and the learning curve so far."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from torch import Tensor

from alrl.envs.episodes import Game
from alrl.loop.pool_view import PoolView

if TYPE_CHECKING:
    from matplotlib.axes import Axes


_COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#56B4E9", "#D55E00", "#F0E442", "#999999")
"""Okabe and Ito 2008; of more classes some share a colour and differ in their marker."""
_MARKERS = "os^Dv"
_INCHES, _DOTS = (9.0, 4.5), 100
FRAMES_A_SECOND = 4
"""At which a film of pictures can be followed."""
_STYLE: dict[Any, Any] = {
    "font.family": "DejaVu Sans",
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
}


class EpisodePicture:
    """Keeps what one episode's picture needs and draws it: ``begin``, then ``add`` after every step.

    Left, the pool's records on its first two principal axes: labelled ones filled in the colour of the label given,
    the others small in the colour of the class that the learner predicts, the last ones picked with a ring. Right, the
    metric on the validation part after each refit.

    >>> from alrl.testing.example_view import example_view
    >>> picture = EpisodePicture(metric="accuracy")
    >>> picture.begin(example_view(seed=0, records=(9,)), episode=0, score=0.5)
    >>> picture.frame().shape, picture.frame().dtype
    ((450, 900, 3), dtype('uint8'))
    """

    def __init__(self, *, metric: str) -> None:
        self.metric = metric
        self._curve: list[tuple[int, float]] = []

    def begin(self, view: PoolView, *, episode: int, score: float) -> None:
        """Take up a new episode, at this place of the view's batch."""
        self._episode = episode
        self._axes = _principal_axes(view.features[episode][view.exists[episode]])
        self._curve, self._last = [], np.zeros(0, dtype=np.int64)
        self._known = np.zeros(view.exists.shape[1], dtype=bool)
        self._queries = np.zeros(view.exists.shape[1], dtype=np.int64)
        self._first = True
        self.add(view, score=score)

    def add(self, view: PoolView, *, score: float) -> None:
        """Take up the episode's state after a step."""
        known = view.known[self._episode].cpu().numpy()
        # A record that is asked for again was known before.
        queries = self._queries if view.times_queried is None else view.times_queried[self._episode].cpu().numpy()
        both = min(len(known), len(self._known))
        fresh = np.flatnonzero((known[:both] & ~self._known[:both]) | (queries[:both] > self._queries[:both]))
        self._queries = queries
        if len(fresh) and not self._first:
            self._last = fresh
        self._known, self._first, self._view = known, False, view
        spent = int(view.spent[self._episode])
        if self._curve and self._curve[-1][0] == spent:
            self._curve[-1] = (spent, score)
        else:
            self._curve.append((spent, score))

    def frame(self) -> NDArray[np.uint8]:
        """Return the picture, (450, 900, 3), red, green and blue."""
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        with mpl.rc_context(_STYLE):
            figure = Figure(figsize=_INCHES, dpi=_DOTS, layout="constrained")
            canvas: Any = FigureCanvasAgg(figure)
            pool, curve = figure.subplots(1, 2, width_ratios=(5, 4))
            self._draw_pool(pool)
            self._draw_curve(curve)
            canvas.draw()
            return np.asarray(canvas.buffer_rgba())[..., :3].copy()

    def line(self) -> str:
        """Return the state of the episode in a line of text."""
        labels, score = self._curve[-1]
        picked = f"picked {', '.join(map(str, self._last.tolist()))}; " if len(self._last) else ""
        return f"{picked}{labels} labels bought, {self.metric} {score:.3f} on the validation part"

    def _draw_pool(self, axes: Axes) -> None:
        view, here = self._view, self._episode
        labelled = view.labelled[here].cpu().numpy()
        shown = view.predicted[here].cpu().numpy().copy()
        real = view.labelled_mask[here].cpu().numpy()
        shown[view.labelled_index[here].cpu().numpy()[real]] = view.labels[here].cpu().numpy()[real]
        exists = view.exists[here].cpu().numpy()
        place = np.zeros((len(exists), 2))
        place[np.flatnonzero(exists)[: len(self._axes)]] = self._axes
        for known, size, opacity in ((False, 12, 0.35), (True, 46, 1.0)):
            for label in np.unique(shown[exists]):
                rows = exists & (labelled == known) & (shown == label)
                axes.scatter(
                    place[rows, 0],
                    place[rows, 1],
                    s=size,
                    c=_COLOURS[label % len(_COLOURS)],
                    marker=_MARKERS[label // len(_COLOURS) % len(_MARKERS)],
                    alpha=opacity,
                    linewidths=0.6 if known else 0,
                    edgecolors="white",
                )
        ringed = place[self._last]
        axes.scatter(ringed[:, 0], ringed[:, 1], s=150, facecolors="none", edgecolors="black", linewidths=1.4)
        axes.set(xticks=[], yticks=[], xlabel="first principal axis", ylabel="second principal axis")
        axes.set_title(f"{int(labelled.sum())} of {int(exists.sum())} records labelled; ringed: the last picked")

    def _draw_curve(self, axes: Axes) -> None:
        labels, scores = zip(*self._curve, strict=True)
        axes.plot(labels, scores, color=_COLOURS[0], marker="o", markersize=3, linewidth=1.5)
        axes.set(xlim=(0, max(1, int(self._view.budget[self._episode]))), ylim=(0, 1.02))
        axes.set(xlabel="labels bought after the first sample", ylabel=f"{self.metric}, validation part")
        axes.grid(color="#E4E4E4", linewidth=0.5)
        axes.set_title(f"{self.metric} now: {scores[-1]:.3f}")


def _principal_axes(X: Tensor) -> NDArray[np.float64]:
    """Return records (N, D) on their first two principal axes, (N, 2), each axis pointing to its farthest record."""
    centred = X.double().cpu().numpy()
    centred = centred - centred.mean(0)
    _, _, rows = np.linalg.svd(centred, full_matrices=False)
    place = np.zeros((len(centred), 2))
    place[:, : min(2, len(rows))] = centred @ rows[:2].T
    farthest = np.take_along_axis(place, np.abs(place).argmax(0)[None], 0)
    return place * np.where(farthest < 0, -1.0, 1.0)


class Album:
    """One picture an episode, kept up to date after every step.

    Args:
        game: what is played.
        metric: the metric of its reward, to be named in the pictures.
    """

    def __init__(self, game: Game, metric: str) -> None:
        self._game, self._metric = game, metric
        self.pictures: list[EpisodePicture] = []
        """In the order of the episodes; none before the first has begun."""

    def begin(self, episodes: Sequence[int]) -> None:
        """Take up new episodes at these places."""
        while len(self.pictures) < self._game.episodes:
            self.pictures.append(EpisodePicture(metric=self._metric))
        view, score = self._game.view, self._game.score()
        for episode in episodes:
            self.pictures[episode].begin(view, episode=episode, score=float(score[episode]))

    def add(self, begun: Sequence[int]) -> None:
        """Take up a step, in which the episodes ``begun`` have begun anew."""
        view, score = self._game.view, self._game.score()
        for episode in set(range(self._game.episodes)) - set(begun):
            self.pictures[episode].add(view, score=float(score[episode]))
        self.begin(begun)


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
        from matplotlib import get_backend
        from matplotlib.backends.registry import BackendFilter, backend_registry

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
