"""Sub-sampling for large pools: the strategy chooses among some records drawn at random."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.geometry.geometry import Geometry
from alrl.loop.learner import EpochRecord
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import distinct_first, picked, top
from alrl.strategies.batches import checked, closed_up
from alrl.strategies.randomness import fresh
from alrl.strategies.wrappers.base import Wrapper


def subview(view: PoolView, kept: Tensor) -> tuple[PoolView, Tensor]:
    """Return the view of the records marked in ``kept`` (B, N) in their order, and their positions in the pool, (B, n).

    Every labelled record must be kept. The geometry is one of its own, exact and computed anew when asked for.

    >>> from alrl.testing.example_view import example_view
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
        past, flips=some(past.flips), probabilities=tuple(some(probabilities) for probabilities in past.probabilities)
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
        times_queried=some_of(view.times_queried),
        near_batch=some_of(view.near_batch),
        members=None if view.members is None else some(view.members.transpose(1, 2)).transpose(1, 2),
    )
    return small, position


def _some_of(epochs: EpochRecord, some: Callable[[Tensor], Tensor]) -> EpochRecord:
    """Return the same of all labelled records, and of ``some`` of the pool's."""
    confidence = epochs.pool_confidence
    if confidence is None:
        return epochs
    return dataclasses.replace(epochs, pool_confidence=some(confidence.transpose(1, 2)).transpose(1, 2))


def drawn_part(view: PoolView, left: Tensor, share: float, least: Tensor, step: int) -> Tensor:
    """Return a random ``share`` of the records ``left`` (B, N), at least ``least`` (B,) where there are, (B, N), bool.

    By the view's noise; another ``step``, another part.
    """
    number = (share * left.sum(1)).ceil().long().maximum(least)
    chance = fresh(view.noise, view.selected.sum(1) + _STEP + 1 + step).masked_fill(~left, -1.0)
    return (chance.argsort(dim=1, descending=True).argsort(dim=1) < number[:, None]) & left


_STEP = 1 << 21


@dataclass(frozen=True, kw_only=True)
class Subsampled(Wrapper):
    """The base's choice among ``records`` of the available records, drawn anew for every query.

    Ertekin, Huang, Bottou and Giles 2007, "Learning on the border", section 4: the best of a random few is nearly as
    good as the best of all, at a cost that does not grow with the pool. The base sees those records and the known ones
    as if they were the pool. Records outside score one less than the lowest inside; a batch that is larger than the
    sample goes on with random ones.

    Raises InvalidRecipeError for ``records`` below 1, or a ``base`` that there is not.

    >>> from alrl.testing.example_view import example_view
    >>> Subsampled(base="margin", records=2).score(example_view(seed=0, records=(5,), labelled=(1,)))
    tensor([[-1.7064, -0.7064, -1.7064, -0.6035, -1.7064]])
    """

    name: ClassVar[str] = "subsampled"
    paper: ClassVar[str] = "Ertekin et al. 2007"
    batch: ClassVar[str] = "its base's"
    cost: ClassVar[str] = "its base's on 1,000 records"

    records: int = 1000
    """Records to choose from."""

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.records < 1:
            raise InvalidRecipeError(f"subsampled: records = {self.records} given; give at least 1")

    @property
    def ordered(self) -> bool:
        return self.inner.ordered

    def score(self, view: PoolView) -> Tensor:
        small, position = self._drawn(view)
        inside = self.inner.score(small)
        lowest = torch.where(small.available, inside, torch.inf).amin(1, keepdim=True)
        rest = torch.where(lowest.isfinite(), lowest - 1, 0)
        scores = torch.where(small.available, inside, rest)
        return rest.expand(view.exists.shape).scatter(1, position, scores)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        small, position = self._drawn(view)
        inside = picked(self.inner, small, checked(count))
        picks = torch.where(inside >= 0, position.gather(1, inside.clamp_min(0)), -1)
        outside = view.available & ~torch.zeros_like(view.exists).scatter(1, position, small.available)
        twice = view.geometry.copies is not None
        rest = top(torch.where(outside, view.noise, -1), view, view.exists.shape[1] if twice else count)
        rest = torch.where((rest >= 0) & outside.gather(1, rest.clamp_min(0)), rest, -1)
        both = torch.cat([picks, rest], 1)
        return (distinct_first(both, view) if twice else closed_up(both))[:, :count]

    def _drawn(self, view: PoolView) -> tuple[PoolView, Tensor]:
        """Return the view of a random sample and of what is known, and where its records are."""
        drawn = top(fresh(view.noise, view.selected.sum(1) + _STEP), view, min(self.records, view.exists.shape[1]))
        kept = view.known.clone()
        rows = torch.arange(len(drawn), device=drawn.device)[:, None].expand_as(drawn)
        kept[rows[drawn >= 0], drawn[drawn >= 0]] = True
        return subview(view, kept)
