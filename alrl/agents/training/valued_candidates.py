"""Examples for imitation: what a policy would have seen, and what a look-ahead says each candidate was worth."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.agents.policy import Policy
from alrl.data.task import Task
from alrl.envs.candidates import drawn
from alrl.envs.recipe import EnvRecipe
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator
from alrl.metadata import Observation
from alrl.numerics.noise import EpisodeNoise


@dataclass(frozen=True, kw_only=True, eq=False)
class ValuedCandidates:
    """M states with K candidates each."""

    candidates: Tensor
    """Features of the candidates, (M, K, F)."""
    loop: Tensor
    """Features of the loop, (M, G)."""
    mask: Tensor
    """False where there is no candidate, (M, K), bool."""
    values: Tensor
    """The expert's value of each candidate, (M, K)."""
    error: Tensor | None = None
    """Variance of each value, its state's mean apart, over worlds, (M, K); None where there was one world."""

    def __len__(self) -> int:
        return len(self.values)

    @property
    def _known(self) -> dict[str, Tensor]:
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return {name: each for name, each in fields.items() if each is not None}

    @classmethod
    def joined(cls, parts: Sequence[ValuedCandidates]) -> ValuedCandidates:
        """Return all examples of ``parts``, in their order."""
        names = [name for name in cls.__dataclass_fields__ if all(name in part._known for part in parts)]
        return cls(**{name: torch.cat([getattr(part, name) for part in parts]) for name in names})

    def to(self, device: str) -> ValuedCandidates:
        """Return the same examples on ``device``."""
        return ValuedCandidates(**{name: each.to(device) for name, each in self._known.items()})

    def take(self, index: Tensor) -> ValuedCandidates:
        """Return the examples at ``index`` (long)."""
        return ValuedCandidates(**{name: each[index] for name, each in self._known.items()})

    def reliability(self) -> Tensor:
        """Return how much of the differences among a state's values is no noise, 0 to 1, (M,).

        The variance among its candidates less the mean variance of a value over worlds, as a share of the former. One
        everywhere where there was one world: of its noise nothing is known.

        >>> columns = {"candidates": torch.zeros(1, 2, 1), "loop": torch.zeros(1, 1)}
        >>> columns |= {"mask": torch.ones(1, 2, dtype=torch.bool), "values": torch.tensor([[0.5, 0.7]])}
        >>> ValuedCandidates(**columns, error=torch.full((1, 2), 0.0025)).reliability().item().__round__(2)
        0.75
        """
        if self.error is None:
            return torch.ones(len(self))
        signal = (centred(self.values, self.mask).square().sum(1)) / self.mask.sum(1).clamp_min(1)
        noise = (self.error * self.mask).sum(1) / self.mask.sum(1).clamp_min(1)
        return (1 - noise / signal.clamp_min(1e-12)).clamp(0, 1)


def centred(values: Tensor, mask: Tensor) -> Tensor:
    """Return values (..., M, K) less their mean over the candidates of a state, zero where there is no candidate."""
    mean = (values * mask).sum(-1, keepdim=True) / mask.sum(-1, keepdim=True).clamp_min(1)
    return (values - mean) * mask


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """Who chooses while states are collected: policy, chance or margin, drawn anew for each episode and query."""

    policy: Policy | None
    """The policy being trained; None in the first round."""
    share: float
    """Share of queries that the policy makes."""
    random: float = 0.3
    """Share of the rest that are random; the others are margin's."""

    def scores(self, seen: Observation) -> Tensor | None:
        """Return the policy's scores of the candidates, (B, K); None without a policy."""
        if self.policy is None:
            return None
        with torch.no_grad():
            scores: Tensor = self.policy.network(seen.candidates, seen.loop, seen.mask)
        return scores

    def choose(self, view: PoolView, candidates: Tensor, scores: Tensor | None, coin: Tensor) -> Tensor:
        """Return pool positions (B,), one of the ``candidates`` (B, K) each; ``scores`` (B, K) are the policy's.

        ``coin`` (B, 2), uniform in [0, 1): the first decides whether the policy chooses, the second whether chance does
        where the policy does not.
        """
        margin = (-view.margin.gather(1, candidates.clamp_min(0))).masked_fill(candidates < 0, -torch.inf)
        luck = view.noise.gather(1, candidates.clamp_min(0)).masked_fill(candidates < 0, -1.0)
        position = torch.where(coin[:, 1] < self.random, luck.argmax(1), margin.argmax(1))
        if scores is not None:
            position = torch.where(coin[:, 0] < self.share, scores.argmax(1), position)
        return candidates.gather(1, position[:, None])[:, 0]


