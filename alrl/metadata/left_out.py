"""Cross-validation on the labelled set for the price of its distances: each record told by the others nearest to it."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.metadata.nearest_others import nearest_others
from alrl.metadata.once import once_a_view
from alrl.metadata.pick import average, pick

VOTERS = 5


@once_a_view
def left_out_probabilities(view: PoolView) -> Tensor:
    """Class probabilities of the labelled records by the others: (B, L, k), each record's own label left out.

    Of the five nearest other labelled records each has one vote, and a sixth is shared by all classes: with no other
    record every class is equally likely. Of records at equal distance the one labelled first is nearer.

    >>> from alrl.strategies.example_view import example_view
    >>> view = example_view(records=(9,), classes=(2,), labelled=(3,))
    >>> left_out_probabilities(view).sum(-1)
    tensor([[1., 1., 1.]])
    """
    return _voted(view, *voters(view, view.labelled_mask))


def voters(view: PoolView, among: Tensor) -> tuple[Tensor, Tensor]:
    """Places in the labelled set of the nearest other labelled records in ``among`` (B, L), and which are real.

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
    """Share of the labelled records whose label the nearest others tell, (B,); zero with fewer than two.

    As it was before the ``newest_apart`` latest labels: these are neither told nor asked. A record whose neighbours are
    evenly split counts as the share of the likeliest classes that its label is.
    """
    order = view.labelled_mask.sum(1, keepdim=True) - 1 - torch.arange(view.labels.shape[1], device=view.labels.device)
    among = view.labelled_mask & (order >= newest_apart)
    said = _voted(view, *voters(view, among)) if newest_apart else left_out_probabilities(view)
    likeliest = (said >= said.amax(-1, keepdim=True) - 1e-6) & view.class_mask[:, None]
    right = likeliest.gather(2, view.labels[..., None])[..., 0] / likeliest.sum(-1).clamp_min(1)
    return average(right, among) * (among.sum(1) > 1)
