"""How a project stands, as a document for machines and a text for people."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from alrl.projects.answers import HELD_OUT, IRRELEVANT
from alrl.projects.judgement.bill import bill, rows
from alrl.projects.judgement.curve import AccuracyEstimate, Point, curve, drawing, point, standing
from alrl.projects.judgement.start import check_start
from alrl.projects.judgement.stopping import (
    USUAL_AGREEMENT,
    Budget,
    ContradictingInformation,
    LearnedStop,
    OverallUncertainty,
    StabilisingPredictions,
    as_document,
    usual_rule,
)
from alrl.projects.judgement.verdict import verdict
from alrl.projects.state import State


def status_of(state: State, now: float) -> dict[str, Any]:
    """Return how a project stands at the clock ``now``."""
    pending, closed = state.pending(now), state.closed() - state.erased
    irrelevant = sum(
        any(each.label is IRRELEVANT for each in state.given.get(record, {}).values()) for record in closed
    )
    held_out = sum(HELD_OUT in state.given.get(record, {}) for record in closed)
    rounds, kept = state.rounds[state.first_round :], standing(state)
    points = curve(state)
    last = point(kept[-1]) if kept else None
    budget = state.settings.get("labels")
    return {
        "project": state.settings.get("name"),
        "events": state.number,
        "records": state.records(),
        "labelled": len(state.labels),
        "classes": {name: Counter(state.labels.values())[name] for name in state.classes},
        "pending": len(pending),
        "skipped": len(closed) - irrelevant - held_out,
        "held_out": held_out,
        "irrelevant": irrelevant,
        "erased": len(state.erased),
        "unlabelled": state.unlabelled(),
        "budget": budget,
        "budget_left": None if budget is None else max(0, int(budget) - state.spent(now)),
        "charged": state.charged,
        "annotators": dict(state.annotators()),
        "model": state.model.get("name"),
        "strategy": state.settings.get("strategy"),
        "rounds": len(rounds),
        "labels_since_round": len(state.labels) - (rounds[-1].labels if rounds else 0),
        "estimates": None
        if last is None
        else {
            name: None if estimate is None else asdict(estimate)
            for name, estimate in (
                ("cross_validated", last.cross_validated),
                ("weighted", last.weighted),
                ("progressive", last.progressive),
            )
        },
        "curve": [_point(each) for each in points],
        "drawing": None if (shown := drawing(points)) is None else asdict(shown),
        "verdict": _verdict(state),
        "bill": _bill(state),
        "advice": as_document(
            usual_rule(),
            state,
            (
                StabilisingPredictions(USUAL_AGREEMENT),
                OverallUncertainty(),
                ContradictingInformation(),
                LearnedStop(),
                Budget(),
            ),
        ),
        "start": _start(state),
        "last_event": _moment(state.at),
    }


def _moment(seconds: float) -> str:
    """Return a time to the millisecond, rounded up: what had happened by then holds the event itself."""
    whole, thousandth = divmod(math.ceil(seconds * 1000), 1000)
    return datetime.fromtimestamp(whole, UTC).replace(microsecond=thousandth * 1000).isoformat(timespec="milliseconds")


def _point(each: Point) -> dict[str, Any]:
    return {**asdict(each), "best": None if each.best is None else asdict(each.best)}


def _start(state: State) -> dict[str, Any]:
    check = check_start(state)
    return {"kind": check.kind, "sentence": check.sentence()}


def _verdict(state: State) -> dict[str, Any]:
    result = verdict(state)
    return {**asdict(result), "sentence": result.sentence()}


def _bill(state: State) -> dict[str, Any]:
    summary = bill(state)
    return {**asdict(summary), "money": summary.money, "sentence": summary.sentence(), "rows": rows(summary)}


def sentences(status: dict[str, Any]) -> list[str]:
    """Return a status in words, a line each."""
    counts = ", ".join(f"{name} {count}" for name, count in status["classes"].items())
    people = ", ".join(f"{name} {count}" for name, count in status["annotators"].items()) or "nobody yet"
    lines = [
        f"{status['project']}: {status['labelled']} of {status['records']} records labelled ({counts})",
        f"with annotators: {status['pending']}; skipped {status['skipped']}, irrelevant {status['irrelevant']}"
        + (f", erased {status['erased']}" if status["erased"] else ""),
        f"answers by: {people}",
    ]
    if status["held_out"]:
        lines.append(f"held out: {status['held_out']} records, which a rehearsal measures accuracy on and asks nobody")
    if status["budget"] is not None:
        lines.append(f"budget: {status['budget_left']} of {status['budget']} labels left")
    estimates = status["estimates"] or {}
    for name, words in (
        ("weighted", "accuracy on the pool, weighted back to it"),
        ("cross_validated", "accuracy on what was queried, cross-validated"),
        ("progressive", "accuracy on the labels of the last round, before they came"),
    ):
        if estimates.get(name):
            lines.append(
                f"{words}: {AccuracyEstimate(**estimates[name]).sentence()}, {estimates[name]['records']} records"
            )
    lines += [f"verdict: {status['verdict']['sentence']}", f"bill: {status['bill']['sentence']}"]
    lines.append(f"advice: {status['advice']['sentence']}")
    if status["start"]["kind"] == "bad":
        lines.append(f"start: {status['start']['sentence']}")
    behind = status["labels_since_round"]
    fits = {0: "not fitted yet", 1: "fitted once"}.get(status["rounds"], f"fitted {status['rounds']} times")
    model = f"model {status['model']}, {fits} (a round is a fit, which `next` makes where labels have changed)"
    if behind:
        model += f"; {abs(behind)} labels {'since the last fit' if behind > 0 else 'fewer than it was fitted to'}"
    lines.append(model)
    return lines
