"""Validation of strategies and policies on tasks, which compares the stages of a training."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from alrl.agents.buyer_policy import returns
from alrl.agents.networks.buyer import Buyer
from alrl.agents.policy import Policy
from alrl.data.task import Task
from alrl.envs.recipe import EnvRecipe
from alrl.loop.simulator import Simulator
from alrl.strategies import Strategy
from alrl.strategies.play import play

TOGETHER = 24
"""Episodes in one simulator."""


def by_size(tasks: Sequence[Task]) -> list[Task]:
    """Return the tasks in an order in which neighbours pad each other little."""
    return sorted(tasks, key=lambda task: (task.split.data_set.n_features * task.split.data_set.n_classes, task.seed))


def chunks(tasks: Sequence[Task]) -> list[Sequence[Task]]:
    """Return the tasks in their order, as many together as one simulator plays.

    >>> from alrl.data.synthetic import synthetic
    >>> from alrl.data.task import draw_task
    >>> task = draw_task(synthetic("tiny", 0), [0])
    >>> [len(each) for each in chunks([task] * 50)]
    [24, 24, 2]
    """
    return [tasks[start : start + TOGETHER] for start in range(0, len(tasks), TOGETHER)]


RETURN = "return"
"""What the card of a policy that buys says it was judged by."""


def areas(strategy: Strategy, env: EnvRecipe, tasks: Sequence[Task], *, device: str = "cpu") -> Tensor:
    """Return the area under the accuracy curve on each of the tasks, (B,).

    In the environment's batches, to its budget's end.
    """
    strategy = strategy.to(device) if isinstance(strategy, Policy) else strategy
    reached = []
    for group in chunks(tasks):
        simulator = Simulator(group, env.learner.build(), device=device, **env.loop_settings)
        reached.append(play(simulator, strategy, labels=env.budget.labels, batch=env.budget.batch).area)
    return torch.cat(reached)


def judged_by_return(policy: Policy) -> bool:
    """Return whether a policy says itself how much it buys: its area to the end of a budget would tell nothing."""
    return isinstance(policy.network, Buyer)


def played_as(stage: str, policy: Policy) -> list[tuple[str, Policy]]:
    """Return a stage of a training by its name.

    Of a policy that buys two: its likeliest choices, and its choices by lot.
    """
    if not isinstance(policy.network, Buyer):
        return [(stage, policy)]
    network = copy.deepcopy(policy.network)
    network.stochastic.fill_(True)
    return [(stage, policy), (f"{stage} by lot", dataclasses.replace(policy, network=network))]


def episode_returns(policy: Policy, env: EnvRecipe, tasks: Sequence[Task], *, device: str = "cpu") -> Tensor:
    """Return what the environment's reward pays a policy that buys on each of the tasks.

    (B,), on their validation parts.
    """
    return torch.cat([returns(policy, env, list(group), device=device) for group in chunks(tasks)])


def gains_by_stage(card: Mapping[str, Any]) -> str:
    """Return the gain of each stage of a training over margin sampling, with its unit; empty where none is recorded.

    >>> gains_by_stage({"validation_gain_over_margin": {"untrained": 0.0, "ppo": 0.0123}})
    'untrained +0.00, ppo +1.23 points of AUBC over margin'
    >>> gains_by_stage({"validation_gain_over_margin": {"maskable-ppo": 4.5}, "judged_by": "return"})
    'maskable-ppo +4.50 of return over margin that buys all labels one by one'
    """
    by_return = card.get("judged_by") == RETURN
    unit = "of return over margin that buys all labels one by one" if by_return else "points of AUBC over margin"
    gains = card.get("validation_gain_over_margin", {})
    stages = ", ".join(f"{stage} {float(gain) * (1 if by_return else 100):+.2f}" for stage, gain in gains.items())
    return f"{stages} {unit}" if stages else ""
