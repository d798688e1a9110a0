"""What one loop did."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor

from alrl.loop.cost import Cost
from alrl.loop.learner import FitReport


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """One loop of B episodes: what was picked, what the annotator said, what fitting took."""

    picks: Tensor
    """Pool positions of the queried records, (B, b), long; -1 for none."""
    answers: Tensor
    """Labels that came with this loop, (B, b), long; -1 for none: no query, no answer, or one that is still to come."""
    spent: Tensor
    """Labels bought so far after the first sample, (B,), long."""
    fit: FitReport
    """What the learner's refit did."""
    multiply_adds: Tensor | None
    """Modelled multiply-adds of the loop, (B,), double: the fit and the pass over the pool; None for a learner without
    a model of its work."""
    cost: Cost
    """What this loop used: labels, record-epochs, records scored, money and measured seconds."""
    total: Cost
    """The same of the episode so far, the first sample and its fit included."""
    seconds: float
    """Wall time of the loop: annotation, refit and the pass over the pool."""
