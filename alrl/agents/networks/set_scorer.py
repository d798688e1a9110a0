"""The set-scoring network: one scorer shared by all candidates, which sees each candidate among the others."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any, cast

import torch
from torch import Tensor, nn

_CLIP = 4.0
_SPREAD = 1e-3
"""What keeps features that hardly differ among candidates from being blown up."""


class CandidateScorer(nn.Module, ABC):
    """Scores K candidates by their features and the loop's: what a policy chooses by."""

    @property
    @abstractmethod
    def described(self) -> dict[str, Any]:
        """What ``policy.json`` says of it: its kind, and what its tensors do not tell."""

    @property
    @abstractmethod
    def summary(self) -> str:
        """Description in words, for cards."""

    def of_batch(self, count: int) -> CandidateScorer:  # noqa: ARG002
        """Return what scores the picks of a batch of ``count`` records; itself unless the size matters to it."""
        return self

    @abstractmethod
    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return scores (B, K) of candidates (B, K, F) in a state (B, G); minus infinity outside ``mask`` (B, K)."""


class SetScorer(CandidateScorer):
    """Scores K candidates: minus the margin, plus a learned residual that is zero before training.

    The residual of a candidate depends on its own features, on those of the loop and on the mean over all candidates,
    so the scores are permutation-equivariant and the same weights serve any K. Untrained, the network chooses exactly
    as margin sampling does: what training adds can be measured.

    Args:
        record: features of a candidate, F.
        loop: features of the loop, G.
        margin_column: which of the F features is the margin.
        width: units of the hidden layers.
        margin_start: False scores by random weights alone before training, without the margin.
        blind: columns of a candidate's features followed by the loop's that the network is never to look at.
        relative: also look at each feature of a candidate against the mean of the candidates, in their standard
            deviations: what tells candidates of one state apart is small beside what tells states apart.
        generator: draws the first weights (stream ``agent``); one of seed 0 if left out.

    >>> network = SetScorer(record=3, loop=2, margin_column=1, generator=torch.Generator().manual_seed(0))
    >>> candidates = torch.tensor([[[0.0, 0.3, 0.0], [0.0, 0.1, 0.0]]])
    >>> network(candidates, torch.zeros(1, 2), torch.ones(1, 2, dtype=torch.bool)).argmax(1)
    tensor([1])
    """

    mean: Tensor
    scale: Tensor

    def __init__(
        self,
        *,
        record: int,
        loop: int,
        margin_column: int,
        width: int = 64,
        margin_start: bool = True,
        blind: Sequence[int] = (),
        relative: bool = False,
        generator: torch.Generator | None = None,
    ) -> None:
        super().__init__()
        self.record, self.loop, self.margin_column, self.width = record, loop, margin_column, width
        self.relative = relative
        inputs = (2 * record if relative else record) + loop
        self.encoder = nn.Sequential(linear(inputs, width), nn.ReLU(), linear(width, width), nn.ReLU())
        self.head = nn.Sequential(linear(2 * width, width), nn.ReLU(), linear(width, 1))
        self.margin_weight = nn.Parameter(torch.tensor(4.0))
        self.register_buffer("mean", torch.zeros(inputs))
        self.register_buffer("scale", torch.ones(inputs))
        # What is seen relative to the other candidates comes last.
        self.blind = [*blind, *(record + loop + column for column in blind if relative and column < record)]
        draw_weights(self, generator or torch.Generator().manual_seed(0))
        if margin_start:
            last = cast("nn.Linear", self.head[-1])
            nn.init.zeros_(last.weight)
            nn.init.zeros_(last.bias)
        else:
            nn.init.zeros_(self.margin_weight)
        # A column that is divided by infinity says nothing; the file of a policy keeps it so.
        self.scale[self.blind] = torch.inf

    @property
    def described(self) -> dict[str, Any]:
        return {"kind": "set-scorer", "width": self.width, **({"relative": True} if self.relative else {})}

    @property
    def summary(self) -> str:
        return f"set scorer of width {self.width}: margin plus a learned residual"

    def normalise(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> None:
        """Take mean and scale of the features from examples (B, K, F), (B, G) with mask (B, K)."""
        x = self.joined(candidates, loop, mask)[mask]
        self.mean.copy_(x.mean(0))
        self.scale.copy_(x.std(0).clamp_min(1e-2))
        self.scale[self.blind] = torch.inf

    def joined(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return what the network reads of each candidate, (B, K, inputs), not normalised yet."""
        parts = [candidates, loop[:, None, :].expand(-1, candidates.shape[1], -1)]
        return torch.cat([*parts, among(candidates, mask)] if self.relative else parts, -1)

    def encode(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        """Return representation of each candidate (B, K, width) and its mean over the candidates (B, width)."""
        return self._encoded(self.normalised(self.joined(candidates, loop, mask)), mask)

    def normalised(self, joined: Tensor) -> Tensor:
        """Return what :meth:`joined` gives in standard deviations of the training states, at most 4."""
        return (joined - self.mean).div_(self.scale).clamp_(-_CLIP, _CLIP)

    def _encoded(self, normalised: Tensor, mask: Tensor) -> tuple[Tensor, Tensor]:
        hidden = self.encoder(normalised)
        real = mask[..., None].to(hidden.dtype)
        return hidden, (hidden * real).sum(1) / real.sum(1).clamp_min(1)

    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return scores (B, K) of candidates (B, K, F) in a state (B, G); minus infinity outside ``mask`` (B, K)."""
        return self.scores_of(self.normalised(self.joined(candidates, loop, mask)), candidates, mask)

    def scores_of(self, normalised: Tensor, candidates: Tensor, mask: Tensor) -> Tensor:
        """Return the same from what :meth:`normalised` gives: networks trained on the same states share it."""
        hidden, context = self._encoded(normalised, mask)
        return self.score(candidates, hidden, context).masked_fill(~mask, -torch.inf)

    def score(self, candidates: Tensor, hidden: Tensor, context: Tensor) -> Tensor:
        """Return scores (B, K) from the representations that :meth:`encode` gives; not masked."""
        joined = torch.cat([hidden, context[:, None, :].expand_as(hidden)], -1)
        residual: Tensor = self.head(joined)[..., 0]
        return residual - self.margin_weight * candidates[..., self.margin_column]


def among(candidates: Tensor, mask: Tensor) -> Tensor:
    """Return features (B, K, F) less their mean over the candidates of a state, in standard deviations, at most 4.

    >>> among(torch.tensor([[[1.0], [3.0], [9.0]]]), torch.tensor([[True, True, False]]))[0, :2, 0]
    tensor([-0.9990,  0.9990])
    """
    real = mask[..., None].to(candidates.dtype)
    count = real.sum(1, keepdim=True).clamp_min(1)
    centred = (candidates - (candidates * real).sum(1, keepdim=True) / count) * real
    spread = (centred.square().sum(1, keepdim=True) / count).sqrt()
    return (centred / (spread + _SPREAD)).clamp_(-_CLIP, _CLIP)


def draw_weights(network: nn.Module, generator: torch.Generator) -> None:
    """Draw weights and biases of every layer."""
    for module in network.modules():
        if isinstance(module, nn.Linear):
            bound = module.in_features**-0.5
            with torch.no_grad():
                module.weight.uniform_(-bound, bound, generator=generator)
                module.bias.uniform_(-bound, bound, generator=generator)


class UndrawnLinear(nn.Linear):
    """A layer whose weights are yet to be drawn: torch's own way would draw from the global generator.

    ``torch.nn.utils.skip_init`` does the same, but imports torch's compiler for it, a second of computing.
    """

    def reset_parameters(self) -> None:
        """Draw nothing."""


def linear(inputs: int, outputs: int) -> nn.Linear:
    """Return a layer whose weights are yet to be drawn."""
    return UndrawnLinear(inputs, outputs)
