"""Rounds as versions: two compared, an earlier one gone back to, and the model of one fitted again."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from alrl.errors import InvalidDataError
from alrl.projects.event_log import EventKind
from alrl.projects.judgement.curve import point
from alrl.projects.rounds import read_predictions
from alrl.projects.state import RoundFacts, State
from alrl.projects.telling import body_of

if TYPE_CHECKING:
    from pathlib import Path

    from alrl.projects.journal import Journal
    from alrl.projects.models import FittedRound


def round_of(state: State, number: Any) -> RoundFacts:
    """Return the facts of a round. Raises InvalidDataError for a number that no round has."""
    if not isinstance(number, int | np.integer) or not 0 <= number < len(state.rounds):
        given = f"0 to {len(state.rounds) - 1}" if state.rounds else "none yet"
        raise InvalidDataError(f"there is no round {number!r}; the project's rounds are {given}")
    return state.rounds[number]


def compare(project: Journal, first: int, second: int) -> dict[str, Any]:
    """Return how two rounds differ: labels, model, estimates, and predictions of the pool.

    ``learnt`` and ``forgotten`` are the records, labelled in both, that only the second or only the first predicts as
    they were labelled in the second.

    Raises InvalidDataError for a number that no round has.
    """
    state, pool = project.state_and_pool()
    facts = [round_of(state, number) for number in (first, second)]
    then = [state_at(project, each.event) for each in facts]
    width = len(pool.classes)
    predicted = [
        read_predictions(project.folder, each).widened(pool.records, width).probabilities.argmax(1) for each in facts
    ]
    known = min(int(each.facts["records"]) for each in facts)
    labels = then[1].labels
    both = [record for record in labels if record in then[0].labels]
    at = pool.at(both)
    right = [rows[at] == np.array([pool.classes.index(labels[record]) for record in both]) for rows in predicted]
    return {
        "rounds": [_described(each, old) for each, old in zip(facts, then, strict=True)],
        "new_labels": len(labels) - len(both),
        "lost_labels": len(then[0].labels) - len(both),
        "relabelled": sum(then[0].labels[record] != labels[record] for record in both),
        "changed": float((predicted[0][:known] != predicted[1][:known]).mean()),
        "learnt": [record for record, was, now in zip(both, *right, strict=True) if now and not was],
        "forgotten": [record for record, was, now in zip(both, *right, strict=True) if was and not now],
    }


def sentences(document: dict[str, Any]) -> list[str]:
    """Return what :func:`compare` gives in words."""
    lines = []
    for each in document["rounds"]:
        best = each["estimate"]
        shown = "" if best is None else f", accuracy {100 * best['accuracy']:.1f} %"
        shown += "" if best is None else f" ({100 * best['low']:.1f} to {100 * best['high']:.1f})"
        lines.append(f"round {each['round']}: {each['labels']} labels, model {each['model']}{shown}")
    return [
        *lines,
        f"{document['new_labels']} labels are new, {document['relabelled']} are others, {document['lost_labels']} gone",
        f"{100 * document['changed']:.1f} % of the predictions changed",
        f"learnt: {', '.join(document['learnt'][:20]) or 'none'}",
        f"forgotten: {', '.join(document['forgotten'][:20]) or 'none'}",
    ]


def round_to_return_to(state: State, number: int) -> RoundFacts:
    """Return a round that a project may go back to. Raises InvalidDataError as :func:`roll_back`."""
    facts = round_of(state, number)
    if number < state.first_round:
        raise InvalidDataError(
            f"round {number} lies before the last restart, round {state.first_round} is the first since; look at it"
            " with: alrl project at"
        )
    return facts


def roll_back(project: Journal, number: int) -> dict[str, int]:
    """Go back to the labels and the model of a round, by events that undo what came after; nothing is lost or paid.

    Labels given since are withdrawn, corrections since are taken back, and withdrawn ones stand again. Added records
    and classes stay, for they change no label. The log keeps everything: go forward again by rolling back to a later
    round.

    Returns:
        How many answers were withdrawn and how many were put back, and whether the model changed.

    Raises InvalidDataError for a number that no round has, or one before the last restart.
    """
    facts = round_to_return_to(project.state, number)
    old = state_at(project, facts.event)
    with project.writing() as (transaction, state):
        withdrawn = [
            (record, annotator)
            for record, answers in state.given.items()
            for annotator in answers
            if annotator not in old.given.get(record, {})
        ]
        for record, annotator in withdrawn:
            state.apply(transaction.append("withdrawn", {"id": record, "annotator": annotator}))
        put_back = 0
        for record, answers in old.given.items():
            for annotator, given in answers.items():
                present = state.given.get(record, {}).get(annotator)
                if record in state.erased or (present is not None and present.label == given.label):
                    continue
                kind: EventKind = (
                    "corrected" if present is not None else "skipped" if given.label is None else "answered"
                )
                body = body_of(record, given.label, annotator, charged=False, source=f"round {number}")
                state.apply(transaction.append(kind, body))
                put_back += 1
        changed = state.model != old.model
        if changed:
            state.apply(transaction.append("model set", old.model))
    return {"withdrawn": len(withdrawn), "put_back": put_back, "model": int(changed)}


def fitted_model(project: Journal, number: int) -> FittedRound:
    """Return the model of a round, fitted again to the labels of then: fits begin from scratch, so it is the same.

    Raises InvalidDataError for a number that no round has.
    """
    from alrl.projects.model_files import load_model
    from alrl.projects.rounds import labelled

    old, pool = state_at(project, round_of(project.state, number).event), project.pool()
    model = load_model(old.model, project.folder / "models", project.trusted)
    at, codes = labelled(old, pool)
    return model.fit(pool, at, codes, len(pool.classes))


def save_model(project: Journal, number: int, file: Path) -> Path:
    """Write the fitted classifier of a round as a skops file, which holds no code.

    Raises InvalidDataError for a learner of alrl, which is no scikit-learn classifier, and where the file is there.
    """
    import skops.io

    if file.exists():
        raise InvalidDataError(f"{file} is there already; name another file, or move it away")
    fit = fitted_model(project, number)
    if fit.estimator is None:
        raise InvalidDataError(
            "the model is a learner of alrl, which is kept by its name and its labels; set a scikit-learn classifier or"
            " 'auto' (alrl project model) to save one, or use alrl.projects.versions.fitted_model"
        )
    skops.io.dump(fit.estimator, file)
    return file


def state_at(project: Journal, event: int) -> State:
    """Return the state right after an event."""
    return State.of(each for each in project.events() if each.number <= event)


def _described(facts: RoundFacts, state: State) -> dict[str, Any]:
    best = point(facts).best
    return {
        "round": facts.number,
        "labels": facts.labels,
        "model": state.model.get("name"),
        "fingerprint": facts.fingerprint,
        "estimate": None if best is None else vars(best),
    }
