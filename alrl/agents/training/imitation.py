"""Imitation of the look-ahead expert: listwise ranking of its values, on states that the policy itself visits."""

from __future__ import annotations

import copy
import dataclasses
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.agents.networks.ensemble import Ensemble
from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer
from alrl.agents.policy import Policy
from alrl.agents.training.valued_candidates import ValuedCandidates
from alrl.errors import InvalidRecipeError


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Agreement of scores with the expert's values in ranking candidates, on states kept aside."""

    loss: float
    """Cross-entropy against the expert's listwise distribution, nats."""
    gain: float
    """Standardised value of the chosen candidate: 0 is a random choice, above 0 better."""
    margin_gain: float
    """The same for margin sampling's choice among the candidates."""


def targets(values: Tensor, mask: Tensor, temperature: float) -> tuple[Tensor, Tensor]:
    """Return the expert's distribution over candidates and the standardised values, (M, K) each.

    Values are centred and scaled within each state, so states of large and small differences weigh alike (listwise
    ranking, Cao et al. 2007).
    """
    count = mask.sum(1, keepdim=True).clamp_min(1)
    centred = (values - (values * mask).sum(1, keepdim=True) / count) * mask
    spread = (centred.square().sum(1, keepdim=True) / count).sqrt()
    standard = centred / (spread + 1e-4)
    return torch.softmax((standard * temperature).masked_fill(~mask, -torch.inf), 1), standard


def loss(scores: Tensor, target: Tensor, mask: Tensor, weight: Tensor | None = None) -> Tensor:
    """Return the mean cross-entropy of the scores' softmax against ``target``, states weighed by ``weight`` (M,)."""
    log = torch.log_softmax(scores, 1).masked_fill(~mask, 0.0)
    each = -(target * log).sum(1)
    return each.mean() if weight is None else (weight * each).mean()


def assess(policy: Policy, examples: ValuedCandidates, temperature: float) -> Ranking:
    """Return loss and gain of the policy on ``examples``."""
    target, standard = targets(examples.values, examples.mask, temperature)
    with torch.no_grad():
        scores = policy.network(examples.candidates, examples.loop, examples.mask)
    margin = (-examples.candidates[..., policy.features.margin_column]).masked_fill(~examples.mask, -torch.inf)

    def gain(by: Tensor) -> float:
        return float(standard.gather(1, by.argmax(1, keepdim=True)).mean())

    return Ranking(loss=float(loss(scores, target, examples.mask)), gain=gain(scores), margin_gain=gain(margin))


def fit(  # noqa: PLR0913 - each is a key of the recipe
    policy: Policy,
    examples: ValuedCandidates,
    kept_aside: ValuedCandidates,
    *,
    epochs: int,
    learning_rate: float,
    weight_decay: float,
    temperature: float,
    batch: int = 512,
    generator: torch.Generator,
    weigh: bool = False,
    progress: Callable[[int, float], object] | None = None,
) -> tuple[Policy, Ranking]:
    """Train the policy's network on ``examples`` (AdamW, one-cycle rate), ``batch`` states a step.

    ``progress`` gets epoch and training loss. With ``weigh`` a state counts by its reliability over worlds, one on
    average; else all count alike. Of an ensemble each member is trained by itself, on the same examples in an order of
    its own, one after the other. Raises InvalidRecipeError for a network that imitation cannot train, or that diverges.
    """
    if not isinstance(policy.network, SetScorer | Ensemble) and ":" not in policy.network.described["kind"]:
        raise InvalidRecipeError(
            f"a {policy.network.described['kind']} cannot be trained by imitation; a set scorer can"
        )
    network = copy.deepcopy(policy.network)
    target, _ = targets(examples.values, examples.mask, temperature)
    weight = _weights(examples) if weigh else None
    for number, member in enumerate(network.scorers if isinstance(network, Ensemble) else [network]):
        before = number * epochs
        how = (epochs, learning_rate, weight_decay, batch, generator, weight)
        for epoch, value in _epochs(member, examples, target, *how):
            if not math.isfinite(value):
                raise InvalidRecipeError(
                    f"imitation has diverged: its loss is {value} after epoch {epoch + 1}; lower learning_rate ="
                    f" {learning_rate:g}"
                )
            if progress is not None:
                progress(before + epoch, value)
    network.eval()
    trained = dataclasses.replace(policy, network=network)
    return trained, assess(trained, kept_aside, temperature)


def _weights(examples: ValuedCandidates) -> Tensor:
    """Return the reliability of each state, one on average; ones where no state is reliable."""
    reliable = examples.reliability()
    mean = reliable.mean()
    return reliable / mean if mean > 0 else torch.ones_like(reliable)


def _epochs(
    network: CandidateScorer,
    examples: ValuedCandidates,
    target: Tensor,
    epochs: int,
    learning_rate: float,
    weight_decay: float,
    batch: int,
    generator: torch.Generator,
    weight: Tensor | None,
) -> Iterator[tuple[int, float]]:
    """Train, and tell each epoch and its mean loss."""
    network.train()
    if isinstance(network, SetScorer):
        network.normalise(examples.candidates, examples.loop, examples.mask)
    steps = epochs * ((len(examples) + batch - 1) // batch)
    optimiser = torch.optim.AdamW(network.parameters(), learning_rate, weight_decay=weight_decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, learning_rate, total_steps=steps)
    for epoch in range(epochs):
        total = 0.0
        for index in torch.randperm(len(examples), generator=generator).split(batch):
            part = examples.take(index)
            own = None if weight is None else weight[index]
            value = loss(network(part.candidates, part.loop, part.mask), target[index], part.mask, own)
            optimiser.zero_grad()
            value.backward()
            optimiser.step()
            schedule.step()
            total += float(value.detach()) * len(index)
        yield epoch, total / len(examples)
