"""Learning curves of reinforcement learning: the mean return of the last episodes, over the queries played."""

from __future__ import annotations

from typing import Any

from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.reinforcement.run import improve
from alrl.agents.training.untrained import untrained
from alrl.envs.recipe import EnvRecipe

STEPS = 8_000
"""Queries of one curve."""


def learning_curve(recipe: EnvRecipe, agent: Any, seed: int) -> dict[str, list[float]]:
    """Return the queries played and the mean return of the last hundred episodes, point by point, of one training.

    Raises TypeError for an agent without reinforcement learning.
    """
    if not isinstance(agent, TrainedRecipe) or agent.reinforcement is None:
        raise TypeError("a learning curve is that of an agent with a table reinforcement")
    settings = agent.reinforcement.model_copy(update={"steps": STEPS})
    points: list[tuple[int, float]] = []

    def progress(steps: int, mean: float | None) -> None:
        if mean is not None and (not points or steps - points[-1][0] >= STEPS // 40):
            points.append((steps, mean))

    improve(untrained(agent, recipe, seed=seed, name="curve"), recipe, settings, seed=seed, progress=progress)
    return {"steps_played": [steps for steps, _ in points], "returns": [round(mean, 5) for _, mean in points]}
