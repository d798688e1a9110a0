"""Training dynamics: what epochs, or loops, say of records; pure functions of batches.

Shapes: E epochs or loops, n records, k classes; ``...`` are any axes before these, such as episodes.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.pick import added, pick


def forgetting_events(correct: Tensor) -> Tensor:
    """Return how often each record went from right to wrong, (..., n), long, for ``correct`` (..., E, n), bool.

    Toneva et al. 2019, "An empirical study of example forgetting during deep neural network learning", section 3. A
    record that was :func:`never_learnt` has no events, and is not unforgettable for that.

    >>> forgetting_events(torch.tensor([[0, 1, 1, 0, 1], [1, 0, 1, 0, 1], [0, 0, 0, 0, 0]], dtype=torch.bool).T)
    tensor([1, 2, 0])
    """
    return (correct[..., :-1, :] & ~correct[..., 1:, :]).sum(-2)


def never_learnt(correct: Tensor) -> Tensor:
    """Return which records were right in no epoch, (..., n), bool, for ``correct`` (..., E, n), bool.

    >>> never_learnt(torch.tensor([[0, 1], [0, 0]], dtype=torch.bool))
    tensor([ True, False])
    """
    return ~correct.any(-2)


def data_map(probability: Tensor, counted: Tensor) -> tuple[Tensor, Tensor]:
    """Return the mean and standard deviation of ``probability`` (E, ...) over the epochs that are ``counted`` (E, ...).

    1 or 0.

    Swayamdipta et al. 2020, "Dataset cartography", section 2: confidence and variability of the true class's
    probability; of a record without a label the predicted class stands for it. The deviation is that of the population.

    >>> mean, spread = data_map(torch.tensor([0.2, 0.6, 0.4, 0.8]), torch.ones(4))
    >>> round(mean.item(), 7), round(spread.item(), 7)
    (0.5, 0.2236068)
    """
    count = counted.sum(0).clamp_min(1)
    mean = added(probability * counted) / count
    return mean, (added((probability - mean).square() * counted) / count).sqrt()


def logit_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Return logit of the label minus the largest other logit, (...), for ``logits`` (..., k) and ``labels`` (...).

    Long.

    >>> logit_margin(torch.tensor([[2.0, 0.0, 1.0], [1.0, 3.0, 0.0]]), torch.tensor([0, 0]))
    tensor([ 1., -2.])
    """
    own = logits.gather(-1, labels[..., None])
    return own[..., 0] - logits.scatter(-1, labels[..., None], -torch.inf).amax(-1)


def area_under_margin(margins: Tensor) -> Tensor:
    """Return the mean over the epochs of each record's :func:`logit_margin`, (..., n), for ``margins`` (..., E, n).

    Pleiss et al. 2020, "Identifying mislabeled data using the area under the margin ranking": below zero the learner
    would rather have given another label all along.

    >>> area_under_margin(torch.tensor([[1.0], [-2.0]]))
    tensor([-0.5000])
    """
    return added(margins.unbind(-2)) / margins.shape[-2]


def error_norm(probabilities: Tensor, labels: Tensor) -> Tensor:
    """Return EL2N: Euclidean norm of probabilities (..., k) minus the one-hot label (...), from 0 to √2.

    Paul, Ganguli and Dziugaite 2021, "Deep learning on a data diet: finding important examples early in training".

    >>> error_norm(torch.tensor([[0.2, 0.5, 0.3], [0.2, 0.5, 0.3]]), torch.tensor([1, 0]))
    tensor([0.6164, 0.9899])
    """
    wrong = probabilities.scatter_add(-1, labels[..., None], -torch.ones_like(probabilities[..., :1]))
    return added(wrong.square().unbind(-1)).sqrt()


def deepest_dip(confidence: Tensor) -> Tensor:
    """Return how far ``confidence`` (..., E, n) fell at most below what it had been in an earlier epoch, (..., n).

    Forgetting without labels: of a probability, from 0 (never fell) to 1.

    >>> deepest_dip(torch.tensor([[0.5], [0.75], [0.25], [0.5]]))
    tensor([0.5000])
    """
    return (confidence.cummax(-2).values - confidence).amax(-2)


def labelled_error_norm(view: PoolView) -> Tensor:
    """Return :func:`~alrl.metadata.dynamics.error_norm` of the labelled records after the last fit over √2, (B, L).

    0 to 1.
    """
    return (error_norm(pick(view.probabilities, view.labelled_index), view.labels) / math.sqrt(2)).clamp(0, 1)
