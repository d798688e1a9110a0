"""The weighted log loss of labelled records as a function of their logits, for many episodes at once."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor


@dataclass(frozen=True, kw_only=True, eq=False)
class LogisticLoss:
    """Log loss of B episodes over logits (B, c, n): c columns of parameters, n records.

    One column is the logit of class 1 against class 0; more are one a class.

    >>> loss = LogisticLoss(targets=torch.tensor([[[0.0, 2.0]]]), weight=torch.tensor([[[1.0, 2.0]]]), excluded=None)
    >>> loss.residual(loss.probability(torch.zeros(1, 1, 2)))
    tensor([[[ 0.5000, -1.0000]]])
    """

    targets: Tensor
    """Weight of each record where it is of the class, else 0, (B, c, n)."""
    weight: Tensor
    """Weight of each record, 0 on padding, (B, 1, n)."""
    excluded: Tensor | None
    """True for classes that get probability zero, (B, c, 1); None where there is none."""

    def probability(self, logits: Tensor) -> Tensor:
        """Probability of each column's class, (B, c, n)."""
        if logits.shape[1] == 1:
            return torch.sigmoid(logits)
        if self.excluded is not None:
            logits = logits.masked_fill(self.excluded, -torch.inf)
        return torch.softmax(logits, 1)

    def residual(self, probability: Tensor) -> Tensor:
        """Derivative of the loss by the logits, (B, c, n)."""
        return (probability * self.weight).sub_(self.targets)

    def curvature_along(self, probability: Tensor, change: Tensor) -> Tensor:
        """Second derivative of the loss in the direction ``change`` (B, c, n) of the logits, (B, 1, 1)."""
        moved = probability * change
        mean = moved.sum(1, keepdim=True)
        spread = torch.addcmul(moved.mul_(change).sum(1, keepdim=True), mean, mean, value=-1)
        return (spread * self.weight).sum((1, 2), keepdim=True)

    def take(self, episodes: Tensor) -> Self:
        """The losses of ``episodes`` (long)."""
        excluded = None if self.excluded is None else self.excluded[episodes]
        return type(self)(targets=self.targets[episodes], weight=self.weight[episodes], excluded=excluded)
