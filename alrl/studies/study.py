"""The schema of ``experiments/*.toml``: one file declares one study, data sets x agents x seeds."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, model_validator

from alrl.data.first_sample import FirstKind
from alrl.data.table_recipe import Source, source_name
from alrl.envs.loop_recipe import AnnotatorRecipe, BudgetRecipe, ContaminationRecipe, LearnerRecipe
from alrl.envs.recipe import EnvRecipe, SplitRecipe, load_env_recipe
from alrl.errors import InvalidRecipeError
from alrl.evaluation.curves import METRICS, Metric
from alrl.evaluation.simulate import DEFAULT_SPLIT
from alrl.numerics.arguments import MOST_LABELS
from alrl.recipes.code_identity import DEFAULT_CHANGES, Change
from alrl.recipes.model import OneLine, Recipe, ShownName
from alrl.studies.claim_recipe import ClaimRecipe
from alrl.studies.training_recipe import TrainingRecipe

DEFAULT_PROTOCOL = "paired"
_FOLDER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class ConditionRecipe(Recipe):
    """Under which circumstances agents are compared: who answers, what is wrong with the pool, how a loop begins.

    Its own data sets, learner and budget make it a capability (``experiments/capabilities.toml``).
    """

    name: OneLine
    """What tables call it."""
    data: tuple[Source, ...] = ()
    """Data sets of this condition, where not those of the study."""
    learner: LearnerRecipe | None = None
    """What is taught, where not the study's learners."""
    labels: int | None = Field(default=None, ge=1, le=MOST_LABELS)
    """Queries, where not as many as in the study."""
    batch: int | None = Field(default=None, ge=1)
    """Labels between two refits, where not the study's batches."""
    annotator: AnnotatorRecipe = AnnotatorRecipe()
    contamination: tuple[ContaminationRecipe, ...] = ()
    """What is wrong with the pool, one thing after another."""
    first: FirstKind | None = None
    """How the first sample is drawn, where not as in the study; with it the next two, as in an environment's budget."""
    first_size: int | None = None
    """Records of the first sample, for every kind but one-per-class."""
    first_candidates: int | None = None
    """Samples that one is chosen of, for the kinds covering and promising."""
    LATER: ClassVar[frozenset[str]] = frozenset({"data", "learner", "labels", "batch"})

    @model_validator(mode="after")
    def _first(self) -> ConditionRecipe:
        self.first_settings()
        return self

    def first_settings(self) -> dict[str, Any] | None:
        """Return the settings of the first sample, None where they are the study's."""
        if self.first is None:
            return None
        size, candidates = self.first_size, self.first_candidates
        return BudgetRecipe(first=self.first, first_size=size, first_candidates=candidates).first_settings


@dataclass(frozen=True, kw_only=True)
class CellSettings:
    """Settings that the cells of one comparison share: data set, learner and budget."""

    source: Source
    learner: LearnerRecipe
    labels: int
    batch: int
    split: SplitRecipe
    first: Mapping[str, Any]
    """How the first sample is drawn: settings of :func:`alrl.data.first_sample.draw_first_sample`."""
    condition: str = ""
    """What tables call the circumstances; nothing for the ordinary ones."""
    annotator: AnnotatorRecipe
    contamination: tuple[ContaminationRecipe, ...] = ()

    @property
    def data_set(self) -> str:
        """What tables call the data set."""
        return source_name(self.source)

    @property
    def circumstances(self) -> dict[str, Any]:
        """Keys of a cell that tell them, none where they are ordinary."""
        values = {
            "first": {} if self.first["kind"] == "one-per-class" else dict(self.first),
            "condition": self.condition,
            "annotator": {} if self.annotator == AnnotatorRecipe() else self.annotator.model_dump(),
            "contamination": [each.model_dump() for each in self.contamination],
        }
        return {key: value for key, value in values.items() if value}


