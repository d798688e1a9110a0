"""How well a learner does on held-out records."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.loop.likeliest import likeliest


@dataclass(frozen=True, kw_only=True, eq=False)
class Outcome:
    """Scores of B episodes on one part, each (B,)."""

    accuracy: Tensor
    """Share of records classified correctly."""
    balanced_accuracy: Tensor
    """Mean over the part's classes of the share classified correctly (recall)."""

    def metric(self, name: str) -> Tensor:
        """The score called ``accuracy`` or ``balanced-accuracy``."""
        return {"accuracy": self.accuracy, "balanced-accuracy": self.balanced_accuracy}[name]


def outcome(probabilities: Tensor, labels: Tensor, exists: Tensor) -> Outcome:
    """Scores of ``probabilities`` (B, M, k) against the classes ``labels`` (B, M), over records that exist (B, M).

    >>> p = torch.tensor([[[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]])
    >>> o = outcome(p, torch.tensor([[0, 0, 1]]), torch.ones(1, 3, dtype=torch.bool))
    >>> round(o.accuracy.item(), 4), o.balanced_accuracy.item()
    (0.6667, 0.5)
    """
    hits, size = _counts(likeliest(probabilities).predicted, labels, exists, probabilities.shape[-1])
    present = size > 0
    recall = hits / size.clamp_min(1)
    return Outcome(
        accuracy=hits.sum(1) / size.sum(1).clamp_min(1),
        balanced_accuracy=(recall * present).sum(1) / present.sum(1).clamp_min(1),
    )


def _counts(predicted: Tensor, labels: Tensor, exists: Tensor, classes: int) -> tuple[Tensor, Tensor]:
    """Records of each class that are predicted right, and all of them, (B, k) each."""
    right = torch.zeros(len(labels), classes, device=labels.device)
    size = torch.zeros_like(right)
    if labels.device.type == "cpu":
        from alrl.loop.compiled_pool import hits

        hits(predicted.numpy(), labels.numpy(), exists.numpy(), right.numpy(), size.numpy())
        return right, size
    correct = ((predicted == labels) & exists).to(right.dtype)
    return right.scatter_add(1, labels, correct), size.scatter_add(1, labels, exists.to(right.dtype))
