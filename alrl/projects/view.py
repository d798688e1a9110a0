"""What a strategy or policy sees of a project: the same view as in simulation."""

from __future__ import annotations

import dataclasses
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from alrl.geometry.geometry import Geometry
from alrl.loop.pool_view import PoolView, Refits
from alrl.loop.predictions import Trajectory
from alrl.loop.view_fields import Need
from alrl.numerics.noise import uniform
from alrl.numerics.streams import stream_key
from alrl.projects.models import FittedRound, not_given
from alrl.projects.records.pool import Pool
from alrl.projects.rounds import Predictions, labelled
from alrl.projects.state import State

USUAL_BUDGET = 60
"""Labels after the first sample that are assumed where the project names no budget."""


def pool_view(
    state: State,
    pool: Pool,
    remembered: Sequence[Predictions],
    *,
    now: float,
    fit: FittedRound | None,
    needs: Collection[Need],
) -> PoolView:
    """Return the view of a project after its last round.

    Args:
        state: of the project, with a round at least.
        pool: its records.
        remembered: predictions of the last rounds, at most five, the newest last, widened to the pool of now.
        now: the clock, which says whose leases run.
        fit: the last round's fit, where ``needs`` name something.
        needs: what the strategy reads beyond probabilities.

    Raises InvalidQueryError for needs that the model cannot serve.
    """
    records, classes, k = pool.records, len(pool.classes), len(state.labels)
    at, codes = labelled(state, pool)
    probabilities = tuple(torch.from_numpy(each.probabilities)[None] for each in remembered)
    labelled_mask = torch.zeros(1, records, dtype=torch.bool)
    labelled_mask[0, torch.from_numpy(at)] = True
    rounds = state.rounds[state.first_round :]
    spent = state.spent(now)
    budget = state.settings.get("labels")
    view = PoolView(
        features=pool.features,
        feature_count=torch.tensor([pool.features.shape[2]]),
        exists=torch.ones(1, records, dtype=torch.bool),
        labelled=labelled_mask,
        selected=_mask(pool, state.pending(now), records),
        labelled_index=torch.from_numpy(at)[None],
        labelled_mask=torch.ones(1, k, dtype=torch.bool),
        labels=torch.from_numpy(codes)[None],
        class_mask=torch.ones(1, classes, dtype=torch.bool),
        probabilities=probabilities[-1],
        noise=_noise(state, len(rounds) - 1, records),
        trajectory=Trajectory(
            flips=torch.from_numpy(remembered[-1].flips.astype(np.float32))[None],
            loops=torch.tensor([float(len(rounds) - 1)]),
            probabilities=probabilities,
            remembered=torch.ones(len(probabilities), 1, dtype=torch.bool),
        ),
        spent=torch.tensor([spent]),
        budget=torch.tensor([max(1, budget if budget is not None else max(USUAL_BUDGET, spent + 1))]),
        geometry=Geometry(pool.features, torch.ones(1, records, dtype=torch.bool), pool.by_column.transpose(1, 2)),
        silent=_mask(pool, state.closed(), records) if state.closed() else None,
        fits=torch.tensor([len(rounds)]),
        trained=torch.tensor([sum(facts.labels for facts in rounds)]),
        obtained=torch.tensor([k]),
    )
    return dataclasses.replace(view, **_provided(pool, fit, needs)) if needs else view


def _noise(state: State, number: int, records: int) -> Tensor:
    """Return uniform numbers (1, N) of the stream ``strategy``: those of the same round of a simulated episode."""
    key = torch.tensor([stream_key([int(state.settings.get("seed", 0))], "strategy")])
    return uniform(key, torch.tensor([number]), records)


def _mask(pool: Pool, records: Collection[str], size: int) -> Tensor:
    mask = torch.zeros(1, size, dtype=torch.bool)
    mask[0, torch.from_numpy(pool.at(list(records)))] = True
    return mask


def _provided(pool: Pool, fit: FittedRound | None, needs: Collection[Need]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    X = pool.by_column
    for need in needs:
        if fit is not None and fit.learner is not None and need in {"embedding", "earlier-embedding"}:
            fields[need.replace("-", "_")] = fit.learner.embed(X).to(torch.float32)
        elif fit is not None and fit.learner is not None and need == "members":
            fields["members"] = fit.learner.predict_members(X).to(torch.float32)
        elif fit is not None and fit.learner is not None and need == "refits":
            fields["refits"] = Refits(fit.learner.take(torch.arange(1)))
        elif need == "embedding":
            fields["embedding"] = pool.features
        else:
            raise not_given(need)
    return fields
