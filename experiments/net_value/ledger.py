"""Gains and costs of each round: the score, the labels and the price of computing, round by round."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.agents.buyer_policy import buy
from alrl.agents.policy import Policy
from alrl.agents.training.validation import by_size, chunks
from alrl.data.task import Task
from alrl.envs.recipe import EnvRecipe
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.base import batch_of

Buys = Callable[[PoolView], Tensor]
"""Pool positions (B, n) to buy now; -1 for none, and all -1 in an episode that is to end."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Ledger:
    """B episodes after 0, 1, ... T loops; one that has stopped stays as it is. Each entry is (B, T + 1), double."""

    labels: Tensor
    """Labels bought after the first sample."""
    compute: Tensor
    """Price of training and scoring after the first sample's."""
    score: Tensor
    """The metric on the test part, which nobody who buys has seen."""

    def net(self, value: float, price: float) -> Tensor:
        """Return Net value (B, T + 1).

        What the gain of the metric is worth less labels at ``price`` each and computing.

        >>> ledger = Ledger(labels=torch.tensor([[0.0, 10.0]]), compute=torch.tensor([[0.0, 0.5]]),
        ...                 score=torch.tensor([[0.5, 0.75]]))
        >>> ledger.net(value=100.0, price=1.0)
        tensor([[ 0.0000, 14.5000]])
        """
        return value * (self.score - self.score[:, :1]) - price * self.labels - self.compute

    @property
    def loops(self) -> Tensor:
        """Loops in which something was bought, (B,), double."""
        return (self.labels.diff(dim=1) > 0).sum(1).double()

    def at_labels(self, labels: int) -> Tensor:
        """Return column (B,), long, of the last round with at most ``labels`` labels bought."""
        return (self.labels <= labels).sum(1) - 1

    @classmethod
    def joined(cls, parts: Sequence[Ledger]) -> Ledger:
        """Return all episodes of ``parts``; shorter ones stay as they ended."""
        most = max(part.labels.shape[1] for part in parts)

        def whole(name: str) -> Tensor:
            entries = []
            for part in parts:
                entry = getattr(part, name)
                entries.append(torch.cat([entry, entry[:, -1:].expand(-1, most - entry.shape[1])], 1))
            return torch.cat(entries)

        return cls(labels=whole("labels"), compute=whole("compute"), score=whole("score"))


def fixed(size: int) -> Buys:
    """Return margin sampling in batches of ``size`` to the end of the budget."""
    margin = make_strategy("margin")

    def buys(view: PoolView) -> Tensor:
        left = (view.budget - view.spent).clamp_max(size)
        picks = batch_of(margin.score(view), view, size)
        return picks.masked_fill(torch.arange(size, device=picks.device) >= left[:, None], -1)

    return buys


def learned(policy: Policy) -> Buys:
    """Return the policy's own choice of rule, size and end."""
    return lambda view: buy(policy, view)


def keep_books(tasks: Sequence[Task], env: EnvRecipe, buys: Buys, policy: Policy | None = None) -> Ledger:
    """Let ``buys`` play the tasks, ordered as ``by_size`` of the training does, until all have ended.

    A ``policy`` is named for what it needs of a view.
    """
    return Ledger.joined([_played(group, env, buys, policy) for group in chunks(by_size(tasks))])


def _played(tasks: Sequence[Task], env: EnvRecipe, buys: Buys, policy: Policy | None) -> Ledger:
    simulator = Simulator(tasks, env.learner.build(), **env.loop_settings)
    if policy is not None:
        simulator.provide(policy.needs)
    active = torch.ones(len(tasks), dtype=torch.bool)
    first, score = simulator.cost, simulator.outcome("test").metric(env.reward.metric).double()
    rows = [(simulator.view.spent.double(), simulator.cost.compute_money, score)]
    while True:
        picks = buys(simulator.view)
        active = active & (picks >= 0).any(1)
        if not bool(active.any()):
            break
        simulator.step(picks, active)
        score = torch.where(active, simulator.outcome("test").metric(env.reward.metric).double(), score)
        rows.append((simulator.view.spent.double(), simulator.cost.compute_money, score))
    labels, compute, scores = (torch.stack(column, 1) for column in zip(*rows, strict=True))
    return Ledger(labels=labels - labels[:, :1], compute=compute - first.compute_money[:, None], score=scores)
