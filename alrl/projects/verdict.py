"""What kind of learning curve this is: starved of data, saturating, or ill-behaved (Figure 1)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from alrl.projects.curve import Point

Kind = Literal["undecided", "data-starved", "saturating", "ill-behaved"]

LEAST_POINTS = 4
STARVED_GAIN = 0.01
"""Accuracy that twice the labels have to promise for a curve to count as starved."""
FALL = 0.02
"""Accuracy that a curve has to have lost from its best part for it to count as ill-behaved."""
_DRAWS = 400
_SURE = 0.5


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The kind of a learning curve, with the evidence."""

    kind: Kind
    gain: float
    """Accuracy that doubling the labels would add, extrapolated."""
    low: float
    high: float
    """Its 95 % interval."""
    chances: dict[str, float]
    """Share of the resampled curves of each kind."""
    labels: int

    def sentence(self) -> str:
        """Return the verdict in words.

        >>> chances = {"data-starved": 0.9, "saturating": 0.1, "ill-behaved": 0.0}
        >>> Verdict(kind="data-starved", gain=0.04, low=0.02, high=0.06, chances=chances, labels=80).sentence()
        'data-starved (90 % of resampled curves): twice the 80 labels would add 4.0 points (2.0 to 6.0)'
        """
        if self.kind == "undecided":
            return f"undecided after {self.labels} labels: {LEAST_POINTS} rounds with an estimate are needed at least"
        return (
            f"{self.kind} ({100 * self.chances[self.kind]:.0f} % of resampled curves): twice the {self.labels} labels"
            f" would add {100 * self.gain:.1f} points ({100 * self.low:.1f} to {100 * self.high:.1f})"
        )


def verdict(points: Sequence[Point], seed: int = 0) -> Verdict:
    """Return the kind of the curve through the estimates of ``points``.

    The curve is resampled within its estimates' errors. Each draw is fitted by a line in the logarithm of the labels
    over its later half, whose slope gives the gain of doubling; a draw that ends :data:`FALL` below its best is
    ill-behaved. The kind is that of most draws.
    """
    usable = [(each.labels, each.best) for each in points if each.best is not None]
    n = np.array([labels for labels, _ in usable], dtype=np.float64)
    accuracy = np.array([best.accuracy for _, best in usable])
    error = np.array([max(1e-3, (best.high - best.low) / 3.92) for _, best in usable])
    return verdict_of(n, accuracy, error, seed)


def verdict_of(
    labels: NDArray[np.float64], accuracy: NDArray[np.float64], error: NDArray[np.float64], seed: int = 0
) -> Verdict:
    """Return the verdict on estimates ``accuracy`` (R,) of standard ``error`` (R,) after ``labels`` (R,), ascending.

    >>> n = np.array([20.0, 40.0, 60.0, 80.0, 100.0, 120.0])
    >>> verdict_of(n, 0.5 + 0.1 * np.log2(n / 20), np.full(6, 0.01)).kind
    'data-starved'
    >>> verdict_of(n, np.full(6, 0.9), np.full(6, 0.01)).kind
    'saturating'
    """
    count = int(labels[-1]) if len(labels) else 0
    if len(labels) < LEAST_POINTS:
        return Verdict(kind="undecided", gain=0.0, low=-1.0, high=1.0, chances={}, labels=count)
    # Successive estimates share most of their records: a shift common to all tells nothing of the shape.
    rng = np.random.default_rng([seed, len(labels)])
    fresh = np.sqrt(np.clip(np.diff(labels, prepend=0.0) / labels, 0.0, 1.0))
    steps = rng.normal(size=(_DRAWS, len(labels))) * (error * fresh)
    draws = accuracy + steps
    half = len(labels) // 2
    x = np.log2(labels[half:])
    centred = x - x.mean()
    slope = (draws[:, half:] * centred).sum(1) / max(1e-12, float((centred**2).sum()))
    smooth = _smooth(draws)
    fallen = smooth[:, :-1].max(1) - smooth[:, -1] > FALL
    kinds = np.where(fallen, 2, np.where(slope > STARVED_GAIN, 0, 1))
    names: tuple[Kind, ...] = ("data-starved", "saturating", "ill-behaved")
    shares = [float((kinds == place).mean()) for place in range(3)]
    low, high = np.quantile(slope, [0.025, 0.975])
    return Verdict(
        kind=names[int(np.argmax(shares))],
        gain=float(slope.mean()),
        low=float(low),
        high=float(high),
        chances=dict(zip(names, shares, strict=True)),
        labels=count,
    )


def _smooth(draws: NDArray[np.float64]) -> NDArray[np.float64]:
    """Means of three neighbouring estimates, of two at the ends, so that one low estimate is no fall."""
    padded = np.pad(draws, ((0, 0), (1, 1)), constant_values=np.nan)
    stacked = np.stack([padded[:, :-2], padded[:, 1:-1], padded[:, 2:]])
    mean: NDArray[np.float64] = np.nanmean(stacked, axis=0)
    return mean
