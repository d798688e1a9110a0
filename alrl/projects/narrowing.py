"""What a strategy sees of a pool of many records: those that it may pick, and a sample that stands for the rest."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.numerics.streams import generator
from alrl.projects.records.pool import LARGE
from alrl.strategies.wrappers.subsampled import subview

SAMPLE = 2_048
"""Records at random that stand for the pool in ranks, means and neighbours."""
SURPLUS = 64
"""Records beyond the batch that are seen because the model is unsure of them, and as many by chance."""


def narrowed(view: PoolView, count: int) -> tuple[PoolView, Tensor]:
    """Return the view of some thousand records of a large pool, and their positions in it, (n,).

    It holds the labelled records, those on their way, a fixed sample, and of the available ones the ``count`` and
    :data:`SURPLUS` of smallest margin, of largest entropy and of most luck: the picks of margin, entropy and random
    sampling are those of the whole pool, others choose among these. A view that is not large
    stays whole.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0, records=(9,))
    >>> narrowed(view, 1)[0] is view
    True
    """
    records = view.exists.shape[1]
    if records <= LARGE:
        return view, torch.arange(records)
    kept = view.labelled | view.selected
    sample = generator([records], "preselection").choice(records, size=min(SAMPLE, records), replace=False)
    kept[0, torch.from_numpy(sample)] = True
    for wanted in (-view.margin, view.normalised_entropy, view.noise):
        scores = wanted[0].masked_fill(~view.available[0], -torch.inf)
        best = scores.topk(min(records, count + SURPLUS)).indices
        kept[0, best[view.available[0, best]]] = True
    small, position = subview(view, kept)
    return small, position[0]
