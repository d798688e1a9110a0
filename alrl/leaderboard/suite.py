"""A suite: what every submission to one leaderboard plays, as data; a change of it is another suite."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import Field, model_validator

from alrl import recipes
from alrl.data.sources import load_data_set
from alrl.data.tables.read import is_archive, is_table
from alrl.envs.loop_recipe import LearnerRecipe
from alrl.envs.recipe import SplitRecipe
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.evaluation.curves import METRICS, Metric
from alrl.recipes.model import Recipe
from alrl.studies.runner import cells_of
from alrl.studies.study import StudyRecipe

SUITE = "alrl/suite-v1"
"""The suite that comes with alrl."""
_SHIPPED = Path(__file__).parent


class SuiteRecipe(Recipe):
    """Data sets by their content, and how each of them is played: with paired seeds, one label of each class first."""

    suite: str = Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9._/-]{0,99}$")
    """Its name, which ends in its version: a suite that anybody has played is never changed."""
    title: str
    data: dict[str, str] = Field(min_length=1)
    """Data sets by name, each with its fingerprint: SHA-256 of features, classes and class names."""
    learner: LearnerRecipe = LearnerRecipe()
    labels: int = Field(ge=1)
    batches: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(1,), min_length=1)
    seeds: int = Field(ge=2, le=1000)
    """Paired seeds: 0, 1, 2, ..."""
    block: int = Field(default=5, ge=1)
    """Seeds of one cell, which is what a board plays again."""
    split: SplitRecipe
    metrics: tuple[Metric, ...] = Field(default=METRICS, min_length=1)

    @model_validator(mode="after")
    def _by_name(self) -> SuiteRecipe:
        files = [name for name in self.data if is_table(name) or is_archive(name)]
        if files:
            raise ValueError(
                f"data names the file {files[0]!r}; a suite's data sets go by names that are known anywhere"
            )
        return self

    @property
    def identity(self) -> str:
        """SHA-256 of all that it says."""
        return recipes.identity(self)

    def study(self, agent: str) -> StudyRecipe:
        """Return the study of one agent: the suite's cells are this study's."""
        return StudyRecipe(
            title=f"{self.title}: {agent}",
            data=tuple(self.data),
            agents=(agent,),
            learners=(self.learner,),
            labels=self.labels,
            batches=self.batches,
            seeds=self.seeds,
            block=self.block,
            split=self.split,
            metrics=self.metrics,
        )

    def cells(self, name: str, identity: str) -> list[dict[str, Any]]:
        """Return the specifications of the cells of an agent that tables call ``name``."""
        return cells_of(self.study(name), name, identity)

    def check_data(self) -> None:
        """Raise InvalidDataError if a data set here is not the suite's, what loading does if one is missing."""
        for name, wanted in self.data.items():
            fingerprint = load_data_set(name).fingerprint
            if fingerprint != wanted:
                raise InvalidDataError(
                    f"{name} here has the fingerprint {fingerprint[:12]}, {self.suite} asks for {wanted[:12]}:"
                    " install the version of its package that constraints.txt of alrl names"
                )


def load_suite(name: str | Path = SUITE) -> SuiteRecipe:
    """Return the suite that comes with alrl under a name, or that of a TOML file.

    Raises InvalidRecipeError if there is none, or it does not fit the schema.

    >>> load_suite().suite
    'alrl/suite-v1'
    """
    shipped = {f"alrl/{path.stem}": path for path in _SHIPPED.glob("*.toml")}
    path = shipped.get(str(name), Path(name))
    if not path.exists():
        known = ", ".join(sorted(shipped))
        raise InvalidRecipeError(f"no suite {str(name)!r}; there is {known}. Or give the path of a .toml file.")
    return recipes.parse(SuiteRecipe, recipes.read(path), where=str(path))
