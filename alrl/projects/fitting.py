"""Keeping rounds: fitting where labels have changed, and showing strategies the last rounds."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from alrl.errors import InvalidQueryError
from alrl.loop.pool_view import PoolView
from alrl.loop.predictions import REMEMBERED
from alrl.loop.view_fields import Need
from alrl.projects.model_files import load_model
from alrl.projects.models import FittedRound, ProjectModel
from alrl.projects.records.pool import Pool
from alrl.projects.rounds import Predictions, fit_round, labelled, read_predictions, write_predictions
from alrl.projects.state import RoundFacts, State
from alrl.projects.view import pool_view

if TYPE_CHECKING:
    from alrl.projects.journal import Journal


def ready(project: Journal) -> bool:
    """Return whether the labels are enough for a fit."""
    state, pool = project.state_and_pool()
    return model_of(project, state).ready(labelled(state, pool)[1])


def current_round(project: Journal) -> tuple[RoundFacts, State, Pool]:
    """Return the round of the labels of now, fitted if there is none yet, and the state and the pool that it is of.

    Raises InvalidQueryError if the labels are too few for a fit.
    """
    while True:
        state, pool = project.state_and_pool()
        fingerprint, rounds = state.fingerprint(), state.rounds[state.first_round :]
        if rounds and rounds[-1].fingerprint == fingerprint:
            return rounds[-1], state, pool
        model = model_of(project, state)
        if not model.ready(labelled(state, pool)[1]):
            raise InvalidQueryError(
                f"{len(state.labels)} labelled records are too few for the model; label records of two classes at least"
            )
        before = _widened(project, rounds[-1], pool) if rounds else None
        fit, predictions, facts = fit_round(state, pool, model, before)
        stored = write_predictions(project.folder, f"{len(state.rounds):04d}-{fingerprint[:12]}", predictions)
        with project.writing() as (transaction, now):
            # What others wrote meanwhile: other labels, or the same round.
            if now.number != state.number and now.fingerprint() != fingerprint:
                continue
            if now.rounds[now.first_round :] and now.rounds[-1].fingerprint == fingerprint:
                continue
            body = {
                "labels": len(state.labels),
                "fingerprint": fingerprint,
                "file": stored["file"],
                "facts": {**facts, "sha256": stored["sha256"]},
            }
            now.apply(transaction.append("round fitted", body))
            project.last_fit = (fingerprint, fit)


def seen_after(project: Journal, needs: Collection[Need]) -> tuple[PoolView, State, Pool]:
    """Return the view of the last round, which is fitted if need be, and the state and the pool that it shows."""
    facts, state, pool = current_round(project)
    remembered = [_widened(project, each, pool) for each in state.rounds[state.first_round :][-REMEMBERED:]]
    fit = _fit_of(project, state, pool, facts) if needs else None
    return pool_view(state, pool, remembered, now=project.log.now, fit=fit, needs=needs), state, pool


def model_of(project: Journal, state: State) -> ProjectModel:
    """Return the model that the log names, unfitted."""
    return load_model(state.model, project.folder / "models", project.trusted)


def _fit_of(project: Journal, state: State, pool: Pool, facts: RoundFacts) -> FittedRound:
    """Return the fit of the last round: of this process, or made again, which gives the same."""
    kept = project.last_fit
    if kept is None or kept[0] != facts.fingerprint:
        at, codes = labelled(state, pool)
        kept = (facts.fingerprint, model_of(project, state).fit(pool, at, codes, len(pool.classes)))
        project.last_fit = kept
    fit: FittedRound = kept[1]
    return fit


def _widened(project: Journal, facts: RoundFacts, pool: Pool) -> Predictions:
    return read_predictions(project.folder, facts).widened(pool.records, len(pool.classes))
