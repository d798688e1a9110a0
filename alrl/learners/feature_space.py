"""Penalised logistic regression over its coefficients: for more records than features."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from alrl.learners.conjugate_gradient import Step
from alrl.learners.logistic_loss import LogisticLoss


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureSpace:
    """B problems over coefficients (B, c, m), the intercept last; see :class:`~alrl.learners.conjugate_gradient.Problem`."""

    loss: LogisticLoss
    design: Tensor
    """Labelled records with a column of ones, (B, n, m)."""
    penalty: Tensor
    """Strength of the penalty on each coefficient, (B, 1, m)."""
    inverse: Tensor
    """The inverse Hessian, (B, c m, c m), or that of each class's own block, (B, c, m, m)."""

    def logits(self, parameters: Tensor) -> Tensor:
        return torch.bmm(parameters, self.design.transpose(1, 2))

    def gradient(self, parameters: Tensor, residual: Tensor) -> Tensor:
        return torch.baddbmm(self.penalty * parameters, residual, self.design)

    def precondition(self, gradient: Tensor) -> Step:
        # The inverse is symmetric, and a row times a matrix six times faster than a matrix times a column.
        size = self.inverse.shape[-1]
        rows = torch.bmm(gradient.reshape(-1, 1, size), self.inverse.view(-1, size, size))
        change = rows.view(gradient.shape)
        return Step(change, change, self.logits(change))

    def penalty_along(self, step: Step) -> Tensor:
        return (self.penalty * step.change * step.change).sum((1, 2), keepdim=True)

    def take(self, episodes: Tensor) -> Self:
        return type(self)(
            loss=self.loss.take(episodes),
            design=self.design[episodes],
            penalty=self.penalty[episodes],
            inverse=self.inverse[episodes],
        )
