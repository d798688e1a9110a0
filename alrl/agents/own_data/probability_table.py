"""Probabilities of a model that lives elsewhere, and which of its records are labelled, however people say it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.agents.own_data.features import QueryFeatures, find_features, refuse_unusable
from alrl.agents.own_data.labels import read_labels, refuse_other_writing
from alrl.agents.own_data.model_outputs import ModelOutputs, check_probabilities, widen, with_another
from alrl.agents.own_data.records import Records, read_records
from alrl.errors import InvalidDataError, InvalidQueryError


@dataclass(frozen=True, kw_only=True, eq=False)
class ProbabilityTable:
    """What is said of the N records."""

    probabilities: NDArray[np.float64]
    classes: list[Any]
    named: bool
    """Whether it was said what the columns are called; they are 0, 1, ... otherwise."""
    features: Records | None
    members: NDArray[np.float64] | None
    ids: NDArray[Any] | None

    def outputs(self, known: LabelledRows) -> ModelOutputs:
        """Return the probabilities of the pool, then of the labelled records."""
        every = with_another([*self.classes, *known.labels])
        classes = np.empty(len(every), dtype=object)
        classes[:] = every
        values = np.concatenate([self.probabilities[known.pool], known.probabilities_of(self)])
        votes = None
        if self.members is not None:
            own = known.probabilities_of(self)
            outside = np.broadcast_to(own, (len(self.members), *own.shape))
            of_known = self.members[:, known.rows] if known.rows is not None else outside
            votes = widen(np.concatenate([self.members[:, known.pool], of_known], 1), len(every))
        return ModelOutputs(classes=classes, probabilities=widen(values, len(every)), members=votes)

    def seen(self, known: LabelledRows) -> QueryFeatures:
        """Return features of the pool, then of the labelled records."""
        if self.features is None:
            values = np.concatenate([self.probabilities[known.pool], known.probabilities_of(self)])
            return QueryFeatures(values=values, source="the probabilities", common_scale=True)
        if known.rows is None:
            return find_features(self.features, known.features, None)
        given = find_features(self.features, None, None)
        order = np.concatenate([known.pool, known.rows])
        return QueryFeatures(values=given.values[order], source=given.source, common_scale=given.common_scale)


@dataclass(frozen=True, kw_only=True, eq=False)
class LabelledRows:
    """The labelled records."""

    pool: NDArray[np.int64]
    """Rows that are not labelled."""
    rows: NDArray[np.int64] | None
    """Rows that are; None where the labelled records are not among the N."""
    labels: list[Any]
    features: Records | None = None
    probabilities: NDArray[np.float64] | None = None

    def probabilities_of(self, table: ProbabilityTable) -> NDArray[np.float64]:
        """Return probabilities (L, k) of the labelled records.

        Certainty of the label where nothing was said of them.
        """
        if self.rows is not None:
            return table.probabilities[self.rows]
        if self.probabilities is not None:
            return self.probabilities
        place = {label: code for code, label in enumerate(table.classes)}
        values = np.zeros((len(self.labels), len(table.classes)))
        for row, label in zip(values, self.labels, strict=True):
            row[place[label] if label in place else slice(None)] = 1.0 if label in place else 1 / len(row)
        return values


def read_table(given: Any, features: Any, classes: Sequence[Any] | None, members: Any) -> ProbabilityTable:
    """Return the table of what is said of N records. Raises InvalidDataError where its parts do not fit each other."""
    if hasattr(given, "predict_proba") or hasattr(given, "predict") or callable(given):
        raise InvalidQueryError(
            "a model given without records; give X_pool, X_labelled and y_labelled, or probabilities"
        )
    ids = given.index.to_numpy() if hasattr(given, "iloc") else None
    named = list(given.columns) if hasattr(given, "columns") and hasattr(given, "to_numpy") else None
    probabilities = _array(given, "the probabilities")
    if probabilities.ndim != 2 or not probabilities.shape[1]:
        advice = ": np.column_stack([1 - p, p]) of two classes" if probabilities.ndim == 1 else ""
        raise InvalidDataError(
            f"probabilities of shape {probabilities.shape} given; expected (records, classes){advice}"
        )
    check_probabilities(probabilities, "the model elsewhere")
    given_names = list(classes) if classes is not None else named or list(range(probabilities.shape[1]))
    names = [each.item() if isinstance(each, np.generic) else each for each in given_names]
    if len(names) != probabilities.shape[1] or len(set(names)) < len(names):
        raise InvalidDataError(
            f"{len(names)} classes given for {probabilities.shape[1]} columns; name each column once"
        )
    seen = None if features is None else read_records(features, "features")
    if seen is not None:
        if len(seen) != len(probabilities):
            raise InvalidDataError(f"features of {len(seen)} records given and probabilities of {len(probabilities)}")
        refuse_unusable(seen)
    votes = None if members is None else _array(members, "members")
    if votes is not None and (votes.ndim != 3 or votes.shape[1:] != probabilities.shape):
        raise InvalidDataError(f"members of shape {votes.shape} given; expected (members, {probabilities.shape})")
    for each in votes if votes is not None else ():
        check_probabilities(each, "a member")
    return ProbabilityTable(
        probabilities=probabilities,
        classes=names,
        named=classes is not None or named is not None,
        features=seen,
        members=votes,
        ids=ids,
    )


def _array(given: Any, what: str) -> NDArray[np.float64]:
    given = given.detach().cpu() if hasattr(given, "detach") else given
    try:
        return np.asarray(given.toarray() if hasattr(given, "toarray") else given, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(f"{what} are no array of numbers ({error})") from None


def read_labelled(given: Any, table: ProbabilityTable) -> LabelledRows:
    """Return which records are labelled, however that was said.

    Raises InvalidDataError or InvalidQueryError for rows that are not there or given twice, and labels that do not fit.
    """
    every = np.arange(len(table.probabilities))
    if given is None:
        return LabelledRows(pool=every, rows=every[:0], labels=[])
    if isinstance(given, Mapping):
        given = (list(given), list(given.values()))
    pair = isinstance(given, tuple) and len(given) in {2, 3} and not _is_row(given[0])
    first = _first_of(given[0]) if pair else np.asarray(given)
    if pair and getattr(first, "ndim", 1) != 1:
        return _outside(given, table, every)
    rows = _rows(given[0] if pair else given, table)
    likeliest = [table.classes[code] for code in table.probabilities[rows].argmax(1)]
    labels = read_labels(given[1], None, "labelled") if pair else likeliest
    if len(labels) != len(rows):
        raise InvalidDataError(f"{len(rows)} labelled rows given with {len(labels)} labels; give one label a row")
    _check_labels(labels, table)
    return LabelledRows(pool=np.setdiff1d(every, rows), rows=rows, labels=labels)


def _check_labels(labels: Sequence[Any], table: ProbabilityTable) -> None:
    """Raise InvalidDataError for labels that cannot be those of the columns."""
    strange = [label for label in dict.fromkeys(labels) if label not in table.classes]
    if strange and (not table.named or len(strange) == len(set(labels))):
        raise InvalidDataError(
            f"labelled holds {strange[:3]}, and the columns are of the classes {table.classes[:5]}; name the columns'"
            " classes by classes=[...], with a column of zeros for a class that the model does not know"
        )
    refuse_other_writing(strange, table.classes, "labelled")


def _first_of(given: Any) -> Any:
    """Return what a pair begins with, as an array where it can be one: rows have one axis, features two."""
    return given if hasattr(given, "ndim") else np.asarray(given)


def _is_row(given: Any) -> bool:
    return np.ndim(given) == 0


def _outside(given: Any, table: ProbabilityTable, every: NDArray[np.int64]) -> LabelledRows:
    """Return labelled records that are not among the N."""
    features = read_records(given[0], "features of the labelled records")
    refuse_unusable(features)
    if table.features is None:
        raise InvalidDataError("features of the labelled records given and none of the others; give features= too")
    labels = read_labels(given[1], features, "labelled")
    _check_labels(labels, table)
    values = None
    if len(given) == 3:
        values = _array(given[2], "probabilities of the labelled records")
        if values.shape != (len(labels), len(table.classes)):
            raise InvalidDataError(
                f"probabilities of shape {values.shape} given for {len(labels)} labelled records; expected"
                f" {(len(labels), len(table.classes))}"
            )
        check_probabilities(values, "the model elsewhere")
    return LabelledRows(pool=every, rows=None, labels=labels, features=features, probabilities=values)


def _rows(given: Any, table: ProbabilityTable) -> NDArray[np.int64]:
    """Return row numbers of the labelled records, given as such, as a mask or, of a frame, as index labels."""
    rows, records = np.asarray(given), len(table.probabilities)
    if rows.ndim != 1:
        raise InvalidQueryError(
            f"labelled is a matrix of shape {rows.shape}; give the row numbers of the labelled records, {{row: label}},"
            " or a pair (features of labelled records, their labels)"
        )
    if rows.dtype == bool and rows.shape == (records,):
        return np.flatnonzero(rows)
    if table.ids is not None:
        place = {name: row for row, name in enumerate(table.ids.tolist())}
        strange = [name for name in rows.tolist() if name not in place]
        if strange:
            raise InvalidQueryError(
                f"labelled record {strange[0]!r} given; it is not in the index of the probabilities"
            )
        rows = np.array([place[name] for name in rows.tolist()], dtype=np.int64)
    if not rows.size:
        return np.zeros(0, dtype=np.int64)
    if rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= records:
        raise InvalidQueryError(
            f"labelled rows {rows.tolist()[:5]} given; they are whole numbers from 0 to {records - 1}"
        )
    if len(np.unique(rows)) < len(rows):
        raise InvalidQueryError("a labelled row is given twice; give each once")
    return rows.astype(np.int64)
