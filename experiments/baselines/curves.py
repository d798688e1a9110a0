"""Learning curves of reinforcement learning: what the last episodes gained beyond margin, over the queries played."""

from __future__ import annotations

from typing import Any

from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.reinforcement.run import improve
from alrl.agents.training.untrained import untrained
from alrl.envs.recipe import EnvRecipe

STEPS = 40_000
"""Queries of one curve."""
_APART = 1_000
"""Between the seeds of two trainings: environment i of a training plays its seed plus i."""


def learning_curve(recipe: EnvRecipe, agent: Any, seed: int) -> dict[str, list[float]]:
    """Return the queries played and the mean return of the last hundred episodes, point by point, of one training.

    The return is paired, whatever the recipe's: what margin sampling gains in the same episode is taken off, for
    episodes differ more in what can be gained than policies do in gaining it.

    Raises TypeError for an agent without reinforcement learning.
    """
    if not isinstance(agent, TrainedRecipe) or agent.reinforcement is None:
        raise TypeError("a learning curve is that of an agent with a table reinforcement")
    settings = agent.reinforcement.model_copy(update={"steps": STEPS})
    paired = recipe.model_copy(update={"reward": recipe.reward.model_copy(update={"against": "margin"})})
    first = _APART * seed
    points: list[tuple[int, float]] = []

    def progress(steps: int, mean: float | None) -> None:
        if mean is not None and (not points or steps - points[-1][0] >= STEPS // 40):
            points.append((steps, mean))

    improve(untrained(agent, paired, seed=first, name="curve"), paired, settings, seed=first, progress=progress)
    return {"steps_played": [steps for steps, _ in points], "returns": [round(mean, 5) for _, mean in points]}
