"""Uniform noise for many episodes at once, each with the numbers that it would draw alone.

A generator that counts: its number at a place depends on the key of the stream, the draw and the place.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from alrl.numerics.backend import compiles
from alrl.numerics.streams import stream_key

_MIX = ((30, -4658895280553007687), (27, -7723592293110705685))
_STEP = -7046029254386353131


def _mix(state: Tensor) -> Tensor:
    for shift, factor in _MIX:
        state = (state ^ ((state >> shift) & ((1 << (64 - shift)) - 1))) * factor
    return state ^ ((state >> 31) & ((1 << 33) - 1))


def uniform(keys: Tensor, counter: Tensor, size: int) -> Tensor:
    """Return uniform numbers in [0, 1) of shape (episodes, size), one row for each key and counter.

    SplitMix64 (Steele et al. 2014) of key, counter and position: a row depends on its own key and counter alone.

    >>> keys, counter = torch.tensor([7, 8]), torch.tensor([0, 0])
    >>> torch.equal(uniform(keys, counter, 3)[1:], uniform(keys[1:], counter[1:], 3))
    True
    """
    if compiles(keys):
        from alrl.numerics.compiled_ranking import uniform_rows

        out = torch.empty(keys.shape[0], size)
        uniform_rows(keys.numpy(), counter.numpy(), out.numpy())
        return out
    return _uniform(keys, counter, size)


def _uniform(keys: Tensor, counter: Tensor, size: int) -> Tensor:
    """Return the same on any device."""
    row = _mix(keys + (counter + 1) * _STEP)
    position = torch.arange(1, size + 1, device=keys.device, dtype=torch.int64)
    bits = _mix(row[:, None] + position[None, :] * _STEP)
    return ((bits >> 40) & ((1 << 24) - 1)).to(torch.float32) * 2.0**-24


def uniform_at(keys: Tensor, counter: Tensor, position: Tensor) -> Tensor:
    """Return the uniform numbers of :func:`uniform` at some positions alone.

    Of ``keys`` (B,), for the rest (B, b) each.

    >>> keys = torch.tensor([7])
    >>> row = uniform(keys, torch.tensor([5]), 9)
    >>> torch.equal(uniform_at(keys, torch.tensor([[5, 5]]), torch.tensor([[2, 8]])), row[:, [2, 8]])
    True
    """
    row = _mix(keys[:, None] + (counter + 1) * _STEP)
    bits = _mix(row + (position + 1) * _STEP)
    return ((bits >> 40) & ((1 << 24) - 1)).to(torch.float32) * 2.0**-24


class EpisodeNoise:
    """Uniform noise for a batch of episodes from one named stream; each draw advances every episode's counter.

    >>> noise = EpisodeNoise([[0, 0], [0, 1]], "strategy")
    >>> first, second = noise.draw(4), noise.draw(4)
    >>> first.shape, torch.equal(first, second)
    (torch.Size([2, 4]), False)
    """

    def __init__(self, seeds: Sequence[Sequence[int]], name: str, device: torch.device | str = "cpu") -> None:
        self.name = name
        self.keys = torch.tensor([stream_key(seed, name) for seed in seeds], dtype=torch.int64, device=device)
        self.counter = torch.zeros_like(self.keys)

    def draw(self, size: int, episodes: Tensor | None = None) -> Tensor:
        """Return uniform numbers of shape (episodes, size).

        Only the episodes marked in the mask advance, if one is given.
        """
        numbers = uniform(self.keys, self.counter, size)
        self.counter = self.counter + (1 if episodes is None else episodes.to(torch.int64))
        return numbers

    def restart(self, episode: int, seed: Sequence[int]) -> None:
        """Begin the stream of one episode anew from ``seed``."""
        self.keys[episode] = stream_key(seed, self.name)
        self.counter[episode] = 0