def collect(
    tasks: Sequence[Task],
    recipe: EnvRecipe,
    behaviour: Behaviour,
    expert: LookAhead,
    *,
    every: int,
    offset: int = 0,
    device: str = "cpu",
) -> ValuedCandidates:
    """Play the tasks side by side; at every ``every``-th query ask the expert what each candidate is worth.

    Batches are those of the recipe's budget, filled pick by pick: the states in between are what a policy sees of a
    batch that is partly filled, and the expert values a candidate beside what the batch holds.

    The loop is computed on ``device``; the examples come back to the CPU.
    """
    simulator = Simulator(tasks, recipe.learner.build(), device=device, **recipe.loop_settings)
    simulator.provide(recipe.observation.build().needs)
    coins = EpisodeNoise([task.seed for task in tasks], "agent", device)
    if behaviour.policy is not None:
        behaviour = dataclasses.replace(behaviour, policy=behaviour.policy.to(device))
    return ValuedCandidates.joined(list(_played(simulator, recipe, behaviour, expert, coins, every, offset))).to("cpu")


def _played(
    simulator: Simulator,
    recipe: EnvRecipe,
    behaviour: Behaviour,
    expert: LookAhead,
    coins: EpisodeNoise,
    every: int,
    offset: int,
) -> Iterator[ValuedCandidates]:
    features, mixture = recipe.observation.build(), recipe.action.candidates.build()
    view, labels = simulator.view, int(simulator.view.budget.max())
    worlds = None if expert.plain else expert.draw_worlds(simulator)
    batch: list[Tensor] = []
    for query in range(labels):
        candidates = drawn(mixture, view)
        seen = features.observe(view, candidates)
        if query % every == offset % every:
            beside = torch.stack(batch, 1) if batch else None
            here = expert.draw_worlds(simulator) if worlds is None else worlds
            yield _useful(seen, expert.by_world(simulator, candidates, here, batch=beside))
        batch.append(behaviour.choose(view, candidates, behaviour.scores(seen), coins.draw(2)))
        if len(batch) == recipe.budget.batch or query == labels - 1:
            simulator.step(torch.stack(batch, 1))
            view, batch = simulator.view, []
        else:
            view = view.with_selected(batch[-1])


def _useful(seen: Observation, by_world: Tensor) -> ValuedCandidates:
    """Return the examples of the states that have at least two candidates to compare; values (worlds, B, K)."""
    count = len(by_world)
    values = by_world.mean(0) if count > 1 else by_world[0]
    # A fit that broke down, in the episode or in a roll-out of few iterations, says nothing about its candidate.
    sound = seen.candidates.isfinite().all(2) & seen.loop.isfinite().all(1, keepdim=True)
    mask = seen.mask & values.isfinite() & sound
    candidates = seen.candidates.masked_fill(~mask[..., None], 0.0)
    values = values.masked_fill(~mask, 0.0)
    apart = centred(by_world.masked_fill(~mask, 0.0), mask)
    error = apart.var(0, correction=1) / count if count > 1 else None
    whole = ValuedCandidates(candidates=candidates, loop=seen.loop, mask=mask, values=values, error=error)
    # Where one candidate is left, or none, there is nothing to learn.
    return whole.take((mask.sum(1) > 1).nonzero()[:, 0])
