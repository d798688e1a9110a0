"""The Laplace approximation of a classifier's last layer: how sure it is of its own coefficients."""

from __future__ import annotations

import copy
import dataclasses
import math
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal, NamedTuple, Self, get_args

import torch
from torch import Tensor

from alrl.data.task import Task
from alrl.errors import InvalidRecipeError
from alrl.learners.laplace.last_layer_posterior import (
    FullPosterior,
    KroneckerPosterior,
    LastLayerPosterior,
    mean_field,
)
from alrl.learners.registry import make_learner
from alrl.learners.scores import allowed_classes, class_weights, softmax_over, used_width
from alrl.loop.learner import FitReport, Learner
from alrl.numerics.noise import uniform
from alrl.numerics.streams import stream_key

FULL = 256
"""Coefficients of the last layer up to which its whole covariance is kept: a record's cost grows with their square."""
_BLOCK = 4_000_000
_DRAWS = 1 << 20

Structure = Literal["auto", "full", "kronecker"]


class _PosteriorGroup(NamedTuple):
    """Episodes (long) whose posteriors are held together, and their classes, the rest being padding."""

    episodes: Tensor
    classes: int
    posterior: LastLayerPosterior


class LaplaceLastLayer(Learner):
    """Any learner whose probabilities are the softmax of a linear layer, with a Gaussian about that layer.

    The mean is the fit of ``base``; the covariance the inverse of the prior's precision plus the curvature of the log
    loss on the labelled records (MacKay 1992; Daxberger et al. 2021), which needs no more of ``base`` than ``embed``
    and ``predict_proba``. The prior is the same for all coefficients, the intercept's too; with two classes seen it is
    that of the difference of their columns, as in binary logistic regression.

    ``predict_proba`` is MacKay's probit approximation for two classes, and for more its extension by pairs of classes
    (:func:`mean_field`): less sure far from labelled records. ``predict_members`` are ``members`` draws of the layer,
    from the same random numbers in every episode and loop: disagreement (BALD) then compares fits and not draws.

    Modelled multiply-adds beside those of ``base``, for n records, a layer of d inputs and k classes: full, n k² d² +
    (k d)³ a fit and (k d)² a record; Kronecker, n d min(n, d) + k³ a fit and d min(n, d) + k³ a record.

    Args:
        base: name, ``package.module:Class`` or an object of the learner that is fitted.
        settings: of the learner named.
        prior_precision: inverse variance of the coefficients' prior; None for 1 / C of a base that has a C, else 1.
        structure: of the posterior: ``full``, ``kronecker``, or ``auto`` for full up to 256 coefficients.
        members: draws that ``predict_members`` gives.
        seed: drives the draws.

    >>> X, y = torch.tensor([[[-1.0], [1.0]]]), torch.tensor([[0, 1]])
    >>> learner = LaplaceLastLayer(settings={"tolerance": 1e-6, "double": True}, members=3)
    >>> _ = learner.fit(X, y, torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool))
    >>> far = torch.tensor([[[9.0]]])
    >>> learner.base.predict_proba(far)[0, 0, 1] - learner.predict_proba(far)[0, 0, 1] > 0.05
    tensor(True)
    >>> learner.predict_members(far).shape
    torch.Size([1, 3, 1, 2])
    """

    name: ClassVar[str] = "laplace-last-layer"

    def __init__(
        self,
        *,
        base: str | Learner = "softmax-regression",
        settings: Mapping[str, Any] | None = None,
        prior_precision: float | None = None,
        structure: Structure = "auto",
        members: int = 10,
        seed: int = 0,
    ) -> None:
        if prior_precision is not None and not 0 < prior_precision < math.inf:
            raise InvalidRecipeError(f"{self.name}: prior_precision = {prior_precision} given; give a number above 0")
        if structure not in get_args(Structure):
            allowed = ", ".join(f'"{each}"' for each in get_args(Structure))
            raise InvalidRecipeError(f"{self.name}: structure = {structure!r} given; allowed are {allowed}")
        if members < 1:
            raise InvalidRecipeError(f"{self.name}: members = {members} given; give at least 1")
        self.base = make_learner(base, **dict(settings or {})).fresh()
        self.prior_precision: float = prior_precision or 1 / getattr(self.base, "C", 1.0)
        self.structure, self.members, self.seed = structure, members, seed
        self._labelled: dict[str, Tensor] = {}
        self._groups: list[_PosteriorGroup] = []

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        report = self.base.fit(X, y, weight, class_mask)
        real = (weight > 0)[..., None]
        weights = class_weights(y, weight, class_mask)
        inputs = _with_constant(self.base.embed(X)) * real
        self._labelled = {
            "inputs": inputs,
            "probabilities": self.base.predict_proba(X).double() * real,
            "weight": weight.double(),
            "allowed": allowed_classes(weights, class_mask),
            "classes": class_mask.shape[1] - class_mask.flip(1).byte().argmax(1),
            "width": used_width(inputs),
        }
        self._groups = []
        more = report.multiply_adds
        if more is not None:
            n, d, k, full = self._sizes()
            more = more + torch.where(full, n * (k * d) ** 2 + (k * d) ** 3, n * d * torch.minimum(n, d) + k**3)
        return dataclasses.replace(report, multiply_adds=more, seconds=time.perf_counter() - started)

    @property
    def _fitted(self) -> dict[str, Tensor]:
        if not self._labelled:
            raise InvalidRecipeError(f"{self.name}: not fitted yet; call fit first")
        return self._labelled

    def _sizes(self) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """Return labelled records, inputs and classes, (B,) double, and where the posterior is full, (B,).

        Of each episode.
        """
        fitted = self._fitted
        full = (fitted["width"] * fitted["classes"] <= FULL) | (self.structure == "full")
        n, d, k = (fitted["weight"] > 0).sum(1).double(), fitted["width"].double(), fitted["classes"].double()
        return n, d, k, full & (self.structure != "kronecker")

    def _posteriors(self) -> list[_PosteriorGroup]:
        """Return the posteriors, built when first needed: a branch that is only refitted needs none."""
        if not self._groups:
            classes, full = self._fitted["classes"], self._sizes()[3]
            for number in classes[full].unique().tolist():
                self._groups.append(self._group((full & (classes == number)).nonzero()[:, 0], FullPosterior))
            if not bool(full.all()):
                self._groups.append(self._group((~full).nonzero()[:, 0], KroneckerPosterior))
        return self._groups

    def _group(self, episodes: Tensor, kind: type[LastLayerPosterior]) -> _PosteriorGroup:
        fitted = {name: value[episodes] for name, value in self._fitted.items()}
        k, d = int(fitted["classes"].max()), fitted["inputs"].shape[2]
        width = int(fitted["width"].max()) if kind is FullPosterior else d
        # Two columns whose difference has this prior have twice its precision each.
        precision = torch.where(fitted["allowed"].sum(1) == 2, 2.0, 1.0).double() * self.prior_precision
        posterior = kind(
            inputs=fitted["inputs"][..., :width],
            probabilities=fitted["probabilities"][..., :k],
            weight=fitted["weight"],
            precision=precision,
            allowed=fitted["allowed"][:, :k],
        )
        return _PosteriorGroup(episodes, k, posterior)

    def predict_proba(self, X: Tensor) -> Tensor:
        mean, inputs = self._mean(X), _with_constant(self.base.embed(X))
        probabilities, allowed = torch.zeros_like(mean), self._fitted["allowed"]
        for episodes, k, posterior in self._posteriors():
            step = max(1, _BLOCK // (len(episodes) * k * max(k, inputs.shape[2])))
            for start in range(0, X.shape[1], step):
                rows = slice(start, start + step)
                covariance = posterior.covariance(inputs[episodes, rows])
                part = mean_field(mean[episodes, rows, :k], covariance, allowed[episodes, :k])
                probabilities[episodes, rows, :k] = part
        return probabilities.float()

    def predict_members(self, X: Tensor) -> Tensor:
        mean, inputs = self._mean(X), _with_constant(self.base.embed(X))
        scores = mean[:, None].repeat(1, self.members, 1, 1)
        for episodes, k, posterior in self._posteriors():
            drawn = posterior.draw(self._noise(k, inputs.shape[2]).to(X.device))
            scores[episodes, ..., :k] += inputs[episodes, None] @ drawn.transpose(2, 3)
        allowed = self._fitted["allowed"].repeat_interleave(self.members, 0)
        return softmax_over(scores, allowed).float()

    def _mean(self, X: Tensor) -> Tensor:
        """Return scores of the fit up to a constant a record, (B, N, k)."""
        return self.base.predict_proba(X).double().clamp_min(torch.finfo(torch.float32).tiny).log()

    def _noise(self, classes: int, inputs: int) -> Tensor:
        """Return standard normal numbers (members, k, d); those of one member, class and input are always the same."""
        counter = (torch.arange(self.members)[:, None] * _DRAWS + torch.arange(classes)).flatten()
        key = torch.full_like(counter, stream_key([self.seed], "learner posterior"))
        chance = uniform(key, counter, inputs).double() + 2.0**-25
        return (math.sqrt(2.0) * torch.erfinv(2 * chance - 1)).view(self.members, classes, inputs)

    def embed(self, X: Tensor) -> Tensor:
        return self.base.embed(X)

    def read_tasks(self, tasks: Sequence[Task]) -> None:
        self.base.read_tasks(tasks)

    def restart(self, episodes: Tensor) -> None:
        self.base.restart(episodes)

    def _with(self, base: Learner) -> Self:
        part = copy.copy(self)
        part.base, part._groups = base, []
        return part

    def take(self, episodes: Tensor) -> Self:
        part = self._with(self.base.take(episodes))
        part._labelled = {name: value[episodes] for name, value in self._labelled.items()}
        return part

    def with_max_iterations(self, iterations: int) -> Self:
        return self._with(self.base.with_max_iterations(iterations))

    def fresh(self) -> Self:
        part = self._with(self.base.fresh())
        part._labelled = {}
        return part

    def multiply_adds_a_record(self) -> Tensor | None:
        base = self.base.multiply_adds_a_record()
        n, d, k, full = self._sizes()
        return None if base is None else base + torch.where(full, (k * d) ** 2, d * torch.minimum(n, d) + k**3)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(base={self.base!r}, prior_precision={self.prior_precision!r})"


def _with_constant(embedded: Tensor) -> Tensor:
    """Return inputs of the layer, (B, N, d), double: the constant first, so that padding follows all others."""
    return torch.nn.functional.pad(embedded.double(), (1, 0), value=1.0)
