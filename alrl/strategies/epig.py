"""EPIG: query what a label would tell about the classes of the rest of the pool."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.posterior import RIDGE
from alrl.numerics.ranking import rows_at
from alrl.numerics.uncertainty import gini
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.expected_change import checked_counts, spread, tried
from alrl.strategies.randomness import coin, fresh

_TARGETS, _SEED = 1 << 18, 1 << 17
_LEAST, _TINY = 0.02, 1e-12


@dataclass(frozen=True, kw_only=True)
class EPIG(Strategy):
    """Score a record by the mean mutual information of its class and those of ``targets`` drawn from the pool.

    Bickford Smith, Kirsch, Farquhar, Gal, Foster and Rainforth 2023, "Prediction-oriented Bayesian active learning":
    expected predictive information gain, the Kullback-Leibler divergence of p(y, y*) from p(y) p(y*), of class
    probabilities averaged over ``samples`` of the model. These are of a softmax model by Laplace's approximation: every
    class has a linear logit whose weights have a Gaussian prior, a labelled record tells its Gini impurity about its
    logits, and the learner's own log-probabilities are the mean (draws by Matheron's rule, Wilson et al. 2020). The
    pool itself is the distribution of targets. Each pick of a batch counts as known for the next.

    Raises InvalidRecipeError for ``candidates``, ``targets`` or ``samples`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> EPIG().select(example_view(seed=0, records=(8,), labelled=(3,)), 2).shape
    torch.Size([1, 2])
    """

    name: ClassVar[str] = "epig"
    paper: ClassVar[str] = "Bickford Smith et al. 2023"
    batch: ClassVar[str] = "one by one, each pick counts as known"
    cost: ClassVar[str] = "32 m k (N D + 256 · 64 k)"

    candidates: int = 256
    """Available records that are looked at, at random where there are more."""
    targets: int = 64
    """Available records whose classes are to be told."""
    samples: int = 32
    """Draws of the model."""

    def __post_init__(self) -> None:
        checked_counts(self.name, candidates=self.candidates, targets=self.targets, samples=self.samples)

    def score(self, view: PoolView) -> Tensor:
        records = tried(view, self.candidates)
        targets = top(fresh(view.noise, _TARGETS), view, min(self.targets, view.exists.shape[1]))
        both = torch.cat([records, targets], 1)
        drawn = posterior_probabilities(view, both.clamp_min(0), self.samples)
        value = information(drawn[:, :, : records.shape[1]], drawn[:, :, records.shape[1] :], targets >= 0)
        # To nine digits: products round otherwise under other padding, and equal values are to stay equal.
        return spread(view, records, value.round(decimals=9))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        picks = []
        for _ in range(largest_batch(view, checked(count))):
            picks.append(top(self.score(view), view, 1))
            view = view.with_selected(picks[-1][:, 0])
        return filled(picks, view, count)


def information(own: Tensor, targets: Tensor, real: Tensor) -> Tensor:
    """Return the mean mutual information (B, K), nats, with targets' classes, of draws (B, S, K, k), (B, S, R, k).

    >>> sure = torch.eye(2).view(1, 2, 1, 2)
    >>> information(sure, sure, torch.ones(1, 1).bool())
    tensor([[0.6931]])
    """
    samples = own.shape[1]
    joint = torch.einsum("bsic,bsjd->bijcd", own, targets) / samples
    one, other = own.mean(1), targets.mean(1)
    apart = torch.einsum("bic,bjd->bijcd", one, other)
    terms = joint * ((joint + _TINY) / (apart + _TINY)).log()
    return (terms.sum((-1, -2)) * real[:, None]).sum(-1) / real.sum(1, keepdim=True).clamp_min(1)


def posterior_probabilities(view: PoolView, index: Tensor, samples: int) -> Tensor:
    """Return class probabilities (B, S, m, k) of the records at ``index`` (B, m) by draws of the posterior.

    Draws of an episode come from its noise alone, the classes taken in the order of their mean probability.
    """
    draws = [_drawn(view, b, index[b], samples) for b in range(len(index))]
    return torch.stack(draws)


def _drawn(view: PoolView, b: int, index: Tensor, samples: int) -> Tensor:
    width, classes = int(view.feature_count[b]), view.class_mask[b].nonzero()[:, 0]
    known = torch.cat([view.labelled_index[b][view.labelled_mask[b]], _begun(view, b)])
    X, known_points = (_extended(rows_at(view.features[b : b + 1], at[None])[0, :, :width]) for at in (index, known))
    precision = gini(view.probabilities[b, known]).double().clamp_min(_LEAST)
    dice = np.random.default_rng(int(float(coin(view, _SEED)[b]) * 2**40))
    prior = torch.from_numpy(dice.standard_normal((len(classes), samples, width + 1))) / RIDGE**0.5
    label_noise = torch.from_numpy(dice.standard_normal((len(classes), samples, len(known)))) / precision.sqrt()
    # What the draws say of the known records, less what is known, is taken back everywhere.
    if len(known):
        covariance = known_points @ known_points.T / RIDGE + torch.diag(1 / precision)
        gain = torch.linalg.solve(covariance, known_points @ X.T / RIDGE)
        shift = prior @ X.T - (prior @ known_points.T + label_noise) @ gain
    else:
        shift = prior @ X.T
    P = view.probabilities[b, index][:, classes].double().clamp_min(1e-9)
    order = view.probabilities[b][view.exists[b]][:, classes].double().sum(0).argsort()
    moved = torch.empty_like(shift)
    moved[order] = shift
    drawn = torch.softmax(P.log().T[:, None] + moved, 0).permute(1, 2, 0)
    whole = torch.zeros(samples, len(index), view.class_mask.shape[1], dtype=torch.float64)
    whole[:, :, classes] = drawn
    return whole


def _begun(view: PoolView, b: int) -> Tensor:
    """Return the positions of the records in the batch being filled, in an order that is theirs."""
    chosen = (view.selected[b] & ~view.labelled[b]).nonzero()[:, 0]
    return chosen[view.noise[b, chosen].argsort()]


def _extended(X: Tensor) -> Tensor:
    """Return X (n, D) with the intercept's column, double."""
    return torch.nn.functional.pad(X.double(), (0, 1), value=1.0)
