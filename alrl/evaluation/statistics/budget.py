"""Statistics of labels and their price along a learning curve: areas, deficiency, labels to a target, break-even."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from alrl.errors import InvalidDataError
from alrl.evaluation.curves import Curves, Floats, Metric, aubc, labels_to_target
from alrl.evaluation.statistics.estimate import Estimate, percentiles


def log_area(curves: Curves, metric: Metric = "accuracy") -> Floats:
    """Return normalised area over log2 of all labels, the first sample's among them, (seeds,): early gains weigh more.

    A first sample of no label counts as one: a logarithm needs somewhere to begin.
    """
    values = curves.values(metric)
    area = np.empty(len(curves.seeds))
    at = np.arange(curves.labels + 1)
    for first in np.unique(curves.first):
        rows = curves.first == first
        area[rows] = aubc(values[rows], at + max(int(first), 1), log=True)
    return area


def deficiency(curve: ArrayLike, reference: ArrayLike) -> float:
    """Return deficiency of a mean curve against that of a reference (Baram et al.

    2004); below 1 it is the more efficient.

    Both are (points,). What each lacks of the reference's last value, summed along the curve, as a ratio; nan where the
    reference lacks nothing (a curve that never rises). Raises InvalidDataError if their lengths differ.

    >>> round(deficiency([0.5, 0.7, 0.8, 0.85], [0.5, 0.6, 0.7, 0.8]), 5)
    0.58333
    """
    a, b = np.asarray(curve, dtype=np.float64), np.asarray(reference, dtype=np.float64)
    if a.shape != b.shape:
        raise InvalidDataError(f"curves of shapes {a.shape} and {b.shape} given; both must span the same labels")
    lacking = float((b[-1] - b).sum())
    return float((b[-1] - a).sum()) / lacking if lacking > 0 else float("nan")


def labels_needed(
    curves: Curves,
    target: float,
    rng: np.random.Generator,
    *,
    metric: Metric = "accuracy",
    level: float = 0.95,
    resamples: int = 1000,
) -> Estimate:
    """Return queried labels until the mean curve first reaches ``target``.

    Infinite where it does not within the budget.

    The interval is the percentile bootstrap over seeds, infinite above where more than its share never arrive.
    """
    values = curves.values(metric)
    count = len(curves.seeds)
    drawn = rng.multinomial(count, np.full(count, 1 / count), size=resamples) / count
    # Seeds of a small sum, in another order, may miss a target by rounding alone.
    reach = target - 1e-12
    needed = labels_to_target(values.mean(0), target=reach)
    return percentiles(float(_or_never(needed)), _or_never(labels_to_target(drawn @ values, target=reach)), level)


def _or_never(labels: Floats) -> Floats:
    return np.where(np.isnan(labels), np.inf, labels)


def label_saving(needed: float, budget: float, first: float) -> float:
    """Return share of labels saved by needing ``needed`` labels instead of ``budget``, ``first`` of the start apart.

    Minus infinity where the target is never reached.

    >>> label_saving(20, 60, 10), label_saving(float("inf"), 60, 10)
    (0.5714285714285714, -inf)
    """
    return 1 - (first + needed) / (first + budget)


def break_even(label_price: float, compute_price: float, rounds: int) -> float:
    """Return the share of labels that querying in equal ``rounds`` must save to cost no more than random labels.

    At random, all N labels are bought and trained on once, at N(c + κ): c a label, κ a record in each training. In R
    equal rounds every round trains on all labels so far, n(c + κ(R + 1)/2). Both are equal where n/N is
    (c + κ)/(c + κ(R + 1)/2). Raises InvalidDataError for a price below 0, two prices of 0 or no round.

    >>> round(break_even(1.0, 0.5, 10), 12), round(break_even(1.0, 0.01, 10), 4), break_even(1.0, 0.5, 1)
    (0.6, 0.0427, 0.0)
    """
    if label_price < 0 or compute_price < 0 or label_price + compute_price == 0 or rounds < 1:
        raise InvalidDataError(
            f"label price {label_price}, compute price {compute_price} and {rounds} rounds given; prices are 0 or"
            " above, not both 0, and there is at least 1 round"
        )
    return 1 - (label_price + compute_price) / (label_price + compute_price * (rounds + 1) / 2)
