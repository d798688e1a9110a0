"""Validation of strategies and policies on tasks, which compares the stages of a training."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from alrl.agents.buyer_policy import returns
from alrl.agents.networks.buyer import Buyer
from alrl.agents.policy import Policy
from alrl.data.task import Task
from alrl.envs.recipe import EnvRecipe
from alrl.loop.simulator import Simulator
from alrl.numerics.streams import generator
from alrl.strategies import Strategy, make_strategy
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


def set_aside(names: Sequence[str], share: float, seed: int) -> tuple[list[str], list[str]]:
    """Return the data sets that stages are compared on, ``share`` of them and one at least, and those trained on.

    >>> [len(each) for each in set_aside(["iris", "wine", "digits"], 0.15, 0)], set_aside(["iris"], 0.15, 0)
    ([1, 2], ([], ['iris']))
    """
    order = generator([seed], "validation data sets").permutation(len(names))
    kept = max(1, round(share * len(names))) if len(names) > 1 else 0
    return [names[i] for i in sorted(order[:kept])], [names[i] for i in sorted(order[kept:])]


RETURN = "return"
"""What the card of a policy that buys says it was judged by."""


def areas(strategy: Strategy, env: EnvRecipe, tasks: Sequence[Task], *, device: str = "cpu") -> Tensor:
    """Return the area under the accuracy curve on each of the tasks, (B,).

    In the environment's batches, to its budget's end; what it varies from group to group, as in training.
    """
    strategy = strategy.to(device) if isinstance(strategy, Policy) else strategy
    reached = []
    for number, group in enumerate(chunks(tasks)):
        here = env.variant(number)
        simulator = Simulator(group, here.learner.build(), device=device, **here.loop_settings)
        reached.append(play(simulator, strategy, labels=here.budget.labels, batch=here.budget.batch).area)
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


def kept_stage(gains: Sequence[Tensor], tasks: Sequence[Task], keep: str) -> int:
    """Return the number of the stage to keep, of what each gains over margin on each of the tasks, (B,).

    ``keep`` is ``best`` by the mean, ``last``, or ``proved``: the latest that is better than the one kept before it by
    two standard errors of their paired differences.
    """
    if keep == "last":
        return len(gains) - 1
    if keep == "best":
        return max(range(len(gains)), key=lambda number: float(gains[number].mean()))
    best = 0
    for number in range(1, len(gains)):
        difference = gains[number] - gains[best]
        if float(difference.mean()) > 2 * standard_error(difference, tasks):
            best = number
    return best


def standard_error(differences: Tensor, tasks: Sequence[Task]) -> float:
    """Return the standard error of the mean of differences (B,) on tasks, data sets as units.

    Of a single data set the episodes are the units; infinite for a single episode.
    """
    by_set: dict[str, list[float]] = {}
    for difference, task in zip(differences.tolist(), tasks, strict=True):
        by_set.setdefault(task.split.data_set.name, []).append(difference)
    groups = list(by_set.values())
    units = [sum(each) / len(each) for each in groups] if len(groups) > 1 else groups[0]
    if len(units) < 2:
        return float("inf")
    return float(torch.tensor(units, dtype=torch.float64).std() / len(units) ** 0.5)


def judged(gains: Mapping[str, Tensor], tasks: Sequence[Task], kept: int) -> dict[str, Any]:
    """Return what a card says of the stages: gains over margin by stage (B,), their standard errors, which was kept."""
    errors = {name: standard_error(each, tasks) for name, each in gains.items()}
    return {
        "stage": list(gains)[kept],
        "validation_gain_over_margin": {name: float(each.mean()) for name, each in gains.items()},
        "validation_standard_error": {name: each for name, each in errors.items() if math.isfinite(each)},
        "validation_episodes": len(tasks),
    }


def gains_over_margin(
    stages: Sequence[tuple[str, Policy]], env: EnvRecipe, tasks: Sequence[Task], *, device: str = "cpu"
) -> Iterator[tuple[str, Tensor]]:
    """Yield the name of each stage, the untrained one first, and its policy's gain over margin on each task, (B,)."""
    buys = judged_by_return(stages[0][1])

    def worth(player: Any) -> Tensor:
        return (episode_returns if buys else areas)(player, env, tasks, device=device)

    margin = worth(stages[0][1] if buys else make_strategy("margin"))
    for name, policy in stages:
        yield name, worth(policy) - margin


def gains_by_stage(card: Mapping[str, Any]) -> str:
    """Return the gain of each stage of a training over margin sampling, with its unit; empty where none is recorded.

    >>> gains_by_stage({"validation_gain_over_margin": {"untrained": 0.0, "ppo": 0.0123}})
    'untrained +0.00, ppo +1.23 points of AUBC over margin'
    >>> gains_by_stage({"validation_gain_over_margin": {"maskable-ppo": 4.5}, "judged_by": "return"})
    'maskable-ppo +4.50 of return over margin that buys all labels one by one'
    >>> gains_by_stage({"validation_gain_over_margin": {"ppo": 0.0123}, "validation_standard_error": {"ppo": 0.004}})
    'ppo +1.23 ± 0.40 points of AUBC over margin, ± one standard error over data sets'
    >>> card = {"validation_gain_over_margin": {"ppo": 0.01}, "validation_standard_error": {"ppo": 0.004}}
    >>> gains_by_stage({**card, "validated_on": ["iris"]})
    'ppo +1.00 ± 0.40 points of AUBC over margin, ± one standard error over episodes'
    """
    by_return = card.get("judged_by") == RETURN
    unit = "of return over margin that buys all labels one by one" if by_return else "points of AUBC over margin"
    gains, errors = card.get("validation_gain_over_margin", {}), card.get("validation_standard_error", {})
    scale = 1 if by_return else 100
    known = {stage: f" ± {scale * float(error):.2f}" for stage, error in errors.items()}
    stages = ", ".join(f"{stage} {scale * float(gain):+.2f}{known.get(stage, '')}" for stage, gain in gains.items())
    units = "episodes" if len(card.get("validated_on", ())) == 1 else "data sets"
    note = f", ± one standard error over {units}" if known else ""
    return f"{stages} {unit}{note}" if stages else ""
