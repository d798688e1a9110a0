"""Prepare the start of reinforcement learning: features on one scale, candidates that differ.

And afterwards, whether anything moved.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from stable_baselines3.common.vec_env import VecEnv
from torch import Tensor

from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer

_FACTORS = torch.logspace(-2, 3, 101)


@dataclass(frozen=True, kw_only=True, eq=False)
class Sample:
    """States of an environment: candidates (M, K, F), loop (M, G) and mask (M, K)."""

    candidates: Tensor
    loop: Tensor
    mask: Tensor

    def scores(self, network: CandidateScorer) -> Tensor:
        """Return scores (M, K), minus infinity where there is no candidate."""
        with torch.no_grad():
            scores: Tensor = network(self.candidates, self.loop, self.mask)
        return scores


def visited(environment: VecEnv, *, seed: int, steps: int = 8) -> Sample:
    """Return the states of the first ``steps`` of its episodes, in which what is allowed is done by chance."""
    dice, seen = np.random.default_rng(seed), []
    observation: Any = environment.reset()
    for _ in range(steps):
        seen.append({name: torch.as_tensor(np.array(value)) for name, value in observation.items()})
        mask = observation["mask"] > 0
        actions = np.where(mask, dice.random(mask.shape), -1.0).argmax(1)
        observation, _, _, _ = environment.step(actions)
    whole = {name: torch.cat([each[name] for each in seen]) for name in ("candidates", "loop", "mask")}
    real = whole["mask"] > 0
    kept = real.any(1)
    return Sample(candidates=whole["candidates"][kept], loop=whole["loop"][kept], mask=real[kept])


def normalised(network: CandidateScorer, sample: Sample) -> CandidateScorer:
    """Return the network with means and scales of the features in the sample; as it is where it has its own already."""
    if not isinstance(network, SetScorer) or bool((network.mean != 0).any()):
        return network
    network = copy.deepcopy(network)
    network.normalise(sample.candidates, sample.loop, sample.mask)
    return network


def sharpness(network: CandidateScorer, sample: Sample, certainty: float | None) -> float:
    """Return the factor on all scores by which the likeliest candidate has probability ``certainty`` on average.

    No choice of the highest score changes; what is drawn by chance is then near to what is chosen without. The factor
    lies from 0.01 to 1,000; None is 1.
    """
    if certainty is None:
        return 1.0
    scores = sample.scores(network)
    reached = torch.stack([torch.softmax(scores * each, 1).amax(1).mean() for each in _FACTORS])
    return float(_FACTORS[(reached - certainty).abs().argmin()])


def movement(before: CandidateScorer, after: CandidateScorer, sample: Sample, factor: float) -> dict[str, float]:
    """Return how far a training has moved a policy on the sample: what a reader needs to see first.

    ``argmax_changed`` is the share of states in which another candidate is chosen, ``kl`` the mean divergence of the
    distribution before from that after, nats, ``entropy_before`` and ``entropy_after`` its mean entropies.
    """
    old, new = (torch.log_softmax(sample.scores(each) * factor, 1) for each in (before, after))

    def mean(values: Tensor) -> float:
        return float(values.masked_fill(~sample.mask, 0.0).sum(1).mean())

    return {
        "argmax_changed": float((old.argmax(1) != new.argmax(1)).double().mean()),
        "kl": mean(old.exp() * (old - new)),
        "entropy_before": -mean(old.exp() * old),
        "entropy_after": -mean(new.exp() * new),
    }
