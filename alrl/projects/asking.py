"""Which records to ask about next."""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from numpy.typing import NDArray

from alrl.agents.query import warn_if_fewer
from alrl.data.first_sample import first_of_pool
from alrl.errors import InvalidQueryError, PoolExhaustedWarning
from alrl.loop.pool_view import PoolView
from alrl.numerics.backend import one_thread
from alrl.numerics.streams import generator
from alrl.projects.creation import checked_share, lease_seconds
from alrl.projects.narrowing import narrowed
from alrl.projects.records.pool import LARGE, Pool
from alrl.projects.state import State
from alrl.strategies import Strategy
from alrl.strategies.base import picked, refuse_learning, scored

if TYPE_CHECKING:
    from alrl.projects.journal import Journal

_ATTEMPTS = 20
FIRST = "first sample"
"""Name of what chooses before there is a model."""


@dataclass(frozen=True, kw_only=True)
class Pick:
    """One record to ask about."""

    id: str
    reason: str
    score: float | None = None
    """The strategy's, where it ranks records by one; higher is sooner."""
    prediction: str | None = None
    confidence: float | None = None
    """Probability of the predicted class."""
    chance: float | None = None
    """With what probability it was drawn from those left, where chance had a part; None where it had none."""
    open: int = 0
    """Records that could have been drawn."""


def ask(
    project: Journal,
    count: int,
    *,
    strategy: Strategy | str | None,
    annotator: str | None,
    audit: float | None,
    lease_days: float | None,
) -> list[Pick]:
    """Choose records and write down who has them: see :meth:`alrl.projects.project.Project.ask`."""
    settings = project.state.settings
    name = settings["strategy"] if strategy is None else strategy
    share = settings["audit"] if audit is None else checked_share(audit)
    seconds = settings["lease_seconds"] if lease_days is None else lease_seconds(lease_days)
    for _ in range(_ATTEMPTS):
        picks, chosen_by, number = _choose(project, name, count, share)
        with project.writing() as (transaction, state):
            now = project.log.now
            free = state.pending(now) | set(state.labels) | state.closed()
            if any(pick.id in free for pick in picks):
                # Somebody was quicker; choose again among what is left.
                continue
            state.apply(
                transaction.append(
                    "asked",
                    {
                        "batch": state.batches + 1,
                        "ids": [pick.id for pick in picks],
                        "to": annotator,
                        "expires": now + seconds,
                        "round": number,
                        "strategy": chosen_by,
                        "chances": [pick.chance for pick in picks],
                        "open": picks[0].open,
                    },
                )
            )
        if len(picks) < count:
            _say_why_fewer(state, len(picks), count)
        return picks
    raise InvalidQueryError(f"other processes took the same records {_ATTEMPTS} times over; repeat the step")


def _choose(project: Journal, name: Strategy | str, count: int, audit: float) -> tuple[list[Pick], str, int | None]:
    """Return picks, what chose them, and the round that they were chosen after."""
    from alrl.agents.players import find_strategy
    from alrl.projects import fitting

    strategy = find_strategy(name)
    refuse_learning(strategy, "a project")
    if not fitting.ready(project):
        return first_picks(*project.state_and_pool(), count, project.log.now), FIRST, None
    view, state, pool = fitting.seen_after(project, strategy.needs)
    now = project.log.now
    within = _affordable(state, count, now)
    picks = strategy_picks(state, pool, view, strategy, within, audit=audit, now=now)
    return picks, strategy.name, state.rounds[-1].number


def _say_why_fewer(state: State, picked: int, count: int) -> None:
    """Warn that fewer records are returned than were asked for: the budget allows no more, or there are no more."""
    if state.settings.get("labels") is None or state.unlabelled() <= picked:
        warn_if_fewer(picked, count)
        return
    warnings.warn(
        f"{count} records asked for: {picked} are returned, because no more are left or the budget of"
        f" {state.settings['labels']} labels allows no more",
        PoolExhaustedWarning,
        stacklevel=4,
    )


def _affordable(state: State, count: int, now: float) -> int:
    """Return how many of ``count`` labels the budget allows. Raises InvalidQueryError if it is spent."""
    budget = state.settings.get("labels")
    if budget is None:
        return count
    left = int(budget) - state.spent(now)
    if left < 1:
        raise InvalidQueryError(
            f"the budget of {budget} labels is spent, those that are on their way included; begin anew with another"
            " budget, or stop: alrl project status"
        )
    return min(count, left)


def first_picks(state: State, pool: Pool, count: int, now: float) -> list[Pick]:
    """Return records drawn by chance, for a project whose labels are too few for a model.

    Raises InvalidQueryError if no record is left.
    """
    free = np.flatnonzero(free_records(state, pool, now))
    if not len(free):
        raise _nothing_left(state, now)
    rng = generator([int(state.settings.get("seed", 0)), state.batches], FIRST)
    kind = state.settings.get("first", "random")
    if kind != "random":
        return _spread_picks(pool, rng.permutation(free)[:LARGE], min(count, len(free)), kind, rng)
    order = rng.permutation(free)[:count]
    return [
        Pick(
            id=pool.ids[place], reason="first sample, drawn by chance", chance=1 / (len(free) - number), open=len(free)
        )
        for number, place in enumerate(order.tolist())
    ]


