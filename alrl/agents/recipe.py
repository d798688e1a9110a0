"""The schema of ``agents/*.toml``: one file declares one agent, a rule or a policy."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

from pydantic import ConfigDict, Field, model_validator

from alrl import recipes
from alrl.agents.guard.guard import Fallback
from alrl.agents.look_ahead.oracle import TEN_RULES, BoSS, GreedyOracle, ScoredPart
from alrl.agents.policy_file import load_policy
from alrl.agents.reinforcement_recipes import ReinforcementRecipe
from alrl.agents.training_recipes import (
    BranchingRecipe,
    EvolutionRecipe,
    ImitationRecipe,
    RegressionRecipe,
    SearchRecipe,
)
from alrl.envs.action_recipe import CandidatesRecipe
from alrl.recipes import checked_while_parsed
from alrl.recipes.model import Recipe
from alrl.recipes.modules import CLASS
from alrl.recipes.suggest import unknown
from alrl.strategies import Strategy, make_strategy, strategies


class RuleRecipe(Recipe):
    """A rule-based querying strategy; every further key is an argument of that strategy."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["rule"]
    strategy: str
    """A registered strategy or ``package.module:Class``."""

    def build(self) -> Strategy:
        """Return the strategy."""
        return make_strategy(self.strategy, **(self.model_extra or {}))

    @model_validator(mode="after")
    def _buildable(self) -> RuleRecipe:
        with checked_while_parsed():
            self.build()
        return self


class FileRecipe(Recipe):
    """A trained policy, shipped or in a folder."""

    kind: Literal["policy"]
    policy: str
    """Name of a shipped policy, or a folder."""
    guard: bool = True
    """Whether the guard that it was trained with, if any, may choose in its place."""

    def build(self) -> Strategy:
        """Return the policy."""
        policy = load_policy(self.policy)
        return policy if self.guard else dataclasses.replace(policy, guard=None)


class OracleRecipe(Recipe):
    """An upper bound that sees hidden labels: tables mark it, and no statistic ranks it."""

    LATER = frozenset({"rules", "proposals", "share"})

    kind: Literal["oracle"]
    oracle: Literal["greedy-oracle", "boss"]
    """Which: one that tries single records, or one that tries the batches that rules propose."""
    part: ScoredPart = "test"
    """The part that a trial is scored on."""
    candidates: int = Field(default=256, ge=1)
    """Records that ``greedy-oracle`` tries."""
    horizon: int = Field(default=1, ge=1)
    """Queries that a trial looks ahead, the tried one included."""
    iterations: int = Field(default=50, ge=1)
    """Most solver iterations of each refit."""
    likelihood: float = Field(default=0.01, ge=0)
    """Weight of the mean log-likelihood beside accuracy."""
    rules: tuple[str, ...] = TEN_RULES
    """Who proposes batches to ``boss``."""
    proposals: int = Field(default=10, ge=1)
    """Batches that each of them proposes."""
    share: float = Field(default=0.5, gt=0, le=1)
    """Part of the available records that a proposal is made from."""

    def build(self) -> Strategy:
        """Return the oracle."""
        settings = self.model_dump(include={"part", "horizon", "iterations", "likelihood"})
        if self.oracle == "boss":
            return BoSS(rules=self.rules, proposals=self.proposals, share=self.share, **settings)
        return GreedyOracle(candidates=self.candidates, **settings)


class NetworkRecipe(Recipe):
    """The set-scoring network, or one of your own, whose further keys go to its class."""

    model_config = ConfigDict(extra="allow")

    kind: str = "set-scorer"
    """``set-scorer``, or a :class:`~alrl.agents.networks.set_scorer.CandidateScorer`, ``package.module:Class``."""
    width: int = Field(default=64, ge=1)
    """Units of a hidden layer."""
    members: int = Field(default=1, ge=1)
    """Networks whose mean score counts, each from weights of its own; several need imitation."""
    start: Literal["margin", "none"] = "margin"
    """Whether the network begins as margin sampling or with random weights."""
    without: tuple[str, ...] = ()
    """Features that it never looks at, by name, though they are observed."""
    relative: bool = False
    """Whether it also sees each feature of a candidate against those of the others, in their standard deviations."""
    LATER: ClassVar[frozenset[str]] = frozenset({"kind"})

    @property
    def own(self) -> dict[str, Any]:
        """The arguments of a class of one's own."""
        return {name: getattr(self, name) for name in self.model_fields_set - {"kind"}}

    @model_validator(mode="after")
    def _known(self) -> NetworkRecipe:
        if ":" in self.kind:
            return self
        if self.kind != "set-scorer":
            raise ValueError(f"kind = {self.kind!r} given; allowed: set-scorer, or package.module:Class")
        for name in self.model_extra or {}:
            raise ValueError(unknown("key", name, list(type(self).model_fields)))
        return self


class AlgorithmRecipe(Recipe):
    """A training algorithm of one's own; every further key is an argument of its class."""

    model_config = ConfigDict(extra="allow")

    kind: str = Field(pattern=r"^[\w.]+:\w+$")
    """An :class:`~alrl.agents.training.algorithm.Algorithm`, ``package.module:Class``."""
    steps: int = Field(default=20_000, ge=1)
    """Queries played in all."""
    envs: int = Field(default=64, ge=1)
    """Episodes side by side."""


