"""What a fitted model says of records, whatever kind of model: class probabilities, and those of its members."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.agents.own_data.ensemble_members import align_classes, members_of
from alrl.agents.own_data.labels import refuse_other_writing
from alrl.agents.own_data.model_kinds import known_classes, refuse_text_in_columns, refuse_twice, torch_module
from alrl.agents.own_data.records import Records, as_model_eats, as_pandas
from alrl.errors import OUT_OF_SCOPE, InvalidDataError
from alrl.learners.scores import decision_probabilities

_ROUNDING = 0.02
"""How far a sum of probabilities may be from one: half precision with many classes."""
_MISTAKES = (ValueError, TypeError, KeyError, IndexError, AttributeError)
"""What a model raises of records that it was not made for."""


@dataclass(frozen=True, kw_only=True, eq=False)
class ModelOutputs:
    """What a model says of N records: of the pool, then of the labelled ones."""

    classes: NDArray[Any]
    """Every class, (k,): those of the model in its order, then others that are labelled, then others that are named."""
    probabilities: NDArray[np.float64]
    """Class probabilities, (N, k), zero for classes that the model has not seen."""
    members: NDArray[np.float64] | None
    """Those of each of M members, (M, N, k); None where the model has none, or they are not needed."""

    def codes(self, labels: Sequence[Any]) -> NDArray[np.int64]:
        """Return places of the labels among the classes."""
        place = {label: code for code, label in enumerate(self.classes.tolist())}
        return np.array([place[label] for label in labels], dtype=np.int64)


def ask_model(
    model: Any,
    parts: Sequence[Records],
    labels: Sequence[Any],
    *,
    classes: Sequence[Any] | None = None,
    members: bool = False,
) -> ModelOutputs:
    """Return what a fitted model says of the records of ``parts``.

    Args:
        model: a classifier with ``predict_proba``, ``decision_function`` or, at worst, ``predict``; a torch module or
            another function that gives (records, classes); or a list of several, a committee.
        parts: the pool, and the labelled records if there are any.
        labels: labels of the labelled records.
        classes: every class, where the model has no ``classes_``: in the order of its columns; otherwise those that it
            may not have seen yet.
        members: whether the members of a committee are wanted too.

    Raises InvalidDataError for a model that is not fitted, is no classifier or cannot predict these records, for
    outputs that are no probabilities, and for labels that the model does not know.
    """
    if isinstance(model, list | tuple):
        return _committee(list(model), parts, labels, classes)
    known = known_classes(model)
    outputs = [_outputs(model, part) for part in parts]
    probabilities = np.concatenate([output.values for output in outputs])
    columns = outputs[0].columns if known is None else known
    if columns is None:
        columns = _named(model, probabilities.shape[1], labels, classes)
    elif outputs[0].columns is not None and set(map(str, outputs[0].columns)) == set(map(str, columns)):
        # Columns that carry the names of classes are in the order of the names, whatever the model's own.
        order = [list(map(str, outputs[0].columns)).index(str(column)) for column in columns]
        probabilities = probabilities[:, order]
    if probabilities.shape[1] != len(columns):
        raise InvalidDataError(
            f"the model's {outputs[0].method} gave shape {probabilities.shape} and it has {len(columns)} classes;"
            f" expected {(len(probabilities), len(columns))}, one column a class"
        )
    every = _every_class(columns, labels, classes)
    votes = _members(model, parts, np.asarray(columns)) if members else None
    return ModelOutputs(
        classes=_as_array(every),
        probabilities=widen(probabilities, len(every)),
        members=None if votes is None else widen(votes, len(every)),
    )


def _committee(
    models: list[Any], parts: Sequence[Records], labels: Sequence[Any], classes: Sequence[Any] | None
) -> ModelOutputs:
    if not models:
        raise InvalidDataError("an empty list of models given; give at least one fitted model")
    outputs = [ask_model(model, parts, labels, classes=classes) for model in models]
    every = list(dict.fromkeys(label for output in outputs for label in output.classes.tolist()))
    members = np.stack([align_classes(output.probabilities, output.classes.tolist(), every) for output in outputs])
    return ModelOutputs(classes=_as_array(every), probabilities=members.mean(0), members=members)


@dataclass(frozen=True, kw_only=True, eq=False)
class _ModelAnswer:
    values: NDArray[np.float64]
    method: str
    columns: list[Any] | None = None


def _outputs(model: Any, records: Records) -> _ModelAnswer:
    """Return probabilities (n, k) of one part."""
    method = next((name for name in ("predict_proba", "decision_function", "predict") if hasattr(model, name)), "call")
    if torch_module(model) and method == "call":
        return _of_module(model, records)
    refuse_text_in_columns(model, records)
    ask: Callable[[Any], Any] = model if method == "call" else getattr(model, method)
    given = as_model_eats(model, records)
    try:
        answer = _answered(ask, given, records)
    except _MISTAKES as error:
        raise InvalidDataError(_why_not(records, error)) from error
    if method == "decision_function":
        return _ModelAnswer(values=_decided(model, answer), method=method)
    if method == "predict":
        return _ModelAnswer(values=_votes(model, records, _predicted(model, answer, records)), method=method)
    return _probabilities(answer, records, "output" if method == "call" else method)


def _answered(ask: Callable[[Any], Any], given: Any, records: Records) -> Any:
    try:
        return ask(given)
    except ImportError:
        # Some boosters read polars by way of pyarrow.
        if records.columns is None or hasattr(given, "iloc"):
            raise
        return ask(as_pandas(records))


def _why_not(records: Records, error: Exception) -> str:
    gaps = int(np.isnan(records.value).sum()) if records.kind == "matrix" else 0
    if gaps:
        return (
            f"{records.name} holds {gaps} missing values (NaN), which the model cannot take ({error}); impute them,"
            " such as in its pipeline, or give a model that can"
        )
    return f"the model cannot predict these records: {error}"


def _decided(model: Any, answer: Any) -> NDArray[np.float64]:
    decision = np.asarray(answer, dtype=np.float64)
    if not np.isfinite(decision).all():
        raise InvalidDataError("the model's decision_function gave values that are not finite (NaN or infinity)")
    return decision_probabilities(decision, model)


def _predicted(model: Any, answer: Any, records: Records) -> NDArray[np.float64]:
    """Return one for the class that is predicted: all that a model without a word on how sure it is says."""
    classes = getattr(model, "classes_", None)
    predicted = np.asarray(answer)
    if classes is None or predicted.shape != (len(records),):
        advice = "give a model with predict_proba or decision_function"
        if predicted.ndim == 2:
            advice = "if these are probabilities, give the function itself: model.predict, with classes=[...]"
        raise InvalidDataError(
            f"{type(model).__name__} has only predict, of shape {predicted.shape} here, and no classes_; {advice}"
        )
    return np.asarray(predicted[:, None] == np.asarray(classes)[None, :], dtype=np.float64)


def _votes(model: Any, records: Records, predicted: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the shares of the members of a hard vote; of a model without members what it predicts."""
    if not hasattr(model, "estimators_"):
        return predicted
    members = members_of(model, records, np.asarray(model.classes_))
    return predicted if members is None else np.eye(predicted.shape[1])[members.argmax(2)].mean(0)


