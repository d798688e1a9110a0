"""What a loop consists of: learner, annotator, what is wrong with the pool, budget, and how these vary."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict, Field, model_validator

from alrl.data.contaminations import make_contamination
from alrl.data.contaminations.base import Contamination
from alrl.data.first_sample import FirstKind, check_first
from alrl.learners import make_learner
from alrl.loop.annotators import make_annotator
from alrl.loop.annotators.base import Annotator
from alrl.loop.learner import Learner
from alrl.numerics.arguments import MOST_LABELS
from alrl.recipes import checked_while_parsed
from alrl.recipes.model import Recipe


class LearnerRecipe(Recipe):
    """Declare what is being taught; every key beside ``kind`` is an argument of that learner, such as ``C = 1.0``."""

    model_config = ConfigDict(extra="allow")

    kind: str = "softmax-regression"
    """A registered learner or ``package.module:Class``."""

    @property
    def settings(self) -> dict[str, Any]:
        """The learner's arguments."""
        return dict(self.model_extra or {})

    def build(self) -> Learner:
        """Return the unfitted learner."""
        return make_learner(self.kind, **self.settings)

    @model_validator(mode="after")
    def _buildable(self) -> LearnerRecipe:
        with checked_while_parsed():
            self.build()
        return self


class AnnotatorRecipe(Recipe):
    """Declare who answers queries; further keys are arguments of that annotator, such as ``rate = 0.2``."""

    model_config = ConfigDict(extra="allow")

    kind: str = "perfect"
    """A registered annotator or ``package.module:Class``."""

    def build(self) -> Annotator:
        """Return the annotator."""
        return make_annotator(self.kind, **(self.model_extra or {}))

    @model_validator(mode="after")
    def _buildable(self) -> AnnotatorRecipe:
        with checked_while_parsed():
            self.build()
        return self


class ContaminationRecipe(Recipe):
    """One thing that is wrong with the pool; every key beside ``kind`` is its argument, such as ``share = 0.3``."""

    model_config = ConfigDict(extra="allow")

    kind: str
    """A registered contamination or ``package.module:Class``."""

    def build(self) -> Contamination:
        """Return what contaminates the pool."""
        return make_contamination(self.kind, **(self.model_extra or {}))

    @model_validator(mode="after")
    def _buildable(self) -> ContaminationRecipe:
        with checked_while_parsed():
            self.build()
        return self


class BudgetRecipe(Recipe):
    """Declare how many labels may be bought, and how many at a time."""

    first: FirstKind = "one-per-class"
    """How the first sample is drawn (:func:`alrl.data.first_sample.draw_first_sample`)."""
    first_size: int | None = Field(default=None, ge=1)
    """Records of the first sample, for every kind but one-per-class."""
    first_candidates: int | None = Field(default=None, ge=2)
    """Samples that one is chosen of, for the kinds covering and promising."""
    labels: int = Field(default=60, ge=1, le=MOST_LABELS)
    """Labels after the first sample."""
    batch: int = Field(default=1, ge=1)
    """Labels that are bought before the learner is refitted."""

    @model_validator(mode="after")
    def _size(self) -> BudgetRecipe:
        if (self.first == "one-per-class") != (self.first_size is None):
            raise ValueError(f'first = "{self._sized}" needs first_size, and one-per-class takes none')
        check_first(self.first, self.first_size, self.first_candidates)
        if self.first == "promising" and (self.first_candidates or 1) - 1 > self.labels / (self.first_size or 1):
            raise ValueError("the first samples that are not kept are paid from labels, which are too few for that")
        return self

    @property
    def first_settings(self) -> dict[str, Any]:
        """Arguments of :func:`alrl.data.first_sample.draw_first_sample`."""
        several = {} if self.first_candidates is None else {"candidates": self.first_candidates}
        return {"kind": self.first, "size": self.first_size, **several}

    @property
    def _sized(self) -> str:
        return "random" if self.first == "one-per-class" else self.first


class CircumstancesRecipe(Recipe):
    """One of the circumstances that a task may be played under; an empty table for the environment's own."""

    contamination: tuple[ContaminationRecipe, ...] = ()
    """What is wrong with the pool, after what is wrong with every pool of the environment."""
    first: FirstKind | None = None
    """How the first sample is drawn, where not as in the budget: any kind but ``promising``."""
    first_size: int | None = Field(default=None, ge=1)
    """Records of that first sample, for every kind but one-per-class."""
    first_candidates: int | None = Field(default=None, ge=2)
    """Samples that one is chosen of, for the kind covering."""

    @property
    def contaminations(self) -> tuple[Contamination, ...]:
        """What is wrong with the pool."""
        return tuple(each.build() for each in self.contamination)

    @property
    def first_settings(self) -> dict[str, Any] | None:
        """Arguments of :func:`alrl.data.first_sample.draw_first_sample`; None for the budget's."""
        if self.first is None:
            return None
        size, candidates = self.first_size, self.first_candidates
        return BudgetRecipe(first=self.first, first_size=size, first_candidates=candidates).first_settings

    @model_validator(mode="after")
    def _drawable(self) -> CircumstancesRecipe:
        if self.first == "promising":
            raise ValueError('first = "promising" given; its samples are paid from the budget: give it in [budget]')
        if self.first is None and (self.first_size or self.first_candidates):
            raise ValueError("first_size or first_candidates given without first; say which kind they belong to")
        with checked_while_parsed():
            _ = self.first_settings
        return self


class VariedRecipe(Recipe):
    """What differs from task to task: policies that are to work anywhere are trained under all of it."""

    circumstances: tuple[CircumstancesRecipe, ...] = ()
    """Each task draws one by its seed, everywhere: in the environment, in trainings, in their validation."""
    learners: tuple[LearnerRecipe, ...] = ()
    """Taught in turns, from group to group of the tasks that imitation, branching and validation play side by side."""
    labels: tuple[int, ...] = ()
    """Budgets, in turns as well."""
    batches: tuple[int, ...] = ()
    """Labels between two refits, in turns as well."""

    @model_validator(mode="after")
    def _some(self) -> VariedRecipe:
        for name in ("labels", "batches"):
            if any(each < 1 for each in getattr(self, name)):
                raise ValueError(f"{name} = {list(getattr(self, name))} given; give numbers of at least 1")
        if not (self.circumstances or self.learners or self.labels or self.batches):
            raise ValueError("nothing is varied; name circumstances, learners, labels or batches, or drop the table")
        return self

    def settings(self, number: int) -> tuple[LearnerRecipe | None, int | None, int | None]:
        """Return learner, labels and batch of group ``number``, None for the environment's own.

        All combinations come before one comes again.

        >>> varied = VariedRecipe(labels=(20, 60, 100), batches=(1, 10))
        >>> [varied.settings(number)[1:] for number in range(4)]
        [(20, 1), (60, 1), (100, 1), (20, 10)]
        """
        learner, labels, batch = None, None, None
        if self.learners:
            number, place = divmod(number, len(self.learners))
            learner = self.learners[place]
        if self.labels:
            number, place = divmod(number, len(self.labels))
            labels = self.labels[place]
        if self.batches:
            batch = self.batches[number % len(self.batches)]
        return learner, labels, batch
