"""The schema of ``[agent.search]``: a search for a few weights, the cheap baseline of what is learned."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from alrl.agents.weighed import WEIGHED
from alrl.recipe_model import Recipe


class SearchRecipe(Recipe):
    """Weights of a linear score of candidates, by the area that they gain beyond margin sampling's."""

    kind: Literal["random", "evolution"] = "evolution"
    """Draws around margin sampling, or the cross-entropy method, which moves to where the best were."""
    features: tuple[str, ...] = WEIGHED
    """Features of a record that are weighed, margin among them; of the groups that the environment observes."""
    population: int = Field(default=12, ge=2)
    """Weightings that are tried side by side."""
    generations: int = Field(default=6, ge=1)
    """How often."""
    episodes: int = Field(default=8, ge=1)
    """Episodes that each is tried in, the same for all."""
    spread: float = Field(default=0.5, gt=0)
    """Standard deviation of each weight at first."""
    elite: float = Field(default=0.25, gt=0, le=1)
    """Share of the population that the next generation is drawn from, in evolution."""
