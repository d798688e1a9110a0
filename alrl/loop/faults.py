"""What is wrong with a batch of picks."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.device import compiles

Fault = Literal["outside", "not to be had"]
_FAULTS: tuple[Fault | None, ...] = (None, "outside", "not to be had")


def fault_of(picks: Tensor, labelled: Tensor, exists: Tensor) -> tuple[Fault | None, int, int]:
    """The first fault of ``picks`` (B, b), with its episode and its pick; None if every pick may be queried.

    A pick is outside the pool if it is no position of ``labelled`` (B, N) nor -1; it is not to be had if its record is
    labelled, is padding by ``exists`` (B, N), or is picked twice.

    >>> fault_of(torch.tensor([[0, 2]]), torch.tensor([[False, False, True]]), torch.ones(1, 3, dtype=torch.bool))
    ('not to be had', 0, 2)
    """
    if compiles(picks):
        from alrl.loop.compiled_pool import first_fault

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
    """The batch as positions (B, b), long. Raises InvalidQueryError for one of another shape."""
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
    """Raises InvalidQueryError where labels that would be ``spent`` (m,) exceed the ``budget`` (m,)."""
    if bool((spent > budget).any()):
        raise InvalidQueryError(
            f"another first sample would bring the labels spent to {spent.tolist()}, for budgets of {budget.tolist()};"
            " begin again while enough is left"
        )
