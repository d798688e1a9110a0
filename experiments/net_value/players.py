"""Players and their tasks: policies trained at a price and kept in folders, and tasks of training and contest."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from alrl import recipes
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.agents.training.validation import by_size
from alrl.data.task import Task
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.errors import PolicyFileError
from alrl.progress import Bars

_APART = 900_000
"""Keeps the episodes that constants are tuned on apart from those of training."""


def at_price(env: EnvRecipe, price: float) -> EnvRecipe:
    """Return the environment with another price of a label."""
    return env.model_copy(update={"cost": env.cost.model_copy(update={"label": price})})


def trained(agent: TrainedRecipe, env: EnvRecipe, *, seed: int, folder: Path, bars: Bars) -> Policy:
    """Return the policy of these recipes and this seed: from the folder if it is there, else trained and kept there."""
    made = {"agent_sha256": recipes.identity(agent), "environment_sha256": recipes.identity(env), "seed": seed}
    try:
        earlier = load_policy(folder.resolve())
    except PolicyFileError:
        earlier = None
    if earlier is not None and made.items() <= dict(earlier.card).items():
        return earlier
    policy = Trainer(agent=agent, env=env, seed=seed, workers=1, bars=bars).train(folder.name)
    save_policy(policy, folder)
    return policy


def tasks_of(env: EnvRecipe, names: Sequence[str], seeds: int, *, apart: bool = False) -> list[Task]:
    """Return ``seeds`` episodes on each data set, in the order in which ledgers keep them."""
    source = Game(env.model_copy(update={"data": env.data.model_copy(update=_only(names))})).source
    start = _APART if apart else 0
    return by_size([source.draw([start + seed], name) for name in names for seed in range(seeds)])


def _only(names: Sequence[str]) -> dict[str, object]:
    return {"sets": tuple(names), "synthetic": {}}
