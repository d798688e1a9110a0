"""Posterior of a linear model over the pool: covariances among its records, given the labelled ones.

A Bayesian linear model of one logit with a Gaussian prior, its posterior by Laplace's approximation: a labelled record
of class probabilities p tells 1 - sum of p² about its logit. Nothing here reads a label.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.numerics.backend import compiles
from alrl.numerics.ranking import rows_at

RIDGE = 10.0
"""Precision of the prior of each weight, features being standardised."""
_LEAST = 0.02
"""A labelled record tells at least this much, however sure the learner is of it."""
_POSITIVE = 1e-6
_OTHERS = 128
"""Records that stand for the pool, drawn anew for every query."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Posterior:
    """Variances and covariances of the logits of K records and R others."""

    own: Tensor
    """Variances of the records, (B, K), above 0."""
    others: Tensor
    """Variances of the others, (B, R), above 0."""
    covariance: Tensor
    """Covariances of each record with each of the others, (B, K, R)."""

    @property
    def correlation(self) -> Tensor:
        """Correlations of each record with each of the others, (B, K, R), -1 to 1."""
        return (self.covariance / (self.own[..., None] * self.others[:, None]).sqrt()).clamp(-1, 1)


def posterior(view: PoolView, index: Tensor, others: Tensor) -> Posterior:
    """Of the records at ``index`` (B, K) and ``others`` (B, R), positions in the pool.

    Records that are labelled count as known; those in the batch being filled count too, as if their labels had come.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0, records=(7,), labelled=(2,))
    >>> doubt = posterior(view, torch.tensor([[5]]), torch.tensor([[5, 6]]))
    >>> bool(torch.isclose(doubt.covariance[0, 0, 0], doubt.own[0, 0])), doubt.correlation.shape
    (True, torch.Size([1, 1, 2]))
    """
    known_index, real = _known(view)
    precision = view.impurity.gather(1, known_index).clamp_min(_LEAST)
    solve = _compiled if compiles(view.features) else _batched
    own, rest, covariance = solve(view, index, others, known_index, real, precision)
    # Of records thousands of deviations away rounding can leave no number: they then have nothing in common.
    own, rest = (each.nan_to_num(_POSITIVE).clamp_min(_POSITIVE) for each in (own, rest))
    return Posterior(own=own, others=rest, covariance=covariance.nan_to_num(0.0))


def standing_for_pool(view: PoolView) -> tuple[Tensor, Tensor]:
    """Return the positions (B, R) of up to 128 available records drawn at random, and 1 where there is one, else 0.

    (B, R).
    """
    order = view.noise.masked_fill(~view.available, -1.0)
    others = order.topk(min(_OTHERS, order.shape[1]), 1).indices
    return others, view.available.gather(1, others).to(view.features.dtype)


def weighted_mean(values: Tensor, weight: Tensor) -> Tensor:
    """Return the mean over the last axis of ``values`` (B, K, R) by ``weight`` (B, R), (B, K); NaN without any weight.

    >>> weighted_mean(torch.tensor([[[1.0, 2.0, 9.0]]]), torch.tensor([[1.0, 1.0, 0.0]]))
    tensor([[1.5000]])
    """
    if compiles(values):
        from alrl.loop.compiled_posterior import weighted_means

        out = values.new_empty(values.shape[:2])
        weighted_means(values.contiguous().numpy(), weight.contiguous().numpy(), out.numpy())
        return out
    return (values * weight[:, None]).sum(-1) / weight.sum(-1)[:, None]


def _known(view: PoolView) -> tuple[Tensor, Tensor]:
    """Return the positions (B, L) of the records that count as known, and which of them are real, (B, L) bool."""
    most = int(view.selected.sum(1).max()) if view.selected.numel() else 0
    if not most:
        return view.labelled_index, view.labelled_mask
    # In the order of the pool: which of equal values comes first depends on how many there are, and sums would too.
    chosen = view.selected.to(torch.float32).topk(most, 1).indices.sort(1).values
    known_index = torch.cat([view.labelled_index, chosen], 1)
    return known_index, torch.cat(
        [view.labelled_mask, view.selected.gather(1, chosen) & ~view.labelled.gather(1, chosen)], 1
    )


def _compiled(
    view: PoolView, index: Tensor, others: Tensor, known_index: Tensor, real: Tensor, precision: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    from alrl.loop.compiled_posterior import covariances

    new = view.features.new_empty
    out = (new(index.shape), new(others.shape), new(*index.shape, others.shape[1]))
    given = (
        view.features,
        view.feature_count,
        index,
        others,
        known_index,
        real,
        precision,
        view.features.new_tensor([RIDGE]),
    )
    covariances(*(each.contiguous().numpy() for each in given), tuple(each.numpy() for each in out))
    return out


def _batched(
    view: PoolView, index: Tensor, others: Tensor, known_index: Tensor, real: Tensor, precision: Tensor
) -> tuple[Tensor, Tensor, Tensor]:
    known, points, pool = (rows_at(view.features, at) for at in (known_index, index, others))

    def product(left: Tensor, right: Tensor) -> Tensor:
        return (left @ right.transpose(1, 2) + 1) / RIDGE

    both = (real[:, :, None] & real[:, None]).to(known.dtype)
    # A record that is padding tells nothing: its row is that of the identity.
    noise = torch.diag_embed(torch.where(real, 1 / precision, 1.0))
    # No error where rounding has left nothing to factorise.
    factor = torch.linalg.cholesky_ex(product(known, known) * both + noise).L
    solved = [
        torch.linalg.solve_triangular(factor, product(known, each) * real[..., None], upper=False)
        for each in (points, pool)
    ]
    own, rest = (
        (each.square().sum(-1) + 1) / RIDGE - solution.square().sum(1)
        for each, solution in zip((points, pool), solved, strict=True)
    )
    return own, rest, product(points, pool) - solved[0].transpose(1, 2) @ solved[1]
