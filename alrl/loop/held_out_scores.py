"""Score a learner on held-out records."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.numerics.backend import compiles
from alrl.numerics.ranking import likeliest


@dataclass(frozen=True, kw_only=True, eq=False)
class HeldOutScores:
    """Scores of B episodes on one part, each (B,)."""

    accuracy: Tensor
    """Share of records classified correctly."""
    balanced_accuracy: Tensor
    """Mean over the part's classes of the share classified correctly (recall)."""

    def metric(self, name: str) -> Tensor:
        """Return the score called ``accuracy`` or ``balanced-accuracy``."""
        return {"accuracy": self.accuracy, "balanced-accuracy": self.balanced_accuracy}[name]


def outcome(probabilities: Tensor, labels: Tensor, exists: Tensor) -> HeldOutScores:
    """Return scores of ``probabilities`` (B, M, k) against ``labels`` (B, M), over the records that exist (B, M).

    >>> p = torch.tensor([[[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]])
    >>> o = outcome(p, torch.tensor([[0, 0, 1]]), torch.ones(1, 3, dtype=torch.bool))
    >>> round(o.accuracy.item(), 4), o.balanced_accuracy.item()
    (0.6667, 0.5)
    """
    predicted, k = likeliest(probabilities).predicted, probabilities.shape[-1]
    if compiles(predicted):
        from alrl.numerics.compiled_ranking import scores

        both = torch.empty(2, predicted.shape[0])
        scores(predicted.numpy(), labels.numpy(), exists.numpy(), k, both[0].numpy(), both[1].numpy())
        return HeldOutScores(accuracy=both[0], balanced_accuracy=both[1])
    return _outcome(predicted, labels, exists, k)


def _outcome(predicted: Tensor, labels: Tensor, exists: Tensor, classes: int) -> HeldOutScores:
    """Return the same on any device."""
    right = torch.zeros(labels.shape[0], classes, device=labels.device)
    hits = right.scatter_add(1, labels, ((predicted == labels) & exists).to(right.dtype))
    size = right.scatter_add(1, labels, exists.to(right.dtype))
    present = size > 0
    recall = hits / size.clamp_min(1)
    return HeldOutScores(
        accuracy=hits.sum(1) / size.sum(1).clamp_min(1),
        balanced_accuracy=(recall * present).sum(1) / present.sum(1).clamp_min(1),
    )
