"""The tables ``[train.NAME]`` of a study: which policies it trains before it compares."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar

from pydantic import Field

from alrl import recipes
from alrl.agents.recipe import TrainedRecipe, load_agent_recipe, parse_agent_recipe
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.recipes.model import Recipe


class TrainingRecipe(Recipe):
    """A policy that the study trains before it compares."""

    agent: str
    """An agent recipe of kind ``trained``."""
    env: str
    """The environment that it is trained on."""
    after: str | None = None
    """Another policy that the study trains: training goes on from that of the same seed. Left out, from none."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(0,), min_length=1)
    """One policy is trained for each."""
    change: dict[str, Any] = Field(default_factory=dict)
    """What is otherwise than in the agent's table, such as ``{ imitation = { epochs = 5 } }``: see `recipes.merged`."""
    env_change: dict[str, Any] = Field(default_factory=dict)
    """What is otherwise than in the environment's recipe, such as ``{ budget = { labels = 20 } }``."""

    LATER: ClassVar[frozenset[str]] = frozenset({"after"})

    def build(self) -> TrainedRecipe:
        """Return the agent's recipe. Raises InvalidRecipeError if it is not to be trained, or not with this change."""
        recipe = load_agent_recipe(self.agent)
        if self.change and isinstance(recipe, TrainedRecipe):
            path = recipes.find("agents", self.agent)
            content = recipes.merged(recipes.read(path), {"agent": self.change})
            recipe = parse_agent_recipe(content, where=_where(path, self.change))
        if not isinstance(recipe, TrainedRecipe):
            raise InvalidRecipeError(
                f"agent {self.agent!r} is of kind {recipe.kind!r}; only kind 'trained' can be trained"
            )
        return recipe

    def build_env(self) -> EnvRecipe:
        """Return the environment's recipe. Raises InvalidRecipeError if there is none, or not with this change."""
        path = recipes.find("envs", self.env)
        content = recipes.merged(recipes.read(path), self.env_change)
        return recipes.parse(EnvRecipe, content, where=_where(path, self.env_change))

    @property
    def summary(self) -> str:
        """Agent, environment and seeds in one line."""
        agent, env = _with_change(self.agent, self.change), _with_change(self.env, self.env_change)
        after = f" after {self.after}" if self.after else ""
        return f"{agent} on {env}{after}, seeds {list(self.seeds)}"


def _where(path: object, change: dict[str, Any]) -> str:
    return f"{path}, changed by the study" if change else str(path)


def _with_change(name: str, change: dict[str, Any]) -> str:
    return f"{name} with {_assignments(change)}" if change else name


def _assignments(change: dict[str, Any], above: str = "") -> str:
    """Return every changed key by its dotted name."""
    assignments = [
        _assignments(value, f"{above}{key}.") if isinstance(value, dict) and value else f"{above}{key} = {value}"
        for key, value in change.items()
    ]
    return ", ".join(assignments)
