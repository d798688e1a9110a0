"""Whether a project has begun badly, which its first labels show, so that it can begin anew before more are bought."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Literal

from alrl.projects.judgement.curve import wilson
from alrl.projects.state import State

FIRST_ROUNDS, LAST_ROUND = 3, 8
"""Rounds that are needed to judge a start, and up to which it is one."""
LEAST_TRIALS = 15
"""Labels predicted before they came that are needed."""


@dataclass(frozen=True, kw_only=True)
class StartCheck:
    """How a project has begun."""

    kind: Literal["early", "fine", "bad", "past"]
    """``early`` where too little is known, ``past`` where more labels have been bought than a start has."""
    reason: str

    def sentence(self) -> str:
        """Return it in words, with what to do."""
        offer = (
            "; begin anew from another first sample (alrl project restart), or add labels drawn by chance (simulated:"
            " 30 % of the bad starts were noticed so, and 19 % of the others were called bad too)"
        )
        return f"{self.kind}: {self.reason}{offer if self.kind == 'bad' else ''}"


def check_start(state: State) -> StartCheck:
    """Return how a project has begun since its last restart, told by its labels alone.

    A start is bad where classes that it began with are without a label after five labels for each class, or where the
    model has predicted the labels that came worse than always naming their commonest class would have, for sure: the
    upper end of the 95 % interval of its progressive accuracy lies below that class's share. ``docs/projects.md`` has
    hits and false alarms.
    """
    rounds = state.rounds[state.first_round :]
    if len(rounds) > LAST_ROUND:
        return StartCheck(kind="past", reason=f"{len(rounds)} rounds are more than a start has")
    counts = Counter(state.labels.values())
    missing = [name for name in state.classes if not counts[name] and name not in state.late_classes]
    if len(rounds) >= FIRST_ROUNDS and missing and len(state.labels) >= 5 * len(state.classes):
        return StartCheck(
            kind="bad", reason=f"no label of {', '.join(missing[:3])} among the first {len(state.labels)}"
        )
    trials = [trial for facts in rounds for trial in facts.facts.get("progressive") or []]
    if len(rounds) < FIRST_ROUNDS or len(trials) < LEAST_TRIALS:
        return StartCheck(kind="early", reason=f"{len(trials)} labels were predicted before they came")
    right = sum(trial[0] for trial in trials)
    share = max(counts.values()) / len(state.labels)
    high = wilson(right, len(trials))[1]
    evidence = f"{right} of the last {len(trials)} labels were predicted, the commonest class is {100 * share:.0f} %"
    return StartCheck(kind="bad" if high < share else "fine", reason=evidence)
