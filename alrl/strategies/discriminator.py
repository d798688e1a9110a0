"""A logistic regression that tells the labelled records of a pool from the others, fitted in all episodes at once."""

from __future__ import annotations

import torch
from torch import Tensor

PENALTY = 0.01
STEPS = 50
_CONSTANT = 1e-6


def strangeness(X: Tensor, exists: Tensor, known: Tensor, compared: Tensor | None = None) -> Tensor:
    """Log odds (B, N) that a record of X (B, N, E) is not one of the ``known`` (B, N); zero where none or all are.

    Ridge-penalised logistic regression on standardised columns, both sides weighing the same, after fifty steps of
    Böhning and Lindsay 1988, which bound the curvature from above and so never overshoot. In doubles. Fitted to the
    known records and the others, or those of the others that ``compared`` (B, N) marks.

    >>> X = torch.tensor([[[0.0], [1.0], [4.0]]])
    >>> all_of_it = torch.ones(1, 3, dtype=torch.bool)
    >>> strangeness(X, all_of_it, torch.tensor([[True, False, False]])).argmax(1)
    tensor([2])
    """
    every = _standardised(X, exists)
    used = exists if compared is None else exists & (known | compared)
    index = used.to(torch.uint8).topk(max(1, int(used.sum(1).max())), 1).indices
    rows = every.gather(1, index[..., None].expand(-1, -1, every.shape[2]))
    used, new = used.gather(1, index), (used & ~known).gather(1, index)
    many, few = new.sum(1, keepdim=True), (used & ~new).sum(1, keepdim=True)
    weight = torch.where(new, 0.5 / many.clamp_min(1), 0.5 / few.clamp_min(1)) * used
    told_apart = (many > 0) & (few > 0)
    return torch.where(told_apart & exists, _odds(every, _fitted(rows, new, weight)), 0)


def _fitted(rows: Tensor, new: Tensor, weight: Tensor) -> Tensor:
    """Coefficients (B, E + 1) that tell the rows (B, n, E + 1) that are ``new`` (B, n) from the others."""
    beta = torch.zeros_like(rows[:, 0])
    identity = torch.eye(rows.shape[2], dtype=rows.dtype, device=rows.device)
    curvature = (rows * weight[..., None]).transpose(1, 2) @ rows / 4 + PENALTY * identity
    factor = torch.linalg.cholesky(curvature)
    for _ in range(STEPS):
        surplus = (torch.sigmoid(_odds(rows, beta)) - new.double()) * weight
        slope = (surplus[:, None] @ rows)[:, 0] + PENALTY * beta
        beta = beta - torch.cholesky_solve(slope[..., None], factor)[..., 0]
    return beta


def _odds(rows: Tensor, beta: Tensor) -> Tensor:
    return (rows @ beta[..., None])[..., 0]


def _standardised(X: Tensor, exists: Tensor) -> Tensor:
    """Columns of mean 0 and deviation 1, a constant one 0, and a column of ones, (B, N, E + 1), double."""
    real = exists[..., None].double()
    count = real.sum(1, keepdim=True).clamp_min(1)
    centred = (X.double() - (X.double() * real).sum(1, keepdim=True) / count) * real
    deviation = (centred.square().sum(1, keepdim=True) / count).sqrt()
    usable = deviation > _CONSTANT
    scaled = torch.where(usable, centred / torch.where(usable, deviation, 1), 0)
    return torch.cat([scaled, real], 2)
