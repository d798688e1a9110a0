"""The schema of ``envs/*.toml``: one file declares one environment."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, ClassVar

import gymnasium
from pydantic import Field, model_validator

from alrl import recipes
from alrl.data.contaminations.base import Contamination
from alrl.data.table_recipe import Source, TableRecipe, located
from alrl.envs.action_recipe import ActionRecipe
from alrl.envs.actions import Actions
from alrl.envs.loop_recipe import AnnotatorRecipe, BudgetRecipe, ContaminationRecipe, LearnerRecipe, VariedRecipe
from alrl.envs.observable import check_observable, check_playable
from alrl.envs.reward_recipe import RewardRecipe
from alrl.errors import InvalidRecipeError
from alrl.loop.cost import Prices
from alrl.loop.labelling import Aggregate
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.recipes import checked_while_parsed
from alrl.recipes.model import Recipe

_MOST_TASKS = 100_000
"""Synthetic tasks that a recipe may name."""


class SplitRecipe(Recipe):
    """Shares of the data set's records in each part, and limits on their number."""

    pool: float = Field(default=0.5, gt=0, le=1)
    """Share of the pool, whose records may be queried."""
    validation: float = Field(default=0.2, gt=0, le=1)
    """Share of the validation part, which rewards are computed on."""
    test: float = Field(default=0.3, gt=0, le=1)
    """Share of the test part, which the final curve is computed on."""
    max_pool: int | None = Field(default=None, ge=2)
    """Most records of the pool."""
    max_validation: int | None = Field(default=None, ge=1)
    """Most records of the validation part."""
    max_test: int | None = Field(default=None, ge=1)
    """Most records of the test part."""


class DataRecipe(Recipe):
    """Declare which data sets an episode is played on: each episode draws one of them."""

    sets: tuple[Source, ...] = ()
    """Data sets: names or files, or tables that say which column is the class."""
    synthetic: dict[str, Annotated[int, Field(ge=0)]] = Field(default_factory=dict)
    """How many tasks of each synthetic family, such as ``{ mixed = 40 }``."""
    offset: int = Field(default=0, ge=0)
    """Number of the first synthetic task of each family: recipes of other offsets hold other tasks."""
    split: SplitRecipe = SplitRecipe()

    @property
    def names(self) -> tuple[str, ...]:
        """All data sets, by name."""
        made = (
            f"synthetic/{family}-{self.offset + number}"
            for family, count in self.synthetic.items()
            for number in range(count)
        )
        return (*(source if isinstance(source, str) else source.called for source in self.sets), *made)

    @property
    def tables(self) -> dict[str, TableRecipe]:
        """Tables that are declared by more than their place, by name."""
        return {source.called: source for source in self.sets if isinstance(source, TableRecipe)}

    @model_validator(mode="after")
    def _some(self) -> DataRecipe:
        tasks = sum(self.synthetic.values())
        if tasks > _MOST_TASKS:
            raise ValueError(f"synthetic: {tasks} tasks given; give 0 to {_MOST_TASKS:,} in all")
        if not self.names:
            raise ValueError("no data set is named; list some under sets, or synthetic families under synthetic")
        return self


