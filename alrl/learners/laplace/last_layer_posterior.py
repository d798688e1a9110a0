"""Gaussian posteriors of the coefficients of a softmax layer, by the curvature of its loss at the fit."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod

import torch
from torch import Tensor

from alrl.errors import InvalidDataError


class LastLayerPosterior(ABC):
    """A Gaussian about the fitted coefficients of b episodes; its precision is curvature plus prior.

    The curvature is the generalised Gauss-Newton matrix of the log loss, for a softmax layer its Hessian. Shapes: d
    inputs of the layer, the constant 1 first, k classes, n labelled and N other records; all double.

    Args:
        inputs: of the labelled records, zero on padding, (b, n, d).
        probabilities: of the labelled records, (b, n, k).
        weight: of the labelled records, zero on padding, (b, n).
        precision: of the prior of every coefficient, (b,).
        allowed: classes that may get probability, (b, k), bool.
    """

    def __init__(
        self, *, inputs: Tensor, probabilities: Tensor, weight: Tensor, precision: Tensor, allowed: Tensor
    ) -> None:
        self.inputs, self.weight, self.precision = inputs, weight, precision[:, None, None]
        self.probabilities = probabilities * allowed[:, None]
        # Scores that differ by a constant give the same probabilities; what they vary by in common is left out.
        share = allowed.double() / allowed.sum(1, keepdim=True)
        self.differences = torch.diag_embed(allowed.double()) - share[:, :, None] * allowed[:, None]
        self._prepare()

    @abstractmethod
    def _prepare(self) -> None: ...

    @abstractmethod
    def covariance(self, inputs: Tensor) -> Tensor:
        """Return covariance of the classes' scores about their mean over allowed classes, (b, N, k, k).

        Of (b, N, d).
        """

    @abstractmethod
    def draw(self, noise: Tensor) -> Tensor:
        """Return deviations of the coefficients from the fit, (b, M, k, d), from standard normal numbers (M, k, d)."""


class FullPosterior(LastLayerPosterior):
    """The whole precision matrix of k d coefficients is inverted: exact, for small layers.

    Columns of ``inputs`` after the last in use may be left out: what is drawn and predicted there is the prior.
    """

    def _prepare(self) -> None:
        b, n, d = self.inputs.shape
        k = self.probabilities.shape[2]
        self.size, rows = d, []
        for each in range(k):
            own = self.probabilities[..., each : each + 1]
            other = -own * self.probabilities
            other[..., each] += own[..., 0]
            right = (other[..., None] * self.inputs[:, :, None]).reshape(b, n, k * d)
            rows.append((self.inputs * self.weight[..., None]).transpose(1, 2) @ right)
        matrix = torch.cat(rows, 1)
        self.factor = _factor((matrix + matrix.transpose(1, 2)) / 2, self.precision)
        inverse = torch.cholesky_inverse(self.factor).view(b, k, d, k, d)
        left = torch.einsum("bce,bedfg->bcdfg", self.differences, inverse)
        self.centred = torch.einsum("bcdfg,bhf->bcdhg", left, self.differences)

    def covariance(self, inputs: Tensor) -> Tensor:
        used, rest = inputs[..., : self.size], inputs[..., self.size :]
        rows = []
        # Class by class: k d numbers a record are held, not k² d.
        for own in self.centred.unbind(1):
            along = (used @ own.flatten(2)).unflatten(2, own.shape[2:])
            rows.append((along * used[:, :, None]).sum(-1))
        prior = rest.square().sum(2)[..., None, None] / self.precision[..., None]
        return torch.stack(rows, 2) + prior * self.differences[:, None]

    def draw(self, noise: Tensor) -> Tensor:
        drawn = noise / self.precision[..., None].sqrt()
        used = noise[..., : self.size].flatten(1).T.expand(len(self.factor), -1, -1)
        solved = torch.linalg.solve_triangular(self.factor.transpose(1, 2), used, upper=True)
        drawn[..., : self.size] = solved.transpose(1, 2).unflatten(2, (noise.shape[1], self.size))
        return drawn


def _factor(curvature: Tensor, precision: Tensor) -> Tensor:
    """Return the Cholesky factor of a curvature (b, m, m) plus the prior's ``precision`` (b, 1, 1).

    Of inputs so large that rounding leaves the sum with eigenvalues below the prior's, these are taken for the prior's.

    Raises InvalidDataError for inputs whose squares overflow.
    """
    if not bool(curvature.isfinite().all()):
        raise InvalidDataError("laplace-last-layer: the squares of the features overflow; standardise them")
    eye = torch.eye(curvature.shape[1], dtype=curvature.dtype, device=curvature.device)
    factor: Tensor
    factor, failed = torch.linalg.cholesky_ex(curvature + precision * eye)
    lost = failed.nonzero()[:, 0]
    if len(lost):
        values, vectors = torch.linalg.eigh(curvature[lost])
        root = (values.clamp_min(0.0) + precision[lost, 0]).sqrt()[:, :, None] * vectors.transpose(1, 2)
        upper = torch.linalg.qr(root)[1]
        factor[lost] = (upper * upper.diagonal(dim1=1, dim2=2).sign()[:, :, None]).transpose(1, 2)
    return factor


class KroneckerPosterior(LastLayerPosterior):
    """The curvature is taken for the product of one matrix over inputs and one over classes (Martens and Grosse 2015).

    The sum of p (1 - p) x x over records becomes the sum of x x times the mean of p (1 - p); the prior is added to the
    product's eigenvalues. Inputs that no labelled record has any part in keep the prior.
    """

    def _prepare(self) -> None:
        root = self.weight.sqrt()[..., None]
        _, singular, across = torch.linalg.svd(self.inputs * root, full_matrices=False)
        self.directions = across.transpose(1, 2)
        p, total = self.probabilities, self.weight.sum(1).clamp_min(torch.finfo(torch.float64).tiny)
        weighted = p * self.weight[..., None]
        classes = torch.diag_embed(weighted.sum(1)) - weighted.transpose(1, 2) @ p
        curvature, self.classes = torch.linalg.eigh(classes / total[:, None, None])
        self.eigenvalues = singular.square()[:, :, None] * curvature.clamp_min(0.0)[:, None] + self.precision

    def covariance(self, inputs: Tensor) -> Tensor:
        along = (inputs @ self.directions).square()
        rest = (inputs.square().sum(2, keepdim=True) - along.sum(2, keepdim=True)).clamp_min(0.0)
        variance = along @ (1 / self.eigenvalues) + rest / self.precision
        centred = self.differences @ self.classes
        covariance: Tensor = (centred[:, None] * variance[:, :, None]) @ centred.transpose(1, 2)[:, None]
        return covariance

    def draw(self, noise: Tensor) -> Tensor:
        # The symmetric root: eigenvectors may come in any order and sign, and padding must change nothing.
        prior = 1 / self.precision.sqrt()
        directions, classes = self.directions[:, None], self.classes[:, None]
        along = directions.transpose(2, 3) @ noise.transpose(1, 2) @ classes
        change = along * (1 / self.eigenvalues.sqrt() - prior)[:, None]
        drawn: Tensor = noise * prior[:, None] + (directions @ change @ classes.transpose(2, 3)).transpose(2, 3)
        return drawn


def mean_field(mean: Tensor, covariance: Tensor, allowed: Tensor) -> Tensor:
    """Approximate mean of the softmax of scores with this mean (B, N, k) and covariance (B, N, k, k), (B, N, k).

    For two classes MacKay's (1992) probit approximation, the logistic function of m / sqrt(1 + pi v / 8) for a
    difference of mean m and variance v. For more, the odds of each class against each other are taken so, and the
    result normalised (Lu, Ie and Sha 2020). Classes outside ``allowed`` (B, k) get zero.

    >>> scores, certain = torch.tensor([[[0.0, 3.0]]]), torch.zeros(1, 1, 2, 2)
    >>> both = torch.ones(1, 2, dtype=torch.bool)
    >>> mean_field(scores, certain, both), mean_field(scores, certain + 2 * torch.eye(2), both)
    (tensor([[[0.0474, 0.9526]]]), tensor([[[0.1334, 0.8666]]]))
    """
    own = covariance.diagonal(dim1=2, dim2=3)
    variance = (own[..., None] + own[..., None, :] - 2 * covariance).clamp_min(0.0)
    odds = (mean[..., None, :] - mean[..., None]) / (1 + math.pi / 8 * variance).sqrt()
    odds = odds.masked_fill(~allowed[:, None, None], -torch.inf)
    against = -odds.logsumexp(-1)
    return against.masked_fill(~allowed[:, None], -torch.inf).softmax(-1)
