"""What is looked at after each round: wrong labels, disagreement, twins, foreign records, forgetting and bias."""

from __future__ import annotations

import itertools
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alrl.errors import InvalidQueryError, MissingPackageError
from alrl.numerics.arguments import whole_number
from alrl.numerics.streams import generator
from alrl.projects.answers import word_of
from alrl.projects.records.pool import Pool
from alrl.projects.state import State

if TYPE_CHECKING:
    from alrl.projects.journal import Journal

FALSE_ALARMS = 0.1
"""The largest share of right labels that was flagged, of 100 of iris, wine, breast cancer and digits each, labelled by
chance (0 to 2 %) or by ``general`` (0 to 10 %); where classes overlap it is more."""
_NEIGHBOURS = 10
_TWIN = 0.02
_FOREIGN = 3.0
_PERMUTATIONS = 200


@dataclass(frozen=True, kw_only=True)
class Suspect:
    """A label that the model would not have given."""

    id: str
    label: str
    rather: str
    """What the model takes the record for, without having seen its label."""
    score: float
    """Probability that the model gives the label, from 0; the lowest come first."""
    flagged: bool
    """Whether confident learning holds the label for wrong."""


def suspects(project: Journal, count: int = 20) -> list[Suspect]:
    """Return the labels that most likely are wrong, the likeliest first; nothing is dropped.

    Out-of-fold probabilities, judged by confident learning (Northcutt et al. 2021) through cleanlab. Right labels are
    flagged too, up to :data:`FALSE_ALARMS` of them: look again, and do not correct by rote.

    Raises InvalidQueryError where labels are too few for folds or ``count`` is below 1, MissingPackageError without the
    extra ``audit``.
    """
    count = whole_number("count", count, least=1)
    try:
        from cleanlab.filter import find_label_issues
        from cleanlab.rank import get_label_quality_scores
    except ImportError:
        raise MissingPackageError(
            'looking for wrong labels needs the extra "audit": pip install "alrl[audit]"'
        ) from None
    from alrl.projects.fitting import model_of
    from alrl.projects.rounds import folds_of, labelled

    state, pool = project.state_and_pool()
    at, codes = labelled(state, pool)
    fold = folds_of(codes, int(state.settings["seed"]))
    if fold is None:
        raise InvalidQueryError(f"{len(codes)} labels are too few to look for wrong ones; 10 of two classes are needed")
    rows = model_of(project, state).out_of_fold(pool, at, codes, len(pool.classes), fold).astype(np.float64)
    present = np.unique(codes)
    narrow = rows[:, present]
    narrow = (narrow + 1e-12) / (narrow + 1e-12).sum(1, keepdims=True)
    places = np.searchsorted(present, codes)
    flagged = find_label_issues(places, narrow, n_jobs=1)
    scores = get_label_quality_scores(places, narrow)
    records = list(state.labels)
    order = np.lexsort((scores, ~flagged))[:count]
    return [
        Suspect(
            id=records[place],
            label=state.labels[records[place]],
            rather=pool.classes[int(rows[place].argmax())],
            score=round(float(scores[place]), 4),
            flagged=bool(flagged[place]),
        )
        for place in order.tolist()
    ]


def disagreements(state: State) -> list[dict[str, Any]]:
    """Return the records that annotators answer differently: who says what, and what is believed."""
    rows = []
    for record, answers in state.given.items():
        labels = {annotator: each.label for annotator, each in answers.items() if each.label is not None}
        if len(set(labels.values())) > 1:
            shown = {annotator: word_of(label) for annotator, label in labels.items()}
            rows.append({"id": record, "answers": shown, "believed": state.labels.get(record)})
    return rows


