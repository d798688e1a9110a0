"""Plays an agent in an environment: what the reward pays it, and the area under its learning curve."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.data.task import Task
from alrl.envs.episodes import Game
from alrl.envs.paired_run import PairedRun, RewardedLoop
from alrl.envs.recipe import EnvRecipe
from alrl.loop.simulator import Simulator
from alrl.strategies import Strategy, make_strategy

RULES = ("margin", "entropy", "badge", "core-set", "uherding", "information-density")
"""The rules that the best one is chosen of, on other seeds than it is measured on."""
_MEASURED, _CHOSEN, _TRAINED = 0, 10_000, 20_000
"""First seeds of the episodes that are measured, and of those that a rule is chosen on; the seed of a training."""
_MOST_SETS = 8
"""Data sets that a training plays at most."""


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One row of the page: an agent in an environment."""

    env: str
    agent: str
    note: str = ""
    """Which rule was chosen, or why there is no number."""
    episodes: int = 0
    reward: float | None = None
    """Mean return."""
    reward_error: float | None = None
    """Standard error of the mean return."""
    aubc: float | None = None
    """Mean area under the curve of test accuracy over rounds, 0 to 1."""
    steps: int = 0
    """Queries that the training played."""
    seconds: float = 0.0
    """Seconds of processor time that the training took."""

    def to_json(self) -> dict[str, Any]:
        """Return the same for a file."""
        return asdict(self)


def tasks_of(recipe: EnvRecipe, first: int, episodes: int) -> list[Task]:
    """Return the tasks of ``episodes`` seeds from ``first`` on."""
    source = Game(recipe).source
    return [source.draw([first + number, 0]) for number in range(episodes)]


def played(strategy: Strategy, recipe: EnvRecipe, tasks: Sequence[Task]) -> tuple[Tensor, Tensor]:
    """Return the environment's return and the area under the curve of test accuracy, (B,) each, double.

    The strategy buys batches of the recipe's ``budget.batch`` until the budget is spent, or what the reward asks for is
    reached: it chooses no sizes, does not stop and does not begin again.
    """

    def simulator_of(some: Sequence[Task]) -> Simulator:
        return Simulator(some, recipe.learner.build(), **recipe.loop_settings)

    reward, metric, batch = recipe.reward.build(), recipe.reward.metric, recipe.budget.batch
    player = RewardedLoop(simulator_of(tasks), reward, metric)
    simulator, slots = player.simulator, torch.arange(batch)
    simulator.provide(strategy.needs)
    paid = torch.zeros(len(tasks), dtype=torch.float64)
    curve = [simulator.outcome("test").accuracy.double()]
    for _ in range(-(-recipe.budget.labels // batch)):
        view = simulator.view
        left = torch.minimum(view.budget - view.spent, view.available.sum(1))
        going = (left > 0) & ~player.standing.reached
        if not bool(going.any()):
            break
        picks = strategy.select(view, batch).masked_fill((slots >= left[:, None]) | ~going[:, None], -1)
        paid += player.query(picks, going)
        strategy = strategy.after(view, picks, simulator.view)
        curve.append(simulator.outcome("test").accuracy.double())
    paid += player.settled(torch.ones(len(tasks), dtype=torch.bool))
    if recipe.reward.against == "margin":
        paid -= PairedRun(tasks, batch, simulator_of, reward, metric).whole()
    return paid, torch.trapezoid(torch.stack(curve, 1), dim=1) / max(1, len(curve) - 1)


def rule_cell(name: str, recipe: EnvRecipe, rule: str, episodes: int, *, agent: str | None = None) -> Cell:
    """Return the row of a rule, named ``agent`` in the table if it is not to be named by itself."""
    return measured(make_strategy(rule), recipe, episodes, env=name, agent=agent or rule, note=rule if agent else "")


def best_rule(recipe: EnvRecipe, episodes: int) -> str:
    """Return the rule of the highest mean return on the seeds that are for choosing."""
    tasks = tasks_of(recipe, _CHOSEN, episodes)
    returns = {rule: float(played(make_strategy(rule), recipe, tasks)[0].mean()) for rule in RULES}
    return max(returns, key=lambda rule: returns[rule])


def trained_cell(name: str, recipe: EnvRecipe, agent: str, training: TrainedRecipe, episodes: int) -> Cell:
    """Return the row of an agent that is trained on the environment's own data sets, with other seeds."""
    names = recipe.data.names
    sets = tuple(names[:: -(-len(names) // _MOST_SETS)])
    smaller = recipe.model_copy(update={"data": recipe.data.model_copy(update={"sets": sets, "synthetic": {}})})
    started = time.process_time()
    policy = Trainer(agent=training, env=smaller, seed=_TRAINED, workers=1).train(agent)
    seconds, steps = time.process_time() - started, int(policy.card["work"]["steps"])
    return measured(policy, recipe, episodes, env=name, agent=agent, steps=steps, seconds=round(seconds, 1))


def measured(strategy: Strategy, recipe: EnvRecipe, episodes: int, **what: Any) -> Cell:
    """Return the row of a strategy; ``what`` names it and says what its training took."""
    paid, area = played(strategy, recipe, tasks_of(recipe, _MEASURED, episodes))
    return Cell(
        **what,
        episodes=episodes,
        reward=float(paid.mean()),
        reward_error=float(paid.std() / len(paid) ** 0.5),
        aubc=float(area.mean()),
    )
