"""The schemas of trainings: imitation and its expert, ``regression``, ``search``, ``evolution`` and ``branching``."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field, model_validator

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.agents.look_ahead.roll_out import ScoredMetric
from alrl.agents.networks.weighted import WEIGHED
from alrl.envs.action_recipe import CandidatesRecipe
from alrl.recipes import checked_while_parsed
from alrl.recipes.model import Recipe
from alrl.strategies import Strategy, make_strategy


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
    noise: float = Field(default=0.3, ge=0)
    """Spread added to that of the best, as a share of the first one, falling to zero (Szita and Lőrincz 2006)."""
    LATER: ClassVar[frozenset[str]] = frozenset({"noise"})


BRED = (
    "doubtful-cover-gain",
    "cover-gain",
    "doubtful-density",
    "doubtful-reach",
    "isolation-rank",
    "margin",
    "entropy",
    "neighbour-margin",
    "sparsity-rank",
    "first-class-surplus",
)
"""Features weighed beside the network by default: herding, reach, place, doubt and balance."""


class EvolutionRecipe(Recipe):
    """Evolution of the weights of a mixture (:mod:`alrl.agents.networks.mixture`) by paired episodes on fresh tasks."""

    features: tuple[str, ...] = BRED
    """Features of a record that are weighed beside the network's score."""
    start: dict[str, float] = Field(default={"network": 1.0, "doubtful-cover-gain": 1.0})
    """Weights at first, by feature, ``network`` for the network's; zero where none is given.

    Of a policy that weighs features already, by default its own.
    """
    candidates: CandidatesRecipe | None = None
    """What is chosen from while weights are bred; by default what the policy chooses from when it plays."""
    pairs: int = Field(default=8, ge=1)
    """Weightings are tried in pairs, as far to one side of the mean as to the other."""
    generations: int = Field(default=20, ge=1)
    """How often."""
    tasks: int = Field(default=16, ge=1)
    """Data sets of each generation, synthetic ones that nothing else plays and the environment's own tables."""
    tables: float = Field(default=0.3, ge=0, le=1)
    """Share of them that are the environment's own tables, where it has any."""
    episodes: int = Field(default=6, ge=1)
    """Paired episodes on each: the same for all weightings, chance included."""
    batches: tuple[int, ...] = (1, 10)
    """Sizes of a batch, taken in turns from data set to data set."""
    by_size: bool = False
    """Whether each size gets weights of its own, those of sizes in between lying between; else all share theirs."""
    labels: int | None = Field(default=None, ge=1)
    """Labels bought in an episode; by default the environment's budget."""
    spread: float = Field(default=0.5, gt=0)
    """Standard deviation of each weight at first, the largest weight of the mean being one."""
    narrows: float = Field(default=0.3, gt=0, le=1)
    """What the spread has become in the last generation, as a share of the first one's."""
    clip: float = Field(default=0.03, gt=0)
    """Area by which a weighting may be better or worse than the mean of all on one data set: more counts as this."""
    elite: float = Field(default=0.5, gt=0, le=1)
    """Share of the weightings, the best, that the next mean is made of."""
    averaged: float = Field(default=0.5, gt=0, le=1)
    """Share of the generations, the last, whose means the policy's weights are the mean of."""
    LATER: ClassVar[frozenset[str]] = frozenset({"elite", "averaged", "by_size"})

    @model_validator(mode="after")
    def _known(self) -> EvolutionRecipe:
        foreign = sorted(set(self.start) - {"network", *self.features})
        if foreign and "start" in self.model_fields_set:
            raise ValueError(f"start: {foreign[0]!r} is not among the features that are weighed; add it to features")
        if not any(self.start.values()):
            raise ValueError("start: every weight is zero; give one above, such as network = 1.0")
        if not self.batches or min(self.batches) < 1:
            raise ValueError(f"batches = {list(self.batches)} given; give sizes of at least 1")
        return self


class LookAheadRecipe(Recipe):
    """The expert that is imitated: see :class:`alrl.agents.look_ahead.look_ahead.LookAhead`."""

    horizon: int = Field(default=6, ge=1)
    base: str = "margin"
    """Who queries after the candidate: ``margin``, another registered rule, or ``policy``, the one in training."""
    reach: int = Field(default=128, ge=1)
    iterations: int = Field(default=5, ge=1)
    metric: ScoredMetric = "accuracy"
    likelihood: float = Field(default=0.2, ge=0)
    repeats: int = Field(default=1, ge=1)
    beam: int = Field(default=1, ge=1)
    brier: float = Field(default=0.0, ge=0)
    worlds: int = Field(default=1, ge=1)
    drawn: bool = False
    part: float = Field(default=1.0, gt=0, le=1)
    LATER: ClassVar[frozenset[str]] = frozenset({"brier", "worlds", "drawn", "part"})

    @model_validator(mode="after")
    def _buildable(self) -> LookAheadRecipe:
        with checked_while_parsed():
            self.build()
        return self

    def build(self, policy: Strategy | None = None) -> LookAhead:
        """Return the expert; ``policy`` is the one in training, if there is one yet.

        Until then margin takes its place.
        """
        base = {"margin": None, "policy": policy}[self.base] if self.base in _BASES else make_strategy(self.base)
        return LookAhead(**self.model_dump(exclude={"base"}), base=base)


