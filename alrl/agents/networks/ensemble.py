"""Several set-scoring networks that score together: what one draw of weights happens to prefer weighs less."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn

from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer


class Ensemble(CandidateScorer):
    """The mean score of networks of one shape that were trained on the same states, each from weights of its own.

    Untrained, every member scores by the margin alone, and so does their mean. Lakshminarayanan et al. 2017.

    >>> members = [SetScorer(record=3, loop=2, margin_column=1) for _ in range(2)]
    >>> candidates = torch.tensor([[[0.0, 0.3, 0.0], [0.0, 0.1, 0.0]]])
    >>> Ensemble(members)(candidates, torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool)).argmax(1)
    tensor([1])
    """

    def __init__(self, members: list[SetScorer]) -> None:
        super().__init__()
        self.members = nn.ModuleList(members)

    @property
    def scorers(self) -> list[SetScorer]:
        """The members."""
        return [member for member in self.members if isinstance(member, SetScorer)]

    @property
    def described(self) -> dict[str, Any]:
        return {**self.scorers[0].described, "kind": "ensemble", "members": len(self.members)}

    @property
    def summary(self) -> str:
        width = self.scorers[0].width
        return f"mean of {len(self.members)} set scorers of width {width}: margin plus learned residuals"

    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return scores (B, K) of candidates (B, K, F) in a state (B, G); minus infinity outside ``mask`` (B, K)."""
        first, scores = self.scorers[0], list[Tensor]()
        joined = first.joined(candidates, loop, mask)
        shared = first.normalised(joined)
        for member in self.scorers:
            alike = torch.equal(member.mean, first.mean) and torch.equal(member.scale, first.scale)
            scores.append(member.scores_of(shared if alike else member.normalised(joined), candidates, mask))
        return torch.stack(scores).mean(0)
