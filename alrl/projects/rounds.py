"""One round: the model fitted to the labels there are, what it predicts of the pool, and how good it seems."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.errors import ProjectError
from alrl.numerics.streams import generator
from alrl.projects.judgement.lure import lure_weights
from alrl.projects.models import FittedRound, ProjectModel
from alrl.projects.records.pool import Pool
from alrl.projects.records.record_file import sha256_of, write_whole
from alrl.projects.state import RoundFacts, State

FOLDS = 5
_LEAST_FOR_FOLDS = 10
STOP_SET = 2_000
"""Records at random whose predictions two rounds are compared on (Bloodgood and Vijay-Shanker 2009)."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Predictions:
    """What the model of one round said of the pool as it was then."""

    probabilities: NDArray[np.float32]
    """(records, classes) of that round."""
    flips: NDArray[np.uint16]
    """How often the predicted class of each record has changed since the first round, (records,)."""

    def widened(self, records: int, classes: int) -> Predictions:
        """Return the same for a pool that has grown: nothing was predicted of what is new."""
        rows, columns = self.probabilities.shape
        if rows > records or columns > classes:
            raise ProjectError("a round holds more records or classes than the project; put a backup in its place")
        wider = np.zeros((records, classes), dtype=np.float32)
        wider[:rows, :columns] = self.probabilities
        return Predictions(probabilities=wider, flips=np.pad(self.flips, (0, records - rows)))


def write_predictions(folder: Path, name: str, predictions: Predictions) -> dict[str, str]:
    """Write predictions to the folder ``rounds``; return what the log says of the file."""
    file = folder / "rounds" / f"{name}.npz"
    parts: dict[str, Any] = {"probabilities": predictions.probabilities, "flips": predictions.flips}
    write_whole(file, lambda stream: np.savez(stream, **parts))
    return {"file": file.name, "sha256": sha256_of(file)}


def read_predictions(folder: Path, facts: RoundFacts) -> Predictions:
    """Read the predictions of a round. Raises ProjectError where they are gone or were changed."""
    file = folder / "rounds" / facts.file
    if not file.is_file() or sha256_of(file) != facts.facts["sha256"]:
        raise ProjectError(f"{file} is gone or was changed; put a backup in its place")
    with np.load(file, allow_pickle=False) as arrays:
        return Predictions(probabilities=arrays["probabilities"], flips=arrays["flips"])