def annotators(state: State) -> list[dict[str, Any]]:
    """Return for each annotator the answers, the agreement with others on the same records, and seconds a label."""
    rows = []
    for annotator in state.annotators():
        same = compared = 0
        seconds = []
        for answers in state.given.values():
            own = answers.get(annotator)
            if own is None or own.label is None:
                continue
            if own.seconds is not None:
                seconds.append(own.seconds)
            others = [each.label for who, each in answers.items() if who != annotator and each.label is not None]
            compared += len(others)
            same += sum(label == own.label for label in others)
        rows.append(
            {
                "annotator": annotator,
                "answers": state.annotators()[annotator],
                "compared": compared,
                "agreement": same / compared if compared else None,
                "seconds": float(np.median(seconds)) if seconds else None,
            }
        )
    return rows


def twins(state: State, pool: Pool) -> list[dict[str, Any]]:
    """Return pairs of labelled records that are nearly the same, those of different labels first.

    Nearly: their distance is below a fiftieth of the typical one between records.
    """
    records = list(state.labels)
    if len(records) < 2:
        return []
    distance, neighbour = _nearest(pool, pool.at(records), 1)
    limit = _TWIN * math.sqrt(2 * pool.features.shape[2])
    pairs = {}
    for place in np.flatnonzero(distance[:, 0] < limit).tolist():
        other = int(neighbour[place, 0])
        first, second = records[min(place, other)], records[max(place, other)]
        conflict = state.labels[first] != state.labels[second]
        pairs[first, second] = {"ids": [first, second], "distance": float(distance[place, 0]), "conflict": conflict}
    return sorted(pairs.values(), key=lambda pair: not pair["conflict"])


def foreign(state: State, pool: Pool, count: int = 20) -> list[dict[str, Any]]:
    """Return the labelled records that lie apart from all others, the farthest first.

    Apart: the mean distance to ten others is more than three robust standard deviations above the median.
    """
    records = list(state.labels)
    if len(records) <= _NEIGHBOURS:
        return []
    distance, _ = _nearest(pool, pool.at(records), _NEIGHBOURS)
    mean = distance.mean(1)
    spread = 1.4826 * np.median(np.abs(mean - np.median(mean))) or 1.0
    score = (mean - np.median(mean)) / spread
    order = [place for place in np.argsort(-score).tolist() if score[place] > _FOREIGN][:count]
    return [{"id": records[place], "score": round(float(score[place]), 2)} for place in order]


def forgotten(project: Journal) -> list[str]:
    """Return the labelled records that the round before classified as labelled, and the last one does not.

    Asked for again, or weighed more, they are the replay batch that mends it.
    """
    from alrl.projects.rounds import read_predictions

    state, pool = project.state_and_pool()
    rounds = state.rounds[state.first_round :]
    if len(rounds) < 2:
        return []
    before, now = (
        read_predictions(project.folder, facts).widened(pool.records, len(pool.classes)) for facts in rounds[-2:]
    )
    code = {name: number for number, name in enumerate(pool.classes)}
    return [
        record
        for record, label in state.labels.items()
        if before.probabilities[pool.position[record]].argmax() == code[label]
        and now.probabilities[pool.position[record]].argmax() != code[label]
    ]


def bias(project: Journal, columns: int = 5) -> list[dict[str, Any]]:
    """Return how the labelled sample differs from the pool, by predicted class and by column, the largest gap first.

    The gap is the total variation distance, 0 to 1, of classes or of up to ten levels or quantile bins of a column. Its
    ``chance`` is the share of random samples of the same size that differ as much: a gap by chance tells nothing.
    """
    from alrl.projects.fitting import current_round
    from alrl.projects.rounds import read_predictions

    facts, state, pool = current_round(project)
    at = pool.at(list(state.labels))
    predicted = read_predictions(project.folder, facts).probabilities.argmax(1)
    rows = [_gap("predicted class", np.array(pool.classes)[predicted], at)]
    rows += [_gap(str(name), _binned(pool.frame[name]), at) for name in pool.frame.columns[:200]]
    ordered = sorted(rows, key=lambda row: (row["chance"] > 0.05, -row["gap"]))
    return ordered[:columns]


