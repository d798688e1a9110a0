"""Second opinions: records that somebody has labelled already, sent to another annotator too."""

from __future__ import annotations

import io
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidQueryError, MissingPackageError
from alrl.numerics.streams import generator
from alrl.projects.answers import Label
from alrl.projects.event_log import Transaction
from alrl.projects.records.pool import Pool
from alrl.projects.state import State
from alrl.projects.telling import check_annotator

if TYPE_CHECKING:
    import pandas as pd

    from alrl.projects.journal import Journal


def second_opinions(project: Journal, annotator: str, count: int, overlap: float) -> int:
    """Lease records that others have labelled to ``annotator`` too, a share ``overlap`` of ``count`` on average.

    Returns how many. They are drawn by chance, so that agreement is measured on all that was labelled.
    """
    if not overlap:
        return 0
    with project.writing() as (transaction, state):
        rng = generator([int(state.settings.get("seed", 0)), state.batches], "overlap")
        others = [
            record
            for record in state.labels
            if annotator not in state.given[record] and len(state.given[record]) == 1 and record not in state.leases
        ]
        wanted = min(len(others), int((rng.random(count) < overlap).sum()))
        if wanted:
            chosen = [others[place] for place in rng.choice(len(others), size=wanted, replace=False).tolist()]
            _lease(project, transaction, state, chosen, annotator, "second opinion")
        return wanted


def relabel_or_new(project: Journal, count: int, *, annotator: str | None = None) -> pd.DataFrame:
    """Choose the records whose next label helps most, labelled ones among them, and lease them.

    ActiveLab (Goh and Mueller 2023) through cleanlab: one scale for records with and without labels, which trusts
    annotators by how they agree with each other and with the model out of fold.

    Args:
        project: with a round, and labels enough for folds.
        count: records wanted.
        annotator: who will be asked, who is sent nothing again; None for anybody.

    Returns:
        One row a record, most wanted first: identifier, ``reason``, ``score`` (lowest first), ``labels`` so far.

    Raises InvalidQueryError where labels are too few for folds or nothing is left, MissingPackageError without the
    extra ``audit``.
    """
    import pandas as pd

    from alrl.projects.asking import free_records

    annotator = None if annotator is None else check_annotator(annotator)
    state, pool = project.state_and_pool()
    known, fresh = _scores(project, state, pool)
    free = np.flatnonzero(free_records(state, pool, project.log.now))
    rows = [(float(fresh[place]), pool.ids[place], 0) for place in free.tolist()]
    rows += [
        (float(score), record, len(state.given[record]))
        for record, score in zip(state.labels, known, strict=True)
        if annotator not in state.given[record] and record not in state.leases
    ]
    chosen = sorted(rows)[:count]
    if not chosen:
        raise InvalidQueryError("no record is left to ask about: every one is with annotators or answered")
    with project.writing() as (transaction, now):
        _lease(project, transaction, now, [record for _, record, _ in chosen], annotator, "relabel or new")
    reason = {True: "another label of it helps most", False: "a first label of it helps most"}
    return pd.DataFrame(
        {
            project.state.settings["id"] or "id": [record for _, record, _ in chosen],
            "reason": [reason[labels > 0] for _, _, labels in chosen],
            "score": [score for score, _, _ in chosen],
            "labels": [labels for _, _, labels in chosen],
        }
    )


def _scores(project: Journal, state: State, pool: Pool) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return ActiveLab's scores of labelled records, (L,), and of the whole pool as if none was labelled, (N,)."""
    from alrl.projects.fitting import current_round, model_of
    from alrl.projects.rounds import folds_of, labelled, read_predictions

    try:
        from cleanlab.multiannotator import get_active_learning_scores
    except ImportError:
        raise MissingPackageError('relabelling needs the extra "audit": pip install "alrl[audit]"') from None
    at, codes = labelled(state, pool)
    fold = folds_of(codes, int(state.settings["seed"]))
    if fold is None:
        raise InvalidQueryError(
            f"{len(codes)} labels are too few to weigh a second opinion; 10 of two classes are needed"
        )
    rows = model_of(project, state).out_of_fold(pool, at, codes, len(pool.classes), fold).astype(np.float64)
    facts = current_round(project)[0]
    everywhere = read_predictions(project.folder, facts).widened(pool.records, len(pool.classes)).probabilities
    given = _votes(state, pool.classes)
    # It prints remarks, which would stand in the middle of a JSON document.
    with redirect_stdout(io.StringIO()):
        known, fresh = get_active_learning_scores(given, _rows(rows), _rows(everywhere.astype(np.float64)))
    return np.asarray(known, dtype=np.float64), np.asarray(fresh, dtype=np.float64)


def _votes(state: State, classes: list[str]) -> NDArray[np.float64]:
    """Return the class of each labelled record by each annotator, (L, annotators), NaN where there is none."""
    people = sorted(state.annotators())
    code: dict[Label | None, int] = {name: number for number, name in enumerate(classes)}
    votes = np.full((len(state.labels), len(people)), np.nan)
    for row, record in enumerate(state.labels):
        for column, annotator in enumerate(people):
            given = state.given[record].get(annotator)
            if given is not None and given.label in code:
                votes[row, column] = code[given.label]
    return votes[:, ~np.isnan(votes).all(0)]


def _rows(probabilities: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return probabilities above 0 that sum to 1."""
    above = probabilities + 1e-9
    result: NDArray[np.float64] = above / above.sum(1, keepdims=True)
    return result


def _lease(
    project: Journal, transaction: Transaction, state: State, records: list[str], annotator: str | None, name: str
) -> None:
    body: dict[str, Any] = {
        "batch": state.batches + 1,
        "ids": records,
        "to": annotator,
        "expires": project.log.now + state.settings["lease_seconds"],
        "round": None,
        "strategy": name,
        "chances": None,
        "open": 0,
    }
    state.apply(transaction.append("asked", body))