def _spread_picks(pool: Pool, free: NDArray[np.int64], count: int, kind: Any, rng: np.random.Generator) -> list[Pick]:
    """Return records that stand for the others; with no known chance, so that estimates leave them out."""
    chosen = first_of_pool(pool.features[0].numpy()[free].astype(np.float64), count, kind, rng)
    return [Pick(id=pool.ids[place], reason=f"first sample, {kind}", open=len(free)) for place in free[chosen].tolist()]


def free_records(state: State, pool: Pool, now: float) -> NDArray[np.bool_]:
    """Return which records may be asked for, (N,)."""
    free = np.ones(pool.records, dtype=bool)
    taken = [*state.labels, *state.pending(now), *state.closed()]
    free[pool.at([record for record in taken if record in pool.position])] = False
    return free


def strategy_picks(
    state: State, pool: Pool, view: PoolView, strategy: Strategy, count: int, *, audit: float, now: float
) -> list[Pick]:
    """Return the records that a strategy picks, a share ``audit`` of them drawn by chance instead.

    With an audit each draw is a mixture: by chance with the probability ``audit``, else the strategy's next pick. Every
    record's probability is then known, which is what an unbiased estimate needs.

    Raises InvalidQueryError if no record is left.
    """
    left = int(view.available.sum())
    if not left:
        raise _nothing_left(state, now)
    small, position = narrowed(view, min(count, left))
    with one_thread():
        picks = picked(strategy, small, min(count, left))[0]
        scores = _scores(strategy, small)
    order = [int(position[place]) for place in picks.tolist() if place >= 0]
    if scores is not None:
        scores = torch.full((view.exists.shape[1],), torch.nan).index_copy(0, position, scores.to(torch.float32))
    if not audit:
        return [_pick(pool, view, strategy, place, scores, None, left) for place in order]
    return _mixed(state, pool, view, strategy, order, scores, audit)


def _mixed(
    state: State,
    pool: Pool,
    view: PoolView,
    strategy: Strategy,
    order: list[int],
    scores: torch.Tensor | None,
    audit: float,
) -> list[Pick]:
    rng = generator([int(state.settings.get("seed", 0)), state.batches], "audit")
    free = np.flatnonzero(view.available[0].numpy())
    taken: set[int] = set()
    wanted = iter(order)
    upcoming = next(wanted, None)
    picks = []
    for _ in range(len(order)):
        while upcoming in taken:
            upcoming = next(wanted, None)
        left = len(free) - len(taken)
        by_chance = upcoming is None or rng.random() < audit
        place = upcoming
        if by_chance or place is None:
            place = int(free[rng.integers(len(free))])
            while place in taken:
                place = int(free[rng.integers(len(free))])
        chance = audit / left + (1 - audit) * (place == upcoming) if upcoming is not None else 1 / left
        taken.add(place)
        pick = _pick(pool, view, strategy, place, scores, chance, len(free))
        picks.append(pick if not by_chance else _by_chance(pick))
    return picks


def _by_chance(pick: Pick) -> Pick:
    return Pick(
        id=pick.id,
        reason="drawn by chance, to measure the model",
        prediction=pick.prediction,
        confidence=pick.confidence,
        chance=pick.chance,
        open=pick.open,
    )


def _scores(strategy: Strategy, view: PoolView) -> torch.Tensor | None:
    """Return the scores (N,) of a strategy that picks the highest; None for one that makes its batches otherwise."""
    return scored(strategy, view)[0] if type(strategy).select is Strategy.select else None


def _pick(
    pool: Pool,
    view: PoolView,
    strategy: Strategy,
    place: int,
    scores: torch.Tensor | None,
    chance: float | None,
    left: int,
) -> Pick:
    row = view.probabilities[0, place]
    best = row.topk(min(2, len(row)))
    first, second = best.indices.tolist()[0], best.indices.tolist()[-1]
    reason = (
        f"{strategy.name}: {pool.classes[first]} {100 * float(best.values[0]):.0f} %, {pool.classes[second]}"
        f" {100 * float(best.values[-1]):.0f} %"
    )
    return Pick(
        id=pool.ids[place],
        reason=reason,
        score=None if scores is None or not scores[place].isfinite() else float(scores[place]),
        prediction=pool.classes[first],
        confidence=float(best.values[0]),
        chance=chance,
        open=left,
    )


def _nothing_left(state: State, now: float) -> InvalidQueryError:
    waiting = state.pending(now)
    if waiting:
        soonest = min(lease.expires for record in waiting for lease in state.leases[record])
        when = time.strftime("%Y-%m-%d %H:%M", time.gmtime(soonest))
        return InvalidQueryError(
            f"no record is left to ask about: {len(waiting)} are with annotators, until {when} UTC at the earliest;"
            " take their answers, or release them: alrl project release"
        )
    return InvalidQueryError("no record is left to ask about: every one is labelled, skipped or irrelevant")
