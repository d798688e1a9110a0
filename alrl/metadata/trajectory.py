"""Measure how the learner's opinion of a record moved over the loops: forgetting without labels.

Forgetting events (Toneva et al. 2019) and data maps (Swayamdipta et al. 2020) need true labels; on unlabelled records
the predicted class stands in for them.
"""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.dynamics import data_map
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.pick import pick, pick_each, rank
from alrl.numerics.backend import arrays, compiles


class TrajectoryGroup(FeatureGroup):
    """Flips of the prediction, and mean, spread and drift of the predicted class's probability."""

    name = "trajectory"
    scope = "record"
    features = (
        Feature(name="flip-rate", low=0, high=1, meaning="Share of rounds in which the predicted class changed."),
        Feature(name="flip-rank", low=0, high=1, meaning="Share of the pool whose prediction flipped less often."),
        Feature(
            name="probability-mean",
            low=0,
            high=1,
            meaning="Mean over the last five rounds of the probability of the class predicted now.",
        ),
        Feature(
            name="probability-spread",
            low=0,
            high=0.5,
            meaning="Standard deviation over the last five rounds of the probability of the class predicted now.",
        ),
        Feature(
            name="probability-drift",
            low=0,
            high=1,
            meaning="Half the sum of absolute changes of all class probabilities over the last five rounds.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        trajectory = view.trajectory
        past = pick_each(trajectory.probabilities, index)
        if compiles(past):
            return self._compiled(view, index, past)
        lived = trajectory.remembered.to(past.dtype)[:, :, None]
        now = past[-1].argmax(-1)
        chosen = past.gather(-1, now[None, ..., None].expand(len(past), -1, -1, 1))[..., 0]
        mean, spread = data_map(chosen, lived)
        oldest = trajectory.remembered.to(torch.uint8).argmax(0)[None, :, None, None].expand(1, *past.shape[1:])
        drift = ((past[-1] - past.gather(0, oldest)[0]).abs().sum(-1) / 2).clamp_max(1)
        columns = [
            pick(trajectory.flips, index) / trajectory.loops.clamp_min(1)[:, None],
            rank(index, view.available, trajectory.flips)[..., 0],
            mean,
            spread.clamp_max(0.5),
            drift,
        ]
        return torch.stack(columns, -1)

    def _compiled(self, view: PoolView, index: Tensor, past: Tensor) -> Tensor:
        from alrl.metadata.kernels.compiled_groups import trajectory

        past_rounds, out = view.trajectory, past.new_empty(*index.shape, len(self.features))
        trajectory(*arrays(past, past_rounds.remembered, past_rounds.flips, past_rounds.loops, index, out))
        out[..., 1] = rank(index, view.available, past_rounds.flips)[..., 0]
        return out
