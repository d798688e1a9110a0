"""The schemas of ``[agent.reinforcement]``: one class an algorithm."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from alrl.recipes.model import Recipe


class _Algorithm(Recipe):
    """Settings of every algorithm."""

    steps: int = Field(default=20_000, ge=1)
    """Queries played in all."""
    envs: int = Field(default=64, ge=1)
    """Episodes side by side."""
    learning_rate: float = Field(default=1e-4, gt=0, le=100)
    """Of Adam; of RMSprop in A2C."""
    discount: float = Field(default=0.95, gt=0, le=1)
    """Of each query, whatever the batch: what comes a batch of b later counts discount to the power b."""
    scaled_rewards: bool = True
    """Whether rewards are divided by the running standard deviation of the discounted return."""
    reward_clip: float = Field(default=10.0, gt=0)
    """What a reward so divided counts at most, up or down."""
    sampled: int = Field(default=8, ge=1)
    """First queries of all episodes, made by chance, that scales of features and the scores' factor are taken from."""
    spread: float = Field(default=0.3, gt=0)
    """Standard deviation of exploration at first, for actions ``weights``, which lie from -1 to 1."""
    LATER: ClassVar[frozenset[str]] = frozenset({"scaled_rewards", "reward_clip", "sampled", "spread"})


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
    standardised: bool = True
    """Whether advantages are standardised within what an update learns from."""
    LATER: ClassVar[frozenset[str]] = _Algorithm.LATER | {
        "certainty",
        "gae",
        "value_weight",
        "gradient",
        "standardised",
    }


class _Clipped(_OnPolicy):
    """Settings of both kinds of PPO."""

    clip: float = Field(default=0.1, gt=0)
    """How far from one the ratio of new to old probability counts."""
    epochs: int = Field(default=4, ge=1)
    """Passes over each roll-out."""
    target_kl: float | None = Field(default=0.03, gt=0)
    """Divergence at which the passes over a roll-out end; None for no such end."""
    minibatch: int = Field(default=512, ge=2)
    """Most queries that an update learns from: the largest divisor of a roll-out up to this."""
    value_clip: float | None = Field(default=None, gt=0)
    """How far the critic's value may move from that of the roll-out; None for no such bound."""
    LATER: ClassVar[frozenset[str]] = _OnPolicy.LATER | {"epochs", "target_kl", "minibatch", "value_clip"}


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
    standardised: bool = False
    """Whether advantages are standardised within what an update learns from."""


class _OffPolicy(_Algorithm):
    """Settings of algorithms that learn from a replay buffer."""

    buffer: int = Field(default=50_000, ge=1)
    """Queries that are remembered."""
    warm_up: int = Field(default=1024, ge=0)
    """Queries played before the first update."""
    batch: int = Field(default=256, ge=1)
    """Remembered queries an update learns from."""
    updates: int = Field(default=4, ge=1)
    """Updates after each roll-out, by default each query, of all episodes."""
    rollout: int = Field(default=1, ge=1)
    """Queries of each episode between two rounds of updates."""
    LATER: ClassVar[frozenset[str]] = _Algorithm.LATER | {"rollout"}


class DQNRecipe(_OffPolicy):
    """Deep Q-learning (Mnih et al. 2015): double (van Hasselt et al. 2016), dueling (Wang et al. 2016), masked."""

    kind: Literal["dqn"] = "dqn"
    target: int = Field(default=2048, ge=1)
    """Queries between two renewals of the target network."""
    exploration: float = Field(default=0.3, ge=0, le=1)
    """Share of queries drawn at random at the start."""
    final_exploration: float = Field(default=0.02, ge=0, le=1)
    """The same from ``exploring`` on."""
    exploring: float = Field(default=0.5, gt=0, le=1)
    """Share of the training in which exploration falls, evenly, from the one to the other."""
    gradient: float = Field(default=10.0, gt=0)
    """Largest length of a gradient."""
    scale: float = Field(default=0.01, gt=0)
    """Value of a unit of score before training: rewards are changes of a metric, of this order."""
    LATER: ClassVar[frozenset[str]] = _OffPolicy.LATER | {"exploring", "gradient", "scale"}


class SACRecipe(_OffPolicy):
    """Soft actor-critic (Haarnoja et al. 2018), which tunes its entropy's weight itself: for actions ``weights``."""

    kind: Literal["sac"] = "sac"
    follows: float = Field(default=0.005, gt=0, le=1)
    """How far the target critics go towards the critics in each update."""
    LATER: ClassVar[frozenset[str]] = _OffPolicy.LATER | {"follows"}


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
