"""One fit of a batched ridge classifier: the kept inverses brought up to date, the normal equations solved."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.learners.ridge.bordered_system import BorderedSystem, inverse_of, with_more_rows, with_more_terms
from alrl.learners.scores import used_width


@dataclass(kw_only=True, eq=False)
class RidgeState:
    """The last fit of B episodes; every tensor has the episode as its first axis; double precision but for ``records``.

    An episode of fewer records than features is solved over its records (dual), any other over its features. Shapes: n
    labelled records, D features, k classes, m the largest size of a system.
    """

    records: Tensor
    """Labelled records, zero on padding, (B, n, D)."""
    weight: Tensor
    """Their weights, zero on padding, (B, n)."""
    origin: Tensor
    """What is taken off every record, so that far-away means cost no precision, (B, D)."""
    inverse: Tensor
    """(B, m, m): of X'WX + alpha I over features, or of XX' + alpha / W over records (zero where there is none)."""
    dual: Tensor
    """True where the system is over records, (B,), bool."""
    built: Tensor
    """True where ``inverse`` belongs to ``records``, (B,), bool."""
    coefficients: Tensor
    """Coefficients, the intercept last, (B, k, D + 1)."""
    allowed: Tensor
    """Classes that may get probability, (B, k), bool."""

    @classmethod
    def empty(cls, X: Tensor) -> Self:
        """Nothing fitted yet, for records like X (B, n, D)."""
        B, _, D = X.shape
        none = torch.zeros(B, dtype=torch.bool, device=X.device)
        double = torch.zeros(0, dtype=torch.float64, device=X.device)
        return cls(
            records=torch.zeros_like(X),
            weight=double.new_zeros(X.shape[:2]),
            origin=double.new_zeros(B, D),
            inverse=double.new_zeros(B, 0, 0),
            dual=none,
            built=none.clone(),
            coefficients=double.new_zeros(B, 0, D + 1),
            allowed=none[:, None][:, :0],
        )

    def widened(self, X: Tensor) -> Self:
        """Return the same with room for the records X (B, n, D); empty if it cannot hold them."""
        B, n, D = X.shape
        more = D - self.records.shape[2]
        if len(self.built) != B or more < 0 or (self.records.device, self.records.dtype) != (X.device, X.dtype):
            return self.empty(X)
        rows = max(0, n - self.records.shape[1])
        parts: dict[str, Tensor] = vars(self) | {
            "records": pad(self.records, (0, more, 0, rows)),
            "weight": pad(self.weight, (0, rows)),
            "origin": pad(self.origin, (0, more)),
        }
        return type(self)(**parts)

    def grown(self, size: int, alpha: float) -> Tensor:
        """Return the inverse with room for systems of ``size``, (B, max(m, size), max(m, size))."""
        m = self.inverse.shape[1]
        if size <= m:
            return self.inverse
        inverse = pad(self.inverse, (0, size - m, 0, size - m))
        # A feature that no record has is held by the penalty alone.
        inverse.diagonal(dim1=1, dim2=2)[:, m:] = (~self.dual[:, None]).to(inverse.dtype) / alpha
        return inverse

    def additions(self, X: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Return which records of X (B, n, D) are new, (B, n), and whether the others are those of the last fit.

        (B,).
        """
        n = X.shape[1]
        before, was = self.records[:, :n], self.weight[:, :n]
        added = (weight > 0) & (was == 0)
        same = added | ((weight == was) & (before == X).all(2))
        return added, self.built & same.all(1) & ~(self.weight[:, n:] > 0).any(1)

    def take(self, episodes: Tensor) -> Self:
        """Return copies of ``episodes`` (long, repeats allowed)."""
        parts: dict[str, Tensor] = {name: value[episodes] for name, value in vars(self).items()}
        return type(self)(**parts)


OFF = 1e-6
"""Relative size of a refinement above which an inverse is built anew."""

