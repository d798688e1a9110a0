"""The learning curve of a project, without a test set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from alrl.projects.state import RoundFacts, State


@dataclass(frozen=True, kw_only=True)
class AccuracyEstimate:
    """An accuracy with its 95 % interval."""

    accuracy: float
    low: float
    high: float
    records: int
    """Records that it was measured on."""

    def sentence(self) -> str:
        """Return it in words.

        >>> AccuracyEstimate(accuracy=0.9, low=0.8, high=0.95, records=50).sentence()
        '90.0 % (80.0 to 95.0)'
        """
        return f"{100 * self.accuracy:.1f} % ({100 * self.low:.1f} to {100 * self.high:.1f})"


@dataclass(frozen=True, kw_only=True)
class Point:
    """What is known of the model after one round."""

    round: int
    labels: int
    at: float
    cross_validated: AccuracyEstimate | None
    """On the labelled records, out of fold: of what was queried, which is harder or easier than the pool."""
    weighted: AccuracyEstimate | None
    """The same with LURE weights, which undo that; None unless records are drawn with a known chance (``audit``). Its
    interval is Wilson's for as many records as the weights are worth."""
    progressive: AccuracyEstimate | None
    """Of the labels that came since the round before, predicted by that round's model; None in the first round."""

    @property
    def best(self) -> AccuracyEstimate | None:
        """The estimate to look at: the weighted one where there is one, else the cross-validated one."""
        return self.weighted or self.cross_validated


def curve(state: State) -> list[Point]:
    """Return a point for each round since the last restart."""
    return [point(facts) for facts in state.rounds[state.first_round :]]


def standing(state: State) -> list[RoundFacts]:
    """Return the rounds since the last restart that were not undone: later ones, and now, have no fewer labels."""
    rounds, kept = state.rounds[state.first_round :], list[RoundFacts]()
    # Where no label is left there is nothing to hold rounds against but each other.
    least = len(state.labels) or max((fitted.labels for fitted in rounds), default=0)
    for fitted in reversed(rounds):
        if fitted.labels <= least:
            least, kept = fitted.labels, [fitted, *kept]
    return kept


def grown(state: State) -> list[tuple[RoundFacts, RoundFacts]]:
    """Return each standing round that had more labels than the one fitted just before it, after that one."""
    pairs = pairwise(standing(state))
    return [(old, new) for old, new in pairs if new.labels > old.labels and new.number == old.number + 1]


def point(facts: RoundFacts) -> Point:
    """Return what is known of one round."""
    validated = facts.facts.get("cross_validated")
    weighted = (validated or {}).get("weighted")
    trials = facts.facts.get("progressive") or []
    return Point(
        round=facts.number,
        labels=facts.labels,
        at=facts.at,
        cross_validated=None if validated is None else share(validated["right"], validated["records"]),
        weighted=None if weighted is None else _weighted(weighted),
        progressive=share(sum(row[0] for row in trials), len(trials)) if trials else None,
    )


@dataclass(frozen=True, kw_only=True)
class Drawing:
    """What a picture of a curve shows: one estimator in one line, and what it cannot be compared with beside it."""

    labels: tuple[int, ...]
    """Of the line, ascending."""
    estimates: tuple[AccuracyEstimate, ...]
    """Of the line, all by one estimator."""
    other_labels: tuple[int, ...]
    """Of the rounds that this estimator has none of."""
    others: tuple[AccuracyEstimate, ...]
    """Their cross-validated estimates."""
    captions: tuple[str, ...]
    """What the line is, and what stands beside it."""


def drawing(points: Sequence[Point]) -> Drawing | None:
    """Return what a picture of the curve shows, None where no round has an estimate.

    The estimator is that of the last round. A number of labels is shown once, as of its latest round: labels that were
    erased or withdrawn let a number come twice.
    """
    known = [point for point in points if point.best is not None]
    if not known:
        return None
    weighted = known[-1].weighted is not None
    latest = {point.labels: point for point in known}
    ordered = [latest[count] for count in sorted(latest)]
    line = [(each.labels, each.weighted if weighted else each.cross_validated) for each in ordered]
    others = [(each.labels, each.cross_validated) for each in ordered if weighted and each.weighted is None]
    captions = [_CAPTIONS[weighted]]
    if others:
        captions.append(
            "hollow dots: rounds with too few records drawn by a known chance, cross-validated on what was queried;"
            " they are no part of the line, and not to be compared with it"
        )
    if any(after.labels < before.labels for before, after in pairwise(known)):
        captions.append("labels were taken back or erased: each number of labels is shown as of its latest round")
    return Drawing(
        labels=tuple(count for count, estimate in line if estimate is not None),
        estimates=tuple(estimate for _, estimate in line if estimate is not None),
        other_labels=tuple(count for count, estimate in others if estimate is not None),
        others=tuple(estimate for _, estimate in others if estimate is not None),
        captions=tuple(captions),
    )


_CAPTIONS = {
    True: "weighted back to the pool by the chances that records were drawn with",
    False: "cross-validated on what was queried, which may be harder or easier than the pool",
}


def share(right: int, records: int) -> AccuracyEstimate:
    """Return a share as an estimate."""
    low, high = wilson(right, records)
    return AccuracyEstimate(accuracy=right / records, low=low, high=high, records=records)


def _weighted(weighted: dict[str, float]) -> AccuracyEstimate:
    effective = weighted["effective"]
    low, high = wilson(weighted["accuracy"] * effective, effective)
    return AccuracyEstimate(accuracy=weighted["accuracy"], low=low, high=high, records=int(weighted["records"]))


def progressive(points: Sequence[Point], state: State, window: int = 50) -> AccuracyEstimate | None:
    """Return the progressive accuracy over the last labels, at least ``window`` of them where there are that many."""
    right = records = 0
    for facts in reversed(state.rounds[state.first_round :][-len(points) :]):
        trials = facts.facts.get("progressive") or []
        right, records = right + sum(row[0] for row in trials), records + len(trials)
        if records >= window:
            break
    return share(right, records) if records else None


_Z = 1.959963984540054


def wilson(right: float, count: float) -> tuple[float, float]:
    """Return the 95 % interval of a share of ``right`` among ``count`` independent trials (Wilson 1927).

    >>> [round(each, 3) for each in wilson(18, 20)]
    [0.699, 0.972]
    """
    if count <= 0:
        return 0.0, 1.0
    share, z2 = right / count, _Z**2
    centre = (share + z2 / (2 * count)) / (1 + z2 / count)
    half = _Z / (1 + z2 / count) * math.sqrt(share * (1 - share) / count + z2 / (4 * count**2))
    # Rounding must not put the share outside its own interval.
    return min(share, max(0.0, centre - half)), max(share, min(1.0, centre + half))
