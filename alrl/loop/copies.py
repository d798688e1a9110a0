"""Copies of episodes: what branches of a loop are made of."""

from __future__ import annotations

import copy
from collections.abc import Collection, Mapping
from typing import Any, TypeVar

from torch import Tensor

T = TypeVar("T")


def copies(state: T, episodes: Tensor, *, shared: Collection[str] = (), axes: Mapping[str, int] | None = None) -> T:
    """Return a copy of some state of B episodes whose episodes are copies of ``episodes`` (long, repeats allowed).

    Every tensor of it, in what it holds too, has the episodes as its first axis, or as the axis that ``axes`` names;
    attributes named in ``shared`` are the same in the copy. An object with a method ``take`` is copied by it.

    >>> import torch
    >>> from alrl.loop.cost import Cost
    >>> spent = Cost(items=torch.arange(12.0).view(2, 6))
    >>> copies(spent, torch.tensor([1, 1, 0])).labels
    tensor([6., 6., 0.])
    """
    part = copy.copy(state)
    for name, value in vars(state).items():
        if name not in shared:
            object.__setattr__(part, name, _copied(value, episodes, (axes or {}).get(name, 0)))
    return part


def _copied(value: Any, episodes: Tensor, axis: int = 0) -> Any:
    if isinstance(value, Tensor):
        return _rows(value, episodes, axis)
    if hasattr(value, "take"):
        return value.take(episodes)
    if isinstance(value, dict):
        return {key: _copied(each, episodes) for key, each in value.items()}
    if isinstance(value, list | tuple):
        parts = [_copied(each, episodes) for each in value]
        return type(value)(*parts) if hasattr(value, "_fields") else type(value)(parts)
    return copies(value, episodes) if hasattr(value, "__dict__") and not callable(value) else value


def _rows(tensor: Tensor, episodes: Tensor, axis: int) -> Tensor:
    if not tensor.shape[axis]:
        return tensor
    if tensor.ndim == 3 and not tensor.is_contiguous() and tensor.transpose(1, 2).is_contiguous():
        # Stored column by column, and to be read so: rounding depends on the order of reading.
        return tensor.transpose(1, 2).index_select(axis, episodes).transpose(1, 2)
    return tensor.index_select(axis, episodes)
