"""Penalised logistic regression over one coefficient a record and class: for fewer records than features.

The solution is a combination of the labelled records (the representer theorem), so only their products matter, however
many features there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

from alrl.learners.conjugate_gradient import Step
from alrl.learners.curvature import inverse
from alrl.learners.logistic_loss import LogisticLoss

_SURE = 1e-6
_SPREAD = 0.3
_LEAST_INTERCEPT = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordSpace:
    """B problems over (B, c, n + 1): what each record adds to each class's weights, and the intercept.

    The preconditioner takes each record's curvature between its likeliest class and the rest as it is, by the matrix
    inversion lemma, and what is left as equal in all directions.
    See :class:`~alrl.learners.conjugate_gradient.Problem`.
    """

    loss: LogisticLoss
    products: Tensor
    """Inner products of the labelled records, (B, n, n)."""
    strength: Tensor
    """Penalty of the weights, (B, 1, 1)."""
    free: float
    """Penalty of the intercept."""
    base: Tensor
    """Curvature of the weights that is taken as equal in all directions, (B, 1, 1)."""
    base_intercept: Tensor
    """The same for the intercept, (B, 1, 1)."""
    pair: Tensor
    """Each record's likeliest class against the rest, (B, c, n)."""
    core: Tensor
    """Inverse of the small matrix of the inversion lemma, (B, n, n)."""

    @classmethod
    def at(
        cls, *, loss: LogisticLoss, records: Tensor, strength: Tensor, free: float, floor: Tensor, start: Tensor
    ) -> Self:
        """The problems of the labelled ``records`` (B, n, D), preconditioned by the curvature at ``start``."""
        products = torch.bmm(records, records.transpose(1, 2))
        logits = torch.bmm(start[..., :-1], products) + start[..., -1:]
        pair, left = _split(loss, loss.probability(logits))
        left = left.maximum(floor) * loss.weight
        norm = products.diagonal(dim1=1, dim2=2)[:, None]
        size = (records != 0).any(1).sum(1).clamp_min(1)[:, None, None]
        base = strength + _SPREAD * (left * norm).sum(2, keepdim=True) / size
        base_intercept = left.sum(2, keepdim=True).clamp_min(_LEAST_INTERCEPT)
        core = torch.bmm(pair.transpose(1, 2), pair) * (products / base + 1 / base_intercept)
        core.diagonal(dim1=1, dim2=2).add_(1.0)
        return cls(
            loss=loss,
            products=products,
            strength=strength,
            free=free,
            base=base,
            base_intercept=base_intercept,
            pair=pair,
            core=inverse(core),
        )

    def logits(self, parameters: Tensor) -> Tensor:
        return torch.baddbmm(parameters[..., -1:], parameters[..., :-1], self.products)

    def gradient(self, parameters: Tensor, residual: Tensor) -> Tensor:
        weights = torch.addcmul(residual, parameters[..., :-1], self.strength)
        return torch.cat([weights, residual.sum(2, keepdim=True) + self.free * parameters[..., -1:]], 2)

    def precondition(self, gradient: Tensor) -> Step:
        records, intercept = gradient[..., :-1], gradient[..., -1:]
        plain = torch.bmm(records, self.products) / self.base + intercept / self.base_intercept
        told = torch.bmm((plain * self.pair).sum(1, keepdim=True), self.core) * self.pair
        change = (records - told) / self.base
        shift = (intercept - told.sum(2, keepdim=True)) / self.base_intercept
        image = torch.bmm(change, self.products)
        return Step(torch.cat([change, shift], 2), torch.cat([image, shift], 2), image + shift)

    def penalty_along(self, step: Step) -> Tensor:
        each = (step.change * step.dual).sum(1, keepdim=True)
        return self.strength * each[..., :-1].sum(2, keepdim=True) + self.free * each[..., -1:]

    def take(self, episodes: Tensor) -> Self:
        parts = {name: value[episodes] for name, value in vars(self).items() if isinstance(value, Tensor)}
        return type(self)(loss=self.loss.take(episodes), free=self.free, **parts)


def _split(loss: LogisticLoss, probability: Tensor) -> tuple[Tensor, Tensor]:
    """A record's curvature as the square of one direction (B, c, n) and a mean of what is left (B, 1, n).

    diag(p) - p p' = r (e - p)(e - p)' + (1 - p_t)(diag(q) - q q'), where t is the likeliest class, e its unit vector,
    r = p_t / (1 - p_t), and q the probabilities of the other classes given that it is not t.
    """
    root = loss.weight.sqrt()
    if probability.shape[1] == 1:
        return (probability * (1 - probability)).sqrt() * root, torch.zeros_like(root)
    most, likeliest = probability.max(1, keepdim=True)
    rest = (1 - most).clamp_min(_SURE)
    unit = torch.zeros_like(probability).scatter_(1, likeliest, 1.0)
    pair = (unit - probability) * ((most / rest).sqrt() * root)
    other = probability.scatter(1, likeliest, 0.0) / rest
    return pair, _LEFT * rest * (1 - (other * other).sum(1, keepdim=True))


_LEFT = 0.1
