"""The schemas of trainings: ``[agent.reinforcement]``, ``search``, ``evolution``, ``branching``, and of the expert."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field, model_validator

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.agents.look_ahead.roll_out import ScoredMetric
from alrl.agents.networks.weighted import WEIGHED
from alrl.envs.action_recipe import CandidatesRecipe
from alrl.recipes import checked_while_parsed
from alrl.recipes.model import Recipe
from alrl.strategies import Strategy, make_strategy


class _Algorithm(Recipe):
    """Settings of every algorithm."""

    steps: int = Field(default=20_000, ge=1)
    """Queries played in all."""
    envs: int = Field(default=64, ge=1)
    """Episodes side by side."""
    learning_rate: float = Field(default=1e-4, gt=0)
    """Of Adam; of RMSprop in A2C."""
    discount: float = Field(default=0.95, gt=0, le=1)
    """Of each query, whatever the batch: what comes a batch of b later counts discount to the power b."""
    scaled_rewards: bool = True
    """Whether rewards are divided by the running standard deviation of the discounted return."""
    LATER: ClassVar[frozenset[str]] = frozenset({"scaled_rewards"})


class _OnPolicy(_Algorithm):
    """Settings of algorithms that learn from their latest roll-outs."""

    rollout: int = Field(default=32, ge=1)
    """Queries of each episode between two updates; the budget's labels if those are fewer."""
    entropy: float = Field(default=0.0, ge=0)
    """Weight of the entropy bonus."""
    certainty: float | None = Field(default=0.5, gt=0, lt=1)
    """Mean probability of the likeliest candidate at the start, by one factor on all scores; None leaves them."""
    gae: float = Field(default=0.95, ge=0, le=1)
    """How far advantages look beyond the critic: lambda of Schulman et al. 2016."""
    value_weight: float = Field(default=0.5, ge=0)
    """Weight of the critic's loss."""
    gradient: float = Field(default=0.5, gt=0)
    """Largest length of a gradient."""
    LATER: ClassVar[frozenset[str]] = frozenset({"scaled_rewards", "certainty", "gae", "value_weight", "gradient"})


class _Clipped(_OnPolicy):
    """Settings of both kinds of PPO."""

    clip: float = Field(default=0.1, gt=0)
    """How far from one the ratio of new to old probability counts."""
    epochs: int = Field(default=4, ge=1)
    """Passes over each roll-out."""
    target_kl: float | None = Field(default=0.03, gt=0)
    """Divergence at which the passes over a roll-out end; None for no such end."""
    minibatch: int = Field(default=512, ge=1)
    """Most queries that an update learns from: the largest divisor of a roll-out up to this."""
    LATER: ClassVar[frozenset[str]] = _OnPolicy.LATER | {"epochs", "target_kl", "minibatch"}


class PPORecipe(_Clipped):
    """Proximal policy optimisation (Schulman et al. 2017)."""

    kind: Literal["ppo"] = "ppo"


class MaskablePPORecipe(_Clipped):
    """PPO whose library masks the actions too (Huang & Ontañón 2022)."""

    kind: Literal["maskable-ppo"] = "maskable-ppo"


class A2CRecipe(_OnPolicy):
    """Advantage actor-critic (Mnih et al. 2016)."""

    kind: Literal["a2c"] = "a2c"
    rollout: int = Field(default=5, ge=1)
    """Queries of each episode between two updates; the budget's labels if those are fewer."""


class _OffPolicy(_Algorithm):
    """Settings of algorithms that learn from a replay buffer."""

    buffer: int = Field(default=50_000, ge=1)
    """Queries that are remembered."""
    warm_up: int = Field(default=1024, ge=0)
    """Queries played before the first update."""
    batch: int = Field(default=256, ge=1)
    """Remembered queries an update learns from."""
    updates: int = Field(default=4, ge=1)
    """Updates after each query of all episodes."""


class DQNRecipe(_OffPolicy):
    """Deep Q-learning (Mnih et al. 2015): double (van Hasselt et al. 2016), dueling (Wang et al. 2016), masked."""

    kind: Literal["dqn"] = "dqn"
    target: int = Field(default=2048, ge=1)
    """Queries between two renewals of the target network."""
    exploration: float = Field(default=0.3, ge=0, le=1)
    """Share of queries drawn at random at the start."""
    final_exploration: float = Field(default=0.02, ge=0, le=1)
    """The same from the middle of the training on."""


class SACRecipe(_OffPolicy):
    """Soft actor-critic (Haarnoja et al. 2018), which tunes its entropy's weight itself: for actions ``weights``."""

    kind: Literal["sac"] = "sac"


ReinforcementRecipe = Annotated[
    PPORecipe | MaskablePPORecipe | A2CRecipe | DQNRecipe | SACRecipe,
    Field(discriminator="kind"),
]

LEARNS: dict[str, tuple[str, ...]] = {
    "ppo": ("record", "rule", "weights"),
    "maskable-ppo": ("record", "rule"),
    "a2c": ("record", "rule", "weights"),
    "dqn": ("record", "rule"),
    "sac": ("weights",),
}
"""The kinds of actions that each algorithm can learn."""


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
    """Weights at first, by feature, ``network`` for the network's; zero where none is given."""
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
    labels: int | None = Field(default=None, ge=1)
    """Labels bought in an episode; by default the environment's budget."""
    spread: float = Field(default=0.5, gt=0)
    """Standard deviation of each weight at first, the largest weight of the mean being one."""
    narrows: float = Field(default=0.3, gt=0, le=1)
    """What the spread has become in the last generation, as a share of the first one's."""
    clip: float = Field(default=0.03, gt=0)
    """Area by which a weighting may be better or worse than the mean of all on one data set: more counts as this."""

    @model_validator(mode="after")
    def _known(self) -> EvolutionRecipe:
        foreign = sorted(set(self.start) - {"network", *self.features})
        if foreign:
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
    epochs: int = Field(default=4, ge=1)
    """Gradient steps on the branches of an update."""
    learning_rate: float = Field(default=3e-4, gt=0)
    """Of Adam."""
    kl: float = Field(default=0.1, ge=0)
    """Weight of the divergence from the start, in standard deviations of a state's values."""
    certainty: float = Field(default=0.5, gt=0, lt=1)
    """Mean probability of the likeliest candidate at the start, by one factor on all scores."""
    expert: LookAheadRecipe = LookAheadRecipe(horizon=4, base="policy")
    """How a branch is played on and valued."""
