"""What a batched neural network keeps from one fit to the next."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Self

import torch
from torch import Tensor

from alrl.learners.network_shape import NetworkShape


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkGroup:
    """Episodes whose networks are of one size."""

    shape: NetworkShape
    episodes: Tensor
    """Their numbers, (b,), long."""
    parameters: Tensor
    """(b, P)."""
    moments: Tensor | None = None
    """Parameters early and late in the last fit, (b, S, P), where epochs are recorded."""


@dataclass(frozen=True, kw_only=True, eq=False)
class NetworkState:
    """The last fit of B episodes."""

    groups: tuple[NetworkGroup, ...]
    allowed: Tensor
    """Classes that may get probability, (B, k), bool."""

    def whole(self) -> NetworkGroup | None:
        """The one group that holds every episode in order; None where there are several."""
        return self.groups[0] if len(self.groups) == 1 else None

    def start(self, shape: NetworkShape, episodes: Tensor) -> Tensor:
        """Where ``episodes`` (b,) begin, (b, P): at their last fit if of this size, or as the module was built."""
        start = shape.start.to(episodes.device).expand(len(episodes), -1).clone()
        start = start.to(self.groups[0].parameters.dtype) if self.groups else start
        for group in self.groups:
            if group.shape is shape:
                same = episodes[:, None] == group.episodes
                known = same.any(1)
                start[known] = group.parameters[same.byte().argmax(1)[known]]
        return start

    def cleared(self, episodes: Tensor) -> Self:
        """The same with the episodes in the mask (B,) as they were before their first fit."""
        groups = []
        for group in self.groups:
            gone, start = episodes[group.episodes, None], group.shape.start.to(group.parameters)
            passed = None if group.moments is None else torch.where(gone[..., None], start, group.moments)
            groups.append(replace(group, parameters=torch.where(gone, start, group.parameters), moments=passed))
        return replace(self, groups=tuple(groups))

    def take(self, episodes: Tensor) -> Self:
        """Copies of ``episodes`` (long, repeats allowed)."""
        groups = []
        for group in self.groups:
            row = torch.full((len(self.allowed),), -1, device=episodes.device)
            row[group.episodes] = torch.arange(len(group.episodes), device=episodes.device)
            taken = row[episodes]
            held = (taken >= 0).nonzero()[:, 0]
            if len(held):
                place = taken[held]
                passed = None if group.moments is None else group.moments[place]
                groups.append(replace(group, episodes=held, parameters=group.parameters[place], moments=passed))
        return replace(self, groups=tuple(groups), allowed=self.allowed[episodes])
