"""Episodes whose fits are solved together, in the same way."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.learners.softmax.curvature import LogisticLoss
from alrl.learners.softmax.feature_space import FeatureSpace
from alrl.learners.softmax.record_space import RecordSpace

FLOOR = 1e-4
"""Least curvature of a record in a preconditioner, relative to the penalty where that is below 1."""


@dataclass(frozen=True, kw_only=True, eq=False)
class SoftmaxGroup:
    """The fits of b episodes of at least two classes seen.

    Shapes: n labelled records, D features, c columns of parameters: one for two classes, else one a class.
    """

    X: Tensor
    """Labelled records, zero on padding, (b, n, D)."""
    loss: LogisticLoss
    strength: Tensor
    """Penalty of the weights, (b, 1, 1)."""
    pair: Tensor | None
    """The two classes of each episode, (b, 2), long; None for episodes of more classes."""
    classes: int
    """Number of classes, padding included."""

    @classmethod
    def of(cls, X: Tensor, targets: Tensor, weight: Tensor, seen: Tensor, C: float, *, paired: bool) -> SoftmaxGroup:
        """Return episodes of records X (b, n, D), ``targets`` (b, k, n), weight (b, n) and classes ``seen`` (b, k)."""
        strength = torch.full_like(weight[:, :1, None], 1 / C)
        pair = seen.nonzero()[:, 1].view(-1, 2) if paired else None
        excluded = None
        if pair is not None:
            targets = targets.gather(1, pair[:, 1:, None].expand(-1, -1, targets.shape[2]))
        else:
            # The penalty of two opposite columns is half that of the one column which is their difference.
            strength = torch.where((seen.sum(1) == 2)[:, None, None], 2 * strength, strength)
            excluded = None if bool(seen.all()) else ~seen[..., None]
        loss = LogisticLoss(targets=targets, weight=weight[:, None], excluded=excluded)
        return cls(X=X, loss=loss, strength=strength, pair=pair, classes=seen.shape[1])

    def take(self, episodes: Tensor) -> SoftmaxGroup:
        """Return the fits of ``episodes`` (long)."""
        return SoftmaxGroup(
            X=self.X[episodes],
            loss=self.loss.take(episodes),
            strength=self.strength[episodes],
            pair=None if self.pair is None else self.pair[episodes],
            classes=self.classes,
        )

    def columns(self, parameters: Tensor) -> Tensor:
        """Return parameters of each class (b, k, m) as columns (b, c, m)."""
        if self.pair is None:
            return parameters
        two = parameters.gather(1, self.pair[:, :, None].expand(-1, -1, parameters.shape[2]))
        return two[:, 1:] - two[:, :1]

    def of_classes(self, columns: Tensor) -> Tensor:
        """Return columns (b, c, m) as parameters of each class (b, k, m)."""
        if self.pair is None:
            return columns
        everything = columns.new_zeros(len(columns), self.classes, columns.shape[2])
        index = self.pair[:, :, None].expand(-1, -1, columns.shape[2])
        return everything.scatter(1, index, torch.cat([-columns, columns], 1) / 2)

    def over_records(self, start: Tensor) -> RecordSpace:
        """Return the problems over one coefficient a record and class, preconditioned at ``start`` (b, c, n + 1)."""
        return RecordSpace.at(loss=self.loss, records=self.X, strength=self.strength, floor=self._floor, start=start)

    def over_features(self, start: Tensor, *, whole: bool) -> FeatureSpace:
        """Return problems over coefficients, preconditioned at ``start`` (b, c, D + 1) by Hessian or a part of it."""
        return FeatureSpace.at(
            loss=self.loss,
            records=self.X,
            strength=self.strength,
            floor=self._floor,
            start=start,
            whole=whole,
        )

    @property
    def _floor(self) -> Tensor:
        return FLOOR * self.strength.clamp_max(1.0)
