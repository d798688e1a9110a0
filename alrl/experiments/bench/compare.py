"""Our curves of a workload, and whether the hand-written loop learns the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from alrl.experiments.bench.agreement import FEW, Agreement
from alrl.experiments.bench.hand_written import hand_written_loop
from alrl.experiments.bench.workloads import SPLIT, Workload
from alrl.experiments.simulate import simulate
from alrl.loop.curves import Curves

_REPLAYED = FEW
"""Seeds whose picks scikit-learn's classifier is refitted to: enough to tell a difference from noise."""


def simulated(workload: Workload, episodes: int, workers: int, labels: int) -> Curves:
    """Our curves of the seeds 0, 1, ... ``episodes`` - 1."""
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
    """How our curves agree with those of the hand-written loop, and with those that it has on our picks."""
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
    """The curve of the hand-written loop that queries the records ``queried`` (labels,) of the data set."""
    task = workload.task(seed)
    place = {record: position for position, record in enumerate(task.split.pool.tolist())}
    follow = np.array([place[record] for record in queried.tolist()])
    return hand_written_loop(task, workload.rule, labels, batch=workload.batch, model=workload.model, follow=follow)
