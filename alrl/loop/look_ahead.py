"""What a candidate is worth: the learner's score along the next queries after adding it, by batched roll-outs.

This looks at hidden labels and at the validation part (an oracle, at the test part). It is for training experts and
upper bounds, never for a strategy or a policy: it takes the simulator itself, which neither of them holds.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.parts import PartName
from alrl.loop.simulator import Simulator


@dataclass(frozen=True, kw_only=True)
class LookAhead:
    """Values candidates by adding each, then querying by margin for the rest of the horizon.

    Raises InvalidRecipeError for a horizon, reach or number of iterations below 1.
    """

    horizon: int = 6
    """Queries that a roll-out makes, the candidate included; 1 values the immediate gain alone."""
    reach: int = 128
    """Pool records that the roll-out's margin queries choose from: half of smallest margin now, half random."""
    iterations: int = 5
    """Most solver iterations of each refit of a roll-out."""
    likelihood: float = 0.2
    """Weight of the mean log-likelihood (at least -3) beside the accuracy: it tells candidates apart earlier."""

    def __post_init__(self) -> None:
        for name in ("horizon", "reach", "iterations"):
            if getattr(self, name) < 1:
                raise InvalidRecipeError(f"look-ahead: {name} = {getattr(self, name)} given; it must be at least 1")

    def value(self, simulator: Simulator, candidates: Tensor, *, part: PartName = "validation") -> Tensor:
        """Value of each candidate (B, K): the mean score on a part at the watched steps of its roll-out.

        ``candidates`` are pool positions; where one is -1 its value is that of adding nothing. The test part is for
        upper bounds alone: no expert that anything is trained from may ask for it.
        """
        B, K = candidates.shape
        rollout = _RollOut(simulator, self, candidates, part)
        watched = {0, self.horizon // 2, self.horizon - 1}
        total = torch.zeros(B, K, device=candidates.device)
        for step in range(self.horizon):
            rollout.refit()
            if step in watched:
                total += rollout.score(self.likelihood)
            if step < self.horizon - 1:
                rollout.query()
        return total / len(watched)


class _RollOut:
    """B x K branches of a simulator's episodes; pools are shared, only labelled sets and fits are the branches' own."""

    def __init__(self, simulator: Simulator, settings: LookAhead, candidates: Tensor, part: PartName) -> None:
        view, (B, K) = simulator.view, candidates.shape
        self.pool, self.scored = simulator.parts("pool"), simulator.parts(part)
        # What the annotator would say, right or wrong: a label that is late is taken to be there at once.
        self.said = simulator.would_say()
        self.branches, self.class_mask = K, view.class_mask
        self.rows = torch.arange(B, device=candidates.device).repeat_interleave(K)
        self.learner = simulator.learner.take(self.rows).hurried(settings.iterations)
        most = int(view.labelled_mask.sum(1).max())
        index = view.labelled_index[:, :most].repeat_interleave(K, 0)
        self.real = view.labelled_mask[:, :most].repeat_interleave(K, 0)
        self.index, self.labels = index, view.labels[:, :most].repeat_interleave(K, 0)
        self.reach = self._reach(view.margin, view.available, view.noise, settings.reach)
        self.open = view.available.gather(1, self.reach).repeat_interleave(K, 0)
        width = self.pool.features.shape[2]
        self.reach_features = self.pool.features.gather(1, self.reach[..., None].expand(-1, -1, width))
        self._add(candidates.reshape(-1, 1))

    @staticmethod
    def _reach(margin: Tensor, available: Tensor, noise: Tensor, size: int) -> Tensor:
        """Positions (B, reach) of the records that margin queries choose from."""
        size = min(size, margin.shape[1])
        sure = (-margin).masked_fill(~available, -torch.inf).topk((size + 1) // 2, 1).indices
        rest = noise.masked_fill(~available, -1.0).scatter(1, sure, -2.0).topk(size // 2, 1).indices
        return torch.cat([sure, rest], 1)

    def _add(self, picks: Tensor) -> None:
        """Label the records at pool positions ``picks`` (B K, 1) as the annotator would; -1 adds none."""
        chosen = picks.clamp_min(0)
        said = self.said[self.rows[:, None], chosen]
        self.index = torch.cat([self.index, chosen], 1)
        self.labels = torch.cat([self.labels, said.clamp_min(0)], 1)
        self.real = torch.cat([self.real, (picks >= 0) & (said >= 0)], 1)
        self.open = self.open & (self.reach[self.rows] != picks)

    def refit(self) -> None:
        X = self.pool.features[self.rows[:, None], self.index]
        self.learner.fit(X, self.labels, self.real.to(X.dtype), self.class_mask[self.rows])

    def query(self) -> None:
        """Every branch queries its record of smallest margin."""
        probabilities = self.learner.predict_branches(self.reach_features, self.branches).flatten(0, 1)
        first, second = probabilities.topk(2, -1).values.unbind(-1)
        score = (second - first).masked_fill(~self.open, -torch.inf)
        best = score.argmax(1, keepdim=True)
        position = self.reach[self.rows].gather(1, best)
        self._add(torch.where(score.gather(1, best).isfinite(), position, -1))

    def score(self, likelihood: float) -> Tensor:
        """Accuracy plus weighted mean log-likelihood on the scored part, (B, K)."""
        probabilities = self.learner.predict_branches(self.scored.by_column, self.branches)
        labels = self.scored.labels[:, None, :].expand(-1, self.branches, -1)
        real = self.scored.exists[:, None, :].to(probabilities.dtype)
        size = real.sum(-1).clamp_min(1)
        accuracy = ((probabilities.argmax(-1) == labels) * real).sum(-1) / size
        if not likelihood:
            return accuracy
        log = probabilities.gather(-1, labels[..., None])[..., 0].clamp_min(1e-9).log().clamp_min(-3)
        return accuracy + likelihood * (log * real).sum(-1) / size
