"""The labelled records of many episodes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.errors import InvalidQueryError
from alrl.numerics.backend import compiles


@dataclass(kw_only=True, eq=False)
class Labelled:
    """Labelled records in order of acquisition, padded: (B, L) each, and how many are real, (B,).

    >>> none = torch.zeros(1, 1, dtype=torch.long)
    >>> labelled = Labelled(index=none, labels=none.clone(), count=none[:, 0].clone())
    >>> labelled.append(torch.tensor([[7, -1, 4]]), torch.tensor([[1, 0, 2]]))
    >>> labelled.index[:, :2], labelled.labels[:, :2], labelled.count
    (tensor([[7, 4]]), tensor([[1, 2]]), tensor([2]))
    """

    index: Tensor
    labels: Tensor
    count: Tensor

    def append(self, picks: Tensor, answers: Tensor) -> None:
        """Add the records at pool positions ``picks`` (B, b) with their labels (B, b); a pick of -1 adds nothing."""
        if compiles(picks):
            self._append_here(picks, answers)
            return
        valid = picks >= 0
        place = self.count[:, None] + valid.cumsum(1) - 1
        needed = int((self.count + valid.sum(1)).max())
        if needed > self.index.shape[1]:
            more = needed - self.index.shape[1]
            self.index = torch.nn.functional.pad(self.index, (0, more))
            self.labels = torch.nn.functional.pad(self.labels, (0, more))
        rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
        self.index[rows[valid], place[valid]] = picks[valid]
        self.labels[rows[valid], place[valid]] = answers[valid]
        self.count = self.count + valid.sum(1)

    def _append_here(self, picks: Tensor, answers: Tensor) -> None:
        """Do the same in one pass of the processor."""
        from alrl.loop.compiled_labels import append_rows

        needed = int(self.count.max()) + picks.shape[1]
        if needed > self.index.shape[1]:
            # Twice the room, lest every round copy what is there.
            more = max(needed, 2 * self.index.shape[1]) - self.index.shape[1]
            self.index = torch.nn.functional.pad(self.index, (0, more))
            self.labels = torch.nn.functional.pad(self.labels, (0, more))
        self.count = self.count.clone()
        append_rows(
            self.index.numpy(), self.labels.numpy(), self.count.numpy(), picks.contiguous().numpy(), answers.numpy()
        )

    def clear(self, episodes: Tensor) -> None:
        """Forget the labelled records of ``episodes`` (long)."""
        self.index[episodes], self.labels[episodes], self.count[episodes] = 0, 0, 0


def mark(mask: Tensor, picks: Tensor) -> None:
    """Set ``mask`` (B, N) at the positions ``picks`` (B, b), in place; a pick of -1 sets nothing.

    >>> mask = torch.zeros(1, 3, dtype=torch.bool)
    >>> mark(mask, torch.tensor([[2, -1]]))
    >>> mask
    tensor([[False, False,  True]])
    """
    if compiles(mask):
        from alrl.loop.compiled_labels import mark_picks

        mark_picks(mask.numpy(), picks.contiguous().numpy())
        return
    rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
    mask[rows[picks >= 0], picks[picks >= 0]] = True


class LabelVotes:
    """Counts of the queries of each of N records in B episodes, and of the classes that were answered.

    >>> votes = LabelVotes("majority", 1, 2)
    >>> labelled_set = Labelled(index=torch.tensor([[1]]), labels=torch.tensor([[0]]), count=torch.tensor([1]))
    >>> for label in (0, 2, 2):
    ...     votes.note(torch.tensor([[1]]), torch.tensor([[label]]))
    ...     votes.settle(labelled_set, torch.tensor([[1]]), torch.tensor([[label]]))
    ...     print(labelled_set.labels.tolist())
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
        """Return how often the records at ``picks`` (B, b) were asked for, (B, b)."""
        return self._times.gather(1, picks.clamp_min(0))

    @property
    def all_times(self) -> Tensor:
        """How often every record was asked for, (B, N), long."""
        return self._times

    def count(self, picks: Tensor) -> None:
        """Count a query of each of the records at ``picks`` (B, b); -1 is none."""
        self._times.scatter_add_(1, picks.clamp_min(0), (picks >= 0).to(torch.long))

    def note(self, picks: Tensor, labels: Tensor) -> None:
        """Note the ``labels`` (B, b) that were given for ``picks`` (B, b); -1 is none."""
        classes = int(labels.max()) + 1 if labels.numel() else 0
        self._votes = pad(self._votes, (0, max(0, classes - self._votes.shape[2])))
        rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
        real = picks >= 0
        self._votes[rows[real], picks[real], labels[real]] += 1

    def settle(self, labelled_set: Labelled, picks: Tensor, labels: Tensor) -> None:
        """Give the records at ``picks`` (B, b), which ``labelled_set`` contains, the label that is believed now."""
        real = picks >= 0
        if not bool(real.any()):
            return
        place = (labelled_set.index[:, None] == picks[..., None]).byte().argmax(2)
        before = labelled_set.labels.gather(1, place)
        if self._aggregate == "last":
            believed = labels
        else:
            votes = self._votes.gather(1, picks.clamp_min(0)[..., None].expand(-1, -1, self._votes.shape[2]))
            most, likeliest = votes.max(2)
            stays = votes.gather(2, before[..., None])[..., 0] == most
            believed = torch.where(stays, before, likeliest)
        rows = torch.arange(len(picks), device=picks.device)[:, None].expand_as(picks)
        labelled_set.labels[rows[real], place[real]] = believed[real]

    def clear(self, episodes: Tensor) -> None:
        """Forget ``episodes`` (long)."""
        self._times[episodes] = 0
        self._votes[episodes] = 0

    def widen(self, records: int) -> None:
        """Make room for ``records`` more."""
        self._times = pad(self._times, (0, records))
        self._votes = pad(self._votes, (0, 0, 0, records))


