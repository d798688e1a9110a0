"""Replay of picks: stored picks are put through the simulator, and described before each round.

A function of stored picks alone: nothing is chosen again and no score is computed, so a report stays a report.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.data.contaminations import make_contamination
from alrl.data.contaminations.base import Contamination
from alrl.data.data_set import DataSet
from alrl.data.task import Task, draw_task
from alrl.errors import AlrlError, InvalidDataError
from alrl.evaluation.curves import Curves, Floats
from alrl.loop.annotators.base import annotator_of
from alrl.loop.learner import Learner
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.strategies import Strategy

_OTHERS = 16
"""Records drawn from the pool in each round, whose features stand for the pool's."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Replay:
    """One strategy's picks on one data set; S seeds, T queried labels, F features of a record."""

    data_set: str
    strategy: str
    features: tuple[str, ...]
    picked: Floats
    """Features of each picked record before its loop, (S, T, F); nan where the pool had run out."""
    others: Floats
    """Mean features of available records drawn by chance in the same round, (S, T, F)."""
    overlap: Mapping[str, Floats]
    """By rule: 1 where the rule would have put the record into that very batch, else 0, (S, T); nan as above."""


def replay(
    curves: Curves,
    data_set: DataSet,
    *,
    learner: Learner,
    split: Mapping[str, Any],
    rules: Mapping[str, Strategy],
    first: Mapping[str, Any] | None = None,
    annotator: Mapping[str, Any] | None = None,
    contamination: Sequence[Mapping[str, Any]] = (),
) -> Replay:
    """Play the picks of ``curves`` again on the same splits, and describe them.

    ``split``, ``first``, ``annotator`` and ``contamination`` are what the curves were made with: the state before each
    round is the one that was played. Features are those of the groups that every learner
    provides. Rules that need what the learner cannot provide are left out. Raises InvalidDataError if a pick is not in
    its pool: the data, the split or the version differ from those of the study.

    >>> from alrl.evaluation.simulate import DEFAULT_SPLIT, simulate
    >>> from alrl.learners import SoftmaxRegression
    >>> from alrl.data.sources import load_data_set
    >>> from alrl.strategies import make_strategy
    >>> curves = simulate("iris", "margin", labels=3, seeds=2)
    >>> seen = replay(curves, load_data_set("iris"), learner=SoftmaxRegression(), split=DEFAULT_SPLIT,
    ...               rules={"margin": make_strategy("margin")})
    >>> seen.overlap["margin"].tolist()
    [[1.0, 1.0, 1.0], [1.0, 1.0, 1.0]]
    """
    wrong = _contaminations(contamination)
    tasks = [draw_task(data_set, [seed], split=split, first=first, contaminations=wrong) for seed in curves.seeds]
    answers = annotator_of(annotator) if annotator else None
    simulator = Simulator(tasks, learner, labels=curves.labels, annotator=answers)
    able = {name: rule for name, rule in rules.items() if _provides(simulator, rule)}
    features = FeatureSet(list(DEFAULT_GROUPS))
    positions = _positions(tasks, curves)
    picked, others = [], []
    overlap: dict[str, list[Tensor]] = {name: [] for name in able}
    for start in range(0, curves.labels, curves.batch):
        batch = positions[:, start : start + curves.batch]
        view = simulator.view
        picked.append(_of(features, view, batch))
        others.append(_of(features, view, _drawn(view)).nanmean(1, keepdim=True).expand(-1, batch.shape[1], -1))
        for name, rule in able.items():
            overlap[name].append(_shared(batch, rule.select(view, batch.shape[1])))
        simulator.step(batch)
    return Replay(
        data_set=curves.data_set,
        strategy=curves.strategy,
        features=tuple(feature.name for feature in features.record),
        picked=torch.cat(picked, 1).double().numpy(),
        others=torch.cat(others, 1).double().numpy(),
        overlap={name: torch.cat(shares, 1).double().numpy() for name, shares in overlap.items()},
    )


def _contaminations(tables: Sequence[Mapping[str, Any]]) -> list[Contamination]:
    """Return them from their tables, each with its ``kind`` and settings."""
    each = [(table["kind"], {name: value for name, value in table.items() if name != "kind"}) for table in tables]
    return [make_contamination(kind, **settings) for kind, settings in each]


