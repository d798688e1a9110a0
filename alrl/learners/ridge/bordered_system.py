"""Linear systems with one border row, solved by a kept inverse that new records update."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

QUIET = 1e-8
"""Solutions smaller than this are taken for zero when they are compared: one class alone leaves only rounding."""


@dataclass(frozen=True, kw_only=True, eq=False)
class BorderedSystem:
    """The systems [M e; e' c] [u; b] = [f; t] of b episodes, M symmetric, of size s, with k right sides.

    The border is an unpenalised intercept. ``inverse`` approximates the inverse of M; one step of iterative refinement
    (Wilkinson 1963) squares its error, and the size of that step tells how far the inverse is off.
    """

    inverse: Tensor
    """Of M, (b, s, s)."""
    times: Callable[[Tensor], Tensor]
    """M times (b, s, k)."""
    edge: Tensor
    """The border e, (b, s, 1)."""
    corner: Tensor
    """The corner c, (b, 1, 1)."""

    def refined(self, f: Tensor, t: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Return solutions u (b, s, k) and b (b, 1, k), and how much the refinement changed u, relative to it, (b,)."""
        u, b = self._solve(f, t)
        edge = self.edge.transpose(1, 2)
        more, higher = self._solve(f - self.times(u) - self.edge * b, t - edge @ u - self.corner * b)
        if not u.numel():
            # Constant columns alone: there is nothing but the intercept.
            return u, b + higher, u.new_zeros(len(u))
        change = more.abs().amax((1, 2)) / u.abs().amax((1, 2)).clamp_min(QUIET)
        return u + more, b + higher, change

    def _solve(self, f: Tensor, t: Tensor) -> tuple[Tensor, Tensor]:
        solved = self.inverse @ torch.cat([f, self.edge], 2)
        u, edge = solved[..., :-1], self.edge.transpose(1, 2)
        pivot = self.corner - edge @ solved[..., -1:]
        # No pivot: an episode without records.
        b = (t - edge @ u) / torch.where(pivot == 0, 1.0, pivot)
        return u - solved[..., -1:] * b, b


def inverse_of(matrices: Tensor) -> Tensor:
    """Return the inverses of symmetric matrices (b, s, s), symmetric to the last bit."""
    inverse = torch.linalg.inv_ex(matrices).inverse
    symmetric: Tensor = (inverse + inverse.transpose(1, 2)) / 2
    return symmetric


def with_more_terms(inverse: Tensor, rows: Tensor) -> Tensor:
    """Return the inverse of M + U'U from that of M (b, s, s), for rows U (b, r, s); rows of zeros change nothing.

    Sherman and Morrison 1950, Woodbury 1950; of one row, 2 s² multiply-adds instead of s³.

    >>> with_more_terms(torch.tensor([[[0.5]]]), torch.tensor([[[2.0]]]))
    tensor([[[0.1667]]])
    """
    spread = inverse @ rows.transpose(1, 2)
    core = rows @ spread
    core.diagonal(dim1=1, dim2=2).add_(1.0)
    return inverse - spread @ inverse_of(core) @ spread.transpose(1, 2)


def with_more_rows(inverse: Tensor, place: Tensor, real: Tensor, across: Tensor, among: Tensor) -> Tensor:
    """Return the inverse of M after rows and columns were filled in that were zero in the inverse (b, s, s): bordering.

    Args:
        inverse: of the rows and columns filled in before, zero elsewhere.
        place: which rows are filled in, (b, r), long.
        real: False where a row of ``place`` is padding, (b, r), bool.
        across: their entries in the old rows, zero elsewhere, (b, s, r).
        among: their entries with each other, (b, r, r).

    >>> old = torch.tensor([[[0.5, 0.0], [0.0, 0.0]]])
    >>> place, real = torch.tensor([[1]]), torch.tensor([[True]])
    >>> with_more_rows(old, place, real, torch.tensor([[[1.0], [0.0]]]), torch.tensor([[[3.0]]]))
    tensor([[[ 0.6000, -0.2000],
             [-0.2000,  0.4000]]])
    """
    valid = real[:, None, :]
    across = across * valid
    spread = inverse @ across
    core = (among - across.transpose(1, 2) @ spread) * valid * real[:, :, None]
    core.diagonal(dim1=1, dim2=2).add_((~real).to(core.dtype))
    spread = spread.scatter_add(1, place[:, None, :], -valid.to(spread.dtype))
    return inverse + spread @ inverse_of(core) @ spread.transpose(1, 2)