class GuardRecipe(Recipe):
    """The guard, which gives the choice to a rule in states unlike those of training (``alrl.agents.guard``)."""

    quantile: float = Field(default=0.99, gt=0, le=1)
    """Share of the states of training in which the policy chooses."""
    fallback: Fallback = "margin"
    """The rule that chooses elsewhere."""
    hand_over: bool = False
    """Whether it is tried on the validation data sets from when on the fallback had better choose for good."""
    errors: float = Field(default=2.0, ge=0)
    """Standard errors that the gain of a hand-over must exceed: of many points the best looks better than it is."""
    LATER: ClassVar[frozenset[str]] = frozenset({"errors"})


class TrainedRecipe(Recipe):
    """A policy to be trained: imitation, branching, evolution, reinforcement in turn; regression or search alone."""

    kind: Literal["trained"]
    start: str | None = None
    """The policy that training goes on from: a shipped one's name, or a folder; an untrained one if left out."""
    network: NetworkRecipe = NetworkRecipe()
    imitation: ImitationRecipe | None = None
    regression: RegressionRecipe | None = None
    search: SearchRecipe | None = None
    evolution: EvolutionRecipe | None = None
    """Weights of features beside the network's score, bred after imitation."""
    branching: BranchingRecipe | None = None
    """Policy gradient on branches, after imitation and before weights are bred."""
    reinforcement: ReinforcementRecipe | None = None
    """Fine-tuning on the environment's own reward."""
    algorithm: AlgorithmRecipe | None = None
    """The same by an algorithm of one's own, after all others."""
    candidates: CandidatesRecipe | None = None
    """What the trained policy chooses from when it plays; by default the candidates of its environment."""
    guard: GuardRecipe | None = None
    """Guards the trained policy; none unless this table is given."""
    validation: float = Field(default=0.15, gt=0, lt=1)
    """Share of the environment's data sets that no training step uses; they choose between the stages' policies."""
    keep: Literal["best", "proved", "last"] = "best"
    """Which stage's policy is kept: the best on these data sets, the untrained one among them; the latest that is
    better there than the one kept before it by two standard errors; or the last whatever it came to, where algorithms
    themselves are to be compared."""
    trials: int = Field(default=4, ge=1)
    """Paired episodes on each of these data sets; a guard's hand-over is tried on twice as many."""
    LATER: ClassVar[frozenset[str]] = frozenset({"start", "evolution", "branching", "algorithm", "trials"})

    @model_validator(mode="after")
    def _some_training(self) -> TrainedRecipe:
        alone = [name for name in ("regression", "search") if getattr(self, name) is not None]
        stages = (self.imitation, self.branching, self.evolution, self.reinforcement, self.algorithm)
        others = any(each is not None for each in stages)
        if not alone and not others:
            raise ValueError(
                "neither imitation, branching, evolution, reinforcement, algorithm, regression nor search is given; add"
                " one of the tables, or use an agent of kind rule"
            )
        if self.network.members > 1 and self.imitation is None:
            raise ValueError(
                f"network: members = {self.network.members} given; members differ by what imitation makes of them: add"
                " the table imitation, or drop members"
            )
        if self.evolution is not None and self.reinforcement is not None:
            raise ValueError("evolution and reinforcement given; weights that are bred are not tuned: drop either")
        if len(alone) + others > 1:
            raise ValueError(f"{alone[0]} stands alone: what it finds cannot be tuned; drop the other tables")
        if self.start is not None and (alone or "network" in self.model_fields_set):
            other = alone[0] if alone else "network"
            raise ValueError(f"start and {other} given; a start has a network of its own: drop either")
        return self


AgentRecipe = Annotated[RuleRecipe | FileRecipe | OracleRecipe | TrainedRecipe, Field(discriminator="kind")]


class _AgentFile(Recipe):
    agent: AgentRecipe


def agent_names() -> list[str]:
    """Return the names of all agents, sorted: those of recipes, and every rule, which needs no recipe."""
    return sorted({*recipes.names("agents"), *strategies()})


def load_agent_recipe(name: str | Path) -> RuleRecipe | FileRecipe | OracleRecipe | TrainedRecipe:
    """Return the agent of a recipe's file or name, a rule's name, ``package.module:Class`` or a policy's folder.

    Raises:
        InvalidRecipeError: there is none, or it does not fit the schema.

    >>> load_agent_recipe("core-set")
    RuleRecipe(kind='rule', strategy='core-set')
    """
    if name in strategies() and name not in recipes.names("agents"):
        return RuleRecipe(kind="rule", strategy=str(name))
    if (Path(name) / "policy.json").is_file():
        return FileRecipe(kind="policy", policy=str(name))
    if CLASS.fullmatch(str(name)):
        recipes.let_import(str(name), [Path.cwd()])
        return parse_agent_recipe({"agent": {"kind": "rule", "strategy": str(name)}}, where=str(name))
    path = recipes.find("agents", name, known=agent_names())
    return parse_agent_recipe(recipes.read(path), where=str(path))


def parse_agent_recipe(data: dict[str, Any], *, where: str) -> RuleRecipe | FileRecipe | OracleRecipe | TrainedRecipe:
    """Return the agent of a recipe's content, its table ``agent``.

    Raises InvalidRecipeError, which names ``where``, if it does not fit the schema.
    """
    return recipes.parse(_AgentFile, data, where=where).agent
