"""Inverse matrices that precondition a fit."""

from __future__ import annotations

import torch
from torch import Tensor


def inverse(matrix: Tensor) -> Tensor:
    """Inverse of symmetric positive definite matrices (..., m, m); of the diagonal alone where rounding spoilt one.

    >>> inverse(torch.tensor([[2.0, 0.0], [0.0, 4.0]]))
    tensor([[0.5000, 0.0000],
            [0.0000, 0.2500]])
    """
    factor, failed = torch.linalg.cholesky_ex(matrix)
    if bool(failed.any()):
        diagonal = matrix.diagonal(dim1=-2, dim2=-1).clamp_min(torch.finfo(matrix.dtype).tiny)
        factor = torch.where((failed > 0)[..., None, None], torch.diag_embed(diagonal.sqrt()), factor)
    identity = torch.eye(matrix.shape[-1], dtype=matrix.dtype, device=matrix.device).expand_as(matrix)
    # Not torch.cholesky_inverse, which is up to ten times slower on small matrices.
    root = torch.linalg.solve_triangular(factor, identity, upper=False)
    return root.transpose(-1, -2) @ root


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
        # One shift of all intercepts changes nothing: any curvature will do for it, and none cannot be inverted.
        hessian.view(B, c, m, c, m)[:, :, -1, :, -1] += weight.sum(2, keepdim=True) / c
    hessian.diagonal(dim1=-2, dim2=-1).add_(penalty.expand(B, c, m).reshape(B, c * m))
    return hessian


def block_curvature(design: Tensor, probability: Tensor, weight: Tensor, penalty: Tensor, floor: Tensor) -> Tensor:
    """Each class's own block of the Hessian, (B, c, m, m); arguments as those of :func:`full_curvature`."""
    own = (probability * (1 - probability)).maximum(floor) * weight
    hessian = (design[:, None] * own[..., None]).transpose(-1, -2) @ design[:, None]
    hessian.diagonal(dim1=-2, dim2=-1).add_(penalty)
    return hessian
