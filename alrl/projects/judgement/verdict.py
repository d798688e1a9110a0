"""What kind of learning curve this is: starved of data, saturating, or ill-behaved (Figure 1)."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

from alrl.projects.judgement.curve import Point, grown, point, standing
from alrl.projects.state import State

VerdictKind = Literal["undecided", "data-starved", "saturating", "ill-behaved"]

PAIRS = 3
"""Pairs of successive rounds that are looked at."""
STARVED_GAIN = 0.01
"""Accuracy that twice the labels add to a curve that counts as starved."""
_INTERCEPT, _SLOPE = 2.5928, 1.2274
"""Of the logistic regression of "starved" on the logarithm of :attr:`Verdict.change`."""
_STARVED, _SATURATING = 0.7, 0.45
"""Chances from which, and up to which, a kind is named."""
_GAIN, _LOW, _HIGH = 0.0665, -0.0471, 0.0589
"""Points of accuracy per point of change, and the 95 % interval of what twice the labels added beside that."""
FLOOR = 0.005
"""Added to the change before its logarithm is taken."""


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """The kind of a learning curve, with the evidence."""

    kind: VerdictKind
    chance: float
    """That twice the labels add a point of accuracy or more."""
    change: float
    """Share of the pool whose predicted class changes with each doubling of the labels, in the last rounds."""
    gain: float
    """Accuracy that twice the labels would add."""
    low: float
    high: float
    """The interval in which nineteen of twenty projects that the verdict was fitted to had their gain."""
    labels: int
    rounds: int

    def sentence(self) -> str:
        """Return the verdict in words, with its evidence.

        >>> settings = {"chance": 0.9, "change": 0.08, "gain": 0.03, "low": -0.01, "high": 0.07}
        >>> Verdict(kind="data-starved", labels=80, rounds=8, **settings).sentence()[:64]
        'data-starved: twice the 80 labels would change 8 % of the predic'
        """
        if self.rounds <= PAIRS:
            if not self.labels:
                return f"undecided: no model has been fitted yet, and {PAIRS + 1} rounds are needed to compare"
            return f"undecided after {self.labels} labels: {PAIRS + 1} rounds are needed to compare"
        return (
            f"{self.kind}: twice the {self.labels} labels would change {100 * self.change:.0f} % of the predictions and"
            f" add {100 * self.gain:.1f} points ({100 * self.low:.1f} to {100 * self.high:.1f}); chance of a point or"
            f" more: {100 * self.chance:.0f} %"
        )


def verdict(state: State) -> Verdict:
    """Return the kind of a project's learning curve.

    What was queried is harder than the pool, and gets harder as querying goes on, so an accuracy measured on it falls
    while the model improves. The verdict rests on what is seen of the whole pool instead: the share of predictions that
    changed between rounds, for each doubling of the labels. Accuracy cannot change by more than predictions do. A
    logistic regression on simulated projects turns the change into a chance (``docs/projects.md`` has its error rates).
    A curve is ill-behaved where the weighted estimate has fallen so far that its interval lies below an earlier one.
    """
    rounds = [fitted for fitted in standing(state) if fitted.facts.get("records")]
    labels = rounds[-1].labels if rounds else 0
    changes = [
        (1 - after.facts["agreement"]) / math.log2(after.labels / before.labels)
        for before, after in grown(state)
        if after.facts.get("agreement") is not None
    ][-PAIRS:]
    if len(changes) < PAIRS:
        return Verdict(
            kind="undecided", chance=0.5, change=1.0, gain=0.0, low=-1.0, high=1.0, labels=labels, rounds=len(changes)
        )
    change = sum(changes) / PAIRS
    chance = 1 / (1 + math.exp(-(_INTERCEPT + _SLOPE * math.log(change + FLOOR))))
    gain = _GAIN * change
    return Verdict(
        kind=_kind(chance, fallen([point(fitted) for fitted in rounds])),
        chance=chance,
        change=change,
        gain=gain,
        low=gain + _LOW,
        high=gain + _HIGH,
        labels=labels,
        rounds=len(rounds),
    )


def _kind(chance: float, ill: bool) -> VerdictKind:
    if ill:
        return "ill-behaved"
    if chance >= _STARVED:
        return "data-starved"
    return "saturating" if chance <= _SATURATING else "undecided"


def fallen(points: list[Point]) -> bool:
    """Return whether the last weighted estimate lies, with its interval, below that of an earlier round."""
    weighted = [point.weighted for point in points if point.weighted is not None]
    return len(weighted) > 1 and weighted[-1].high < max(each.low for each in weighted[:-1])
