"""One strategy, many episodes, from the first sample to the end of the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.parts import PartName
from alrl.loop.promises import left_as_given
from alrl.loop.simulator import Simulator
from alrl.strategies.base import Strategy, picked


@dataclass(frozen=True, kw_only=True, eq=False)
class Played:
    """The learning curves of B episodes of T queried labels; a value holds until the next refit."""

    accuracy: Tensor
    """(B, T + 1), after 0, 1, ... T queried labels."""
    balanced_accuracy: Tensor
    """(B, T + 1)."""
    picks: Tensor
    """Pool positions in order, (B, T), long; -1 where the pool ran out."""

    @property
    def area(self) -> Tensor:
        """Normalised area under the accuracy curve, (B,)."""
        return torch.trapezoid(self.accuracy, dim=1) / (self.accuracy.shape[1] - 1)


def play(
    simulator: Simulator,
    strategy: Strategy,
    *,
    labels: int,
    batch: int = 1,
    part: PartName = "test",
    score_every: int = 1,
    progress: Callable[[int], object] | None = None,
) -> Played:
    """Let ``strategy`` query ``labels`` records, ``batch`` at a time; score the learner on ``part`` after each refit.

    The last batch is smaller where ``labels`` is no multiple of ``batch``. With ``score_every`` above 1 only the first,
    every ``score_every``-th and the last round are scored, and the curve is straight between. ``progress`` is called
    with the number of labels that a round bought. Labels count when they are asked for: of those that come late, the
    last may not have come at the end of the curve. The simulator provides what the strategy needs. A strategy that
    learns is told of every round (:meth:`~alrl.strategies.base.Strategy.after`); one that peeks sees the simulator.

    Raises InvalidQueryError for fewer than 1 label, a batch or ``score_every`` below 1, or a strategy that needs a
    committee where there is none.
    """
    for name, given in (("labels", labels), ("batch", batch), ("score_every", score_every)):
        if given < 1:
            raise InvalidQueryError(f"{name} = {given} given; it must be at least 1")
    simulator.provide(strategy.needs)
    at, scores, ends = [0], [simulator.outcome(part)], list[tuple[int, Tensor, int]]()
    # What the choice of a first sample has cost already is bought, and teaches nothing.
    bought, rounds = min(labels, int(simulator.view.spent.max())), 0
    picks = [torch.full((len(simulator.tasks), bought), -1, device=simulator.device)]
    while bought < labels:
        size = min(batch, labels - bought)
        view = simulator.view
        if (view.available | view.selected).any():
            picks.append(strategy.peek(simulator, size) if strategy.peeks else picked(strategy, view, size))
            ends.append((bought, (picks[-1] >= 0).sum(1).cpu(), size))
            simulator.step(picks[-1])
            after = simulator.view
            with left_as_given(strategy, "strategy", view=view, picks=picks[-1], after=after):
                strategy = strategy.after(view, picks[-1], after)
        else:
            # Nothing is left to ask for, and no label is on its way: the curves stay where they are.
            if at[-1] < bought:
                at, scores = [*at, bought], [*scores, simulator.outcome(part)]
            size = labels - bought
            picks.append(torch.full((len(simulator.tasks), size), -1, device=simulator.device))
        bought, rounds = bought + size, rounds + 1
        if rounds % score_every == 0 or bought == labels:
            at.append(bought)
            scores.append(simulator.outcome(part))
        if progress is not None:
            progress(size)
    drawn = _stepwise if score_every == 1 else _straight
    accuracy = drawn(torch.stack([score.accuracy for score in scores], 1).cpu(), at)
    balanced = drawn(torch.stack([score.balanced_accuracy for score in scores], 1).cpu(), at)
    if score_every == 1:
        accuracy, balanced = (_ended(curves, ends) for curves in (accuracy, balanced))
    return Played(accuracy=accuracy, balanced_accuracy=balanced, picks=torch.cat(picks, 1).cpu())


def _ended(curves: Tensor, batches: list[tuple[int, Tensor, int]]) -> Tensor:
    """Return curves (B, T + 1) in which a batch that took the last records of a pool ends with the last of them.

    ``batches`` are the labels bought before each, how many records each episode bought in it, (B,), and its size.
    """
    for before, count, size in batches:
        for episode in ((count > 0) & (count < size)).nonzero()[:, 0].tolist():
            curves[episode, before + int(count[episode]) : before + size] = curves[episode, before + size]
    return curves


def _stepwise(scores: Tensor, at: list[int]) -> Tensor:
    """Return curves (B, T + 1) of ``scores`` (B, P) after ``at`` labels.

    Between two refits the older learner is in use.
    """
    return scores.repeat_interleave(torch.tensor([*at[1:], at[-1] + 1]) - torch.tensor(at), 1)


def _straight(scores: Tensor, at: list[int]) -> Tensor:
    """Return curves (B, T + 1) through ``scores`` (B, P) after ``at`` labels, straight from one to the next."""
    label, known = torch.arange(at[-1] + 1), torch.tensor(at)
    right = torch.searchsorted(known, label).clamp_min(1)
    left = right - 1
    share = (label - known[left]) / (known[right] - known[left])
    return scores[:, left] + share * (scores[:, right] - scores[:, left])
