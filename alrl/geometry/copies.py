"""Records of equal features: found by hashing, so that a batch need not hold one of them twice."""

from __future__ import annotations

import torch
from torch import Tensor

_MULTIPLIER = -7046029254386353131
"""2**64 divided by the golden ratio, odd, as a signed number (Knuth 1973, multiplicative hashing)."""
_WIDE, _FEW = 64, 16
"""Features from which some of them are looked at first: records that differ in these are no copies."""


def copy_groups(features: Tensor, exists: Tensor) -> Tensor | None:
    """Return the position of the first record of equal features, (B, N), long; None where no two records are equal.

    Time is that of one pass over the ``features`` (B, N, D) and of sorting a number a record; padding, where ``exists``
    (B, N) is False, is equal to nothing.

    >>> pool = torch.tensor([[[0.0, 1.0], [2.0, 3.0], [0.0, 1.0]]])
    >>> copy_groups(pool, torch.ones(1, 3, dtype=torch.bool))
    tensor([[0, 1, 0]])
    """
    width = features.shape[2]
    if width >= _WIDE and not _any_equal(_hashes(features[..., :: width // _FEW]), exists):
        return None
    order, repeats = _repeats(features, exists)
    if not bool(repeats.any()):
        return None
    place = torch.arange(repeats.shape[1], device=repeats.device)
    begins = torch.where(repeats, 0, place).cummax(1).values
    # Of equal records the sort, which is stable, has the one of the smallest position first.
    return torch.empty_like(order).scatter_(1, order, order.gather(1, begins))


def _repeats(features: Tensor, exists: Tensor) -> tuple[Tensor, Tensor]:
    """Return positions in an order that has equal records side by side, and which of these equal the one before.

    (B, N).
    """
    key, order = _hashes(features).sort(dim=1, stable=True)
    same = torch.zeros_like(exists)
    same[:, 1:] = key[:, 1:] == key[:, :-1]
    same &= exists.gather(1, order)
    episode, place = same.nonzero(as_tuple=True)
    if len(episode):
        here, before = order[episode, place], order[episode, place - 1]
        equal = (features[episode, here] == features[episode, before]).all(1) & exists[episode, before]
        same[episode, place] = equal
    return order, same


def _any_equal(key: Tensor, exists: Tensor) -> bool:
    """Return whether the ``key`` (B, N) of a record may be that of another one; padding may say so in vain."""
    ordered, order = key.sort(dim=1, stable=True)
    return bool(((ordered[:, 1:] == ordered[:, :-1]) & exists.gather(1, order)[:, 1:]).any())


def _hashes(features: Tensor) -> Tensor:
    """Return a number a record, (B, N), long, equal for records of equal features, whatever zeros pad them."""
    # Adding zero makes one number of the two zeros.
    bits = (features + 0.0).to(torch.float32).view(torch.int32)
    total = torch.zeros(features.shape[:2], dtype=torch.long, device=features.device)
    weight = 1
    for column in bits.unbind(2):
        weight = _wrapped(weight * _MULTIPLIER)
        mixed = (column.to(torch.long) + (column.to(torch.long) << 32)) * weight
        total += mixed ^ (mixed >> 29)
    return total


def _wrapped(number: int) -> int:
    """Return the number modulo 2**64, with a sign, as tensors wrap it."""
    return (number + 2**63) % 2**64 - 2**63


def occurrence(group: Tensor) -> Tensor:
    """Return how many records of the same group come before each in its row, (B, N), long.

    >>> occurrence(torch.tensor([[7, 3, 7, 7]]))
    tensor([[0, 0, 1, 2]])
    """
    ordered, order = group.sort(dim=1, stable=True)
    place = torch.arange(group.shape[1], device=group.device).expand_as(group)
    new = torch.ones_like(group, dtype=torch.bool)
    new[:, 1:] = ordered[:, 1:] != ordered[:, :-1]
    begins = torch.where(new, place, 0).cummax(1).values
    return torch.empty_like(group).scatter_(1, order, place - begins)
