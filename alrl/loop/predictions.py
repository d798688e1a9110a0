"""Keep the predictions of many episodes for their pools, of now and of the last rounds."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.numerics.ranking import Likeliest, count_flips, likeliest

REMEMBERED = 5
"""Loops that are remembered, this one among them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Trajectory:
    """Predictions of each pool record in earlier rounds; no label is involved.

    Shapes: B episodes, N records, k classes, at most T remembered rounds (the newest last).
    """

    flips: Tensor
    """Number of rounds in which the predicted class changed, (B, N)."""
    loops: Tensor
    """Number of earlier fits that flips were counted over, (B,)."""
    probabilities: tuple[Tensor, ...]
    """Class probabilities in the T remembered rounds, this one last, (B, N, k) each."""
    remembered: Tensor
    """Which of those loops the episode has lived through, (T, B), bool."""


class Memory:
    """Class probabilities (B, N, k) of the last rounds, the newest last, and which of them each episode had."""

    def __init__(self) -> None:
        self._kept: list[tuple[Tensor, Tensor]] = []

    @property
    def probabilities(self) -> tuple[Tensor, ...]:
        """Of each remembered round, (B, N, k)."""
        return tuple(probabilities for probabilities, _ in self._kept)

    @property
    def lived(self) -> Tensor:
        """Which of these loops the episode has lived through, (T, B), bool."""
        return torch.stack([lived for _, lived in self._kept])

    def add(self, probabilities: Tensor, active: Tensor, *, everyone: bool) -> None:
        """Remember what is said now in the episodes of the mask ``active`` (B,); the others keep what they remember."""
        moved = [*self._kept, (probabilities, active.clone())][-REMEMBERED:]
        if not everyone:
            blank = (torch.zeros_like(probabilities), torch.zeros_like(active))
            still = [blank, *self._kept][-REMEMBERED:]
            moved = [
                (torch.where(active[:, None, None], new, old), torch.where(active, new_lived, old_lived))
                for (new, new_lived), (old, old_lived) in zip(moved, still, strict=True)
            ]
        self._kept = moved

    def forget(self, episodes: Tensor) -> None:
        """Remember nothing of ``episodes`` (long)."""
        for _, lived in self._kept:
            lived[episodes] = False

    def widen(self, records: int, classes: int) -> None:
        """Make room for more records and classes."""
        self._kept = [(wider(probabilities, records, classes), lived) for probabilities, lived in self._kept]


def wider(probabilities: Tensor, records: int, classes: int) -> Tensor:
    """Return ``probabilities`` (B, N, k) with room for more records and classes, stored class by class."""
    return torch.nn.functional.pad(probabilities.transpose(1, 2), (0, records, 0, classes)).transpose(1, 2)


class PredictionHistory:
    """Class probabilities of B episodes with N records and k classes, and how often the likeliest class has changed.

    >>> history = PredictionHistory(1, 2, 2)
    >>> there, everyone = torch.ones(1, 2, dtype=torch.bool), torch.tensor([True])
    >>> for probabilities in ([[0.9, 0.1], [0.2, 0.8]], [[0.3, 0.7], [0.2, 0.8]]):
    ...     history.add(torch.tensor([probabilities]), there, everyone, everyone=True)
    >>> history.loops.tolist(), history.trajectory.flips.tolist()
    ([2.0], [[1.0, 0.0]])
    """

    def __init__(self, episodes: int, records: int, classes: int, device: torch.device | str = "cpu") -> None:
        self.probabilities = torch.zeros(episodes, classes, records, device=device).transpose(1, 2)
        """Of the last round that each episode took part in, (B, N, k), stored class by class."""
        self.loops = torch.zeros(episodes, device=device)
        """Fits of each episode so far, (B,)."""
        self.likeliest: Likeliest | None = None
        """The two likeliest classes of each record; None where episodes stood still in the last round."""
        self._predicted = torch.zeros(episodes, records, dtype=torch.long, device=device)
        self._flips = torch.zeros(episodes, records, device=device)
        self._memory = Memory()

    def add(self, probabilities: Tensor, exists: Tensor, active: Tensor, *, everyone: bool) -> None:
        """Keep what is said now, (B, N, k), of the records that ``exists`` marks, in the episodes ``active`` (B,).

        The others keep what they had; ``everyone`` says that there are none.
        """
        top_two = likeliest(probabilities)
        predicted = top_two.predicted
        counted = self.loops > 0 if everyone else (self.loops > 0) & active
        count_flips(self._predicted, predicted, exists, counted, self._flips)
        self.loops = self.loops + active
        if not everyone:
            probabilities = torch.where(active[:, None, None], probabilities, self.probabilities)
            predicted = torch.where(active[:, None], predicted, self._predicted)
        self.probabilities, self._predicted = probabilities, predicted
        self.likeliest = top_two if everyone else None
        self._memory.add(probabilities, active, everyone=everyone)

    @property
    def trajectory(self) -> Trajectory:
        """What a view may see of earlier rounds; later rounds do not change it."""
        return Trajectory(
            flips=self._flips.clone(),
            loops=self.loops - 1,
            probabilities=self._memory.probabilities,
            remembered=self._memory.lived,
        )

    def forget(self, episodes: Tensor) -> None:
        """Nothing has been said in ``episodes`` (long) yet."""
        self._flips[episodes], self.loops[episodes] = 0.0, 0.0
        self._memory.forget(episodes)

    def widen(self, records: int, classes: int) -> None:
        """Make room for more records and classes."""
        pad = torch.nn.functional.pad
        self._flips = pad(self._flips, (0, records))
        self._predicted = pad(self._predicted, (0, records))
        self.probabilities = wider(self.probabilities, records, classes)
        self._memory.widen(records, classes)
