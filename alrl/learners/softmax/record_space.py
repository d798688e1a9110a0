"""Penalised logistic regression over one coefficient a record and class: for fewer records than features.

The solution is a combination of the labelled records (the representer theorem), so only their products matter, however
many features there are.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, Self

import torch
from torch import Tensor

from alrl.learners.softmax.curvature import LEAST_INTERCEPT, LogisticLoss, inverse, steepness

SURE = 1e-6
SPREAD = 0.3
LEFT = 0.1


@dataclass(frozen=True, kw_only=True, eq=False)
class RecordSpace:
    """B problems over what each of n records adds to each of c classes' weights, and the intercepts.

    See :class:`~alrl.learners.softmax.conjugate_gradient.Problem`. Parameters are (B, c, n + 1), the intercept last. A
    gradient (B, c, 1 + n) holds, for each record, what moves its share, and before them what the intercept's derivative
    exceeds their sum by: its product with intercept and logits of a step is the slope along that step.

    The preconditioner takes each record's curvature between its likeliest class and the rest as it is, by the matrix
    inversion lemma, and what is left as equal in all directions.
    """

    loss: LogisticLoss
    records: Tensor
    """The labelled records, (B, n, D)."""
    products: Tensor
    """Inner products of the labelled records, (B, n, n)."""
    spread: Tensor
    """What a record's curvature adds to that of the weights on average, (B, 1, n)."""
    strength: Tensor
    """Penalty of the weights, (B, 1, 1)."""
    floor: Tensor
    """Least curvature of a record, (B, 1, 1)."""
    easy: Tensor
    """Inverse of the curvature of the weights that is taken as equal in all directions, (B, 1, 1)."""
    easy_intercept: Tensor
    """The same for the intercept, (B, 1, 1)."""
    effect: Tensor
    """Change of the logits that these make of a gradient, (B, 1 + n, n)."""
    pair: Tensor
    """Each record's likeliest class against the rest, (B, c, n)."""
    small: Tensor
    """The small matrix of the inversion lemma, (B, n, n)."""
    core: Tensor
    """Its inverse, (B, n, n)."""

    @classmethod
    def at(cls, *, loss: LogisticLoss, records: Tensor, strength: Tensor, floor: Tensor, start: Tensor) -> Self:
        """Return the problems of the labelled ``records`` (B, n, D), preconditioned by the curvature at ``start``."""
        products = torch.bmm(records, records.transpose(1, 2))
        norm = products.diagonal(dim1=1, dim2=2)[:, None]
        width = (records != 0).any(1).sum(1).clamp_min(1)[:, None, None]
        empty = products.new_empty(len(products), 0, 0)
        problem = cls(
            loss=loss,
            records=records,
            products=products,
            spread=SPREAD * norm / width,
            strength=strength,
            floor=floor,
            easy=empty,
            easy_intercept=empty,
            effect=empty,
            pair=empty,
            small=empty,
            core=empty,
        )
        return problem.renewed(loss.probability(problem.place(start)[..., start.shape[2] :]))

    @property
    def dual(self) -> slice:
        return slice(self.products.shape[1], None)

    def place(self, parameters: Tensor) -> Tensor:
        logits = torch.baddbmm(parameters[..., -1:], parameters[..., :-1], self.products)
        return torch.cat([parameters, logits], 2)

    def gradient(self, place: Tensor, residual: Tensor) -> Tensor:
        records = residual.shape[2]
        pull = self.strength * place[..., :records]
        return torch.cat([-pull.sum(2, keepdim=True), residual + pull], 2)

    def precondition(self, gradient: Tensor) -> Tensor:
        plain = torch.bmm(gradient, self.effect)
        right = (plain * self.pair).sum(1, keepdim=True)
        solved = torch.bmm(right, self.core)
        # What is left of a gradient is a small difference: an inverse by rounding alone could turn it round.
        solved = torch.baddbmm(solved, torch.baddbmm(right, solved, self.small, alpha=-1), self.core)
        rest = torch.cat([gradient[..., :1], torch.addcmul(gradient[..., 1:], self.pair, solved, value=-1)], 2)
        intercept = rest.sum(2, keepdim=True) * self.easy_intercept
        return torch.cat([rest[..., 1:] * self.easy, intercept, torch.bmm(rest, self.effect)], 2)

    def penalty_along(self, step: Tensor) -> Tensor:
        records = self.products.shape[1]
        change, intercept = step[..., :records], step[..., records : records + 1]
        return self.strength * (change * (step[..., records + 1 :] - intercept)).sum((1, 2), keepdim=True)

    def steepness(self, place: Tensor, gradient: Tensor, probability: Tensor) -> Tensor:  # noqa: ARG002
        # Of the weights as they will be kept: shares whose sum over records cancels leave rounding in them.
        n = self.products.shape[1]
        weights = torch.bmm(place[..., :n], self.records)
        logits = torch.baddbmm(place[..., n : n + 1], weights, self.records.transpose(1, 2))
        probability = self.loss.probability(logits)
        residual = self.loss.residual(probability)
        own = probability * (1 - probability) * self.loss.weight
        slope = torch.cat(
            [torch.baddbmm(self.strength * weights, residual, self.records), residual.sum(2, keepdim=True)], 2
        )
        curvature = torch.bmm(own, self.records.square()) + self.strength
        level = (own + self.floor * self.loss.weight).sum(2, keepdim=True)
        return steepness(slope, torch.cat([curvature, level], 2))

    def renewed(self, probability: Tensor, *, plain: bool = False) -> Self:
        pair, left = _split(self.loss, probability)
        if plain:
            pair, left = torch.zeros_like(pair), (probability * (1 - probability)).sum(1, keepdim=True)
        left = left.maximum(self.floor) * self.loss.weight
        easy = 1 / (self.strength + (left * self.spread).sum(2, keepdim=True))
        easy_intercept = 1 / left.sum(2, keepdim=True).clamp_min(LEAST_INTERCEPT)
        effect = torch.addcmul(easy_intercept, self.products, easy)
        small = torch.bmm(pair.transpose(1, 2), pair).mul_(effect)
        small.diagonal(dim1=1, dim2=2).add_(1.0)
        return dataclasses.replace(
            self,
            easy=easy,
            easy_intercept=easy_intercept,
            effect=torch.cat([easy_intercept.expand(-1, 1, effect.shape[2]), effect], 1),
            pair=pair,
            small=small,
            core=inverse(small),
        )

    def put(self, episodes: Tensor, other: Self) -> Self:
        names = ("easy", "easy_intercept", "effect", "pair", "small", "core")
        parts: dict[str, Any] = {
            name: getattr(self, name).index_copy(0, episodes, getattr(other, name)) for name in names
        }
        return dataclasses.replace(self, **parts)

    def take(self, episodes: Tensor) -> Self:
        parts: dict[str, Any] = {
            name: value[episodes] for name, value in vars(self).items() if isinstance(value, Tensor)
        }
        return dataclasses.replace(self, loss=self.loss.take(episodes), **parts)


def _split(loss: LogisticLoss, probability: Tensor) -> tuple[Tensor, Tensor]:
    """Return a record's curvature as the square of one direction (B, c, n) and a mean of what is left (B, 1, n).

    diag(p) - p p' = r (e - p)(e - p)' + (1 - p_t)(diag(q) - q q'), where t is the likeliest class, e its unit vector,
    r = p_t / (1 - p_t), and q the probabilities of the other classes given that it is not t.
    """
    root = loss.weight.sqrt()
    if probability.shape[1] == 1:
        return (probability * (1 - probability)).sqrt() * root, torch.zeros_like(root)
    most, likeliest = probability.max(1, keepdim=True)
    rest = (1 - most).clamp_min(SURE)
    unit = torch.zeros_like(probability).scatter_(1, likeliest, 1.0)
    pair = (unit - probability) * ((most / rest).sqrt() * root)
    other = probability.scatter(1, likeliest, 0.0) / rest
    return pair, LEFT * rest * (1 - (other * other).sum(1, keepdim=True))
