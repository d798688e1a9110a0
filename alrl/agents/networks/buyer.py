"""The network that buys: whose query is played, how many labels are bought at once, and when to stop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer, draw_weights, linear

_FIRST_STOP = -1.0
"""Logit of stop before training, where that of each size is 0: of four sizes, one round in twelve ends the episode."""
_NEVER = -1e9
"""Logit of a row that there is not: finite, so that entropies stay finite."""


class Buyer(CandidateScorer):
    """A set scorer of the rows of an observation, beside a choice of how many labels to buy or to stop.

    Its actions are the numbers of :class:`~alrl.envs.actions.layout.Layout`: row c with the s-th of S sizes is
    ``s C + c``, and ``S C`` is stop. How likely a size or stop is depends on the loop and on the mean over the rows,
    not on which row is played. Before training it plays as the scorer does, in batches of the smallest size, and never
    stops.

    It is trained as one that draws its sizes and stop by lot, and to play what is likeliest can be another policy:
    where it stops in four loops of ten, the likeliest never stops. With ``stochastic`` it plays as it was trained.

    Args:
        scorer: scores the rows.
        sizes: of a batch, in rising order.
        stochastic: whether sizes and stop are drawn when it plays; else the likeliest is played.
        generator: draws the first weights (stream ``agent``); one of seed 0 if left out.

    >>> buyer = Buyer(SetScorer(record=3, loop=2, margin_column=1), sizes=(1, 5))
    >>> rows = torch.tensor([[[0.0, 0.3, 0.0], [0.0, 0.1, 0.0]]])
    >>> loop, mask = torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool)
    >>> buyer.choose(rows, loop, mask, torch.ones(1, 5, dtype=torch.bool), torch.tensor([0.1]))
    tensor([1])
    >>> buyer.logits(rows, loop, mask).softmax(1)[0, -1].item() < 0.2
    True
    """

    sizes: Tensor
    stochastic: Tensor

    def __init__(
        self,
        scorer: SetScorer,
        *,
        sizes: Sequence[int],
        stochastic: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.register_buffer("sizes", torch.tensor(list(sizes)))
        # A part of the weights: two policies that play differently are not to have one fingerprint.
        self.register_buffer("stochastic", torch.tensor(stochastic))
        self.purchase = nn.Sequential(
            linear(scorer.width, scorer.width), nn.ReLU(), linear(scorer.width, len(sizes) + 1)
        )
        draw_weights(self, generator or torch.Generator().manual_seed(0))
        last = cast("nn.Linear", self.purchase[-1])
        nn.init.zeros_(last.weight)
        nn.init.zeros_(last.bias)
        with torch.no_grad():
            last.bias[-1] = _FIRST_STOP
        # Last: its weights are drawn already.
        self.scorer = scorer

    @property
    def described(self) -> dict[str, Any]:
        return {**self.scorer.described, "kind": "buyer"}

    @property
    def summary(self) -> str:
        sizes = ", ".join(str(size) for size in self.sizes.tolist())
        how = ", drawn by lot" if self.stochastic else ""
        return f"set scorer of width {self.scorer.width}, which buys {sizes} labels at once or stops{how}"

    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return scores (B, C) of the rows alone, as :class:`~alrl.agents.networks.set_scorer.SetScorer` gives them."""
        scores: Tensor = self.scorer(candidates, loop, mask)
        return scores

    def _wishes(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return scores of the rows (B, C), and logits of the sizes and of stop (B, S + 1)."""
        hidden, context = self.scorer.encode(candidates, loop, mask)
        return self.scorer.score(candidates, hidden, context).masked_fill(~mask, _NEVER), self.purchase(context)

    def logits(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return logits (B, S C + 1) of all numbers: the probability of a size is shared out among the rows."""
        scores, wishes = self._wishes(candidates, loop, mask)
        joint = wishes[:, :-1, None] + scores.log_softmax(1)[:, None, :]
        return torch.cat([joint.flatten(1), wishes[:, -1:]], 1)

    def choose(self, candidates: Tensor, loop: Tensor, mask: Tensor, allowed: Tensor, coin: Tensor) -> Tensor:
        """Return the number (B,) that is played: one of the sizes or stop, then the best row.

        ``allowed`` (B, S C + 1) are the numbers that have a meaning now, ``coin`` (B,) numbers in [0, 1) by which it is
        drawn if it plays by lot.
        """
        rows, sizes = mask.shape[1], len(self.sizes)
        scores, wishes = self._wishes(candidates, loop, mask)
        open_sizes = allowed[:, :-1].unflatten(1, (sizes, rows)).any(2)
        wishes = wishes.masked_fill(~torch.cat([open_sizes, allowed[:, -1:]], 1), -torch.inf)
        size = _drawn(wishes.softmax(1), coin) if self.stochastic else wishes.argmax(1)
        return torch.where(size == sizes, sizes * rows, size * rows + scores.argmax(1))


def _drawn(chances: Tensor, coin: Tensor) -> Tensor:
    """Return which of the ``chances`` (B, n) the ``coin`` (B,) in [0, 1) falls on; never one that is zero."""
    passed = (chances.cumsum(1) <= coin[:, None]).sum(1)
    # Rounding may leave the sum below the coin: the last that there is counts.
    last = (chances > 0).long().cumsum(1).argmax(1)
    return torch.minimum(passed, last)
