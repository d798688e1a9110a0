"""Gives a trained policy its ranges and its guard: from states of training, and from validation when to hand over."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.agents.guard.guard import Guard
from alrl.agents.guard.hand_over import HandOver, points
from alrl.agents.guard.training_ranges import TrainingRanges
from alrl.agents.policy import Policy
from alrl.agents.recipe import GuardRecipe
from alrl.data.task import Task
from alrl.metadata.feature_set import Observation
from alrl.strategies import Strategy

Areas = Callable[[Strategy, Sequence[Task]], Tensor]
"""The area under the accuracy curve of a strategy on each of B tasks, (B,), as a fraction."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """Gain and error of a hand-over on the validation data sets, in area under the accuracy curve as a fraction."""

    hand_over: HandOver
    gain: float
    """Mean over data sets of the area with it less that without."""
    error: float
    """Standard error of that mean, over data sets."""


def guarded(
    policy: Policy, seen: Sequence[Observation], recipe: GuardRecipe | None, tasks: Sequence[Task], areas: Areas
) -> Policy:
    """Return the policy, its card telling the ranges of its features in the states ``seen``.

    With the guard ``recipe`` for.

    When it hands over is judged by the ``areas`` on validation ``tasks``; the card tells of every point that was tried.
    """
    ranges = TrainingRanges.of(seen)
    policy = dataclasses.replace(policy, card={**policy.card, **ranges.to_card(policy.features)})
    if recipe is None:
        return policy
    guard = Guard.of(ranges, seen, quantile=recipe.quantile, fallback=recipe.fallback)
    policy = dataclasses.replace(policy, guard=guard)
    if not recipe.hand_over:
        return policy
    trials = try_points(policy, guard, seen, tasks, areas)
    tried = [{**trial.hand_over.to_json(), "gain": trial.gain, "error": trial.error} for trial in trials]
    guard = dataclasses.replace(guard, hand_over=best_of(trials, recipe.errors))
    return dataclasses.replace(policy, card={**policy.card, "hand_over": tried}, guard=guard)


def try_points(
    policy: Policy, guard: Guard, seen: Sequence[Observation], tasks: Sequence[Task], areas: Areas
) -> list[Trial]:
    """Return every point of a hand-over, played on the tasks; none where a single data set would have to judge."""
    names = [task.split.data_set.name for task in tasks]
    if len(set(names)) < 2:
        return []
    without, trials = areas(policy, tasks), []
    for point in points(policy.features, seen):
        late = dataclasses.replace(policy, guard=dataclasses.replace(guard, hand_over=point))
        change = _by_data_set((areas(late, tasks) - without).double(), names)
        error = float(change.std() / len(change) ** 0.5)
        trials.append(Trial(hand_over=point, gain=float(change.mean()), error=error))
    return trials


def best_of(trials: Sequence[Trial], errors: float = 2.0) -> HandOver | None:
    """Return the hand-over of largest gain, if that is more than so many standard ``errors``.

    None if the policy helps to the end.

    Of many points the best looks better than it is: what one standard error would let pass is chance.
    """
    best = max(trials, key=lambda trial: trial.gain, default=None)
    return best.hand_over if best is not None and best.gain > errors * best.error else None


def _by_data_set(values: Tensor, data_sets: Sequence[str]) -> Tensor:
    """Return the mean of ``values`` (B,) on each of the data sets (B,)."""
    names = list(dict.fromkeys(data_sets))
    at = torch.tensor([names.index(name) for name in data_sets])
    return torch.zeros(len(names), dtype=values.dtype).index_add(0, at, values) / torch.bincount(at)
