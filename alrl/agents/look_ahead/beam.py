"""Beam search over the queries that follow a candidate."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from alrl.agents.look_ahead.roll_out import RollOut


def beam_value(
    roll_out: RollOut, score: Callable[[], Tensor], *, width: int, horizon: int, watched: frozenset[int]
) -> Tensor:
    """Return value (B, K) of each candidate: the mean score, at the watched steps, of the best of its beams in the end.

    At every step each beam is followed by its ``width`` records of smallest margin, and of all that come of one
    candidate those ``width`` of highest score stay. A maximum over noisy scores is above what a loop would reach.
    """
    candidates, beams = roll_out.branches, 1
    roll_out.refit()
    now = score()
    episodes = len(now)
    total = now.clone() if 0 in watched else torch.zeros_like(now)
    alive = torch.ones_like(now, dtype=torch.bool)
    for step in range(1, horizon):
        picks = roll_out.surest(width)
        everyone = torch.arange(len(picks), device=picks.device)
        roll_out.take(everyone.repeat_interleave(width), candidates * beams * width)
        roll_out.add(picks.reshape(-1, 1))
        roll_out.refit()
        now = score()
        total = total.repeat_interleave(width, 1) + (now if step in watched else 0.0)
        # Where there are fewer records than beams, the beams without one end; with none left at all, one goes on.
        real = (picks >= 0) | (torch.arange(width, device=picks.device) == 0)
        alive = alive.repeat_interleave(width, 1) & real.view(episodes, -1)
        # All that came of one candidate stands side by side.
        group = beams * width
        grouped = now.masked_fill(~alive, -torch.inf).view(episodes, candidates, group)
        start = torch.arange(candidates, device=picks.device)[:, None] * group
        kept = (grouped.topk(width, 2).indices + start).flatten(1)
        now, total, alive, beams = now.gather(1, kept), total.gather(1, kept), alive.gather(1, kept), width
        offset = torch.arange(episodes, device=picks.device)[:, None] * group * candidates
        roll_out.take((kept + offset).flatten(), candidates * beams)
    last = now.masked_fill(~alive, -torch.inf).view(episodes, candidates, beams)
    return total.view(episodes, candidates, beams).gather(2, last.argmax(2, keepdim=True))[..., 0] / len(watched)
