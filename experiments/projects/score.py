"""Score verdict and stop rules on the rounds that were played."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from alrl.projects.judgement.stopping import (
    ContradictingInformation,
    OverallUncertainty,
    StabilisingPredictions,
    StopRule,
)
from alrl.projects.judgement.verdict import FLOOR, STARVED_GAIN, verdict
from alrl.projects.state import RoundFacts, State
from experiments.projects.play import REPORTED, ROUNDS, TUNED

PAGE = Path(__file__).with_name("results.md")
_AT = (5, 7, 9, 11)
"""Rounds after which a verdict is asked for; twice their labels were played too."""
_SETTINGS = {"prices": {"label": 1.0, "hour": 0.0, "record_epoch": 0.0, "scored": 0.0}}
RULES: dict[str, StopRule] = {
    "predictions agree, kappa .99": StabilisingPredictions(0.99),
    "predictions agree, kappa .98": StabilisingPredictions(0.98),
    "predictions agree, kappa .95": StabilisingPredictions(0.95),
    "overall uncertainty .05": OverallUncertainty(0.05),
    "overall uncertainty .1": OverallUncertainty(0.1),
    "contradicting information": ContradictingInformation(),
}


def games(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield what was played on the data sets of these names."""
    for line in ROUNDS.read_text(encoding="utf-8").splitlines():
        game = json.loads(line)
        if game["name"] in names:
            yield game


def state_after(game: dict[str, Any], rounds: int) -> State:
    """Return the state of a project after so many rounds."""
    state = State(settings=dict(_SETTINGS))
    for number, row in enumerate(game["rounds"][:rounds]):
        facts = {name: row[name] for name in ("kappa", "agreement", "uncertainty", "confidence")}
        state.rounds.append(
            RoundFacts(
                number=number, at=0.0, event=0, labels=row["labels"], fingerprint="", file="",
                facts={**facts, "records": game["records"]},
            )
        )  # fmt: skip
    return state


def gains(game: dict[str, Any]) -> Iterator[tuple[int, float]]:
    """Yield some rounds, and the accuracy that twice their labels added: means of three rounds, against noise."""
    labels = [row["labels"] for row in game["rounds"]]
    true = np.convolve(np.pad([row["true"] for row in game["rounds"]], 1, mode="edge"), np.ones(3) / 3, "valid")
    for at in _AT:
        twice = int(np.searchsorted(labels, 2 * labels[at]))
        if twice < len(labels):
            yield at + 1, float(true[twice] - true[at])


def cases(names: Sequence[str]) -> tuple[list[str], list[Any], NDArray[np.float64]]:
    """Return data set, verdict and gain of every case."""
    rows = [(game["name"], verdict(state_after(game, at)), gain) for game in games(names) for at, gain in gains(game)]
    return [row[0] for row in rows], [row[1] for row in rows], np.array([row[2] for row in rows])


def fitted() -> dict[str, float]:
    """Return the constants of the verdict, fitted to the tuning sets: they stand in ``alrl/projects/verdict.py``."""
    _, verdicts, gain = cases(TUNED)
    change = np.array([each.change for each in verdicts])
    model = LogisticRegression().fit(np.log(change + FLOOR)[:, None], gain > STARVED_GAIN)
    slope = float((change * gain).sum() / (change**2).sum())
    low, high = np.quantile(gain - slope * change, [0.025, 0.975])
    return {"intercept": float(model.intercept_[0]), "slope": float(model.coef_[0, 0]), "gain": slope,
            "low": float(low), "high": float(high)}  # fmt: skip


def _verdict_lines(names: Sequence[str]) -> Iterator[str]:
    sets, verdicts, gain = cases(names)
    starved = gain > STARVED_GAIN
    decided = np.array([each.kind in {"data-starved", "saturating"} for each in verdicts])
    right = np.array([(each.kind == "data-starved") == truth for each, truth in zip(verdicts, starved, strict=True)])
    inside = np.mean([each.low <= truth <= each.high for each, truth in zip(verdicts, gain, strict=True)])
    low, high = _by_set(np.array(sets)[decided], right[decided])
    majority = max(starved[decided].mean(), 1 - starved[decided].mean())
    counts = Counter(
        (("starved" if truth else "saturating"), each.kind) for each, truth in zip(verdicts, starved, strict=True)
    )
    yield (
        f"| {len(set(sets))} sets, {len(sets)} cases | {100 * decided.mean():.0f} %"
        f" | {100 * right[decided].mean():.0f} % ({100 * low:.0f} to {100 * high:.0f}) | {100 * majority:.0f} %"
        f" | {100 * inside:.0f} % |"
    )
    for (truth, kind), count in sorted(counts.items()):
        yield f"|   truly {truth}, called {kind} | {count} | | | |"


def _by_set(sets: NDArray[Any], right: NDArray[np.bool_]) -> tuple[float, float]:
    """Return 95 % interval of the share that is right, data sets drawn with replacement."""
    rng, names = np.random.default_rng(0), sorted(set(sets.tolist()))
    draws = []
    for _ in range(2_000):
        chosen = rng.choice(names, size=len(names))
        draws.append(np.concatenate([right[sets == name] for name in chosen]).mean())
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def _stop_lines(names: Sequence[str]) -> Iterator[str]:
    for title, rule in RULES.items():
        rows = np.array([_stopped(rule, game) for game in games(names)])
        used, lost, stopped = rows.mean(0)
        worst = np.quantile(rows[:, 1], 0.9)
        yield f"| {title} | {100 * stopped:.0f} % | {100 * (1 - used):.0f} % | {100 * lost:.1f} | {100 * worst:.1f} |"


def _stopped(rule: StopRule, game: dict[str, Any]) -> tuple[float, float, bool]:
    """Return share of the labels bought, accuracy lost against the end, and whether the rule stopped at all."""
    rounds = game["rounds"]
    for at in range(1, len(rounds) + 1):
        if rule.advise(state_after(game, at)).stop:
            row = rounds[at - 1]
            return row["labels"] / rounds[-1]["labels"], rounds[-1]["true"] - row["true"], True
    return 1.0, 0.0, False


def report() -> None:
    """Write ``results.md``."""
    lines = ["# Verdict and stop advice", "", "Written by `python -m experiments.projects score`.", ""]
    lines += [
        "Constants fitted to the tuning sets: " + ", ".join(f"{key} {value:.4f}" for key, value in fitted().items())
    ]
    for title, names in (("Tuning sets", TUNED), ("Reported sets", REPORTED)):
        lines += ["", f"## {title}", "", "| verdict | decided | right of these | always the commoner | gain inside |",
                  "|---|---|---|---|---|", *_verdict_lines(names), "",
                  "| stop rule | stops in | labels saved | points lost | 90 % quantile |", "|---|---|---|---|---|",
                  *_stop_lines(names)]  # fmt: skip
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
