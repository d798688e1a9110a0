"""What a batched ridge classifier keeps from one fit to the next."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import torch
from torch import Tensor
from torch.nn.functional import pad


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
        """The same with room for the records X (B, n, D); empty if it cannot hold them."""
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
        """The inverse with room for systems of ``size``, (B, max(m, size), max(m, size))."""
        m = self.inverse.shape[1]
        if size <= m:
            return self.inverse
        inverse = pad(self.inverse, (0, size - m, 0, size - m))
        # A feature that no record has is held by the penalty alone.
        inverse.diagonal(dim1=1, dim2=2)[:, m:] = (~self.dual[:, None]).to(inverse.dtype) / alpha
        return inverse

    def additions(self, X: Tensor, weight: Tensor) -> tuple[Tensor, Tensor]:
        """Which records of X (B, n, D) are new, (B, n), and whether the others are those of the last fit, (B,)."""
        n = X.shape[1]
        held, was = self.records[:, :n], self.weight[:, :n]
        added = (weight > 0) & (was == 0)
        same = added | ((weight == was) & (held == X).all(2))
        return added, self.built & same.all(1) & ~(self.weight[:, n:] > 0).any(1)

    def take(self, episodes: Tensor) -> Self:
        """Copies of ``episodes`` (long, repeats allowed)."""
        parts: dict[str, Tensor] = {name: value[episodes] for name, value in vars(self).items()}
        return type(self)(**parts)
