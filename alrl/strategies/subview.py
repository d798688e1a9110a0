"""A view of some of the records, which strategies take for the whole pool."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import torch
from torch import Tensor

from alrl.loop.geometry import Geometry
from alrl.loop.learner import EpochRecord
from alrl.loop.pool_view import PoolView


def subview(view: PoolView, kept: Tensor) -> tuple[PoolView, Tensor]:
    """The view of the records marked in ``kept`` (B, N) in their order, and their positions in the pool, (B, n).

    Every labelled record must be kept. The geometry is one of its own, exact and computed anew when asked for.

    >>> from alrl.strategies.example_view import example_view
    >>> view = example_view(seed=0, records=(9,))
    >>> small, position = subview(view, view.labelled | (view.noise > 0.7))
    >>> small.available.sum().item(), position.shape[1]
    (1, 5)
    """
    kept = kept & view.exists
    most = int(kept.sum(1).max())
    # Positions of what is kept first, in order.
    position = (~kept).to(torch.uint8).argsort(dim=1, stable=True)[:, :most]
    exists = kept.gather(1, position)

    def some(values: Tensor) -> Tensor:
        shape = [*position.shape, *[1] * (values.ndim - 2)]
        return torch.take_along_dim(values, position.view(shape), 1) * exists.view(shape).to(values.dtype)

    def some_of(values: Tensor | None) -> Tensor | None:
        return None if values is None else some(values)

    place = torch.zeros_like(view.labels.new_zeros(view.exists.shape))
    place.scatter_(1, position, torch.arange(most, device=position.device).expand_as(position))
    features = some(view.features)
    past = view.trajectory
    trajectory = dataclasses.replace(
        past, flips=some(past.flips), probabilities=tuple(some(each) for each in past.probabilities)
    )
    small = dataclasses.replace(
        view,
        features=features,
        exists=exists,
        labelled=some(view.labelled),
        selected=some(view.selected),
        labelled_index=place.gather(1, view.labelled_index).masked_fill(~view.labelled_mask, 0),
        probabilities=some(view.probabilities),
        noise=some(view.noise),
        trajectory=trajectory,
        geometry=Geometry(features, exists),
        epochs=None if view.epochs is None else _some_of(view.epochs, some),
        embedding=some_of(view.embedding),
        earlier_embedding=some_of(view.earlier_embedding),
        silent=some_of(view.silent),
        price=some_of(view.price),
        asked=some_of(view.asked),
        members=None if view.members is None else some(view.members.transpose(1, 2)).transpose(1, 2),
    )
    return small, position


def _some_of(epochs: EpochRecord, some: Callable[[Tensor], Tensor]) -> EpochRecord:
    """The same of all labelled records, and of ``some`` of the pool's."""
    said = epochs.pool_confidence
    if said is None:
        return epochs
    return dataclasses.replace(epochs, pool_confidence=some(said.transpose(1, 2)).transpose(1, 2))
