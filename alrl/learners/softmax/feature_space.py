"""Penalised logistic regression over its coefficients: for more records than features."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from alrl.learners.softmax.curvature import LogisticLoss, full_curvature, inverse, shared_curvature, steepness


@dataclass(frozen=True, kw_only=True, eq=False)
class FeatureSpace:
    """B problems over coefficients (B, c, m), the intercept last.

    See :class:`~alrl.learners.softmax.conjugate_gradient.Problem`.
    """

    loss: LogisticLoss
    design: Tensor
    """Labelled records with a column of ones, (B, n, m)."""
    penalty: Tensor
    """Strength of the penalty on each coefficient, (B, 1, m)."""
    floor: Tensor
    """Least curvature of a record, (B, 1, 1)."""
    whole: bool
    """Whether ``inverse`` is that of the whole Hessian."""
    inverse: Tensor
    """The inverse Hessian, (B, c m, c m), or one matrix for the block of every class, (B, m, m)."""

    @classmethod
    def at(
        cls,
        *,
        loss: LogisticLoss,
        records: Tensor,
        strength: Tensor,
        floor: Tensor,
        start: Tensor,
        whole: bool,
    ) -> Self:
        """Return the problems of the labelled ``records`` (B, n, D), preconditioned by the curvature at ``start``.

        That is the ``whole`` Hessian, or else one matrix for every class.
        """
        design = torch.cat([records, records.new_ones(*records.shape[:2], 1)], 2)
        penalty = strength.expand(-1, 1, design.shape[2]).clone()
        penalty[..., -1] = 0.0
        empty = design.new_empty(len(design), 0, 0)
        problem = cls(loss=loss, design=design, penalty=penalty, floor=floor, whole=whole, inverse=empty)
        return problem.renewed(loss.probability(torch.bmm(start, design.transpose(1, 2))))

    @property
    def dual(self) -> slice:
        return slice(self.design.shape[2])

    def place(self, parameters: Tensor) -> Tensor:
        return torch.cat([parameters, torch.bmm(parameters, self.design.transpose(1, 2))], 2)

    def gradient(self, place: Tensor, residual: Tensor) -> Tensor:
        return torch.baddbmm(self.penalty * place[..., self.dual], residual, self.design)

    def precondition(self, gradient: Tensor) -> Tensor:
        # The inverse is symmetric, and a row times a matrix six times faster than a matrix times a column.
        rows = gradient.reshape(len(gradient), -1, self.inverse.shape[2])
        return self.place(torch.bmm(rows, self.inverse).view(gradient.shape))

    def penalty_along(self, step: Tensor) -> Tensor:
        change = step[..., self.dual]
        return (self.penalty * change * change).sum((1, 2), keepdim=True)

    def steepness(self, place: Tensor, gradient: Tensor, probability: Tensor) -> Tensor:  # noqa: ARG002
        own = probability * (1 - probability) * self.loss.weight
        curvature = torch.bmm(own, self.design.square()) + self.penalty
        # Where every record is sure the intercept has no curvature, and of its derivative only rounding is left.
        curvature[..., -1:] += self.floor * self.loss.weight.sum(2, keepdim=True)
        return steepness(gradient, curvature)

    def renewed(self, probability: Tensor, *, plain: bool = False) -> Self:
        curvature = full_curvature if self.whole else shared_curvature
        hessian = curvature(self.design, probability, self.loss.weight, self.penalty, self.floor)
        if plain:
            return dataclasses.replace(self, inverse=torch.diag_embed(1 / hessian.diagonal(dim1=1, dim2=2)))
        return dataclasses.replace(self, inverse=inverse(hessian))

    def put(self, episodes: Tensor, other: Self) -> Self:
        return dataclasses.replace(self, inverse=self.inverse.index_copy(0, episodes, other.inverse))

    def take(self, episodes: Tensor) -> Self:
        parts: dict[str, Any] = {
            name: value[episodes] for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return dataclasses.replace(self, loss=self.loss.take(episodes), **parts)
