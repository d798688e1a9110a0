"""Inverse matrices that precondition a fit."""

from __future__ import annotations

import torch
from torch import Tensor

BLOCK = 24
LEAST_INTERCEPT = 0.1
SHARED = 0.25
"""Share of a record's doubt, 1 - sum p^2, that counts as its curvature in every class."""


def inverse(matrix: Tensor) -> Tensor:
    """Inverse of symmetric positive definite matrices (B, m, m).

    By halves and Schur complements down to small blocks, since batched products are several times faster than batched
    factorisations. Where rounding spoilt a block, its diagonal stands for it.

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
        alone = torch.diag_embed(diagonal.clamp_min(eps).sqrt())
        factor = torch.where(sound[:, None, None], factor, alone)
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device).expand_as(matrix)
    # Not torch.cholesky_inverse, which is several times slower.
    root = torch.linalg.solve_triangular(factor, identity, upper=False)
    return torch.bmm(root.transpose(1, 2), root)


def full_curvature(design: Tensor, probability: Tensor, weight: Tensor, penalty: Tensor, floor: Tensor) -> Tensor:
    """Hessian of penalised logistic losses, (B, c m, c m), classes outermost.

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


def shared_curvature(design: Tensor, probability: Tensor, weight: Tensor, penalty: Tensor, floor: Tensor) -> Tensor:
    """One matrix (B, m, m) for the Hessian's block of every class; arguments as those of :func:`full_curvature`."""
    doubt = (1 - (probability * probability).sum(1, keepdim=True)).maximum(floor) * weight
    hessian = (design.transpose(1, 2) * (SHARED * doubt)) @ design
    hessian.diagonal(dim1=-2, dim2=-1).add_(penalty[:, 0])
    # Rounding must not make much of the intercepts, of which a common shift has no curvature.
    hessian[:, -1, -1] += LEAST_INTERCEPT
    return hessian
