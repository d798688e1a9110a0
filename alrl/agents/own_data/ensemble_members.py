"""The members of a fitted ensemble, found in whatever it keeps them: forests, bags, votes, committees, calibrations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.agents.own_data.records import Records, as_model_eats, read_records
from alrl.learners.scores import decision_probabilities

_PARTS_OF_A_DECISION = {
    "OneVsRestClassifier",
    "OneVsOneClassifier",
    "OutputCodeClassifier",
    "ClassifierChain",
    "MultiOutputClassifier",
    "GradientBoostingClassifier",
}
"""What keeps ``estimators_`` that do not decide between the classes by themselves."""
_WITHIN = ("best_estimator_", "estimator_")


def members_of(model: Any, records: Records, classes: NDArray[Any]) -> NDArray[np.float64] | None:
    """Return class probabilities (M, n, k) by each member of a fitted ensemble.

    They come from the model's own ``predict_members(X)``, (members, records, classes), or else from its members, each
    asked as the ensemble itself asks it. None where the model has no members, or one of them knows other classes.
    """
    if hasattr(model, "predict_members"):
        return _stacked(
            [np.asarray(member) for member in model.predict_members(as_model_eats(model, records))], records, classes
        )
    inner, inside = _within(model, records)
    if inner is None or inside is None:
        return None
    parts = _parts(inner)
    if len(parts) < 2:
        return None
    answers = []
    for part, columns in parts:
        answer = _answer(part, _of(inside, columns))
        if answer is None:
            return None
        answers.append((answer, _seen(part)))
    order = _order([seen for _, seen in answers], classes.tolist(), inner)
    if order is None:
        return None
    return _stacked([align_classes(answer, seen, order) for answer, seen in answers], records, classes)


def _stacked(answers: Sequence[NDArray[Any]], records: Records, classes: NDArray[Any]) -> NDArray[np.float64] | None:
    shape = (len(records), len(classes))
    if not len(answers) or any(answer.shape != shape for answer in answers):
        return None
    return np.stack(answers).astype(np.float64)


def align_classes(values: NDArray[np.float64], columns: Sequence[Any], classes: Sequence[Any]) -> NDArray[np.float64]:
    """Return the values (n, c), whose columns are of the classes ``columns``, as (n, k) of ``classes``.

    >>> align_classes(np.array([[0.25, 0.75]]), ["dog", "ant"], ["ant", "cat", "dog"])
    array([[0.75, 0.  , 0.25]])
    """
    place = {label: code for code, label in enumerate(classes)}
    aligned = np.zeros((len(values), len(classes)))
    aligned[:, [place[label] for label in columns]] = values
    return aligned


def _within(model: Any, records: Records) -> tuple[Any, Records | None]:
    """Return the ensemble inside pipelines and searches, and the records as it gets them."""
    for _ in range(5):
        if hasattr(model, "steps"):
            if len(model.steps) > 1:
                records = read_records(model[:-1].transform(as_model_eats(model, records)), records.name)
            model = model.steps[-1][1]
        elif not hasattr(model, "estimators_") and any(hasattr(model, name) for name in _WITHIN):
            model = next(getattr(model, name) for name in _WITHIN if hasattr(model, name))
        else:
            return model, records
    return None, None


def _parts(model: Any) -> list[tuple[Any, NDArray[np.int64] | None]]:
    """Return Members that decide by themselves, and the columns that each of them sees, None for all."""
    if type(model).__name__ in _PARTS_OF_A_DECISION:
        return []
    calibrated = getattr(model, "calibrated_classifiers_", None)
    kept = getattr(model, "estimators_", ()) if calibrated is None else calibrated
    parts = [part for part in kept if not isinstance(part, str)] if isinstance(kept, list | tuple) else []
    columns = getattr(model, "estimators_features_", [None] * len(parts))
    return list(zip(parts, columns, strict=False))


def _of(records: Records, columns: NDArray[np.int64] | None) -> Records:
    """Return the records with some of their columns only, as a bag of random subspaces has them."""
    whole = columns is None or records.kind not in {"matrix", "sparse"} or len(columns) == records.width
    if whole and (columns is None or np.array_equal(columns, np.arange(len(columns)))):
        return records
    assert columns is not None  # noqa: S101 - for mypy: otherwise it is whole
    return read_records(records.value[:, columns], records.name)


def _answer(part: Any, records: Records) -> NDArray[np.float64] | None:
    """Return probabilities (n, c) by one member."""
    X = as_model_eats(part, records)
    if hasattr(part, "tree_") and records.kind == "matrix":
        X = records.value
    if hasattr(part, "predict_proba"):
        return np.asarray(part.predict_proba(X), dtype=np.float64)
    if not hasattr(part, "classes_"):
        return None
    if hasattr(part, "decision_function"):
        return decision_probabilities(np.asarray(part.decision_function(X), dtype=np.float64), part)
    return np.asarray(np.asarray(part.predict(X))[:, None] == np.asarray(part.classes_)[None], dtype=np.float64)


def _seen(part: Any) -> list[Any]:
    seen = getattr(part, "classes_", getattr(part, "classes", ()))
    return list(np.asarray(seen).tolist())


def _order(seen: Sequence[Sequence[Any]], classes: list[Any], model: Any) -> list[Any] | None:
    """Return what the columns of the members are called, in the order of the ensemble's classes.

    Most ensembles give their members the places of the classes for labels, some the classes themselves.
    """
    every, places = {label for each in seen for label in each}, list(range(len(classes)))
    own = every <= set(classes)
    if every <= set(places) and not (own and type(model).__name__ == "AdaBoostClassifier"):
        return places
    return classes if own else None
