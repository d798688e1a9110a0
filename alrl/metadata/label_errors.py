"""Confident learning: which labels held-out probabilities contradict; pure functions of B episodes.

Northcutt, Jiang and Chuang 2021, "Confident learning: estimating uncertainty in dataset labels". Shapes: n labelled
records, those in ``real`` (B, n) no padding, k classes.
"""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.feature import once_a_view
from alrl.metadata.neighbours import nearest_others
from alrl.metadata.pick import average, pick

_NEVER = 2.0
"""Threshold of a class without labels: above every probability."""


def thresholds(probabilities: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """Return the mean probability of each class over the records labelled as it, (B, k), for probabilities (B, n, k).

    A class without a labelled record has a threshold above 1: none is confidently of it.

    >>> p = torch.tensor([0.9, 0.8, 0.7, 0.1, 0.2, 0.3, 0.1, 0.95])
    >>> y = torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1]])
    >>> thresholds(torch.stack([p, 1 - p], -1)[None], y, y >= 0)
    tensor([[0.6250, 0.6125]])
    """
    weight = _one_hot(labels, real, probabilities)
    count = weight.sum(1)
    mean = (probabilities * weight).sum(1) / count.clamp_min(1)
    return mean.masked_fill(count == 0, _NEVER)


def confident_class(probabilities: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """Return the class that each record is confidently of, (B, n), long; -1 for none.

    Of the classes whose probability reaches their threshold the likeliest counts; the label itself wins a tie.
    """
    # Records at the threshold reach it, however its mean was rounded.
    reached = probabilities >= thresholds(probabilities, labels, real)[:, None] - 1e-6
    own = torch.nn.functional.one_hot(labels, probabilities.shape[2]).to(probabilities.dtype)
    best, which = torch.where(reached, probabilities + 1e-6 * own, -1.0).max(-1)
    return torch.where((best >= 0) & real, which, -1)


def confident_joint(probabilities: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """Return how many records labelled i are confidently of class j, (B, k, k), long; uncalibrated.

    >>> p = torch.tensor([0.9, 0.8, 0.85, 0.1, 0.2, 0.15, 0.1, 0.9])
    >>> y = torch.tensor([[0, 0, 0, 1, 1, 1, 0, 1]])
    >>> confident_joint(torch.stack([p, 1 - p], -1)[None], y, y >= 0).tolist()
    [[[3, 1], [1, 3]]]
    """
    k, confident = probabilities.shape[2], confident_class(probabilities, labels, real)
    pair = labels * k + confident.clamp_min(0)
    count = torch.zeros(len(labels), k * k, dtype=torch.long, device=labels.device)
    return count.scatter_add(1, pair, (confident >= 0).to(torch.long)).view(-1, k, k)


def suspected(probabilities: Tensor, labels: Tensor, real: Tensor) -> Tensor:
    """Return which labels are suspected to be wrong: the record is confidently of another class, (B, n), bool.

    >>> p = torch.tensor([0.9, 0.8, 0.85, 0.1, 0.2, 0.15, 0.1, 0.9])
    >>> y = torch.tensor([[0, 0, 0, 1, 1, 1, 0, 1]])
    >>> suspected(torch.stack([p, 1 - p], -1)[None], y, y >= 0)[0].nonzero()[:, 0]
    tensor([6, 7])
    """
    confident = confident_class(probabilities, labels, real)
    return (confident >= 0) & (confident != labels)


def _one_hot(labels: Tensor, real: Tensor, like: Tensor) -> Tensor:
    hot = torch.nn.functional.one_hot(labels, like.shape[2])
    return (hot * real[..., None]).to(like.dtype)


VOTERS = 5


@once_a_view
def left_out_probabilities(view: PoolView) -> Tensor:
    """Return class probabilities of the labelled records by the others: (B, L, k), each record's own label left out.

    Of the five nearest other labelled records each has one vote, and a sixth is shared by all classes: with no other
    record every class is equally likely. Of records at equal distance the one labelled first is nearer.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(records=(9,), classes=(2,), labelled=(3,))
    >>> left_out_probabilities(view).sum(-1)
    tensor([[1., 1., 1.]])
    """
    return _voted(view, *voters(view, view.labelled_mask))


def voters(view: PoolView, among: Tensor) -> tuple[Tensor, Tensor]:
    """Return places in the labelled set of the nearest other labelled records in ``among`` (B, L), and which are real.

    (B, L, min(5, L)) each.
    """
    return nearest_others(view.features, view.labelled_index, view.labelled_index, among, VOTERS)


def _voted(view: PoolView, place: Tensor, real: Tensor) -> Tensor:
    dtype = view.probabilities.dtype
    share = view.class_mask.to(dtype) / view.class_count.to(dtype)[:, None]
    vote = share[:, None].repeat(1, view.labels.shape[1], 1)
    vote = vote.scatter_add(2, pick(view.labels, place), real.to(dtype))
    return vote / (real.sum(-1, keepdim=True) + 1)


def left_out_accuracy(view: PoolView, newest_apart: int = 0) -> Tensor:
    """Return the share of the labelled records whose label the nearest others tell, (B,); zero with fewer than two.

    As it was before the ``newest_apart`` latest labels: these are neither told nor asked. A record whose neighbours are
    evenly split counts as the share of the likeliest classes that its label is.
    """
    order = view.labelled_mask.sum(1, keepdim=True) - 1 - torch.arange(view.labels.shape[1], device=view.labels.device)
    among = view.labelled_mask & (order >= newest_apart)
    probabilities = _voted(view, *voters(view, among)) if newest_apart else left_out_probabilities(view)
    likeliest = (probabilities >= probabilities.amax(-1, keepdim=True) - 1e-6) & view.class_mask[:, None]
    right = likeliest.gather(2, view.labels[..., None])[..., 0] / likeliest.sum(-1).clamp_min(1)
    return average(right, among) * (among.sum(1) > 1)
