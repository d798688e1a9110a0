"""Elo ratings and improvability, as TabArena gives them (Erickson et al. 2025, NeurIPS)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import ArrayLike

from alrl.evaluation.curves import Floats
from alrl.evaluation.statistics.across_data_sets import expanded
from alrl.evaluation.statistics.estimate import Estimate, percentiles
from alrl.evaluation.statistics.ranks import SMALLEST_SAMPLE, score_table

SCALE = 400.0
"""A difference of so much is ten to one."""
START = 1000.0
"""Rating of the strategy that ratings are held against."""
_RIDGE = 1e-6
"""Inverse of TabArena's C: who wins every game has a finite rating."""


def elo(
    wins: Mapping[str, ArrayLike],
    strategies: Sequence[str],
    reference: str,
    rng: np.random.Generator,
    *,
    level: float = 0.95,
    resamples: int = 200,
) -> dict[str, Estimate]:
    """Return Elo ratings by maximum likelihood (Bradley and Terry 1952), ``reference`` at 1000, ties half.

    ``wins`` holds for each data set the share of its seeds on which the strategy of the row ends above that of the
    column, (strategies, strategies): each data set and pair weighs the same, as splits of one task do in TabArena. The
    interval draws data sets; its ends are nan with fewer than SMALLEST_SAMPLE of them.

    >>> shares = {"iris": [[0.5, 0.75], [0.25, 0.5]]}
    >>> round(elo(shares, ["margin", "random"], "random", np.random.default_rng(0))["margin"].value, 1)
    1190.8
    """
    table = np.stack([np.asarray(each, dtype=np.float64) for each in wins.values()])
    at = list(strategies).index(reference)
    values = _ratings(table.mean(0), at)
    count = len(table)
    if count < SMALLEST_SAMPLE:
        return {
            name: Estimate(value=float(values[place]), low=np.nan, high=np.nan) for place, name in enumerate(strategies)
        }
    drawn = np.stack([_ratings(table[rng.integers(0, count, count)].mean(0), at) for _ in range(resamples)])
    wide = expanded(level, count)
    return {name: percentiles(float(values[place]), drawn[:, place], wide) for place, name in enumerate(strategies)}


def _ratings(wins: Floats, reference: int) -> Floats:
    """Return the ratings that make the shares of games won likeliest, by Newton's method."""
    games = wins * (1 - np.eye(len(wins)))
    played = games + games.T
    strength = np.zeros(len(wins))
    for _ in range(100):
        expected = played / (1 + np.exp(strength[None, :] - strength[:, None]))
        gradient = games.sum(1) - expected.sum(1) - _RIDGE * strength
        curvature = expected * (1 - np.divide(expected, played, out=np.zeros_like(played), where=played > 0))
        hessian = np.diag(curvature.sum(1) + _RIDGE) - curvature
        step = np.linalg.solve(hessian, gradient)
        # A step of more than three would leave where the likelihood is close to a parabola.
        strength += np.clip(step, -3, 3)
        if np.abs(step).max() < 1e-9:
            break
    return np.asarray(SCALE / np.log(10) * (strength - strength[reference]) + START)


def improvability(scores: ArrayLike) -> Floats:
    """Return by how many percent each strategy's error had to fall to be the best, mean over data sets, (strategies,).

    ``scores`` is (data sets, strategies), fractions of which the error is what lacks of one. An error of zero cannot be
    improved.

    >>> improvability([[0.9, 0.8], [0.75, 0.8]]).round(4).tolist()
    [10.0, 25.0]
    """
    error = 1 - score_table(scores)
    best = error.min(1, keepdims=True)
    return np.asarray(100 * (1 - np.divide(best, error, out=np.ones_like(error), where=error > 0)).mean(0))
