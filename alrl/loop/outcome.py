"""How well a learner does on held-out records."""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor


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

    >>> import torch
    >>> p = torch.tensor([[[0.9, 0.1], [0.8, 0.2], [0.7, 0.3]]])
    >>> o = outcome(p, torch.tensor([[0, 0, 1]]), torch.ones(1, 3, dtype=torch.bool))
    >>> round(o.accuracy.item(), 4), o.balanced_accuracy.item()
    (0.6667, 0.5)
    """
    correct = ((probabilities.argmax(-1) == labels) & exists).to(probabilities.dtype)
    real = exists.to(probabilities.dtype)
    size = probabilities.new_zeros(labels.shape[0], probabilities.shape[-1])
    hits = size.scatter_add(1, labels, correct)
    size = size.scatter_add(1, labels, real)
    present = size > 0
    recall = hits / size.clamp_min(1)
    return Outcome(
        accuracy=correct.sum(1) / real.sum(1).clamp_min(1),
        balanced_accuracy=(recall * present).sum(1) / present.sum(1).clamp_min(1),
    )
