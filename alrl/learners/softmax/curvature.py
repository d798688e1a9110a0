"""Inverse matrices that precondition a fit."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor

BLOCK = 24
LEAST_INTERCEPT = 0.1
SHARED = 0.25
"""Share of a record's doubt, 1 - sum p^2, that counts as its curvature in every class."""


def inverse(matrix: Tensor) -> Tensor:
    """Return inverse of symmetric positive definite matrices (B, m, m).

    By halves and Schur complements down to small blocks, since batched products are several times faster than batched
    factorisations. Where rounding spoilt a block, it gets more on its diagonal, and if that is no help the diagonal
    alone stands for it.

    >>> inverse(torch.tensor([[[2.0, 0.0], [0.0, 4.0]]]))
    tensor([[[0.5000, 0.0000],
             [0.0000, 0.2500]]])
    """
    size = matrix.shape[-1]
    if size <= BLOCK:
        return _small_inverse(matrix)
    half = size // 2
    first = inverse(matrix[:, :half, :half])
    mixed = torch.bmm(first, matrix[:, :half, half:])
    last = inverse(torch.baddbmm(matrix[:, half:, half:], matrix[:, half:, :half], mixed, alpha=-1))
    corner = torch.bmm(mixed, last)
    result = torch.empty_like(matrix)
    result[:, :half, :half] = torch.baddbmm(first, corner, mixed.transpose(1, 2))
    result[:, :half, half:] = corner.neg_()
    result[:, half:, :half] = corner.transpose(1, 2)
    result[:, half:, half:] = last
    return result


def _small_inverse(matrix: Tensor) -> Tensor:
    factor, _ = torch.linalg.cholesky_ex(matrix)
    eps = torch.finfo(matrix.dtype).eps
    diagonal = matrix.diagonal(dim1=-2, dim2=-1)
    sound = (factor.diagonal(dim1=-2, dim2=-1).square() > eps * diagonal).all(1)
    if not bool(sound.all()):
        more = diagonal.clamp_min(eps)
        second, spoilt = torch.linalg.cholesky_ex(matrix + torch.diag_embed(more * eps**0.5))
        alone = torch.diag_embed(more.sqrt())
        second = torch.where((spoilt == 0)[:, None, None] & second.isfinite(), second, alone)
        factor = torch.where(sound[:, None, None], factor, second)
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device).expand_as(matrix)
    # Not torch.cholesky_inverse, which is several times slower.
    root = torch.linalg.solve_triangular(factor, identity, upper=False)
    return torch.bmm(root.transpose(1, 2), root)


def full_curvature(design: Tensor, probability: Tensor, weight: Tensor, penalty: Tensor, floor: Tensor) -> Tensor:
    """Return hessian of penalised logistic losses, (B, c m, c m), classes outermost.

    ``design`` (B, n, m), ``probability`` (B, c, n), ``weight`` (B, 1, n), ``penalty`` (B, 1, m), whose last entry is
    that of the intercept, and the least curvature of a record, ``floor`` (B, 1, 1).
    """
    B, c, n = probability.shape
    m = design.shape[2]
    own = (probability * (1 - probability)).maximum(floor)
    if c == 1:
        hessian = (design.transpose(1, 2) * (own * weight)) @ design
    else:
        pairs = -probability[:, :, None] * probability[:, None]
        pairs.diagonal(dim1=1, dim2=2).copy_(own.transpose(1, 2))
        products = (design[:, :, :, None] * design[:, :, None, :]).reshape(B, n, m * m)
        blocks = (pairs * weight[:, None]).reshape(B, c * c, n) @ products
        hessian = blocks.reshape(B, c, c, m, m).transpose(2, 3).reshape(B, c * m, c * m)
        # A shift of all intercepts changes nothing, so any curvature will do for it but none: rounding would run away.
        hessian.view(B, c, m, c, m)[:, :, -1, :, -1] += weight.sum(2, keepdim=True)
    hessian.diagonal(dim1=-2, dim2=-1).add_(penalty.expand(B, c, m).reshape(B, c * m))
    return hessian


def steepness(gradient: Tensor, curvature: Tensor) -> Tensor:
    """Return the largest derivative (B, c, m) over the root of its parameter's curvature (B, c, m), squared, (B, 1, 1).

    Not a number where either is none, or infinite.

    >>> steepness(torch.tensor([[[1.0, -3.0]]]), torch.tensor([[[1.0, 4.0]]]))
    tensor([[[2.2500]]])
    """
    relative = gradient.square() / torch.where(curvature.isfinite(), curvature, torch.nan)
    return relative.amax((1, 2), keepdim=True)


def shared_curvature(design: Tensor, probability: Tensor, weight: Tensor, penalty: Tensor, floor: Tensor) -> Tensor:
    """Return one matrix (B, m, m) for the Hessian's block of every class.

    Arguments as those of :func:`full_curvature`.
    """
    doubt = (1 - (probability * probability).sum(1, keepdim=True)).maximum(floor) * weight
    hessian = (design.transpose(1, 2) * (SHARED * doubt)) @ design
    hessian.diagonal(dim1=-2, dim2=-1).add_(penalty[:, 0])
    # Rounding must not make much of the intercepts, whose common shift has no curvature.
    hessian[:, -1, -1] += LEAST_INTERCEPT
    return hessian


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
        """Return the probability of each column's class, (B, c, n)."""
        if logits.shape[1] == 1:
            return torch.sigmoid(logits)
        if self.excluded is not None:
            logits = logits.masked_fill(self.excluded, -torch.inf)
        return torch.softmax(logits, 1)

    def residual(self, probability: Tensor) -> Tensor:
        """Return derivative of the loss by the logits, (B, c, n)."""
        return (probability * self.weight).sub_(self.targets)

    def curvature_along(self, probability: Tensor, change: Tensor) -> Tensor:
        """Return second derivative of the loss in the direction ``change`` (B, c, n) of the logits, (B, 1, 1)."""
        moved = probability * change
        mean = moved.sum(1, keepdim=True)
        spread = torch.addcmul(moved.mul_(change).sum(1, keepdim=True), mean, mean, value=-1)
        return (spread * self.weight).sum((1, 2), keepdim=True)

    def take(self, episodes: Tensor) -> Self:
        """Return the losses of ``episodes`` (long)."""
        excluded = None if self.excluded is None else self.excluded[episodes]
        return type(self)(targets=self.targets[episodes], weight=self.weight[episodes], excluded=excluded)
