"""Worlds that a candidate's value is averaged over: other labels, drawn from a model, and other validation parts.

A value in one world is for the most part that world's chance (which labels the pool has, which records score). What
differs between worlds is the noise of a value; what they share is worth imitating.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.loop.parts import PartName
from alrl.loop.simulator import Simulator
from alrl.numerics.noise import EpisodeNoise


@dataclass(frozen=True, kw_only=True, eq=False)
class World:
    """What a roll-out takes for true in B episodes."""

    answers: Tensor
    """The label that each record of the pool would get, (B, N), -1 for none."""
    labels: Tensor
    """Classes of the scored part, (B, M)."""
    counts: Tensor
    """Which records of the scored part count, (B, M), bool."""


def real_world(simulator: Simulator, part: PartName) -> World:
    """Return the world as it is: what the annotator would say, and every record of the part."""
    scored = simulator.parts(part)
    return World(answers=simulator.labels_if_queried(), labels=scored.labels, counts=scored.exists)


def draw_worlds(simulator: Simulator, part: PartName, *, count: int, drawn: bool, share: float) -> list[World]:
    """Return ``count`` worlds by the streams ``world labels`` and ``world parts`` of the episodes.

    Each scores by a ``share`` of the part's records, by chance. Where labels are ``drawn``, those of pool and part come
    from the probabilities of the learner fitted to the whole pool with its true labels; an annotator that would give
    no label gives none. Labels that were bought stay as they are.
    """
    real = real_world(simulator, part)
    seeds, device = [task.seed for task in simulator.tasks], real.answers.device
    dice, parts = EpisodeNoise(seeds, "world labels", device), EpisodeNoise(seeds, "world parts", device)
    model = _full_data_model(simulator, part) if drawn else None
    worlds = []
    for _ in range(count):
        answers, labels, counts = real.answers, real.labels, real.counts
        if model is not None:
            answers = torch.where(answers < 0, answers, _drawn(model[0], dice))
            labels = _drawn(model[1], dice)
        if share < 1:
            some = counts & (parts.draw(counts.shape[1]) < share)
            counts = torch.where(some.any(1, keepdim=True), some, counts)
        worlds.append(World(answers=answers, labels=labels, counts=counts))
    return worlds


def _full_data_model(simulator: Simulator, part: PartName) -> Sequence[Tensor]:
    """Return the probabilities of pool and part, (B, N, k) and (B, M, k), by the learner fitted to the whole pool."""
    pool = simulator.parts("pool")
    mask = simulator.view.class_mask
    learner = simulator.learner.take(torch.arange(len(mask), device=mask.device))
    learner.fit(pool.features, pool.labels, pool.exists.to(pool.features.dtype), mask)
    return [learner.predict_branches(each.by_column, 1)[:, 0] for each in (pool, simulator.parts(part))]


def _drawn(probabilities: Tensor, dice: EpisodeNoise) -> Tensor:
    """Return a class for each record by its probabilities (B, M, k), (B, M)."""
    coins = dice.draw(probabilities.shape[1])
    total = probabilities.cumsum(-1)
    # The last sum may lack a rounding of one, and padded classes add nothing: the coin is scaled to it.
    return (total <= (coins * total[..., -1])[..., None]).sum(-1)
