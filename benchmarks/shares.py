"""Shares of the time of a step, and how much of it is arithmetic that cannot be avoided."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from torch import Tensor

from alrl.loop.account import Round
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator
from alrl.strategies import Strategy, make_strategy
from alrl.strategies.play import play
from benchmarks.workloads import Workload

FIT, PREDICT, SCORE = "fit", "predict the pool", "score the test part"
SELECT, KEEP, REST = "view and select", "annotate and keep the books", "the rest"
PARTS = (FIT, PREDICT, SCORE, SELECT, KEEP, REST)


class _Stopwatch:
    """Seconds by name; of nested spans the innermost counts."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = defaultdict(float)
        self._names: list[str] = []
        self._since = 0.0

    @contextmanager
    def span(self, name: str) -> Iterator[None]:
        self._turn()
        self._names.append(name)
        try:
            yield
        finally:
            self._turn()
            self._names.pop()

    def _turn(self) -> None:
        now = time.perf_counter()
        if self._names:
            self.seconds[self._names[-1]] += now - self._since
        self._since = now

    @property
    def inside(self) -> tuple[str, ...]:
        return tuple(self._names)


@dataclass(frozen=True, kw_only=True, eq=False)
class _TimedStrategy(Strategy):
    """A strategy whose selection is timed."""

    name: ClassVar[str] = "timed"

    inner: Strategy
    watch: _Stopwatch

    def score(self, view: PoolView) -> Tensor:
        return self.inner.score(view)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        with self.watch.span(SELECT):
            return self.inner.select(view, count)


@dataclass(frozen=True, kw_only=True)
class Shares:
    """One workload, many episodes at once, on one thread."""

    workload: str
    episodes: int
    seconds_a_step: float
    """Of one episode."""
    shares: dict[str, float]
    """Share of the time by part; they sum to one."""
    multiply_adds_a_step: float | None
    """Modelled: the fit, and predicting pool and test part; None where the learner has no model of its work."""

    def floor_share(self, rate: float) -> float | None:
        """Return the share of the time that the multiply-adds would take at ``rate`` a second.

        >>> known = {"workload": "W1", "episodes": 1, "seconds_a_step": 1e-3, "shares": {}}
        >>> Shares(**known, multiply_adds_a_step=2e6).floor_share(1e10)
        0.2
        """
        return None if self.multiply_adds_a_step is None else self.multiply_adds_a_step / rate / self.seconds_a_step


def shares(workload: Workload, episodes: int, labels: int) -> Shares:
    """Play the workload once with a stopwatch on the parts of the loop, set-up and first fit left out.

    Shares are of the parts' public calls: what a call does within another counts as its own.
    """
    tasks = [workload.task(seed) for seed in range(episodes)]
    simulator, watch, rounds = Simulator(tasks, workload.learner(), labels=labels), _Stopwatch(), list[Round]()
    _watch(simulator, watch, rounds)
    strategy = _TimedStrategy(inner=make_strategy(workload.rule), watch=watch)
    with watch.span(REST):
        play(simulator, strategy, labels=labels, batch=workload.batch)
    spent = sum(watch.seconds.values())
    steps = episodes * len(rounds)
    return Shares(
        workload=workload.name,
        episodes=episodes,
        seconds_a_step=spent / steps,
        shares={part: watch.seconds[part] / spent for part in PARTS},
        multiply_adds_a_step=_multiply_adds(simulator, rounds, steps),
    )


def _watch(simulator: Simulator, watch: _Stopwatch, rounds: list[Round]) -> None:
    """Put the stopwatch on this simulator's own calls, whatever its class does inside them."""

    def timed(owner: Any, method: str, name: Callable[[], str], kept: list[Any] | None = None) -> None:
        call = getattr(owner, method)

        def wrapper(*given: Any, **named: Any) -> Any:
            with watch.span(name()):
                result = call(*given, **named)
            if kept is not None:
                kept.append(result)
            return result

        setattr(owner, method, wrapper)

    timed(simulator, "step", lambda: KEEP, rounds)
    timed(simulator, "outcome", lambda: SCORE)
    timed(simulator.learner, "fit", lambda: FIT)
    timed(simulator.learner, "predict_proba", lambda: SCORE if SCORE in watch.inside else PREDICT)


def _multiply_adds(simulator: Simulator, rounds: list[Round], steps: int) -> float | None:
    fits = [each.fit.multiply_adds for each in rounds]
    a_record = simulator.learner.multiply_adds_a_record()
    if a_record is None or any(fit is None for fit in fits):
        return None
    records = sum(simulator.parts(part).exists.sum(1) for part in ("pool", "test"))
    fitting = torch.stack([fit.double() for fit in fits if fit is not None]).sum()
    return float((fitting + len(rounds) * (a_record * records).sum()) / steps)
