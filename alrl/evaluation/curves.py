"""Learning curves of one strategy on one data set, over seeds, and the numbers that sum a curve up."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import stdtrit

from alrl.errors import InvalidDataError
from alrl.evaluation.table import Table

if TYPE_CHECKING:
    from matplotlib.axes import Axes

Floats = NDArray[np.float64]
Metric = Literal["accuracy", "balanced_accuracy"]
METRICS: tuple[Metric, ...] = ("accuracy", "balanced_accuracy")


class Interval(NamedTuple):
    """A mean and its confidence interval, element by element."""

    mean: Floats
    low: Floats
    high: Floats


def aubc(values: ArrayLike, labels: ArrayLike | None = None, log: bool = False) -> Floats:
    """Return the area under the budget curve divided by its width, by trapezoids over the last axis.

    ``values`` has shape (..., points); ``labels`` (points,) are the label counts, 0, 1, 2, ... if not given; ``log``
    takes the area over log2 of them. A curve of one point has that value as its area.

    Raises InvalidDataError if the label counts do not fit, do not increase, or are below 1 with ``log``.

    >>> float(aubc([0.5, 0.7, 0.8, 0.85], [10, 20, 30, 40]).round(6))
    0.725
    >>> float(aubc([0.5, 0.7, 0.8, 0.85], [10, 20, 30, 40], log=True).round(7))
    0.6905639
    """
    curve, at = _curve(values, labels)
    if log:
        if at[0] <= 0:
            raise InvalidDataError(f"log=True needs label counts above 0, got {at[0]:g} first: pass labels= from 1 up")
        at = np.log2(at)
    if at.size == 1:
        return np.asarray(curve[..., 0])
    return np.asarray(np.trapezoid(curve, at, axis=-1) / (at[-1] - at[0]))


def labels_to_target(values: ArrayLike, labels: ArrayLike | None = None, target: float = 0.9) -> Floats:
    """Return labels until the curve first reaches ``target``, interpolated linearly; nan where it never does.

    ``values`` has shape (..., points) and the result (...). Raises InvalidDataError as :func:`aubc` does.

    >>> float(labels_to_target([0.5, 0.7, 0.8, 0.85], [10, 20, 30, 40], target=0.75).round(6))
    25.0
    >>> float(labels_to_target([0.5, 0.7], target=0.9))
    nan
    """
    curve, at = _curve(values, labels)
    reached = curve >= target
    after = reached.argmax(-1)
    before = np.maximum(after - 1, 0)
    low = np.take_along_axis(curve, before[..., None], -1)[..., 0]
    high = np.take_along_axis(curve, after[..., None], -1)[..., 0]
    rise = np.where(high > low, high - low, 1.0)
    share = np.where(after > 0, (target - low) / rise, 0.0)
    return np.where(reached.any(-1), at[before] + share * (at[after] - at[before]), np.nan)


def mean_interval(values: ArrayLike, level: float = 0.95) -> Interval:
    """Return the mean over the first axis and its Student-t interval; the interval of a single value is nan.

    >>> mean, low, high = mean_interval([1.0, 2.0, 3.0])
    >>> float(mean), float(low.round(4)), float(high.round(4))
    (2.0, -0.4841, 4.4841)
    """
    if not 0 < level < 1:
        raise InvalidDataError(f"level {level} given; a confidence level lies between 0 and 1, such as 0.95")
    data = np.asarray(values, dtype=np.float64)
    count = data.shape[0]
    mean = np.asarray(data.mean(0))
    if count < 2:
        return Interval(mean, np.full_like(mean, np.nan), np.full_like(mean, np.nan))
    half = np.asarray(stdtrit(count - 1, (1 + level) / 2) * data.std(0, ddof=1) / np.sqrt(count))
    return Interval(mean, mean - half, mean + half)


@dataclass(frozen=True, kw_only=True, eq=False)
class Curves:
    """Learning curves of one strategy on one data set, one row a seed, one column a queried label (0 to ``labels``).

    With a ``batch`` above 1 a value holds until the next refit. Arrays are copied and become read-only.
    Raises InvalidDataError if shapes disagree, a value is not finite, or a seed occurs twice.

    >>> curves = Curves(data_set="iris", strategy="margin", learner="softmax-regression", batch=1, seeds=(0, 1),
    ...                 accuracy=[[0.5, 0.7, 0.9], [0.4, 0.8, 0.8]],
    ...                 balanced_accuracy=[[0.5, 0.7, 0.9], [0.4, 0.8, 0.8]],
    ...                 picks=[[3, 7], [5, 1]], first=[3, 3])
    >>> curves.aubc.round(3).tolist(), curves.labels_to(0.8).round(3).tolist()
    ([0.7, 0.7], [1.5, 1.0])
    """

    data_set: str
    strategy: str
    learner: str
    batch: int
    seeds: tuple[int, ...]
    accuracy: Floats
    """Test accuracy, (seeds, labels + 1)."""
    balanced_accuracy: Floats
    """Test balanced accuracy, (seeds, labels + 1)."""
    picks: NDArray[np.int64]
    """Row in the data set of each queried record, (seeds, labels), in order; -1 once the pool ran out."""
    first: NDArray[np.int64]
    """Labels of the first sample, which the label counts do not include, (seeds,)."""
    wasted: NDArray[np.int8] | None = None
    """What each queried record was when it was bought, (seeds, labels): 0 useful, 1 mislabelled, 2 out of domain, 3 a
    duplicate, -1 none bought (:data:`alrl.data.pool_truth.KINDS`); None for a pool that was not contaminated."""
    guarded: NDArray[np.int8] | None = None
    """Who chose each record, (seeds, labels): 0 the policy, 1 its guard, -1 none bought; None without a guard."""
    unfitted_rounds: NDArray[np.int64] | None = None
    """Rounds in which the learner could not be fitted so far, shares of the classes standing for it, (seeds,); None
    where there is none."""
    condition: str = ""
    """Name of the circumstances that a study played it under; empty for the ordinary ones."""

    def __post_init__(self) -> None:
        """Copy, check and freeze the arrays."""
        object.__setattr__(self, "seeds", tuple(int(seed) for seed in self.seeds))
        for name, kind in (
            ("accuracy", np.float64),
            ("balanced_accuracy", np.float64),
            ("picks", np.int64),
            ("first", np.int64),
        ):
            array = np.array(getattr(self, name), dtype=kind)
            array.setflags(write=False)
            object.__setattr__(self, name, array)
        optional = [name for name in ("wasted", "guarded") if getattr(self, name) is not None]
        for name in optional:
            object.__setattr__(self, name, np.array(getattr(self, name), dtype=np.int8))
        if self.unfitted_rounds is not None:
            object.__setattr__(self, "unfitted_rounds", np.array(self.unfitted_rounds, dtype=np.int64))
        seeds = len(self.seeds)
        if seeds == 0 or len(set(self.seeds)) < seeds:
            raise InvalidDataError(f"seeds {self.seeds} given; curves need at least one seed, each of them once")
        labels = self.accuracy.shape[-1] - 1
        shapes = {
            "accuracy": (seeds, labels + 1),
            "balanced_accuracy": (seeds, labels + 1),
            "picks": (seeds, labels),
            "first": (seeds,),
        } | dict.fromkeys(optional, (seeds, labels))
        shapes |= {} if self.unfitted_rounds is None else {"unfitted_rounds": (seeds,)}
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise InvalidDataError(
                    f"{name} of {self.strategy} on {self.data_set} has shape {getattr(self, name).shape}; "
                    f"{seeds} seeds and {labels} labels need {shape}"
                )
        if not (np.isfinite(self.accuracy).all() and np.isfinite(self.balanced_accuracy).all()):
            raise InvalidDataError(
                f"curves of {self.strategy} on {self.data_set} hold NaN or infinity: check the learner"
            )

    @property
    def labels(self) -> int:
        """Number of queried labels that the curve spans."""
        return int(self.picks.shape[1])

    @property
    def setting(self) -> str:
        """Learner and condition, as tables name them."""
        return under(self.learner, self.condition)

    @property
    def aubc(self) -> Floats:
        """Normalised area under the accuracy curve, (seeds,)."""
        return self.area("accuracy")

    @property
    def aubc_balanced(self) -> Floats:
        """Normalised area under the balanced-accuracy curve, (seeds,)."""
        return self.area("balanced_accuracy")

    @property
    def wasted_share(self) -> Floats | None:
        """Share of the queries spent on records that teach nothing, (seeds,); None for a pool of none that is known."""
        return _share(self.wasted)

    @property
    def guarded_share(self) -> Floats | None:
        """Share of the queries that the guard chose in the policy's place, (seeds,); None without a guard."""
        return _share(self.guarded)

    def values(self, metric: Metric = "accuracy") -> Floats:
        """Return the curves of one metric, (seeds, labels + 1)."""
        if metric not in METRICS:
            raise InvalidDataError(f"metric {metric!r} given; curves have {' and '.join(METRICS)}")
        return self.accuracy if metric == "accuracy" else self.balanced_accuracy

    def area(self, metric: Metric = "accuracy") -> Floats:
        """Return normalised area under the curve of one metric, (seeds,)."""
        return aubc(self.values(metric))

    def labels_to(self, target: float, metric: Metric = "accuracy") -> Floats:
        """Return queried labels until the metric first reaches ``target``, (seeds,); nan where it never does."""
        return labels_to_target(self.values(metric), target=target)

    def interval(self, metric: Metric = "accuracy", level: float = 0.95) -> Interval:
        """Return the mean over seeds and Student-t interval at each label count, each (labels + 1,)."""
        return mean_interval(self.values(metric), level)

    def take(self, seeds: tuple[int, ...]) -> Curves:
        """Return the curves of some of the seeds, in the order given."""
        missing = sorted(set(seeds) - set(self.seeds))
        if missing:
            raise InvalidDataError(
                f"no curve of seed {missing[0]} for {self.strategy} on {self.data_set}; it has {self.seeds}"
            )
        rows = [self.seeds.index(seed) for seed in seeds]
        arrays: dict[str, Any] = {
            name: getattr(self, name)[rows] for name in ("accuracy", "balanced_accuracy", "picks", "first")
        }
        for name in ("wasted", "guarded", "unfitted_rounds"):
            array = getattr(self, name)
            arrays[name] = None if array is None else array[rows]
        return dataclasses.replace(self, seeds=tuple(seeds), **arrays)

    def table(self) -> Table:
        """Return the mean ± 95 % interval in points (0 to 100) at each quarter of the budget, and the AUBC."""
        at = sorted({round(self.labels * share) for share in (0, 0.25, 0.5, 0.75, 1)})
        columns = [(mean_interval(self.values(metric)), mean_interval(self.area(metric))) for metric in METRICS]
        rows = [(str(n), *(_points(Interval(*(part[n] for part in curve))) for curve, _ in columns)) for n in at]
        rows.append(("AUBC", *(_points(area) for _, area in columns)))
        if self.wasted_share is not None:
            rows.append(("wasted (%)", _points(mean_interval(self.wasted_share)), ""))
        if self.guarded_share is not None:
            rows.append(("chosen by the guard (%)", _points(mean_interval(self.guarded_share)), ""))
        if self.unfitted_rounds is not None:
            rows.append(("rounds not fitted", f"{self.unfitted_rounds.mean():.1f} a seed", ""))
        title = f"{self.strategy} on {self.data_set} ({self.setting}, batch {self.batch}, {len(self.seeds)} seeds)"
        return Table(caption=title, header=("labels", "accuracy", "balanced accuracy"), rows=tuple(rows))

    def plot(self, ax: Axes | None = None, metric: Metric = "accuracy", **line: Any) -> Axes:
        """Draw the mean curve with its 95 % band, in points, on ``ax`` (a new figure if none); ``line`` styles it."""
        if ax is None:
            from matplotlib import pyplot as plt

            ax = plt.subplots()[1]
        mean, low, high = self.interval(metric)
        at = np.arange(self.labels + 1)
        style = {"label": self.strategy, **line}
        drawn = ax.plot(at, 100 * mean, **style)[0]
        if len(self.seeds) > 1:
            ax.fill_between(at, 100 * low, 100 * high, color=drawn.get_color(), alpha=0.18, linewidth=0)
        ax.set(xlabel="Queried labels", ylabel=f"Test {metric.replace('_', ' ')} (%)", title=self.data_set)
        ax.legend()
        return ax


