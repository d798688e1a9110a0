"""State of a batched softmax regression between two fits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import pad


@dataclass(kw_only=True, eq=False)
class SoftmaxState:
    """The last fit of B episodes; every tensor has the episode as its first axis.

    Shapes: k classes, n labelled records, D features.
    """

    weights: Tensor
    """Coefficients, the intercept last, (B, k, D + 1)."""
    seen: Tensor
    """Classes with a labelled record, (B, k), bool."""
    records: Tensor
    """Labelled records that ``shares`` belong to, (B, n, D)."""
    shares: Tensor
    """What each labelled record adds to the weights of each class, the intercept last, (B, k, n + 1)."""
    shared: Tensor
    """True where ``shares`` hold the last solution, (B,), bool."""
    each: Tensor
    """Modelled multiply-adds of predicting one record, (B,), double."""

    @classmethod
    def empty(cls, X: Tensor, classes: int) -> Self:
        """Nothing fitted yet, for records like X (B, n, D)."""
        B, _, D = X.shape
        return cls(
            weights=X.new_zeros(B, classes, D + 1),
            seen=torch.zeros(B, classes, dtype=torch.bool, device=X.device),
            records=X[:, :0],
            shares=X.new_zeros(B, classes, 1),
            shared=torch.zeros(B, dtype=torch.bool, device=X.device),
            each=torch.zeros(B, dtype=torch.float64, device=X.device),
        )

    def widened(self, X: Tensor, classes: int) -> Self:
        """Return the same with room for the features of X (B, n, D) and for ``classes``.

        Empty if it cannot hold them.
        """
        B, k, width = self.weights.shape
        more, further = X.shape[2] + 1 - width, classes - k
        if len(X) != B or more < 0 or further < 0 or X.dtype != self.weights.dtype:
            return self.empty(X, classes)
        if not (more or further):
            return self
        weights = torch.cat([pad(self.weights[..., :-1], (0, more)), self.weights[..., -1:]], 2)
        return type(self)(
            weights=pad(weights, (0, 0, 0, further)),
            seen=pad(self.seen, (0, further)),
            records=pad(self.records, (0, more)),
            shares=pad(self.shares, (0, 0, 0, further)),
            shared=self.shared,
            each=self.each,
        )

    def cleared(self, episodes: Tensor) -> Self:
        """Return the same without the fits of the episodes in the mask (B,)."""
        part = self.take(torch.arange(len(episodes), device=episodes.device))
        part.weights[episodes] = 0.0
        part.shared[episodes] = False
        return part

    def take(self, episodes: Tensor) -> Self:
        """Return copies of ``episodes`` (long, repeats allowed)."""
        parts: dict[str, Tensor] = {name: value[episodes] for name, value in vars(self).items()}
        return type(self)(**parts)

    def shares_for(self, X: Tensor) -> Tensor:
        """Return where a fit to the records X (B, n, D) starts, (B, k, n + 1).

        Zero unless they continue those of the last.
        """
        now, before = X.shape[1], self.records.shape[1]
        common = min(now, before)
        earlier = self.records[:, :common]
        # A zero row is padding: a record that takes its place goes on from nothing.
        same = self.shared & ((X[:, :common] == earlier) | (earlier == 0).all(2, keepdim=True)).all(2).all(1)
        if before > now:
            same = same & ~(self.records[:, now:] != 0).any(2).any(1)
        start = torch.cat([pad(self.shares[..., :common], (0, now - common)), self.shares[..., -1:]], 2)
        return start.masked_fill(~same[:, None, None], 0.0)