def _provides(simulator: Simulator, rule: Strategy) -> bool:
    try:
        simulator.provide(rule.needs)
        # A single learner has members too, but just one: the rule itself says that it cannot work with that.
        rule.select(simulator.view, 1)
    except AlrlError:
        return False
    return True


def _positions(tasks: Sequence[Task], curves: Curves) -> Tensor:
    """Return pool positions (S, T) of the picked rows of the data set; -1 stays -1."""
    positions = np.full(curves.picks.shape, -1)
    for row, (task, rows) in enumerate(zip(tasks, curves.picks, strict=True)):
        place = {int(record): position for position, record in enumerate(task.split.pool)}
        strange = [int(record) for record in rows if record >= 0 and int(record) not in place]
        if strange:
            raise InvalidDataError(
                f"record {strange[0]}, picked by {curves.strategy} on {curves.data_set} with seed {curves.seeds[row]},"
                " is not in that seed's pool: data, split or version differ from those of the study"
            )
        positions[row] = [place.get(int(record), -1) for record in rows]
    return torch.from_numpy(positions)


def _of(features: FeatureSet, view: PoolView, index: Tensor) -> Tensor:
    """Return features of records (B, K, F), nan where the index is -1."""
    seen = features.observe(view, index)
    return seen.candidates.masked_fill(~seen.mask[..., None], torch.nan)


def _drawn(view: PoolView) -> Tensor:
    """Return available records drawn by the view's own noise, (B, K); -1 where there are fewer."""
    count = min(_OTHERS, view.noise.shape[1])
    drawn = view.noise.masked_fill(~view.available, -1).topk(count, 1)
    return torch.where(drawn.values >= 0, drawn.indices, -1)


def _shared(batch: Tensor, chosen: Tensor) -> Tensor:
    """Return 1 where a record of ``batch`` (B, b) is among ``chosen`` (B, b), else 0, nan for none; (B, b)."""
    shared = (batch[..., None] == chosen[:, None]).any(-1).float()
    return shared.masked_fill(batch < 0, torch.nan)


@dataclass(frozen=True, kw_only=True, eq=False)
class Projection:
    """The pool of one seed in its two directions of greatest spread, and who picked what; N records."""

    data_set: str
    seed: int
    points: Floats
    """(N, 2)."""
    explained: float
    """Share of the pool's variance that the two directions hold."""
    first: NDArray[np.int64]
    """Positions of the first sample."""
    picks: Mapping[str, NDArray[np.int64]]
    """By strategy: positions of its picks in order."""


def project(
    curves: Sequence[Curves],
    data_set: DataSet,
    *,
    split: Mapping[str, Any],
    first: Mapping[str, Any] | None = None,
    contamination: Sequence[Mapping[str, Any]] = (),
) -> Projection:
    """Return principal components of the pool of the first seed that all ``curves`` share, with the picks of each.

    Raises InvalidDataError if they share no seed, or a pick is not in the pool.
    """
    shared = [seed for seed in curves[0].seeds if all(seed in each.seeds for each in curves)]
    if not shared:
        raise InvalidDataError(f"strategies on {data_set.name} share no seed: their picks cannot be drawn together")
    wrong = _contaminations(contamination)
    task = draw_task(data_set, [shared[0]], split=split, first=first, contaminations=wrong)
    pool = task.standardised()[0][task.split.pool].astype(np.float64)
    centred = pool - pool.mean(0)
    left, values, _ = np.linalg.svd(centred, full_matrices=False)
    points = np.zeros((len(pool), 2))
    kept = min(2, values.size)
    points[:, :kept] = left[:, :kept] * values[:kept]
    # A direction has no sign of its own: the record that lies furthest out is put to the right, or above.
    furthest = points[np.abs(points).argmax(0), [0, 1]]
    points *= np.where(furthest < 0, -1.0, 1.0)
    total = float((values**2).sum())
    return Projection(
        data_set=data_set.name,
        seed=shared[0],
        points=points,
        explained=float((values[:2] ** 2).sum()) / total if total > 0 else 1.0,
        first=task.first,
        picks={each.strategy: _positions([task], each.take((shared[0],)))[0].numpy() for each in curves},
    )
