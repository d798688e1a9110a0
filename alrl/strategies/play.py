"""One strategy, many episodes, from the first sample to the end of the budget."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.parts import PartName
from alrl.loop.simulator import Simulator
from alrl.strategies.base import Strategy


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
    progress: Callable[[int], object] | None = None,
) -> Played:
    """Let ``strategy`` query ``labels`` records, ``batch`` at a time; score the learner on ``part`` after each refit.

    The last batch is smaller where ``labels`` is no multiple of ``batch``. ``progress`` is called with the number of
    labels that a loop bought. Raises InvalidQueryError for fewer than 1 label or a batch below 1.
    """
    for name, given in (("labels", labels), ("batch", batch)):
        if given < 1:
            raise InvalidQueryError(f"{name} = {given} given; it must be at least 1")
    scores = [simulator.outcome(part)]
    sizes, picks = [1], []
    while sum(sizes) <= labels:
        size = min(batch, labels + 1 - sum(sizes))
        chosen = strategy.select(simulator.view, size)
        simulator.step(chosen)
        scores.append(simulator.outcome(part))
        sizes.append(size)
        picks.append(chosen)
        if progress is not None:
            progress(size)
    # Between two refits the learner in use is the older one.
    lasting = torch.tensor([*sizes[1:], 1])
    return Played(
        accuracy=torch.stack([score.accuracy for score in scores], 1).cpu().repeat_interleave(lasting, 1),
        balanced_accuracy=torch.stack([score.balanced_accuracy for score in scores], 1)
        .cpu()
        .repeat_interleave(lasting, 1),
        picks=torch.cat(picks, 1).cpu(),
    )