def review(project: Journal, count: int = 20) -> dict[str, Any]:
    """Return everything that is looked at after a round, as one document: ``count`` of each kind, and how many of all.

    Suspects that are not flagged fill their places; ``found`` counts the flagged ones.
    """
    count, (state, pool) = whole_number("count", count, least=1), project.state_and_pool()
    every = max(1, len(state.labels))
    kinds: dict[str, list[Any]] = {
        "suspects": [vars(suspect) for suspect in suspects(project, every)],
        "disagreements": disagreements(state),
        "twins": twins(state, pool),
        "foreign": foreign(state, pool, every),
        "forgotten": forgotten(project),
    }
    found = {name: len(rows) for name, rows in kinds.items()}
    return {
        **{name: rows[:count] for name, rows in kinds.items()},
        "found": {**found, "suspects": sum(suspect["flagged"] for suspect in kinds["suspects"])},
        "false_alarms": FALSE_ALARMS,
        "annotators": annotators(state),
        "bias": bias(project),
    }


def _nearest(pool: Pool, at: NDArray[np.int64], count: int) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return distances of labelled records to the nearest other labelled ones, and the places of these.

    (L, count) each.
    """
    from sklearn.neighbors import NearestNeighbors

    X = pool.features[0].numpy()[at]
    distance, neighbour = NearestNeighbors(n_neighbors=count + 1).fit(X).kneighbors(X)
    own = np.arange(len(X))[:, None]
    # Among exact copies a record need not come first among its own neighbours.
    rank = np.argsort(neighbour == own, axis=1, kind="stable")[:, :count]
    return np.take_along_axis(distance, rank, 1), np.take_along_axis(neighbour, rank, 1)


def _binned(column: pd.Series[Any]) -> NDArray[Any]:
    if pd.api.types.is_numeric_dtype(column) and column.nunique() > 10:
        edges = np.unique(np.nanquantile(column.to_numpy(np.float64), np.linspace(0.1, 0.9, 9)))
        words = next(each for each in _written(edges) if len(set(each)) == len(edges))
        between = [f"above {low} to {high}" for low, high in itertools.pairwise(words)]
        names = np.array([f"up to {words[0]}", *between, f"above {words[-1]}"])
        return np.where(column.isna(), "missing", names[np.searchsorted(edges, column.to_numpy(np.float64))])
    levels = column.astype(object).where(column.notna(), "missing").astype(str)
    kept = set(levels.value_counts().index[:10])
    return np.asarray(levels.where(levels.isin(kept), "other"), dtype=str)


def _written(edges: NDArray[np.float64]) -> Iterator[list[str]]:
    """Yield the edges in words, with ever more digits; with 17 of them no two are the same."""
    for digits in range(3, 18):
        yield [np.format_float_positional(edge, digits, fractional=False, trim="-") for edge in edges]


def _gap(name: str, levels: NDArray[Any], at: NDArray[np.int64]) -> dict[str, Any]:
    values, codes = np.unique(levels, return_inverse=True)
    share = np.bincount(codes, minlength=len(values)) / len(codes)

    def distance(rows: NDArray[np.int64]) -> float:
        return float(np.abs(np.bincount(codes[rows], minlength=len(values)) / len(rows) - share).sum() / 2)

    gap, rng = distance(at), generator([len(at), len(codes)], "bias")
    draws = [distance(rng.choice(len(codes), size=len(at), replace=False)) for _ in range(_PERMUTATIONS)]
    most = Counter(levels[at].tolist())
    excess = max(values.tolist(), key=lambda value: most[value] / len(at) - share[values.tolist().index(value)])
    return {
        "column": name,
        "gap": round(gap, 4),
        "chance": (1 + sum(draw >= gap for draw in draws)) / (1 + _PERMUTATIONS),
        "too_much": str(excess),
    }
