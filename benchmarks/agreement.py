"""Agreement of two sides: learning curves of the same tasks, compared by their area."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import stdtrit

from alrl.evaluation.curves import Curves, aubc
from alrl.evaluation.simulate import simulate
from benchmarks.baseline_loop import hand_written_loop
from benchmarks.workloads import SPLIT, Workload

AGREEMENT = 0.002
"""Mean difference of AUBC that is none, whatever its standard error."""
LEVEL = 0.001
"""Share of runs in which two sides that learn the same are found to differ."""
FEW = 8
"""Seeds below which noise is not told from difference."""


@dataclass(frozen=True, kw_only=True)
class Agreement:
    """Paired differences of AUBC over seeds, tested by Student's t; or exactly, where there is no chance in them.

    >>> noisy, shifted = (0.01, -0.01, 0.02, -0.02) * 4, (0.05, 0.06, 0.04, 0.05) * 4
    >>> Agreement(differences=noisy).same, Agreement(differences=shifted).same
    (True, False)
    >>> print(Agreement(differences=(0.004, 0.005), exact=True))
    +0.0045 ± 0.0005 (up to 0.0020): DIFFERENT
    """

    differences: tuple[float, ...]
    """AUBC of ours minus that of the other side, one a seed."""
    exact: bool = False
    """Whether noise is no excuse: both sides do the same on the same records."""

    @classmethod
    def of(cls, ours: NDArray[np.float64], theirs: NDArray[np.float64], *, exact: bool = False) -> Agreement:
        """From the learning curves of the same seeds, (seeds, points) each."""
        return cls(differences=tuple(float(gap) for gap in aubc(ours) - aubc(theirs)), exact=exact)

    @property
    def mean(self) -> float:
        """Mean difference."""
        return float(np.mean(self.differences))

    @property
    def error(self) -> float:
        """Standard error of the mean; nan for a single seed."""
        n = len(self.differences)
        return float(np.std(self.differences, ddof=1) / n**0.5) if n > 1 else float("nan")

    @property
    def conclusive(self) -> bool:
        """Whether there are seeds enough to tell a difference from noise."""
        return self.exact or len(self.differences) >= FEW

    @property
    def allowed(self) -> float:
        """Largest mean difference, in either direction, that is no difference; infinite for too few seeds."""
        if self.exact:
            return AGREEMENT
        if not self.conclusive:
            return float("inf")
        return max(AGREEMENT, float(stdtrit(len(self.differences) - 1, 1 - LEVEL / 2)) * self.error)

    @property
    def same(self) -> bool:
        """Whether the curves are the same within what is allowed."""
        return abs(self.mean) <= self.allowed

    def __str__(self) -> str:
        shown = f"{self.mean:+.4f}" + (f" ± {self.error:.4f}" if len(self.differences) > 1 else "")
        if not self.conclusive:
            return f"{shown}: too few seeds to tell"
        return f"{shown} (up to {self.allowed:.4f}): {'same' if self.same else 'DIFFERENT'}"


_REPLAYED = FEW
"""Seeds whose picks scikit-learn's classifier is refitted to: enough to tell a difference from noise."""


def simulated(workload: Workload, episodes: int, workers: int, labels: int) -> Curves:
    """Return our curves of the seeds 0, 1, ... ``episodes`` - 1."""
    return _simulated(workload, range(episodes), labels, workers=workers)


def _simulated(workload: Workload, seeds: Sequence[int], labels: int, *, workers: int = 1, learner: int = 0) -> Curves:
    return simulate(
        workload.data_set,
        workload.rule,
        learner=workload.learner(learner),
        labels=labels,
        batch=workload.batch,
        seeds=seeds,
        split=SPLIT,
        workers=workers,
    )


def agreements(
    workload: Workload, labels: int, curves: Mapping[int, NDArray[np.float64]]
) -> tuple[Agreement, Agreement]:
    """Return how our curves agree with those of the hand-written loop, and with those that it has on our picks."""
    sure = workload.model == "softmax-regression"
    seeds = sorted(curves)
    # Where chance starts the learner, each episode has its own, as in the hand-written loop.
    plays = (
        [_simulated(workload, seeds, labels)]
        if sure
        else [_simulated(workload, [seed], labels, learner=seed) for seed in seeds]
    )
    # One point a refit.
    points = [*range(0, labels, workload.batch), labels]
    ours = np.concatenate([play.accuracy for play in plays])[:, points]
    picks = np.concatenate([play.picks for play in plays])
    theirs = np.stack([curves[seed] for seed in seeds])
    replayed = np.stack(
        [_replayed(workload, seed, queried, labels) for seed, queried in zip(seeds[:_REPLAYED], picks, strict=False)]
    )
    # On the same records, a learner without chance of its own gives the same curve; noise excuses nothing.
    return (
        Agreement.of(ours, theirs, exact=sure and workload.rule == "random"),
        Agreement.of(ours[: len(replayed)], replayed, exact=sure),
    )


def _replayed(workload: Workload, seed: int, queried: NDArray[np.int64], labels: int) -> NDArray[np.float64]:
    """Return the curve of the hand-written loop that queries the records ``queried`` (labels,) of the data set."""
    task = workload.task(seed)
    place = {record: position for position, record in enumerate(task.split.pool.tolist())}
    follow = np.array([place[record] for record in queried.tolist()])
    return hand_written_loop(task, workload.rule, labels, batch=workload.batch, model=workload.model, follow=follow)
