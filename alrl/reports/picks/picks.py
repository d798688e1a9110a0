"""From the cells of a study to what its strategy picked: which runs are seen again, and why some cannot be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from alrl.agents.players import find_strategy
from alrl.agents.policy import Policy
from alrl.data.data_set import DataSet
from alrl.errors import AlrlError, InvalidDataError
from alrl.evaluation.comparison import Comparison
from alrl.learners import make_learner
from alrl.reports.picks.replay import Projection, Replay, project, replay
from alrl.reports.summary import Summary
from alrl.strategies import Strategy
from alrl.studies.cell_data import data_of
from alrl.studies.study import DEFAULT_PROTOCOL

SETS, SEEDS, PROJECTED = 12, 5, 4
"""Data sets and seeds that are seen again, data sets whose pools are drawn: a report is to take minutes."""
_REQUIRED = ("data_set", "agent", "learner", "split", "fingerprint")


@dataclass(frozen=True, kw_only=True)
class Picks:
    """Picks as the report shows them."""

    subject: str
    """The strategy whose picks are looked at."""
    replays: tuple[Replay, ...]
    """Of the subject, then of the reference, data set by data set."""
    projections: tuple[Projection, ...]
    """Where the subject gains most and loses most."""
    left_out: Mapping[str, str]
    """Data sets that could not be seen again, and why."""

    @property
    def own(self) -> tuple[Replay, ...]:
        """The replays of the subject alone."""
        return tuple(each for each in self.replays if each.strategy == self.subject)


def see_picks(comparison: Comparison, summary: Summary, cells: Sequence[Mapping[str, Any]]) -> Picks:
    """Return the picks of the subject beside the reference's, on data sets from its best to its worst.

    The subject is the study's, or else the best by rank.

    ``cells`` are the specifications that the comparison's curves came from. A data set that cannot be loaded any more,
    or is no longer the same, is left out, and the reason kept.
    """
    best = min(summary.ranks, key=lambda name: summary.ranks[name], default=summary.strategies[0])
    subject = summary.emphasis or best
    names = list(dict.fromkeys((subject, summary.reference)))
    rules = _rules(summary.strategies)
    replays: dict[str, list[Replay]] = {name: [] for name in names}
    projections: dict[str, Projection] = {}
    left_out: dict[str, str] = {}
    order = _by_difference(summary, subject)
    extremes = _ends(order, PROJECTED)
    for data_set in _spread(order, SETS):
        try:
            data, cell = _source(data_set, cells)
            curves = [curves_of for name in names if (curves_of := comparison.get(data_set, name)) is not None]
            learner = dict(cell["learner"])
            begun: dict[str, Any] = {name: cell.get(name) for name in ("split", "first")}
            begun["contamination"] = cell.get("contamination", ())
            taught = make_learner(learner.pop("kind"), **learner)
            for each in curves:
                seen = each.take(each.seeds[:SEEDS])
                replayed_rules = rules if each.strategy == subject else {}
                again = replay(
                    seen, data, learner=taught, rules=replayed_rules, annotator=cell.get("annotator"), **begun
                )
                replays[each.strategy].append(again)
            if data_set in extremes:
                projections[data_set] = project(curves, data, **begun)
        except AlrlError as error:
            left_out[data_set] = str(error)
    return Picks(
        subject=subject,
        replays=tuple(each for name in names for each in replays[name]),
        projections=tuple(projections[name] for name in extremes if name in projections),
        left_out=left_out,
    )


def _source(data_set: str, cells: Sequence[Mapping[str, Any]]) -> tuple[DataSet, Mapping[str, Any]]:
    """Return the data set and a cell that was played on it."""
    cell = next((each for each in cells if each.get("data_set") == data_set), None)
    if cell is None or any(name not in cell for name in _REQUIRED):
        raise InvalidDataError(f"the study does not say how {data_set} was played: run it again to see its picks")
    if cell.get("protocol", DEFAULT_PROTOCOL) != DEFAULT_PROTOCOL:
        raise InvalidDataError(
            f"the protocol {cell['protocol']!r} has splits of its own: picks are seen again for"
            f" {DEFAULT_PROTOCOL!r} alone"
        )
    data = data_of(cell)
    if data.fingerprint != cell["fingerprint"]:
        raise InvalidDataError(f"{data_set} is not the same data any more: its picks are rows of another table")
    return data, cell


def _rules(names: Sequence[str]) -> dict[str, Strategy]:
    """Return the study's agents that are rules; a policy's choice is no rule to be compared with."""
    agents = {}
    for name in names:
        try:
            agent = find_strategy(name)
        except AlrlError:
            # A policy trained by the study, or a rule that is not installed here.
            continue
        if not isinstance(agent, Policy):
            agents[name] = agent
    return agents


def _by_difference(summary: Summary, subject: str) -> list[str]:
    """Return data sets from where the subject is furthest above the reference to where it is furthest below."""

    def gain(data_set: str) -> float:
        difference = summary.pairwise.of(data_set, subject, summary.reference)
        return 0.0 if difference is None else difference.value

    return sorted(summary.data_sets, key=gain, reverse=True)


def _spread(names: list[str], count: int) -> list[str]:
    """At most ``count`` of the names, evenly from the first to the last, both ends and their neighbours among them."""
    if len(names) <= count:
        return names
    chosen = {*_ends(names, PROJECTED)}
    inner = [name for name in names if name not in chosen]
    at = np.linspace(0, len(inner) - 1, count - len(chosen)).round().astype(int)
    chosen |= {inner[place] for place in at}
    return [name for name in names if name in chosen]


def _ends(names: list[str], count: int) -> list[str]:
    """Return half of ``count`` from either end."""
    return names if len(names) <= count else [*names[: count // 2], *names[-(count - count // 2) :]]
