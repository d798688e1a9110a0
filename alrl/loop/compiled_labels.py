"""Check picks and add labels, compiled for the processor."""

from __future__ import annotations

from typing import Any

from alrl.numerics.backend import called


@called
def first_fault(picks: Any, labelled: Any, exists: Any) -> tuple[int, int, int]:
    """Return what is wrong with ``picks`` (B, b): 0 nothing, 1 outside the pool, 2 not to be had.

    With episode and pick.
    """
    for b in range(picks.shape[0]):
        for i in range(picks.shape[1]):
            pick = picks[b, i]
            if pick < -1 or pick >= labelled.shape[1]:
                return 1, b, pick
    for b in range(picks.shape[0]):
        for i in range(picks.shape[1]):
            pick = picks[b, i]
            if pick < 0:
                continue
            if labelled[b, pick] or not exists[b, pick]:
                return 2, b, pick
            for earlier in range(i):
                if picks[b, earlier] == pick:
                    return 2, b, pick
    return 0, 0, 0


@called
def append_rows(index: Any, labels: Any, count: Any, picks: Any, answers: Any) -> None:
    """Add ``picks`` and ``answers`` (B, b) behind the ``count`` (B,) that each row of index and labels (B, L) holds.

    A pick of -1 adds nothing.
    """
    for b in range(picks.shape[0]):
        for i in range(picks.shape[1]):
            if picks[b, i] >= 0:
                index[b, count[b]], labels[b, count[b]] = picks[b, i], answers[b, i]
                count[b] += 1


@called
def mark_picks(mask: Any, picks: Any) -> None:
    """Set ``mask`` (B, N) at the positions ``picks`` (B, b); a pick of -1 sets nothing."""
    for b in range(picks.shape[0]):
        for i in range(picks.shape[1]):
            if picks[b, i] >= 0:
                mask[b, picks[b, i]] = True