_BASES = ("margin", "policy")


class BranchingRecipe(Recipe):
    """Policy gradient on branches: every candidate of a state is queried, and the policy itself plays on from there."""

    updates: int = Field(default=10, ge=1)
    """How often: branches are made anew by the policy as it is, on tasks of their own."""
    tasks: int = Field(default=24, ge=1)
    """Data sets of an update: fresh synthetic ones, and tables of the environment."""
    tables: float = Field(default=0.3, ge=0, le=1)
    """Share of them that are the environment's own tables, where it has any."""
    every: int = Field(default=6, ge=1)
    """Branches are made at every query whose number is a multiple of this."""
    share: float = Field(default=1.0, ge=0, le=1)
    """Share of the policy's own choices between them; the rest are margin's and chance's."""
    random: float = Field(default=0.3, ge=0, le=1)
    """Share of the rest that are chance's."""
    epochs: int = Field(default=4, ge=1)
    """Gradient steps on the branches of an update."""
    learning_rate: float = Field(default=3e-4, gt=0, le=100)
    """Of Adam."""
    kl: float = Field(default=0.1, ge=0)
    """Weight of the divergence from the start, in standard deviations of a state's values."""
    certainty: float = Field(default=0.5, gt=0, lt=1)
    """Mean probability of the likeliest candidate at the start, by one factor on all scores."""
    gradient: float = Field(default=1.0, gt=0)
    """Largest length of a gradient."""
    expert: LookAheadRecipe = LookAheadRecipe(horizon=4, base="policy")
    """How a branch is played on and valued."""
    LATER: ClassVar[frozenset[str]] = frozenset({"random", "gradient"})


class ImitationRecipe(Recipe):
    """Imitation of the look-ahead expert in DAgger rounds."""

    rounds: int = Field(default=3, ge=1)
    """Rounds: in the first, margin and chance choose; afterwards mostly the policy itself."""
    sets: int | None = Field(default=None, ge=1)
    """Data sets of a round, drawn anew from those trained on; all of them if left out, or if there are no more."""
    episodes: int = Field(default=4, ge=1)
    """Episodes on each data set in each round."""
    every: int = Field(default=4, ge=1)
    """Queries from one at which the expert values candidates to the next."""
    share: float = Field(default=0.7, ge=0, le=1)
    """Share of the policy's own choices after the first round."""
    epochs: int = Field(default=25, ge=1)
    """Passes over the states that were collected so far, in each round."""
    learning_rate: float = Field(default=1e-3, gt=0, le=100)
    """Of AdamW."""
    weight_decay: float = Field(default=0.1, ge=0)
    """Of AdamW."""
    temperature: float = Field(default=1.5, gt=0)
    """Sharpness of the expert's distribution over candidates."""
    random: float = Field(default=0.3, ge=0, le=1)
    """Share of the choices that are not the policy's which are chance's; the rest are margin's."""
    batch: int = Field(default=512, ge=1)
    """States that a step of the fit learns from."""
    expert: LookAheadRecipe = LookAheadRecipe()
    weigh: bool = False
    """Whether a state counts by how much of its values' differences is no noise, as the expert's worlds tell it."""
    LATER: ClassVar[frozenset[str]] = frozenset({"sets", "random", "batch", "weigh"})

    @model_validator(mode="after")
    def _tellable(self) -> ImitationRecipe:
        if self.weigh and self.expert.worlds < 2:
            raise ValueError(
                "weigh = true given with one world; noise is what differs between worlds: expert.worlds = 4"
            )
        return self


class RegressionRecipe(Recipe):
    """LAL: a random forest regresses what a label gained in simulated loops."""

    rounds: int = Field(default=1, ge=1)
    """1 is LAL-independent: loops are played at random. In further rounds the forest plays (LAL-iterative)."""
    episodes: int = Field(default=4, ge=1)
    """Episodes on each data set in each round."""
    every: int = Field(default=4, ge=1)
    """Queries from one at which candidates are valued to the next."""
    share: float = Field(default=0.7, ge=0, le=1)
    """Share of the forest's own choices after the first round."""
    random: float = Field(default=1.0, ge=0, le=1)
    """Share of the choices that are not the forest's which are chance's; the rest are margin's."""
    trees: int = Field(default=100, ge=1)
    """Trees of the forest."""
    leaf: int = Field(default=10, ge=1)
    """Candidates that a leaf holds at least."""
    features: float = Field(default=1 / 3, gt=0, le=1)
    """Share of the features that a split may use."""
    expert: LookAheadRecipe = LookAheadRecipe(horizon=1)
    """How a candidate is valued: by default at once, after the refit with it."""
    LATER: ClassVar[frozenset[str]] = frozenset({"random", "features"})
