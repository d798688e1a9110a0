"""What a loop was good for, as the loop itself tells: rewards of bandits that choose among rules.

Each is a function of the view before a loop, its picks (B, b) and the view after it, and gives a number in [0, 1] for
every episode. No label is read but those that were bought; validation and test part are not there to be read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.suggest import unknown

Reward = Callable[[PoolView, Tensor, PoolView], Tensor]


def answers(view: PoolView, picks: Tensor) -> Tensor:
    """The labels (B, b) that were given for the records at ``picks`` (B, b); 0 for a pick of -1.

    >>> from alrl.strategies.example_view import example_view
    >>> view = example_view(seed=0, records=(9,))
    >>> answers(view, view.labelled_index).equal(view.labels)
    True
    """
    records = view.exists.shape[1]
    place = view.labelled_index.masked_fill(~view.labelled_mask, records)
    table = view.labels.new_zeros(len(picks), records + 1).scatter(1, place, view.labels)
    return table[:, :records].gather(1, picks.clamp_min(0)).masked_fill(picks < 0, 0)


def surprise(before: PoolView, picks: Tensor, after: PoolView) -> Tensor:
    """Share of the picks whose label was not the class that the learner had predicted, (B,)."""
    wrong = before.predicted.gather(1, picks.clamp_min(0)) != answers(after, picks)
    return _mean(wrong, picks >= 0)


def change(before: PoolView, picks: Tensor, after: PoolView) -> Tensor:  # noqa: ARG001
    """Share of the unlabelled records of which the learner now says another class, (B,).

    Osugi, Kim and Scott 2005, "Balancing exploration and exploitation", reward the change of the hypothesis likewise.
    """
    return _mean(before.predicted != after.predicted, after.available)


def class_entropy(before: PoolView, picks: Tensor, after: PoolView) -> Tensor:  # noqa: ARG001
    """Entropy of the classes that the learner predicts in the unlabelled pool, divided by its maximum, (B,).

    Baram, El-Yaniv and Luz 2004, "Online choice of active learning algorithms": classification entropy maximisation.
    """
    count = torch.zeros(after.class_mask.shape, dtype=torch.float64, device=picks.device)
    count.scatter_add_(1, after.predicted, after.available.double())
    share = count / count.sum(1, keepdim=True).clamp_min(1)
    most: Tensor = after.class_count.double().log().clamp_min(1e-9)
    entropy: Tensor = torch.special.entr(share)
    return (entropy.sum(1) / most).clamp(0, 1)


REWARDS: Mapping[str, Reward] = MappingProxyType(
    {"surprise": surprise, "change": change, "class-entropy": class_entropy}
)
"""By the name that a recipe gives."""


def reward_named(name: str) -> Reward:
    """The reward of that name. Raises InvalidRecipeError if there is none.

    >>> reward_named("surprise") is surprise
    True
    """
    if name not in REWARDS:
        raise InvalidRecipeError(unknown("reward", name, REWARDS))
    return REWARDS[name]


def _mean(values: Tensor, among: Tensor) -> Tensor:
    """Mean of ``values`` (B, n) ``among`` (B, n) some, (B,), double; zero where there are none."""
    return (values & among).sum(1).double() / among.sum(1).clamp_min(1)