Fault = Literal["outside", "not to be had"]
_FAULTS: tuple[Fault | None, ...] = (None, "outside", "not to be had")


def fault_of(picks: Tensor, labelled: Tensor, exists: Tensor) -> tuple[Fault | None, int, int]:
    """Return the first fault of ``picks`` (B, b), with its episode and its pick; None if every pick may be queried.

    A pick is outside the pool if it is no position of ``labelled`` (B, N) nor -1; it is not to be had if its record is
    labelled, is padding by ``exists`` (B, N), or is picked twice.

    >>> fault_of(torch.tensor([[0, 2]]), torch.tensor([[False, False, True]]), torch.ones(1, 3, dtype=torch.bool))
    ('not to be had', 0, 2)
    """
    if compiles(picks):
        from alrl.loop.compiled_labels import first_fault

        fault, episode, pick = first_fault(*(part.contiguous().numpy() for part in (picks, labelled, exists)))
        return _FAULTS[fault], episode, pick
    B, N = labelled.shape
    outside = ((picks < -1) | (picks >= N)).nonzero()
    if len(outside):
        episode, place = outside[0].tolist()
        return "outside", episode, int(picks[episode, place])
    count = torch.zeros(B, N + 1, dtype=torch.long, device=picks.device)
    count.scatter_add_(1, picks.masked_fill(picks < 0, N), torch.ones_like(picks))
    wrong = (((count[:, :N] > 0) & (labelled | ~exists)) | (count[:, :N] > 1)).nonzero()
    if len(wrong):
        episode, pick = wrong[0].tolist()
        return "not to be had", episode, pick
    return None, 0, 0


def as_picks(picks: Tensor, episodes: int, device: torch.device) -> Tensor:
    """Return the batch as positions (B, b), long. Raises InvalidQueryError for one of another shape."""
    picks = torch.as_tensor(picks, dtype=torch.long, device=device)
    if picks.ndim != 2 or len(picks) != episodes:
        raise InvalidQueryError(f"picks of shape {tuple(picks.shape)} given; expected ({episodes}, batch)")
    return picks


def check_picks(picks: Tensor, labelled: Tensor, exists: Tensor) -> None:
    """Raise InvalidQueryError for the first fault of ``picks``, see :func:`fault_of`, with what to do."""
    fault, episode, pick = fault_of(picks, labelled, exists)
    if fault == "outside":
        raise InvalidQueryError(f"a pick of {pick} given; a pool position is 0 to {exists.shape[1] - 1}, -1 for none")
    if fault:
        raise InvalidQueryError(
            f"episode {episode}: record {pick} is labelled already, not in the pool or picked twice;"
            " pick distinct records that PoolView.available marks, none whose label is under way or was refused"
        )


def check_charge(spent: Tensor, budget: Tensor) -> None:
    """Raise InvalidQueryError where labels that would be ``spent`` (m,) exceed the ``budget`` (m,)."""
    if bool((spent > budget).any()):
        raise InvalidQueryError(
            f"another first sample would bring the labels spent to {spent.tolist()}, for budgets of {budget.tolist()};"
            " begin again while enough is left"
        )