def _of_module(model: Any, records: Records) -> _ModelAnswer:
    """Return a torch module: logits or probabilities (n, k), without gradients and in evaluation mode."""
    import torch

    given = records.given if hasattr(records.given, "detach") else records.value
    if records.kind not in {"matrix", "array"}:
        raise InvalidDataError(f"{records.name} holds no numbers, which a torch module needs; give it in a function")
    kind = next((parameter.dtype for parameter in model.parameters() if parameter.is_floating_point()), torch.float32)
    device = next((parameter.device for parameter in model.parameters()), torch.device("cpu"))
    was_training = model.training
    model.eval()
    try:
        with torch.no_grad():
            answer = model(torch.as_tensor(np.asarray(given)).to(device, kind))
    except (*_MISTAKES, RuntimeError) as error:
        raise InvalidDataError(f"the model cannot predict these records: {error}") from error
    finally:
        model.train(was_training)
    values = answer.double()
    sums_to_one = values.ndim == 2 and bool((values >= 0).all()) and bool(((values.sum(1) - 1).abs() < _ROUNDING).all())
    if values.ndim == 2 and not sums_to_one:
        values = values.softmax(1)
    return _probabilities(values.cpu().numpy(), records, "output")


def _probabilities(answer: Any, records: Records, method: str) -> _ModelAnswer:
    """Return the answer as probabilities, checked."""
    if isinstance(answer, list) and answer and getattr(answer[0], "ndim", 0) == 2:
        raise InvalidDataError(f"the model gives probabilities of several outputs a record; {OUT_OF_SCOPE}")
    columns = list(answer.columns) if hasattr(answer, "columns") and hasattr(answer, "to_numpy") else None
    answer = answer.detach().cpu() if hasattr(answer, "detach") else answer
    try:
        values = np.asarray(answer.toarray() if hasattr(answer, "toarray") else answer, dtype=np.float64)
    except (TypeError, ValueError) as error:
        raise InvalidDataError(
            f"the model's {method} gave no numbers ({error}); expected (records, classes)"
        ) from error
    if values.ndim != 2 or len(values) != len(records):
        raise InvalidDataError(
            f"the model's {method} gave shape {values.shape} for {len(records)} records; expected (records, classes)"
        )
    check_probabilities(values, f"the model's {method}")
    return _ModelAnswer(values=values, method=method, columns=columns)


