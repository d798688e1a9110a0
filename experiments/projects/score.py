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

from alrl.projects.judgement.curve import wilson
from alrl.projects.judgement.start import FIRST_ROUNDS, LAST_ROUND, check_start
from alrl.projects.judgement.stopping import (
    STOP_GAIN,
    ContradictingInformation,
    LearnedStop,
    OverallUncertainty,
    StabilisingPredictions,
    StopRule,
    stop_features,
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
    "overall uncertainty .1": OverallUncertainty(0.1),
    "contradicting information": ContradictingInformation(),
    "learned": LearnedStop(),
    "learned & kappa .95": LearnedStop() & StabilisingPredictions(0.95),
    "learned \\| kappa .98": LearnedStop() | StabilisingPredictions(0.98),
}
BUDGETS = (0.5, 0.65, 0.8)
"""Shares of the labels that fixed budgets buy."""
_MOST_LOST = 0.0025
"""Accuracy that the learned stop may lose on the tuning sets, on average."""
_BEHIND = 0.02
"""Accuracy by which a bad start lies behind the median of the other seeds, over the rounds after the first three."""


def games(names: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield what was played on the data sets of these names."""
    for line in ROUNDS.read_text(encoding="utf-8").splitlines():
        game = json.loads(line)
        if game["name"] in names:
            yield game


def state_after(game: dict[str, Any], rounds: int) -> State:
    """Return the state of a project after so many rounds."""
    state = State(settings=dict(_SETTINGS))
    for number in range(rounds):
        facts = {name: game[name][number] for name in ("kappa", "agreement", "uncertainty", "confidence")}
        right, trials = game["progressive"][number] if "progressive" in game else (0, 0)
        facts["progressive"] = [[1]] * right + [[0]] * (trials - right)
        state.rounds.append(
            RoundFacts(
                number=number, at=0.0, event=0, labels=game["labels"][number], fingerprint="", file="",
                facts={**facts, "records": game["records"]},
            )
        )  # fmt: skip
    counts = game["counts"][rounds - 1] if "counts" in game else []
    state.classes = [str(each) for each in range(len(counts))]
    state.labels = {f"{each}-{place}": str(each) for each, count in enumerate(counts) for place in range(count)}
    return state


def smooth(game: dict[str, Any]) -> NDArray[np.float64]:
    """Return the true accuracy after each round, means of three rounds, against noise."""
    return np.convolve(np.pad(game["true"], 1, mode="edge"), np.ones(3) / 3, "valid")


def gains(game: dict[str, Any]) -> Iterator[tuple[int, float]]:
    """Yield some rounds, and the accuracy that twice their labels added."""
    true = smooth(game)
    for at in _AT:
        twice = int(np.searchsorted(game["labels"], 2 * game["labels"][at]))
        if twice < len(true):
            yield at + 1, float(true[twice] - true[at])


def cases(names: Sequence[str]) -> tuple[list[str], list[Any], NDArray[np.float64]]:
    """Return data set, verdict and gain of every case."""
    rows = [(game["name"], verdict(state_after(game, at)), gain) for game in games(names) for at, gain in gains(game)]
    return [row[0] for row in rows], [row[1] for row in rows], np.array([row[2] for row in rows])


def fitted() -> dict[str, float]:
    """Return the constants of the verdict, fitted to the tuning sets: they stand in ``judgement/verdict.py``."""
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


def _by_set(sets: NDArray[Any], right: NDArray[Any]) -> tuple[float, float]:
    """Return the 95 % interval of the mean, data sets drawn with replacement."""
    rng, names = np.random.default_rng(0), sorted(set(sets.tolist()))
    draws = []
    for _ in range(2_000):
        chosen = rng.choice(names, size=len(names))
        draws.append(np.concatenate([right[sets == name] for name in chosen]).mean())
    low, high = np.quantile(draws, [0.025, 0.975])
    return float(low), float(high)


def stop_fitted() -> dict[str, Any]:
    """Return the constants of the learned stop, fitted to the tuning sets: they stand in ``judgement/stopping.py``.

    The threshold is the lowest that loses at most a quarter of a point on average.
    """
    rows, enough = [], []
    for game in games(TUNED):
        true = smooth(game)
        for at in range(5, len(true) - 1):
            row = stop_features(state_after(game, at + 1))
            if row is not None:
                rows.append(row)
                enough.append(true[at + 1 :].max() - true[at] < STOP_GAIN)
    model = LogisticRegression(max_iter=10_000).fit(np.array(rows), np.array(enough))
    weights, intercept = model.coef_[0].tolist(), float(model.intercept_[0])
    for sure in np.arange(0.3, 1.0, 0.01):
        rule = LearnedStop(float(sure), weights=weights, intercept=intercept)
        if np.mean([_stopped(rule, game)[1] for game in games(TUNED)]) <= _MOST_LOST:
            break
    return {
        "weights": [round(each, 4) for each in weights],
        "intercept": round(intercept, 4),
        "sure": round(float(sure), 2),
    }


def _stop_lines(names: Sequence[str]) -> Iterator[str]:
    for title, rule in RULES.items():
        yield _stop_line(title, names, [_stopped(rule, game) for game in games(names)])
    for share in BUDGETS:
        yield _stop_line(
            f"a fixed budget of {100 * share:.0f} %", names, [_spent(share, game) for game in games(names)]
        )


def _stop_line(title: str, names: Sequence[str], results: list[tuple[float, float, bool]]) -> str:
    sets = np.array([game["name"] for game in games(names)])
    rows = np.array(results, dtype=np.float64)
    used, lost, stopped = rows.mean(0)
    low, high = _by_set(sets, rows[:, 1])
    worst = np.quantile(rows[:, 1], 0.9)
    return (
        f"| {title} | {100 * stopped:.0f} % | {100 * (1 - used):.0f} % | {100 * lost:.1f} ({100 * low:.1f} to"
        f" {100 * high:.1f}) | {100 * worst:.1f} |"
    )


def _stopped(rule: StopRule, game: dict[str, Any]) -> tuple[float, float, bool]:
    """Return share of the labels bought, accuracy lost against the end, and whether the rule stopped at all."""
    labels, true = game["labels"], smooth(game)
    for at in range(1, len(labels) + 1):
        if rule.advise(state_after(game, at)).stop:
            return labels[at - 1] / labels[-1], float(true[-1] - true[at - 1]), True
    return 1.0, 0.0, False


def _spent(share: float, game: dict[str, Any]) -> tuple[float, float, bool]:
    labels, true = game["labels"], smooth(game)
    at = int(np.searchsorted(labels, share * labels[-1]))
    return labels[at] / labels[-1], float(true[-1] - true[at]), True


def _start_lines(names: Sequence[str]) -> Iterator[str]:
    """Yield how often starts that were truly bad were called so, and others too."""
    called: Counter[tuple[bool, bool]] = Counter()
    played = list(games(names))
    for game in played:
        others = [
            float(smooth(each)[3:12].mean()) for each in played if each["name"] == game["name"] and each is not game
        ]
        if len(others) < 2:
            continue
        truly = bool(float(smooth(game)[3:12].mean()) < np.median(others) - _BEHIND)
        checks = [check_start(state_after(game, at)).kind == "bad" for at in range(FIRST_ROUNDS, LAST_ROUND + 1)]
        called[truly, any(checks)] += 1
    bad, fine = called[True, True] + called[True, False], called[False, True] + called[False, False]
    for title, hits, all_of in (("hits", called[True, True], bad), ("false alarms", called[False, True], fine)):
        low, high = wilson(hits, all_of)
        share = f"{100 * hits / all_of:.0f} % ({100 * low:.0f} to {100 * high:.0f})" if all_of else "–"
        yield f"| {title} | {hits} of {all_of} | {share} |"


def report() -> None:
    """Write ``results.md``."""
    stop = stop_fitted()
    lines = ["# Verdict, stop advice and start check", "", "Written by `python -m experiments.projects score`.", ""]
    lines += [
        "Constants of the verdict, fitted to the tuning sets: "
        + ", ".join(f"{key} {value:.4f}" for key, value in fitted().items()),
        f"Of the learned stop: {stop}",
    ]
    for title, names in (("Tuning sets: perfect annotators", TUNED), ("Reported sets: an annotator errs", REPORTED)):
        lines += ["", f"## {title}", "", "| verdict | decided | right of these | always the commoner | gain inside |",
                  "|---|---|---|---|---|", *_verdict_lines(names), "",
                  "| stop rule | stops in | labels saved | points lost (95 %) | 90 % quantile |",
                  "|---|---|---|---|---|",
                  *_stop_lines(names)]  # fmt: skip
    lines += ["", "## Start check, reported sets", "", "| | | share (95 %) |", "|---|---|---|", *_start_lines(REPORTED)]
    PAGE.write_text("\n".join(lines) + "\n", encoding="utf-8")
