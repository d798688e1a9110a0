"""Branches of a simulator's episodes, each with a labelled set and a fit of its own: what look-aheads are made of.

Like all of a look-ahead this sees hidden labels and the scored part; no strategy or policy ever holds it.
"""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from alrl.agents.look_ahead.worlds import World, real_world
from alrl.loop import counting
from alrl.loop.held_out_scores import outcome
from alrl.loop.parts import PartName
from alrl.loop.simulator import Simulator
from alrl.numerics.ranking import likeliest, rows_at

ScoredMetric = Literal["accuracy", "balanced-accuracy"]


class RollOut:
    """B x K branches of B episodes, those of an episode side by side; pools are shared.

    Each begins with the labels there are, with those of the records ``batch`` (B, h) by the batch being filled, -1 for
    none, and with those of its candidate, a record or a batch (B, K, n). ``world`` says what is true.
    Queries are margin's, one after each refit, among ``reach`` records: half of smallest margin before the candidate,
    half random.
    """

    def __init__(
        self,
        simulator: Simulator,
        candidates: Tensor,
        part: PartName,
        *,
        reach: int,
        iterations: int,
        noise: Tensor,
        batch: Tensor | None = None,
        world: World | None = None,
    ) -> None:
        view, (B, K) = simulator.view, candidates.shape[:2]
        begun = candidates.new_empty(B, 0) if batch is None else batch
        for column in begun.unbind(1):
            view = view.with_selected(column)
        self.pool, self.scored = simulator.parts("pool"), simulator.parts(part)
        # What the annotator would say, right or wrong: a label that is late is taken to be there at once.
        self.world = real_world(simulator, part) if world is None else world
        self.answers = self.world.answers
        self.branches, self.class_mask = K, view.class_mask
        self.rows = torch.arange(B, device=candidates.device).repeat_interleave(K)
        self.learner = simulator.learner.take(self.rows).with_max_iterations(iterations)
        most = int(view.labelled_mask.sum(1).max())
        index = view.labelled_index[:, :most].repeat_interleave(K, 0)
        self.real = view.labelled_mask[:, :most].repeat_interleave(K, 0)
        self.index, self.labels = index, view.labels[:, :most].repeat_interleave(K, 0)
        self.reach = reached(view.margin, view.available, noise, reach)
        self.open = view.available.gather(1, self.reach).repeat_interleave(K, 0)
        self.reach_features = rows_at(self.pool.features, self.reach)
        self.add(torch.cat([begun.repeat_interleave(K, 0), candidates.reshape(B * K, -1)], 1))

    def add(self, picks: Tensor) -> None:
        """Label the records at pool positions ``picks`` (B K, n) as the annotator would; -1 adds none."""
        chosen = picks.clamp_min(0)
        labels = self.answers[self.rows[:, None], chosen]
        self.index = torch.cat([self.index, chosen], 1)
        self.labels = torch.cat([self.labels, labels.clamp_min(0)], 1)
        self.real = torch.cat([self.real, (picks >= 0) & (labels >= 0)], 1)
        for column in picks.unbind(1):
            self.open = self.open & (self.reach[self.rows] != column[:, None])

    def refit(self) -> None:
        """Fit every branch to what it holds."""
        X = self.pool.features[self.rows[:, None], self.index]
        self.learner.fit(X, self.labels, self.real.to(X.dtype), self.class_mask[self.rows])
        counting.note(rolled_out=len(self.rows), refits=len(self.rows))

    def surest(self, count: int) -> Tensor:
        """Return the positions (B K, count) of each branch's records of smallest margin, -1 where there are fewer."""
        probabilities = self.learner.predict_branches(self.reach_features, self.branches).flatten(0, 1)
        top_two = likeliest(probabilities)
        score = (top_two.second - top_two.first).masked_fill(~self.open, -torch.inf)
        best = score.argmax(1, keepdim=True) if count == 1 else score.topk(min(count, score.shape[1]), 1).indices
        position = self.reach[self.rows].gather(1, best)
        position = torch.where(score.gather(1, best).isfinite(), position, -1)
        return torch.nn.functional.pad(position, (0, count - position.shape[1]), value=-1)

    def query(self) -> None:
        """Every branch queries its record of smallest margin."""
        self.add(self.surest(1))

    def take(self, order: Tensor, branches: int) -> None:
        """Go on with the branches at ``order`` (B times ``branches``,), repeats allowed, grouped by episode."""
        self.rows, self.branches = self.rows[order], branches
        self.learner = self.learner.take(order)
        self.index, self.labels, self.real = self.index[order], self.labels[order], self.real[order]
        self.open = self.open[order]

    def score(self, metric: ScoredMetric, likelihood: float, brier: float = 0.0) -> Tensor:
        """Return the metric plus the weighted mean log-likelihood (at least -3) on the scored part, (B, K).

        Less the weighted mean Brier score: the squared distance of the probabilities from the class, 0 to 2.
        """
        probabilities = self.learner.predict_branches(self.scored.by_column, self.branches)
        labels = self.world.labels[:, None, :].expand(-1, self.branches, -1)
        exists = self.world.counts[:, None, :]
        each = outcome(probabilities.flatten(0, 1), labels.flatten(0, 1), exists.expand_as(labels).flatten(0, 1))
        value = each.metric(metric).view(-1, self.branches)
        if not likelihood and not brier:
            return value
        real = exists.to(probabilities.dtype)
        size = real.sum(-1).clamp_min(1)
        of_class = probabilities.gather(-1, labels[..., None])[..., 0]
        if brier:
            # |p - e|² = |p|² - 2 p_y + 1
            value = value - brier * ((probabilities.square().sum(-1) - 2 * of_class + 1) * real).sum(-1) / size
        if not likelihood:
            return value
        log = of_class.clamp_min(1e-9).log().clamp_min(-3)
        return value + likelihood * (log * real).sum(-1) / size


def reached(margin: Tensor, available: Tensor, noise: Tensor, size: int) -> Tensor:
    """Return the positions (B, reach) of the records that margin queries choose from."""
    size = min(size, margin.shape[1])
    sure = (-margin).masked_fill(~available, -torch.inf).topk((size + 1) // 2, 1).indices
    rest = noise.masked_fill(~available, -1.0).scatter(1, sure, -2.0).topk(size // 2, 1).indices
    return torch.cat([sure, rest], 1)
