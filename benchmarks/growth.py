"""Growth of the work of a round with the labels: refits from scratch against refits from the last solution."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.learners import make_learner
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from benchmarks.workloads import EPOCHS, HIDDEN, LEARNING_RATE, SPLIT

DATA_SET, EPISODES, BATCH = "digits", 4, 4
SCRATCH, WARM_START = "from scratch", "warm start"
_PERCEPTRON: dict[str, object] = {"hidden": (HIDDEN,), "learning_rate": LEARNING_RATE}
FEW = 5
"""Epochs of a perceptron that begins at the last fit."""
WAYS: tuple[tuple[str, str, dict[str, object]], ...] = (
    ("softmax-regression", SCRATCH, {}),
    ("softmax-regression", WARM_START, {"warm_start": True}),
    ("multilayer-perceptron", SCRATCH, {**_PERCEPTRON, "epochs": EPOCHS}),
    ("multilayer-perceptron", WARM_START, {**_PERCEPTRON, "epochs": FEW, "warm_start": True}),
    ("ridge", SCRATCH, {}),
    ("ridge", WARM_START, {}),
)
"""Learner, how its refits begin, and its settings.

Begun at the last fit, the perceptron takes fewer epochs, and ridge classification brings its inverse up to date.
"""


@dataclass(frozen=True, kw_only=True)
class Growth:
    """The fits of one learner along the budget: what each of the T loops cost."""

    learner: str
    start: str
    """``from scratch`` or ``warm start``."""
    labels: tuple[int, ...]
    """Labels queried by the end of each round."""
    multiply_adds: tuple[float, ...] | None
    """Modelled, of one episode's fit in each round, mean over episodes; None where the learner has no model."""
    seconds: tuple[float, ...]
    """Measured, of the fit of all episodes in each round."""

    @property
    def work_exponent(self) -> float | None:
        """Exponent of the cumulative multiply-adds."""
        return None if self.multiply_adds is None else exponent(self.labels, self.multiply_adds)

    @property
    def time_exponent(self) -> float:
        """Exponent of the cumulative seconds."""
        return exponent(self.labels, self.seconds)


def exponent(labels: Sequence[float], costs: Sequence[float]) -> float:
    """Return the p of cumulative cost ~ labels^p.

    Slope of the logarithms by least squares, over the last three quarters.

    The first quarter is left out: there the first sample and fixed costs tell more than growth does.

    >>> loops = list(range(1, 101))
    >>> round(exponent(loops, [3.0] * 100), 2), round(exponent(loops, loops), 1)
    (1.0, 2.0)
    """
    at, total = np.asarray(labels, dtype=np.float64), np.cumsum(costs)
    late = at >= at[-1] / 4
    slope: float = np.polyfit(np.log(at[late]), np.log(total[late]), 1)[0]
    return float(slope)


def measure_growth(
    learner: str, start: str, settings: dict[str, object], *, loops: int, tick: Callable[[int], object]
) -> Growth:
    """Play ``loops`` loops of random queries on digits, the same for every learner; ``tick`` is called for each."""
    data_set, labels = load_data_set(DATA_SET), loops * BATCH
    tasks = [draw_task(data_set, [seed], split=SPLIT) for seed in range(EPISODES)]
    simulator = Simulator(tasks, make_learner(learner, **settings), labels=labels)
    strategy = make_strategy("random")
    work: list[float] | None = []
    seconds: list[float] = []
    everyone = torch.ones(EPISODES, dtype=torch.bool)
    for _ in range(loops):
        if start == SCRATCH:
            simulator.learner.restart(everyone)
        fit = simulator.step(strategy.select(simulator.view, BATCH)).fit
        seconds.append(fit.seconds)
        if work is not None:
            work = None if fit.multiply_adds is None else [*work, float(fit.multiply_adds.double().mean())]
        tick(1)
    return Growth(
        learner=learner,
        start=start,
        labels=tuple(range(BATCH, labels + 1, BATCH)),
        multiply_adds=None if work is None else tuple(work),
        seconds=tuple(seconds),
    )


def cumulative(costs: Sequence[float]) -> NDArray[np.float64]:
    """Return cost of all rounds up to each.

    >>> cumulative([1.0, 2.0]).tolist()
    [1.0, 3.0]
    """
    return np.cumsum(costs, dtype=np.float64)