class CostRecipe(Recipe):
    """Declare what labels, training and scoring cost, in one currency."""

    label: float = Field(default=1.0, ge=0, allow_inf_nan=False)
    """Price of a label, on average over records."""
    spread: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """How unlike the records' prices are: the standard deviation of their logarithm."""
    record_epoch: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Price of training on one record in one epoch."""
    scored: float = Field(default=0.0, ge=0, allow_inf_nan=False)
    """Price of predicting one record of the pool."""

    def build(self) -> Prices:
        """Return the prices."""
        return Prices(**self.model_dump())


class ObservationRecipe(Recipe):
    """The groups of features that are observed."""

    features: tuple[str, ...] = DEFAULT_GROUPS
    """Groups of features, by name, or each of your own as ``package.module:Class``."""

    @model_validator(mode="after")
    def _known(self) -> ObservationRecipe:
        with checked_while_parsed():
            self.build()
        return self

    def build(self) -> FeatureSet:
        """Return the features."""
        return FeatureSet(self.features)


class EnvRecipe(Recipe):
    """One environment."""

    version: int = Field(default=0, ge=0)
    """The number at the end of its Gymnasium id."""
    data: DataRecipe
    learner: LearnerRecipe = LearnerRecipe()
    contamination: tuple[ContaminationRecipe, ...] = ()
    """What is wrong with the pool, one thing after another; validation and test part stay clean."""
    annotator: AnnotatorRecipe = AnnotatorRecipe()
    relabel: Aggregate | None = None
    """Which of several labels of a record is believed, ``majority`` or ``last``; some candidates then have one."""
    budget: BudgetRecipe = BudgetRecipe()
    cost: CostRecipe = CostRecipe()
    action: ActionRecipe = ActionRecipe()
    observation: ObservationRecipe = ObservationRecipe()
    reward: RewardRecipe = RewardRecipe()
    varied: VariedRecipe | None = None
    """Circumstances that differ from task to task, and from group to group of a training's tasks."""
    LATER: ClassVar[frozenset[str]] = frozenset({"varied"})

    def variant(self, number: int) -> EnvRecipe:
        """Return the environment as group ``number`` of a training plays it: learner, labels and batch in turns.

        Itself where nothing is varied.
        """
        if self.varied is None:
            return self
        learner, labels, batch = self.varied.settings(number)
        budget = {"labels": labels or self.budget.labels, "batch": batch or self.budget.batch}
        update = {"learner": learner or self.learner, "budget": self.budget.model_copy(update=budget)}
        return self.model_copy(update=update)

    @property
    def circumstances(self) -> tuple[tuple[tuple[Contamination, ...], dict[str, Any]], ...]:
        """Contaminations and first sample of each of the circumstances that a task draws one of; none if not varied.

        Those of the environment come first: what is wrong with every pool.
        """
        several = () if self.varied is None else self.varied.circumstances
        return tuple(
            ((*self.contaminations, *each.contaminations), each.first_settings or self.budget.first_settings)
            for each in several
        )

    @property
    def contaminations(self) -> tuple[Contamination, ...]:
        """What is wrong with the pool."""
        return tuple(each.build() for each in self.contamination)

    @property
    def loop_settings(self) -> dict[str, Any]:
        """Arguments of :class:`alrl.loop.simulator.Simulator` beside tasks, learner and device."""
        return {
            "labels": self.budget.labels,
            "annotator": self.annotator.build(),
            "relabel": self.relabel,
            "prices": self.cost.build(),
        }

    @model_validator(mode="after")
    def _askable_again(self) -> EnvRecipe:
        labelled = self.action.candidates.labelled
        if (self.relabel is None) == (labelled > 0):
            raise InvalidRecipeError(
                f"relabel = {self.relabel!r} given with action.candidates.labelled = {labelled}; a record is asked for"
                " again where the recipe says which of its labels is believed and has candidates that are labelled:"
                " give both or neither"
            )
        return self

    def actions(self) -> Actions:
        """Return what an action means, for what is observed."""
        return self.action.build(self.observation.build(), self.budget.batch)

    @model_validator(mode="after")
    def _fitting(self) -> EnvRecipe:
        with checked_while_parsed():
            self.check()
        return self

    def check(self) -> None:
        """Check that learner, observation, action and reward fit each other; builds all of them, own classes too.

        Raises InvalidRecipeError if they do not.
        """
        check_observable(self.learner.build(), self.observation.build())
        actions = self.actions()
        check_playable(self.learner.build(), actions)
        largest = actions.setting.sizes[-1]
        if self.action.sizes and largest > self.budget.labels:
            raise InvalidRecipeError(
                f"action: a batch of {largest} given for a budget of {self.budget.labels} labels; give smaller sizes"
            )
        if self.reward.shaping is not None:
            self.reward.shaping.build().check(self.observation.build())
        for each in () if self.varied is None else self.varied.learners:
            check_observable(each.build(), self.observation.build())
            check_playable(each.build(), actions)


def load_env_recipe(name: str | Path) -> EnvRecipe:
    """Return the environment of a recipe file, a recipe's name, or the id by which Gymnasium makes it.

    Raises InvalidRecipeError if there is none, or if it does not fit the schema.
    """
    if not isinstance(name, str | Path):
        raise InvalidRecipeError(f"{name!r} given as an environment; give the name or the file of its recipe")
    registered = gymnasium.registry.get(str(name))
    name = name if registered is None else registered.kwargs.get("recipe", name)
    path = recipes.find("envs", name)
    recipes.say_if_hidden("envs", name)
    env = recipes.parse(EnvRecipe, recipes.read(path), where=str(path))
    sets = tuple(located(source, path.parent) for source in env.data.sets)
    if sets == env.data.sets:
        return env
    return env.model_copy(update={"data": env.data.model_copy(update={"sets": sets})})
