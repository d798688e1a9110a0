"""McPAL: query where one more label is expected to gain most accuracy, by the labels seen nearby."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.numerics.ranking import rows_at
from alrl.strategies.base import Strategy
from alrl.strategies.randomness import fresh

_STEP = 1 << 19
_OTHERS = 256
_FAR = 30.0


@dataclass(frozen=True, kw_only=True)
class McPAL(Strategy):
    """Score a record by its density times the accuracy at its place that one more label there is expected to gain.

    Kottke, Krempl, Lang, Teschner and Spiliopoulou 2016, "Multi-class probabilistic active learning": labels near the
    record, counted by a Gaussian kernel, are a sample of its class; the class has a Dirichlet distribution with a
    ``prior`` for every class, and the gain is exact for one further label. The kernel's width is that of the mean
    distance between records (Chaudhuri et al. 2017), and the learner's probabilities share out what the kernel counts.
    Density is the mean kernel with 256 records drawn at random.

    Raises InvalidRecipeError for a ``prior`` that is not above 0 and finite.

    >>> from alrl.testing.example_view import example_view
    >>> McPAL().select(example_view(seed=0, records=(8,), labelled=(2,)), 3)
    tensor([[1, 3, 2]])
    """

    name: ClassVar[str] = "mcpal"
    paper: ClassVar[str] = "Kottke et al. 2016"
    cost: ClassVar[str] = "N (L + 256) D, then N k²"

    prior: float = 1.0
    """Labels of each class that a place has before any is seen."""
    weighed: bool = True
    """Whether the gain is weighed by the density."""

    def __post_init__(self) -> None:
        if not 0 < self.prior < math.inf:
            raise InvalidRecipeError(f"mcpal: prior = {self.prior} given; it must be above 0 and finite")

    def score(self, view: PoolView) -> Tensor:
        gamma, density = _width_and_density(view)
        near = _kernel(view, view.labelled_index, gamma) * view.labelled_mask[:, None]
        counts = near.sum(-1, keepdim=True) * view.probabilities.double()
        gain = expected_gain(counts, view.class_mask, self.prior)
        return gain * density if self.weighed else gain


def expected_gain(counts: Tensor, class_mask: Tensor, prior: float) -> Tensor:
    """Return the accuracy (B, N) that one more label is expected to gain, of kernel counts (B, N, k), double.

    With counts n_c + prior = a_c of sum A, a label c comes with probability a_c / A, and the decision is then right
    with the largest of (a + e_c) / (A + 1), where the decision follows the counts without the prior.

    >>> expected_gain(torch.tensor([[[0.0, 0.0], [3.0, 0.0]]]).double(), torch.ones(1, 2).bool(), 1.0)
    tensor([[0.1667, 0.0000]], dtype=torch.float64)
    """
    real = class_mask[:, None].expand_as(counts)
    a = (counts + prior) * real
    total = a.sum(-1)
    now = a.amax(-1) / total
    after = torch.zeros_like(now)
    place = torch.arange(counts.shape[-1], device=counts.device)
    for c in range(counts.shape[-1]):
        new = counts + (place == c)
        decided = new.masked_fill(~real, -1.0).amax(-1, keepdim=True)
        # Classes of equal counts are as good as each other: what is decided has the count, whichever it is.
        right = (decided[..., 0] + prior) / (total + 1)
        after = after + a[..., c] / total * right
    return (after - now).clamp_min(0)


def _kernel(view: PoolView, index: Tensor, gamma: Tensor) -> Tensor:
    """Return gaussian kernel (B, N, m) of every record with those at ``index`` (B, m), double."""
    squared = view.geometry.distance_from(index).double().square()
    return torch.exp(-(squared * gamma[:, None, None]).clamp_max(_FAR))


def _width_and_density(view: PoolView) -> tuple[Tensor, Tensor]:
    """Return the kernel's gamma (B,) by the mean criterion, and the mean kernel with 256 records, (B, N), double."""
    chance = fresh(view.noise, _STEP).masked_fill(~view.exists, -1)
    some = chance.topk(min(_OTHERS, chance.shape[1]), 1)
    index, real = some.indices, (some.values >= 0).double()
    gamma = mean_gamma(view, index, real)
    near = _kernel(view, index, gamma) * real[:, None]
    return gamma, near.sum(-1) / real.sum(1, keepdim=True).clamp_min(1)


def mean_gamma(view: PoolView, index: Tensor, real: Tensor) -> Tensor:
    """Return gamma (B,) of the kernel by the mean criterion from the records ``index`` (B, R) of weight ``real``.

    Chaudhuri et al. 2017: gamma = (N - 1) ln((N - 1) / 2e-12) / (4 N · the sum of the features' variances).
    """
    X, count = rows_at(view.features, index).double(), real.sum(1)
    mean = (X * real[..., None]).sum(1, keepdim=True) / count[:, None, None].clamp_min(1)
    variance = ((X - mean).square() * real[..., None]).sum((1, 2)) / count.clamp_min(1)
    size = view.exists.sum(1).double().clamp_min(2)
    gamma = ((size - 1) / 2e-12).log() * (size - 1) / (4 * size * variance.clamp_min(1e-12))
    return torch.where(variance > 1e-12, gamma, 1.0)