def under(learner: str, condition: str) -> str:
    """Return a learner and the condition it was taught under, if there is one, as tables name them.

    >>> under("softmax-regression", "late labels"), under("softmax-regression", "")
    ('softmax-regression, late labels', 'softmax-regression')
    """
    return f"{learner}, {condition}" if condition else learner


def _curve(values: ArrayLike, labels: ArrayLike | None) -> tuple[Floats, Floats]:
    curve = np.asarray(values, dtype=np.float64)
    if curve.ndim == 0 or curve.shape[-1] == 0:
        raise InvalidDataError("a curve without points has no area: give at least one value")
    at = np.arange(curve.shape[-1], dtype=np.float64) if labels is None else np.asarray(labels, dtype=np.float64)
    if at.shape != curve.shape[-1:]:
        raise InvalidDataError(
            f"labels of shape {at.shape} given for curves of {curve.shape[-1]} points: one count a point"
        )
    if (np.diff(at) <= 0).any():
        raise InvalidDataError(f"label counts {at.tolist()} given; they must increase strictly")
    return curve, at


def _share(codes: NDArray[np.int8] | None) -> Floats | None:
    """Return the share of the queries that were made whose code is above 0, (seeds,), of codes (seeds, labels)."""
    if codes is None:
        return None
    return np.asarray((codes > 0).sum(1) / np.maximum(1, (codes >= 0).sum(1)), dtype=np.float64)


def _points(interval: Interval) -> str:
    mean, low, high = (100 * float(part) for part in interval)
    return f"{mean:.2f}" if np.isnan(low) else f"{mean:.2f} ± {(high - low) / 2:.2f}"
