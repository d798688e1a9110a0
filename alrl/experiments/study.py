"""The schema of ``experiments/*.toml``: one file declares one study, data sets x agents x seeds."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from alrl import recipes
from alrl.agents.policy import Policy
from alrl.agents.recipe import TrainedRecipe, load_agent_recipe
from alrl.envs.recipe import LearnerRecipe, SplitRecipe, load_env_recipe
from alrl.errors import InvalidRecipeError
from alrl.experiments.simulate import DEFAULT_SPLIT
from alrl.loop.relatives import related
from alrl.recipe_model import Recipe
from alrl.strategies import Strategy


class TrainingRecipe(Recipe):
    """A policy that the study trains before it compares."""

    agent: str
    """An agent recipe of kind ``trained``."""
    env: str
    """The environment that it is trained on."""
    seeds: tuple[Annotated[int, Field(ge=0)], ...] = Field(default=(0,), min_length=1)
    """One policy is trained for each."""

    def build(self) -> TrainedRecipe:
        """The agent's recipe. Raises InvalidRecipeError if it is not to be trained."""
        recipe = load_agent_recipe(self.agent)
        if not isinstance(recipe, TrainedRecipe):
            raise InvalidRecipeError(
                f"agent {self.agent!r} is of kind {recipe.kind!r}; only kind 'trained' can be trained"
            )
        return recipe


class StudyRecipe(Recipe):
    """One study."""

    version: int = Field(default=0, ge=0)
    title: str
    hypothesis: str = ""
    """What the study is to show, in words, written before it is run."""
    data: tuple[str, ...] = Field(min_length=1)
    """Data sets that strategies are compared on: none that a policy was trained on, nor a relative of one."""
    agents: tuple[str, ...] = Field(min_length=1)
    """Agent recipes, and names given under ``train``."""
    train: dict[str, TrainingRecipe] = Field(default_factory=dict)
    """Policies to be trained first, by the name that they have in the tables."""
    primary: tuple[str, str] | None = None
    """The agent that the study is about, and the one that it is held against."""
    learners: tuple[LearnerRecipe, ...] = Field(default=(LearnerRecipe(),), min_length=1)
    labels: int = Field(default=60, ge=1)
    batches: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(1,), min_length=1)
    seeds: int = Field(default=50, ge=2)
    """Paired evaluation seeds."""
    block: int = Field(default=50, ge=1)
    """Seeds that are played side by side: one cell."""
    split: SplitRecipe = SplitRecipe(**DEFAULT_SPLIT)

    @model_validator(mode="after")
    def _names(self) -> StudyRecipe:
        for name in self.train:
            if name not in self.agents:
                raise ValueError(f"train.{name} is not among agents; add it there, or drop it")
        for key in ("data", "agents", "learners", "batches"):
            given = getattr(self, key)
            twice = [each for each in given if given.count(each) > 1]
            if twice:
                raise ValueError(f"{key} names {twice[0]!r} twice; name each once")
        if self.primary is not None:
            for name in self.primary:
                if name not in self.agents:
                    raise ValueError(f"primary names {name!r}, which is not among agents")
        return self


def load_study(name: str | Path) -> StudyRecipe:
    """The study of a recipe file or a recipe's name.

    Raises InvalidRecipeError if there is none, or if it does not fit the schema.
    """
    path = recipes.find("experiments", name)
    data: dict[str, Any] = recipes.read(path)
    return recipes.parse(StudyRecipe, data, where=str(path))


def check_held_out(study: StudyRecipe) -> None:
    """Refuse a study whose data sets a policy has seen.

    Raises InvalidRecipeError that names the policy and the pair of data sets.
    """
    for name in study.agents:
        for seen in _seen(study, name):
            for held_out in study.data:
                if related(_plain(seen), _plain(held_out)):
                    raise InvalidRecipeError(
                        f"agent {name!r} was trained on {seen!r}, which shares records with {held_out!r}: leave"
                        f" {held_out!r} out of the study's data, or train the policy without {seen!r}"
                    )


def _plain(name: str) -> str:
    """A file is taken for the data set that it is named after."""
    return Path(name).stem if Path(name).suffix in {".csv", ".npz"} else name


def _seen(study: StudyRecipe, name: str) -> Iterable[str]:
    """Data sets that an agent's training used, to train or to choose between stages."""
    if name in study.train:
        study.train[name].build()
        return load_env_recipe(study.train[name].env).data.names
    strategy = rule_or_policy(name)
    if not isinstance(strategy, Policy):
        return ()
    return (*strategy.card.get("trained_on", ()), *strategy.card.get("validated_on", ()))


def rule_or_policy(name: str) -> Strategy:
    """The strategy of an agent that needs no training.

    Raises InvalidRecipeError for one that does, or if there is no such agent.
    """
    recipe = load_agent_recipe(name)
    if isinstance(recipe, TrainedRecipe):
        raise InvalidRecipeError(
            f"agent {name!r} is to be trained first: add a table [train.{name}] with agent = {name!r} and env = the"
            " environment to train on, as experiments/README.md shows"
        )
    return recipe.build()