_Rows = Tensor | slice


class RidgeFit:
    """Fits B episodes and leaves their inverses in ``state``.

    Args:
        state: of the last fit, with room for these records; brought up to date.
        X: labelled records, zero on padding, (B, n, D).
        weight: their weights, zero on padding, (B, n), double.
        weights: the weights in the columns of the classes, (B, n, k), double.
        alpha: strength of the penalty.
    """

    def __init__(self, *, state: RidgeState, X: Tensor, weight: Tensor, weights: Tensor, alpha: float) -> None:
        self.state, self.X, self.weight, self.alpha = state, X, weight, alpha
        # 1 for the record's class, -1 for the others.
        self.targets = 2.0 * (weights > 0) - 1.0
        self.count, self.width = (weight > 0).sum(1), used_width(X)
        self.added, same = state.additions(X, weight)
        dual = self.count < self.width
        size = torch.where(state.dual, self.count, self.width)
        anew = ~same | (state.dual & ~dual) | (2 * self.added.sum(1) > size)
        state.dual = torch.where(anew, dual, state.dual)
        state.records, state.weight, state.built = X, weight, torch.ones_like(state.built)
        self.taken = torch.where(anew, self.count, self.added.sum(1))
        self._built = anew
        state.inverse = state.grown(int(self._sizes().max()), alpha)
        self._each(anew, self._build)
        self._away = self._centred(slice(None))
        self._each(~anew & self.added.any(1), self._update)

    def _sizes(self) -> Tensor:
        """Return rows and columns that each episode's inverse needs, (B,)."""
        position = torch.arange(1, self.weight.shape[1] + 1, device=self.weight.device)
        last = ((self.weight > 0) * position).amax(1) if len(position) else self.count
        return torch.where(self.state.dual, last, self.width)

    def _each(self, chosen: Tensor, work: Callable[[_Rows, bool], None]) -> None:
        for dual in (True, False):
            episodes = (chosen & (self.state.dual == dual)).nonzero()[:, 0]
            if len(episodes):
                # A slice of all of them needs no copies.
                work(episodes if len(episodes) < len(chosen) else slice(None), dual)

    def _centred(self, episodes: _Rows) -> Tensor:
        return (self.X[episodes] - self.state.origin[episodes, None]) * (self.weight[episodes] > 0)[..., None]

    def _build(self, episodes: _Rows, dual: bool) -> None:
        """Invert from the start, around the mean of the records."""
        state, size = self.state, int(self._sizes()[episodes].max())
        weight = self.weight[episodes]
        total = weight.sum(1, keepdim=True).clamp_min(torch.finfo(weight.dtype).tiny)
        state.origin[episodes] = torch.bmm(weight[:, None], self.X[episodes].double())[:, 0] / total
        X = self._centred(episodes)
        inverse = torch.zeros_like(state.inverse[episodes])
        if dual:
            X, weight = X[:, :size], weight[:, :size]
            matrix, real = X @ X.transpose(1, 2), (weight > 0).double()
            matrix.diagonal(dim1=1, dim2=2).add_(torch.where(weight > 0, self.alpha / weight, 1.0))
            inverse[:, :size, :size] = inverse_of(matrix) * real[:, None] * real[:, :, None]
        else:
            inverse.diagonal(dim1=1, dim2=2).fill_(1 / self.alpha)
            X = X[..., :size]
            matrix = X.transpose(1, 2) @ (X * weight[..., None])
            matrix.diagonal(dim1=1, dim2=2).add_(self.alpha)
            inverse[:, :size, :size] = inverse_of(matrix)
        state.inverse[episodes] = inverse

    def _update(self, episodes: _Rows, dual: bool) -> None:
        """Take in the new records."""
        inverse, size = self.state.inverse, int(self._sizes()[episodes].max())
        added, X, weight = self.added[episodes], self._away[episodes], self.weight[episodes]
        most = int(added.sum(1).max())
        real, place = added.to(torch.uint8).sort(dim=1, descending=True, stable=True)
        real, place = real[:, :most].bool(), place[:, :most]
        rows = X.gather(1, place[..., None].expand(-1, -1, X.shape[2])) * real[..., None]
        before = inverse[episodes, :size, :size]
        if dual:
            # Where a row is padding, so is its place: it must lie within the system.
            place = place * real
            old = X[:, :size] * ~added[:, :size, None]
            across, among = old @ rows.transpose(1, 2), rows @ rows.transpose(1, 2)
            own = weight.gather(1, place)
            among.diagonal(dim1=1, dim2=2).add_(self.alpha / torch.where(real, own, 1.0))
            after = with_more_rows(before, place, real, across, among)
        else:
            root = weight.gather(1, place).sqrt()[..., None]
            after = with_more_terms(before, rows[..., :size] * root)
        inverse[episodes, :size, :size] = after

    def solve(self) -> tuple[Tensor, Tensor]:
        """Return coefficients (B, k, D + 1), the intercept last, and where they are exact to within rounding, (B,).

        Bool.
        """
        (B, _, D), k = self.X.shape, self.targets.shape[2]
        self._coefficients, self._change = self._away.new_zeros(B, D + 1, k), self._away.new_zeros(B)
        everywhere = torch.ones_like(self._built)
        self._each(everywhere, self._solve)
        off = ~(self._change <= OFF) & ~self._built
        if bool(off.any()):
            self._each(off, self._build)
            self._away = self._centred(slice(None))
            self._each(off, self._solve)
        self._built = self._built | off
        self.taken = torch.where(off, self.count, self.taken)
        return self._coefficients.transpose(1, 2).contiguous(), self._change <= OFF

    def _solve(self, episodes: _Rows, dual: bool) -> None:
        size = int(self._sizes()[episodes].max())
        weight, X = self.weight[episodes, :, None], self._away[episodes]
        targets, inverse = self.targets[episodes] * (weight > 0), self.state.inverse[episodes, :size, :size]
        if dual:
            X, weight = X[:, :size], weight[:, :size]
            alpha, real = torch.where(weight > 0, self.alpha / weight, 0.0), (weight > 0).double()
            system = BorderedSystem(
                inverse=inverse,
                times=lambda u: X @ (X.transpose(1, 2) @ u) + alpha * u,
                edge=real,
                corner=weight.new_zeros(len(X), 1, 1),
            )
            shares, b, change = system.refined(targets[:, :size], torch.zeros_like(targets[:, :1]))
            coefficients = X.transpose(1, 2) @ shares
        else:
            X = X[..., :size]
            system = BorderedSystem(
                inverse=inverse,
                times=lambda u: X.transpose(1, 2) @ (weight * (X @ u)) + self.alpha * u,
                edge=X.transpose(1, 2) @ weight,
                corner=weight.sum(1, keepdim=True),
            )
            answers = weight * targets
            coefficients, b, change = system.refined(X.transpose(1, 2) @ answers, answers.sum(1, keepdim=True))
        D = coefficients.shape[1]
        origin = self.state.origin[episodes, None, :D]
        self._coefficients[episodes, :D], self._coefficients[episodes, -1] = (
            coefficients,
            (b - origin @ coefficients)[:, 0],
        )
        self._change[episodes] = change

    def multiply_adds(self, classes: Tensor) -> Tensor:
        """Return modelled multiply-adds of each episode, (B,), double, for ``classes`` (B,)."""
        n, D, r, k = (each.double() for each in (self.count, self.width, self.taken, classes))
        s = torch.where(self.state.dual, n, D)
        update = 2 * s**2 * r + torch.where(self.state.dual, r * n * D, 0.0)
        return torch.where(self._built, s**3 + s * n * D, update) + 2 * s**2 * (k + 1) + 5 * n * D * k
