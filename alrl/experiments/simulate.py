"""One strategy on one data set over many seeds, all of them in one batch."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alrl import recipes
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, shipped_policies
from alrl.envs.recipe import SplitRecipe
from alrl.errors import InvalidRecipeError
from alrl.learners import make_learner
from alrl.loop.curves import Curves
from alrl.loop.data_set import DataSet
from alrl.loop.learner import Learner
from alrl.loop.simulator import Simulator
from alrl.loop.sources import load_data_set
from alrl.loop.task import draw_task
from alrl.strategies import Strategy, make_strategy
from alrl.strategies.play import play

DEFAULT_SPLIT: Mapping[str, Any] = {
    "pool": 0.5,
    "validation": 0.2,
    "test": 0.3,
    "max_pool": 1000,
    "max_validation": 500,
    "max_test": 1000,
}
"""How records are divided unless told otherwise; large data sets are cut to these sizes."""


def simulate(
    data: DataSet | str | tuple[Any, Any],
    strategy: Strategy | str,
    *,
    learner: Learner | str = "softmax-regression",
    labels: int = 60,
    batch: int = 1,
    seeds: int | Sequence[int] = 50,
    split: Mapping[str, Any] | None = None,
    device: str = "cpu",
    progress: Callable[[int], object] | None = None,
) -> Curves:
    """Learning curves of a querying strategy: one label a class to begin, then ``labels`` queries, for every seed.

    A seed gives every strategy the same split, first sample and chance, so curves of the same seeds are paired.

    Args:
        data: a data set, the name or file of one, or a pair (X, y) of arrays.
        strategy: a strategy or policy, the name of a strategy, or the name of a shipped policy or the folder of one.
        learner: a learner, or the name of one.
        labels: queries after the first sample. If the pool runs out earlier, the curve stays where it is.
        batch: queries between two refits; a curve's value holds until the next refit.
        seeds: their number (0, 1, ...), or the seeds themselves.
        split: settings of :func:`alrl.loop.split.draw_split`; by default halves to the pool, 30 % to the test part.
        device: where the loop is computed, ``cpu`` or ``cuda``.
        progress: called with the number of labels that each loop bought.

    Raises:
        InvalidDataError: the data set cannot be used.
        InvalidRecipeError: the data set, strategy, learner, or a setting of the split is unknown; seeds are none, below
            0 or given twice.
        InvalidQueryError: ``labels`` or ``batch`` is below 1.

    >>> curves = simulate("iris", "margin", labels=5, seeds=3)
    >>> curves.accuracy.shape, curves.picks.shape, curves.aubc.shape
    ((3, 6), (3, 5), (3,))
    """
    data_set = load_data_set(data)
    asked = _strategy(strategy)
    if isinstance(asked, Policy):
        asked = asked.to(device)
    taught = make_learner(learner)
    numbers = _numbers(seeds)
    parts = recipes.parse(SplitRecipe, dict(split or DEFAULT_SPLIT), where="split").model_dump()
    tasks = [draw_task(data_set, [seed], split=parts) for seed in numbers]
    simulator = Simulator(tasks, taught, labels=labels, device=device)
    played = play(simulator, asked, labels=labels, batch=batch, progress=progress)
    return Curves(
        data_set=data_set.name,
        strategy=asked.name,
        learner=taught.name,
        batch=batch,
        seeds=numbers,
        accuracy=played.accuracy.double().numpy(),
        balanced_accuracy=played.balanced_accuracy.double().numpy(),
        picks=simulator.records(played.picks).numpy(),
        first=simulator.first_counts().numpy(),
    )


def _strategy(strategy: Strategy | str) -> Strategy:
    if isinstance(strategy, Strategy):
        return strategy
    if strategy in shipped_policies() or (Path(strategy) / "policy.json").is_file():
        return load_policy(strategy)
    return make_strategy(strategy)


def _numbers(seeds: int | Sequence[int]) -> tuple[int, ...]:
    numbers = tuple(range(seeds)) if isinstance(seeds, int | np.integer) else tuple(int(seed) for seed in seeds)
    if not numbers:
        raise InvalidRecipeError(f"seeds = {seeds} given; at least one seed is needed")
    if min(numbers) < 0 or len(set(numbers)) < len(numbers):
        raise InvalidRecipeError(f"seeds = {seeds} given; each is 0 or above and given once")
    return numbers
