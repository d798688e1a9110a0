"""Several labels of one record, and the one that is believed."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.loop.labelled import Labelled


class Opinions:
    """How often each of N records was asked for in B episodes, and how often each class was said of it.

    >>> opinions = Opinions("majority", 1, 2)
    >>> held = Labelled(index=torch.tensor([[1]]), labels=torch.tensor([[0]]), count=torch.tensor([1]))
    >>> for label in (0, 2, 2):
    ...     opinions.note(torch.tensor([[1]]), torch.tensor([[label]]))
    ...     opinions.settle(held, torch.tensor([[1]]), torch.tensor([[label]]))
    ...     print(held.labels.tolist())
    [[0]]
    [[0]]
    [[2]]
    """

    def __init__(
        self,
        aggregate: Literal["majority", "last"],
        episodes: int,
        records: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self._aggregate = aggregate
        self._times = torch.zeros(episodes, records, dtype=torch.long, device=device)
        self._votes = torch.zeros(episodes, records, 1, dtype=torch.long, device=device)

    def times(self, picks: Tensor) -> Tensor:
        """How often the records at ``picks`` (B, b) were asked for, (B, b)."""
        return self._times.gather(1, picks.clamp_min(0))

    @property
    def all_times(self) -> Tensor:
        """How often every record was asked for, (B, N), long."""
        return self._times

    def count(self, picks: Tensor) -> None:
        """The records at ``picks`` (B, b) were asked for; -1 is none."""
        self._times.scatter_add_(1, picks.clamp_min(0), (picks >= 0).to(torch.long))

    def note(self, picks: Tensor, labels: Tensor) -> None:
        """These ``labels`` (B, b) were given for ``picks`` (B, b); -1 is none."""
        classes = int(labels.max()) + 1 if labels.numel() else 0
        self._votes = pad(self._votes, (0, max(0, classes - self._votes.shape[2])))
        rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
        real = picks >= 0
        self._votes[rows[real], picks[real], labels[real]] += 1

    def settle(self, held: Labelled, picks: Tensor, labels: Tensor) -> None:
        """Give the records at ``picks`` (B, b), which ``held`` has a label of, the label that is believed now."""
        real = picks >= 0
        if not bool(real.any()):
            return
        place = (held.index[:, None] == picks[..., None]).byte().argmax(2)
        before = held.labels.gather(1, place)
        if self._aggregate == "last":
            believed = labels
        else:
            votes = self._votes.gather(1, picks.clamp_min(0)[..., None].expand(-1, -1, self._votes.shape[2]))
            most, likeliest = votes.max(2)
            stays = votes.gather(2, before[..., None])[..., 0] == most
            believed = torch.where(stays, before, likeliest)
        rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
        held.labels[rows[real], place[real]] = believed[real]

    def clear(self, episodes: Tensor) -> None:
        """Forget ``episodes`` (long)."""
        self._times[episodes] = 0
        self._votes[episodes] = 0

    def widen(self, records: int) -> None:
        """Room for so many more records."""
        self._times = pad(self._times, (0, records))
        self._votes = pad(self._votes, (0, 0, 0, records))