def check_probabilities(values: NDArray[np.float64], whose: str) -> None:
    """Raise InvalidDataError for rows that are no probabilities of classes which exclude one another."""
    if not np.isfinite(values).all():
        raise InvalidDataError(
            f"{whose} gave {int((~np.isfinite(values)).sum())} values that are not finite; expected finite values of"
            f" shape {values.shape}"
        )
    total = values.sum(1)
    if len(values) and ((values < -_ROUNDING).any() or (np.abs(total - 1) > _ROUNDING).any()):
        raise InvalidDataError(
            f"{whose} gave rows from {values.min():.3g} to {values.max():.3g} that sum to {total.min():.3g} to"
            f" {total.max():.3g}; probabilities of classes sum to 1: normalise them, such as by a softmax of logits"
            f" ({OUT_OF_SCOPE})"
        )


def _named(model: Any, count: int, labels: Sequence[Any], classes: Sequence[Any] | None) -> list[Any]:
    """Return classes of the columns of a model that does not name them."""
    if classes is not None:
        refuse_twice(classes, "classes")
        return list(classes)
    seen = sorted(set(labels), key=lambda label: (str(type(label)), label))
    if all(isinstance(label, int) and 0 <= label < count for label in seen):
        return list(range(count))
    if len(seen) == count:
        return seen
    raise InvalidDataError(
        f"{type(model).__name__} has no classes_ and gives {count} columns, and y_labelled holds {len(seen)} classes;"
        " say which column is which: classes=[...]"
    )


def _every_class(columns: Sequence[Any], labels: Sequence[Any], classes: Sequence[Any] | None) -> list[Any]:
    """Return the model's classes, then others; at least two, for a model of one class is a beginning like any other."""
    known = set(columns)
    strange = list(dict.fromkeys(label for label in labels if label not in known))
    if strange and len(strange) == len(set(labels)):
        raise InvalidDataError(
            f"y_labelled holds {strange[:3]}, which the model was not fitted on: its classes are {list(columns)[:5]};"
            " refit it first, or give the labels as it was fitted to them"
        )
    refuse_other_writing([label for label in strange if label not in (classes or ())], columns)
    return with_another([*columns, *strange, *(classes or ())])


def with_another(classes: Iterable[Any]) -> list[Any]:
    """Return each class once, and None beside a class that is alone."""
    every = list(dict.fromkeys(classes))
    return every if len(every) > 1 else [*every, None]


def _as_array(classes: Sequence[Any]) -> NDArray[Any]:
    array = np.empty(len(classes), dtype=object)
    array[:] = classes
    return array


def widen(values: NDArray[np.float64], classes: int) -> NDArray[np.float64]:
    """Return the values (..., c) with columns of zeros up to ``classes``."""
    more = np.zeros((*values.shape[:-1], classes - values.shape[-1]))
    return np.concatenate([values, more], -1)


def _members(model: Any, parts: Sequence[Records], columns: NDArray[Any]) -> NDArray[np.float64] | None:
    by_part = [members_of(model, part, columns) for part in parts]
    if any(each is None for each in by_part):
        return None
    joined = np.concatenate([each for each in by_part if each is not None], 1)
    if not np.isfinite(joined).all():
        raise InvalidDataError(
            "a member of the model gives probabilities that are NaN or infinite; what the members disagree about cannot"
            " be told"
        )
    return joined
