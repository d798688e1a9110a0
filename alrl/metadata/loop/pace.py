"""Describe what a reward depends on beside the pool: the batch being filled, and the run that it is paired with."""

from __future__ import annotations

from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import Feature, FeatureGroup


class Pace(FeatureGroup):
    """The place in the batch, and the lead over the paired margin run; for critics above all.

    A reward that comes when a batch is full, or that takes off what margin sampling earns meanwhile, depends on both,
    and nothing else that is observed says them. The lead is of scores on the validation part, which nobody has outside
    an environment: there it is zero, as if level, and no record is a part of it.
    """

    name = "pace"
    scope = "loop"
    features: ClassVar = (
        Feature(name="batch-filled", low=0, high=1, meaning="Share of the batch being filled that is chosen already."),
        Feature(
            name="lead",
            low=-1,
            high=1,
            meaning="Score on the validation part less that of the paired margin run; 0 outside an environment.",
        ),
    )

    def compute(self, view: PoolView, index: Tensor) -> Tensor:  # noqa: ARG002
        if view.pace is None:
            return torch.zeros(len(view.exists), 2, device=view.exists.device)
        return view.pace
