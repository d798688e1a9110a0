"""Nearest class mean, for many episodes at once."""

from __future__ import annotations

import copy
import time
from typing import ClassVar, Self

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.learners.scores import allowed_classes, class_weights, linear_scores, softmax_over, used_width
from alrl.loop.learner import FitReport, Learner


class NearestCentroid(Learner):
    """The class whose mean is nearest, the same predictions as scikit-learn's ``NearestCentroid``.

    Probabilities are softmax(-d² / (2 σ²)) for Euclidean distances d: those of classes that are equally likely and
    Gaussian with one variance σ² in every direction. They are too sure where features are correlated. The variance is
    pooled within classes and averaged over the features that vary, with one more observation that spreads as all
    labelled records do: with W and T the sums of squares within classes and in all, n records of k classes seen and m
    features that vary, σ² = (W + T / n) / ((n - k + 1) m): there is one even where every class has one record. Where
    nothing varies, classes are equally likely.

    A record of weight w counts as w records. Classes without a labelled record get probability zero; with one
    class seen, that class gets probability one. Every fit is from scratch. Modelled multiply-adds, for n records and D
    features: 3 n D a fit, D k a predicted record.

    >>> X, y = torch.tensor([[[-1.0], [1.0], [2.0]]]), torch.tensor([[0, 1, 1]])
    >>> learner = NearestCentroid()
    >>> _ = learner.fit(X, y, torch.ones(1, 3), torch.ones(1, 2, dtype=torch.bool))
    >>> learner.centroids.flatten().tolist(), learner.predict_proba(torch.tensor([[[0.25]]]))
    ([-1.0, 1.5], tensor([[[0.5000, 0.5000]]]))
    """

    name: ClassVar[str] = "nearest-centroid"

    def __init__(self) -> None:
        self._fit: dict[str, Tensor] = {}

    @property
    def centroids(self) -> Tensor:
        """Mean of each class, (B, k, D), double; zero for classes not seen."""
        return self._fitted["centroids"]

    @property
    def variance(self) -> Tensor:
        """σ², (B,), double; zero where nothing varies."""
        return self._fitted["variance"]

    @property
    def _fitted(self) -> dict[str, Tensor]:
        if not self._fit:
            raise InvalidRecipeError("nearest-centroid: not fitted yet; call fit first")
        return self._fit

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        real, weight = (weight > 0)[..., None], weight.double()
        X = X.double() * real
        weights = class_weights(y, weight, class_mask)
        allowed = allowed_classes(weights, class_mask)
        size = weights.sum(1)
        centroids = weights.transpose(1, 2) @ X / torch.where(size > 0, size, 1.0)[..., None]
        n = weight.sum(1).clamp_min(torch.finfo(weight.dtype).tiny)
        mean = torch.einsum("bn,bnd->bd", weight, X) / n[:, None]
        own = centroids.gather(1, y[..., None].expand_as(X))
        within, total = (torch.einsum("bn,bnd->b", weight, (X - about).square()) for about in (own, mean[:, None]))
        first = X.gather(1, real.byte().argmax(1, keepdim=True).expand(-1, -1, X.shape[2]))
        varying = ((first != X) & real).any(1).sum(1)
        spare = (n - (size > 0).sum(1)).clamp_min(0.0) + 1
        self._fit = {
            "centroids": centroids,
            "variance": (within + total / n) * (varying > 0) / (spare * varying.clamp_min(1)),
            "mean": mean,
            "allowed": allowed,
            "width": used_width(X),
        }
        count = real.sum((1, 2))
        return FitReport(
            iterations=torch.zeros_like(count),
            converged=torch.ones_like(count, dtype=torch.bool),
            multiply_adds=(3 * count * self._fit["width"]).double(),
            seconds=time.perf_counter() - started,
        )

    @property
    def _coefficients(self) -> Tensor:
        """Of scores that differ between classes as -d² / (2 σ²) does, the intercept last, (B, k, D + 1)."""
        fitted = self._fitted
        # About the mean of all records: what is far from zero would cost precision.
        away = fitted["centroids"] - fitted["mean"][:, None]
        intercept = -(away * fitted["mean"][:, None]).sum(2) - away.square().sum(2) / 2
        variance = fitted["variance"][:, None, None]
        parts = torch.cat([away, intercept[..., None]], 2)
        return torch.where(variance > 0, parts / torch.where(variance > 0, variance, 1.0), 0.0)

    def predict_proba(self, X: Tensor) -> Tensor:
        return self.predict_branches(X, 1)[:, 0]

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        return softmax_over(linear_scores(self._coefficients.to(X.dtype), X, branches), self._fitted["allowed"])

    def restart(self, episodes: Tensor) -> None:
        """Nothing to forget: every fit is from scratch."""

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        part._fit = {name: value[episodes] for name, value in self._fit.items()}
        return part

    def fresh(self) -> Self:
        return type(self)()

    def multiply_adds_a_record(self) -> Tensor:
        return (self._fitted["width"] * self._fitted["allowed"].sum(1)).double()

    def __repr__(self) -> str:
        return f"{type(self).__name__}()"
