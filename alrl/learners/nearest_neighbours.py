"""The vote of the nearest labelled records, for many episodes at once."""

from __future__ import annotations

import copy
import math
import time
from collections.abc import Iterator
from typing import ClassVar, Literal, Self, get_args

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.geometry.distances import distance_between, nearest
from alrl.learners.scores import allowed_classes, class_weights, used_width
from alrl.loop.learner import FitReport, Learner

BLOCK = 2_000_000
"""Most distances that are held at a time."""

NeighbourWeights = Literal["uniform", "distance"]


class NearestNeighbours(Learner):
    """Class shares among the nearest labelled records, as scikit-learn's ``KNeighborsClassifier.predict_proba``.

    Distances are Euclidean, in single precision. Of records at equal distance, those labelled first are nearer (there
    scikit-learn leaves open which). While fewer records are labelled than ``neighbours``, all of them vote. A record's
    weight multiplies its vote; it counts as one neighbour. Classes without a labelled record get probability zero;
    with one class seen, that class gets probability one.

    A fit keeps the records and costs nothing; a predicted record costs n D multiply-adds for n records of D features.
    Distances are taken in blocks of at most two million, and pools are not copied for branches.

    Args:
        neighbours: records that vote, at least 1.
        weights: votes of 1 (``uniform``) or of 1 / distance (``distance``; records at distance 0 then outvote others).
        smoothing: votes that every class seen has beforehand, 0 or more; 1 is add-one smoothing.

    >>> X, y = torch.tensor([[[0.0], [1.0], [5.0]]]), torch.tensor([[0, 1, 1]])
    >>> learner = NearestNeighbours(neighbours=2)
    >>> _ = learner.fit(X, y, torch.ones(1, 3), torch.ones(1, 2, dtype=torch.bool))
    >>> learner.predict_proba(torch.tensor([[[0.2], [4.0]]]))
    tensor([[[0.5000, 0.5000],
             [0.0000, 1.0000]]])
    """

    name: ClassVar[str] = "nearest-neighbours"

    def __init__(self, *, neighbours: int = 5, weights: NeighbourWeights = "uniform", smoothing: float = 0.0) -> None:
        if neighbours < 1:
            raise InvalidRecipeError(f"nearest-neighbours: neighbours = {neighbours} given; give at least 1")
        if weights not in get_args(NeighbourWeights):
            allowed = " or ".join(f'"{each}"' for each in get_args(NeighbourWeights))
            raise InvalidRecipeError(f"nearest-neighbours: weights = {weights!r} given; give {allowed}")
        if not 0 <= smoothing < math.inf:
            raise InvalidRecipeError(f"nearest-neighbours: smoothing = {smoothing} given; give 0 or more")
        self.neighbours, self.weights, self.smoothing = neighbours, weights, smoothing
        self._fit: dict[str, Tensor] = {}

    @property
    def _fitted(self) -> dict[str, Tensor]:
        if not self._fit:
            raise InvalidRecipeError("nearest-neighbours: not fitted yet; call fit first")
        return self._fit

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        weight = weight.to(torch.float32)
        allowed = allowed_classes(class_weights(y, weight, class_mask), class_mask)
        records = X.to(torch.float32) * (weight > 0)[..., None]
        self._fit = {"records": records, "labels": y.clone(), "weight": weight.clone(), "allowed": allowed}
        none = torch.zeros(len(X), dtype=torch.long, device=X.device)
        return FitReport(
            iterations=none,
            converged=torch.ones_like(none, dtype=torch.bool),
            multiply_adds=none.double(),
            seconds=time.perf_counter() - started,
        )

    def predict_proba(self, X: Tensor) -> Tensor:
        return self.predict_branches(X, 1)[:, 0]

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        allowed = self._fitted["allowed"]
        votes = X.new_zeros(len(X), branches, X.shape[1], allowed.shape[1], dtype=torch.float32)
        for episodes, rows in self._blocks(len(X), X.shape[1], branches * self._fitted["records"].shape[1]):
            votes[episodes, :, rows] = self._votes(X[episodes, rows].to(torch.float32), episodes, branches)
        mask = allowed.view(len(X), branches, 1, -1)
        votes += self.smoothing * mask
        total = votes.sum(-1, keepdim=True)
        # Without any record, the classes are equally likely.
        return torch.where(total > 0, votes / torch.where(total > 0, total, 1.0), mask / mask.sum(-1, keepdim=True))

    def _votes(self, X: Tensor, episodes: slice, branches: int) -> Tensor:
        """Return votes (b, branches, N, k) on the records X (b, N, D) of some episodes."""
        own = slice(episodes.start * branches, episodes.stop * branches)
        records, labels, weight, allowed = (value[own] for value in self._fitted.values())
        n, (b, N, D) = records.shape[1], X.shape
        votes = X.new_zeros(b, branches, N, allowed.shape[1])
        if n == 0:
            return votes
        distance = distance_between(X, records.reshape(b, branches * n, D))
        distance = distance.view(b, N, branches, n).transpose(1, 2)
        absent = (weight == 0).view(b, branches, 1, n)
        closest, index = nearest(distance.masked_fill(absent, torch.inf), min(self.neighbours, n))
        strength = self._strength(closest) * weight.view(b, branches, 1, n).expand(-1, -1, N, -1).gather(3, index)
        voted = labels.view(b, branches, 1, n).expand(-1, -1, N, -1).gather(3, index)
        # One by one: a sum over neighbours of one class rounds in the order of their distance, whatever the padding.
        for neighbour in range(index.shape[3]):
            one = slice(neighbour, neighbour + 1)
            votes.scatter_add_(3, voted[..., one], strength[..., one])
        return votes

    def _strength(self, distance: Tensor) -> Tensor:
        if self.weights == "uniform":
            return distance.isfinite().to(distance.dtype)
        at = (distance == 0).to(distance.dtype)
        return torch.where(at.any(-1, keepdim=True), at, 1 / torch.where(distance > 0, distance, 1.0))

    @staticmethod
    def _blocks(episodes: int, rows: int, points: int) -> Iterator[tuple[slice, slice]]:
        """Yield episodes and rows whose distances to ``points`` records are taken together."""
        together = max(1, min(episodes, BLOCK // max(1, rows * points)))
        step = max(1, min(rows, BLOCK // max(1, together * points)))
        for first in range(0, episodes, together):
            for row in range(0, rows, step):
                yield slice(first, min(episodes, first + together)), slice(row, min(rows, row + step))

    def restart(self, episodes: Tensor) -> None:
        """Nothing to forget: every fit is from scratch."""

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        part._fit = {name: value[episodes] for name, value in self._fit.items()}
        return part

    def fresh(self) -> Self:
        return type(self)(neighbours=self.neighbours, weights=self.weights, smoothing=self.smoothing)

    def multiply_adds_a_record(self) -> Tensor:
        count = (self._fitted["weight"] > 0).sum(1)
        return (count * used_width(self._fitted["records"])).double()

    def __repr__(self) -> str:
        given = f"neighbours={self.neighbours}, weights={self.weights!r}, smoothing={self.smoothing}"
        return f"{type(self).__name__}({given})"
