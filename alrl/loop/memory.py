"""What the learner said of the pool in the last few loops."""

from __future__ import annotations

import torch
from torch import Tensor

REMEMBERED = 5
"""Loops that are remembered, this one among them."""


class Memory:
    """Class probabilities (B, N, k) of the last loops, the newest last, and which loops each episode lived through."""

    def __init__(self) -> None:
        self._held: list[tuple[Tensor, Tensor]] = []

    @property
    def probabilities(self) -> tuple[Tensor, ...]:
        """Of each remembered loop, (B, N, k)."""
        return tuple(probabilities for probabilities, _ in self._held)

    @property
    def lived(self) -> Tensor:
        """Which of these loops the episode has lived through, (T, B), bool."""
        return torch.stack([lived for _, lived in self._held])

    def add(self, probabilities: Tensor, active: Tensor, *, everyone: bool) -> None:
        """Remember what is said now in the episodes of the mask ``active`` (B,); the others keep what they remember."""
        moved = [*self._held, (probabilities, active.clone())][-REMEMBERED:]
        if not everyone:
            blank = (torch.zeros_like(probabilities), torch.zeros_like(active))
            still = [blank, *self._held][-REMEMBERED:]
            moved = [
                (torch.where(active[:, None, None], new, old), torch.where(active, new_lived, old_lived))
                for (new, new_lived), (old, old_lived) in zip(moved, still, strict=True)
            ]
        self._held = moved

    def forget(self, episodes: Tensor) -> None:
        """Remember nothing of ``episodes`` (long)."""
        for _, lived in self._held:
            lived[episodes] = False

    def widen(self, records: int, classes: int) -> None:
        """Room for so many more records and classes."""
        self._held = [(wider(probabilities, records, classes), lived) for probabilities, lived in self._held]


def wider(probabilities: Tensor, records: int, classes: int) -> Tensor:
    """``probabilities`` (B, N, k) with room for more records and classes, stored class by class."""
    return torch.nn.functional.pad(probabilities.transpose(1, 2), (0, records, 0, classes)).transpose(1, 2)