class StudyRecipe(Recipe):
    """One study: data sets, or environments, x agents x seeds."""

    version: int = Field(default=0, ge=0)
    """Of the study; it is part of every cell's identity."""
    title: str = Field(min_length=1)
    """What reports are headed by."""
    hypothesis: str = ""
    """What the study is to show, in words, written before it is run."""
    protocol: str = DEFAULT_PROTOCOL
    """How agents are compared: a registered protocol or ``package.module:Class``."""
    data: tuple[Source, ...] = ()
    """Data sets that strategies are compared on: none that a policy was trained on, nor a relative of one.

    Names or files, or tables that say which column is the class.
    """
    envs: tuple[str, ...] = ()
    """Instead of data: environments whose data sets, learner, budget and split are taken."""
    agents: tuple[ShownName, ...] = Field(min_length=1)
    """Agent recipes, and names given under ``train``."""
    train: dict[str, TrainingRecipe] = Field(default_factory=dict)
    """Policies to be trained first, by their names in the tables; one that another goes on from need be no agent."""
    primary: tuple[str, str] | None = None
    """The agent that the study is about, and the one that it is held against."""
    claims: tuple[ClaimRecipe, ...] = ()
    """What the study is to show, each with a verdict at the head of the page that it belongs to."""
    metrics: tuple[Metric, ...] = Field(default=METRICS, min_length=1)
    """What is reported; the first is that of the primary comparison."""
    learners: tuple[LearnerRecipe, ...] = Field(default=(LearnerRecipe(),), min_length=1)
    """Models that are taught, each a page of its own."""
    labels: int = Field(default=60, ge=1, le=MOST_LABELS)
    """Labels bought after the first sample."""
    batches: tuple[Annotated[int, Field(ge=1)], ...] = Field(default=(1,), min_length=1)
    """Labels between two refits, each a page of its own."""
    first: Literal["one-per-class", "random"] = "one-per-class"
    """How the first sample is drawn."""
    first_size: int | None = Field(default=None, ge=1)
    """Records of a random first sample."""
    conditions: tuple[ConditionRecipe, ...] = ()
    """Circumstances to compare under, each a page of its own; by default the ordinary ones."""
    seeds: int = Field(default=50, ge=2, le=100_000)
    """Paired evaluation seeds."""
    block: int = Field(default=50, ge=1)
    """Seeds that are played side by side: one cell."""
    split: SplitRecipe = SplitRecipe(**DEFAULT_SPLIT)
    replay: tuple[Change, ...] = DEFAULT_CHANGES
    """Which changes of the code since a cell was played make a run play it again.

    ``own-code``: of a class of one's own, or of an installed one, that the cell names; ``alrl-version``;
    ``alrl-modules``: of those modules of a checkout that play cells; ``unidentified``: nothing is known, the cell was
    stored before alrl recorded its code.
    """

    @model_validator(mode="after")
    def _names(self) -> StudyRecipe:
        gone_on_from = {training.after for training in self.train.values()}
        for name in self.train:
            if not _FOLDER.fullmatch(name):
                raise ValueError(
                    f"train.{name!r} given; the name of a policy is that of its folder in the run: letters, digits and"
                    " ._- alone, the first a letter or a digit"
                )
            if name not in self.agents and name not in gone_on_from:
                raise ValueError(f"train.{name} is not among agents; add it there, or drop it")
        self._check_order_of_training()
        for key in ("data", "envs", "agents", "metrics", "learners", "batches", "conditions"):
            given = getattr(self, key)
            given = tuple(each.name for each in self.conditions) if key == "conditions" else given
            given = tuple(map(source_name, self.data)) if key == "data" else given
            twice = [getattr(each, "kind", each) for each in given if given.count(each) > 1]
            if twice:
                advice = "; two files of one name get a name each: { file = ..., name = ... }" if key == "data" else ""
                raise ValueError(f"{key} names {twice[0]!r} twice; name each once{advice}")
        self._check_claims()
        if self.primary is not None:
            if self.primary[0] == self.primary[1]:
                raise ValueError(f"primary names {self.primary[0]!r} twice; name two agents")
            for name in self.primary:
                if name not in self.agents:
                    raise ValueError(f"primary names {name!r}, which is not among agents ({', '.join(self.agents)})")
        return self

    def _check_order_of_training(self) -> None:
        known = set[str]()
        for name, training in self.train.items():
            if training.after is not None and training.after not in known:
                raise ValueError(
                    f"train.{name}: after = {training.after!r} given; name a table train.NAME that stands above it:"
                    f" {', '.join(sorted(known)) or 'there is none'}"
                )
            missing = set(training.seeds) - set(self.train[training.after].seeds) if training.after else set[int]()
            if missing:
                raise ValueError(
                    f"train.{name}: seeds {sorted(missing)} given, which train.{training.after} has not; give seeds of"
                    f" its own: {list(self.train[training.after or name].seeds)}"
                )
            known.add(name)

    def _check_claims(self) -> None:
        conditions, listed = [each.name for each in self.conditions], f"agents ({', '.join(self.agents)})"
        for claim in self.claims:
            for name in claim.contrast:
                if name not in self.agents:
                    raise ValueError(f"the claim {claim.words!r} names {name!r}, which is not among {listed}")
            for condition in (claim.condition, claim.against_condition):
                if condition is not None and condition not in conditions:
                    raise ValueError(f"the claim {claim.words!r} names {condition!r}, which is not among conditions")
            if claim.metric is not None and claim.metric not in self.metrics:
                raise ValueError(f"the claim {claim.words!r} is of {claim.metric}, which is not among metrics")

    @model_validator(mode="after")
    def _where(self) -> StudyRecipe:
        if bool(self.data) == bool(self.envs):
            given = "both" if self.data else "neither"
            raise ValueError(
                f"{given} of data and envs given; name the data sets under data, or environments under envs"
            )
        clash = sorted(_OF_AN_ENVIRONMENT & self.model_fields_set) if self.envs else []
        if clash:
            raise ValueError(f"{clash[0]} is given beside envs, which have their own; drop it, or name data instead")
        BudgetRecipe(first=self.first, first_size=self.first_size)
        if any(not each.name.strip() for each in self.conditions):
            raise ValueError("a condition has no name; give each one by which tables call it")
        for each in () if self.envs else self.settings():
            if each.batch > each.labels:
                raise ValueError(f"a batch of {each.batch} given, and labels = {each.labels}; give at most as many")
        return self

    def settings(self) -> Iterator[CellSettings]:
        """Yield what agents are compared on, in the order of the tables.

        Raises InvalidRecipeError for an unknown environment, or if two would share rows of a table.
        """
        if not self.envs:
            first = BudgetRecipe(first=self.first, first_size=self.first_size).first_settings
            ordinary = (ConditionRecipe(name=""),)
            for data, condition, learner, batch in self._grid(self.conditions or ordinary):
                yield CellSettings(
                    source=data,
                    learner=learner,
                    labels=condition.labels or self.labels,
                    batch=batch,
                    split=self.split,
                    first=condition.first_settings() or first,
                    condition=condition.name,
                    annotator=condition.annotator,
                    contamination=condition.contamination,
                )
            return
        seen: dict[tuple[str, LearnerRecipe, int], str] = {}
        for name in self.envs:
            for setting in _of_environment(load_env_recipe(name)):
                row = (setting.data_set, setting.learner, setting.batch)
                if row in seen:
                    raise InvalidRecipeError(
                        f"envs {seen[row]!r} and {name!r} both play {setting.data_set!r} with one learner and batch"
                        " size, which is one row of a table: keep one of them, or make two studies"
                    )
                seen[row] = name
                yield setting

    def _grid(
        self, conditions: tuple[ConditionRecipe, ...]
    ) -> Iterator[tuple[Source, ConditionRecipe, LearnerRecipe, int]]:
        every = [*self.data, *(source for condition in conditions for source in condition.data)]
        for data, condition in itertools.product({source_name(each): each for each in every}.values(), conditions):
            if data in (condition.data or self.data):
                learners = self.learners if condition.learner is None else (condition.learner,)
                batches = self.batches if condition.batch is None else (condition.batch,)
                for learner, batch in itertools.product(learners, batches):
                    yield data, condition, learner, batch

    @property
    def data_sets(self) -> tuple[str, ...]:
        """The data sets that agents are compared on, by name, each once, in order."""
        return tuple(self.sources)

    @property
    def sources(self) -> dict[str, Source]:
        """The data sets that agents are compared on, by name, in order."""
        return {setting.data_set: setting.source for setting in self.settings()}


_OF_AN_ENVIRONMENT = {"learners", "labels", "batches", "split", "first", "first_size", "conditions"}


def _of_environment(env: EnvRecipe) -> Iterator[CellSettings]:
    for data in env.data.names:
        yield CellSettings(
            source=env.data.tables.get(data, data),
            learner=env.learner,
            labels=env.budget.labels,
            batch=env.budget.batch,
            split=env.data.split,
            first=env.budget.first_settings,
            annotator=env.annotator,
            contamination=env.contamination,
        )
