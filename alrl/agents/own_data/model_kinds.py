"""What kind of model somebody gives: which classes it knows, whether it is fitted, and what is refused."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from alrl.agents.own_data.own_encoder import first_step
from alrl.agents.own_data.records import Records
from alrl.errors import OUT_OF_SCOPE, InvalidDataError


def known_classes(model: Any) -> list[Any] | None:
    """Return classes that a model was fitted on, in the order of its columns; None where it does not say.

    Raises InvalidDataError for a model that is not fitted, a regressor, one of several labels a record and one whose
    classes hold one twice.
    """
    refuse_no_classifier(model)
    classes = getattr(model, "classes_", None)
    if classes is not None:
        if isinstance(classes, list) and any(isinstance(each, np.ndarray | list) for each in classes):
            raise InvalidDataError(f"{type(model).__name__} has several outputs a record; {OUT_OF_SCOPE}")
        known = list(np.asarray(classes).tolist())
        refuse_twice(known, f"{type(model).__name__} has classes_")
        return known
    if not _gives_something(model):
        raise InvalidDataError(
            f"{type(model).__name__} is no model: it has neither predict_proba, decision_function nor predict and"
            " cannot be called; give a fitted classifier, or alrl.query(probabilities, ...)"
        )
    if hasattr(model, "fit") and not _is_fitted(model):
        raise InvalidDataError(f"{type(model).__name__} is not fitted; fit it to the labelled records first")
    return None


def refuse_twice(classes: Sequence[Any], what: str) -> None:
    """Raise InvalidDataError for classes of columns that name one twice."""
    twice = [each for each, count in Counter(map(repr, classes)).items() if count > 1]
    if twice:
        raise InvalidDataError(
            f"{what} = {list(classes)[:10]}, which names {twice[0]} twice; a column is one class: add up the"
            " probabilities of one class, and name each once"
        )


def refuse_no_classifier(model: Any) -> None:
    """Raise InvalidDataError for what is known to learn no classes: a regressor, outliers, clusters, a name."""
    if isinstance(model, type):
        raise InvalidDataError(f"the class {model.__name__} given; give a fitted object of it")
    if isinstance(model, str | Path):
        raise InvalidDataError(
            f"model = {str(model)!r} given; a query takes the fitted model itself, not its name or file: load it first,"
            " as by skops.io.load, or give alrl.query(probabilities, ...)"
        )
    name = type(model).__name__
    if hasattr(model, "get_params") or hasattr(model, "__sklearn_tags__"):
        kind = _kind_of(model)
        if kind == "regressor":
            raise InvalidDataError(f"{name} is a regressor; {OUT_OF_SCOPE}")
        if kind == "outlier_detector" or hasattr(model, "offset_"):
            raise InvalidDataError(f"{name} finds outliers, no classes; give a classifier")
        if kind == "clusterer":
            raise InvalidDataError(f"{name} finds clusters, no classes; give a classifier")
    if getattr(model, "multilabel_", False):
        raise InvalidDataError(f"{type(model).__name__} was fitted to several labels a record; {OUT_OF_SCOPE}")


def _kind_of(model: Any) -> str | None:
    from sklearn.utils import get_tags

    try:
        kind: str | None = get_tags(model).estimator_type
    except (AttributeError, TypeError, ValueError):
        # It does not follow scikit-learn, so there is no knowing.
        return None
    return kind


def _gives_something(model: Any) -> bool:
    return callable(model) or any(hasattr(model, name) for name in ("predict_proba", "decision_function", "predict"))


def _is_fitted(model: Any) -> bool:
    """Return whether a model without ``classes_`` is fitted, as far as can be known."""
    from sklearn.exceptions import NotFittedError
    from sklearn.utils.validation import check_is_fitted

    if torch_module(model):
        return True
    try:
        check_is_fitted(model)
    except NotFittedError:
        # A wrapper may keep what it has learnt in attributes without an underscore, beside its parameters.
        own = not type(model).__module__.startswith("sklearn.") and hasattr(model, "get_params")
        return own and bool(set(vars(model)) - set(model.get_params(deep=False)))
    except (TypeError, AttributeError):
        # It does not follow scikit-learn, so there is no knowing.
        return True
    return True


def refuse_text_in_columns(model: Any, records: Records) -> None:
    """Raise InvalidDataError for a table given to a model that reads texts: it would take the columns for records."""
    if not hasattr(first_step(model), "build_analyzer") or records.kind not in {"frame", "matrix"}:
        return
    columns = list(records.columns) if records.columns is not None else []
    which = f" of the column {columns[0]!r}" if len(columns) == 1 else f" of columns {columns[:5]}" if columns else ""
    how = f"{records.name}[{columns[0]!r}]" if columns else f"{records.name}[:, 0]"
    raise InvalidDataError(
        f"the model reads texts, one a record, and {records.name} is a table{which}; give the texts alone, as {how}"
    )


def torch_module(model: Any) -> bool:
    """Return whether the model is a torch module; torch is not imported for that."""
    torch = sys.modules.get("torch")
    return torch is not None and isinstance(model, torch.nn.Module)