def labelled(state: State, pool: Pool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return positions and class codes of the labelled records, in the order of their first labels, (L,) each."""
    code = {name: number for number, name in enumerate(pool.classes)}
    return pool.at(list(state.labels)), np.array([code[label] for label in state.labels.values()], dtype=np.int64)


def fit_round(
    state: State, pool: Pool, model: ProjectModel, before: Predictions | None
) -> tuple[FittedRound, Predictions, dict[str, Any]]:
    """Fit to the labels of ``state``; return the fit, its predictions, and what the log says of the round.

    Args:
        state: of the project.
        pool: its records.
        model: what is fitted.
        before: predictions of the round before, already widened; None in the first round.
    """
    at, codes = labelled(state, pool)
    fit = model.fit(pool, at, codes, len(pool.classes))
    predicted = fit.probabilities.argmax(1)
    flips = np.zeros(len(predicted), dtype=np.uint16)
    if before is not None:
        flips = before.flips + (before.probabilities.argmax(1) != predicted).astype(np.uint16)
    predictions = Predictions(probabilities=fit.probabilities, flips=flips)
    started = time.perf_counter()
    estimate = _cross_validated(state, pool, model, at, codes)
    facts: dict[str, Any] = {
        "seconds": round(fit.seconds, 6),
        "estimate_seconds": round(time.perf_counter() - started, 6),
        "record_epochs": fit.record_epochs,
        "records": pool.records,
        "cross_validated": estimate,
        "progressive": _progressive(state, pool, before),
        **_whole_pool(state, pool, predictions, before),
    }
    return fit, predictions, facts


def folds_of(codes: NDArray[np.int64], seed: int) -> NDArray[np.int64] | None:
    """Return the fold of each labelled record, (L,), classes spread evenly; None where labels are too few to part.

    >>> folds_of(np.arange(20) % 2, 0).shape, folds_of(np.zeros(3, dtype=np.int64), 0)
    ((20,), None)
    """
    if len(codes) < _LEAST_FOR_FOLDS or len(np.unique(codes)) < 2:
        return None
    order = generator([seed], "folds").permutation(len(codes))
    by_class = order[np.argsort(codes[order], kind="stable")]
    fold = np.empty(len(codes), dtype=np.int64)
    fold[by_class] = np.arange(len(codes)) % FOLDS
    return fold


def _cross_validated(
    state: State, pool: Pool, model: ProjectModel, at: NDArray[np.int64], codes: NDArray[np.int64]
) -> dict[str, Any] | None:
    """Return how many labelled records are classified right out of fold, and the same weighted for a biased sample."""
    fold = folds_of(codes, int(state.settings.get("seed", 0)))
    if fold is None:
        return None
    rows = model.out_of_fold(pool, at, codes, len(pool.classes), fold)
    right = rows.argmax(1) == codes
    result: dict[str, Any] = {"records": len(codes), "right": int(right.sum())}
    weights = sample_weights(state, list(state.labels), pool.records)
    if weights is not None:
        chosen, weight = weights
        # Divided by their sum, not by their number: a few heavy weights would else put the estimate outside 0 and 1.
        result["weighted"] = {
            "records": len(weight),
            "accuracy": float((weight * right[chosen]).sum() / weight.sum()),
            "effective": float(weight.sum() ** 2 / (weight**2).sum()),
        }
    return result


def sample_weights(state: State, records: list[str], size: int) -> tuple[NDArray[np.int64], NDArray[np.float64]] | None:
    """Return places among ``records`` of those that were drawn with a known chance, and their LURE weights.

    None where fewer than ten were. Records labelled before the first query have no known chance: they are left out,
    and the pool that the rest stands for is smaller by them.
    """
    places = [
        place for place, record in enumerate(records) if (state.draws.get(record) or {}).get("chance") is not None
    ]
    if len(places) < _LEAST_FOR_FOLDS:
        return None
    chances = [float(state.draws[records[place]]["chance"]) for place in places]
    population = max(int(state.draws[records[places[0]]]["open"]), len(places))
    return np.array(places, dtype=np.int64), lure_weights(chances, min(population, size))


def _progressive(state: State, pool: Pool, before: Predictions | None) -> list[list[Any]]:
    """Return, of each record labelled since the round before, whether that round predicted it, and its chance.

    Predict, then be told (Dawid 1984, "prequential"): no label is used for its own prediction.
    """
    if before is None:
        return []
    fresh = [record for record in state.labels if state.labelled_by[record] > state.rounds[-1].event]
    code = {name: number for number, name in enumerate(pool.classes)}
    rows = []
    for record in fresh:
        probabilities, label = before.probabilities[pool.position[record]], code[state.labels[record]]
        draw = state.draws.get(record) or {}
        chance = draw.get("chance")
        rows.append([int(probabilities.argmax() == label), round(float(probabilities[label]), 4), chance])
    return rows


def _whole_pool(state: State, pool: Pool, now: Predictions, before: Predictions | None) -> dict[str, Any]:
    """Return what stopping rules read: agreement with the round before, uncertainty, confidence."""
    unlabelled = np.ones(pool.records, dtype=bool)
    unlabelled[pool.at(list(state.labels))] = False
    P = now.probabilities[unlabelled].astype(np.float64)
    if not len(P):
        return {"kappa": None, "agreement": None, "uncertainty": 0.0, "confidence": 1.0}
    entropy = -(P * np.log(np.clip(P, 1e-300, None))).sum(1) / np.log(max(2, P.shape[1]))
    sample = generator([int(state.settings.get("seed", 0)), pool.records], "stop set").choice(
        pool.records, size=min(STOP_SET, pool.records), replace=False
    )
    kappa = agreement = None
    if before is not None:
        a, b = before.probabilities[sample].argmax(1), now.probabilities[sample].argmax(1)
        kappa, agreement = cohen_kappa(a, b), float((a == b).mean())
    return {
        "kappa": kappa,
        "agreement": agreement,
        "uncertainty": float(entropy.mean()),
        "confidence": float(P.max(1).mean()),
    }


def cohen_kappa(a: NDArray[Any], b: NDArray[Any]) -> float:
    """Return the agreement of two labellings beyond chance; 1 where both are one and the same class throughout.

    >>> round(cohen_kappa(np.array(list("0011101011")), np.array(list("0011001111"))), 7)
    0.5833333
    >>> cohen_kappa(np.zeros(3), np.zeros(3))
    1.0
    """
    agreement = float((a == b).mean())
    classes = np.union1d(a, b)
    chance = float(sum((a == each).mean() * (b == each).mean() for each in classes))
    return 1.0 if chance == 1.0 else (agreement - chance) / (1 - chance)
