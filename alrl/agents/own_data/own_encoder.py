"""What a fitted pipeline does with records before its last step: its transformers, and the columns that it selects."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from alrl.agents.own_data.records import Records


def own_encoder(model: Any) -> Callable[[Any], Any] | None:
    """Return the steps before the last of a fitted pipeline, also of one that others of scikit-learn's models wrap.

    >>> from sklearn.linear_model import LogisticRegression
    >>> own_encoder(LogisticRegression()) is None
    True
    """
    for _ in range(5):
        if hasattr(model, "steps"):
            transform = model[:-1].transform if len(model.steps) > 1 else None
            return transform if callable(transform) else None
        for name in ("best_estimator_", "calibrated_classifiers_", "estimators_", "estimator_"):
            inner = getattr(model, name, None)
            if inner is not None:
                break
        if name.endswith("s_") and inner is not None:
            inner = next(iter(inner), None)
            inner = getattr(inner, "estimator", inner) if name == "calibrated_classifiers_" else inner
        if inner is None or isinstance(inner, str):
            return None
        model = inner
    return None


def first_step(model: Any) -> Any:
    """Return what a model does first with records, also one that others of scikit-learn's models wrap."""
    encode = own_encoder(model)
    steps = getattr(getattr(encode, "__self__", None), "steps", None)
    return steps[0][1] if steps else None


def selected_columns(model: Any, pool: Records) -> list[Any] | None:
    """Return the columns of numbers that a model selects from a frame by a ColumnTransformer; None for all."""
    if pool.kind != "matrix" or pool.columns is None:
        return None
    selector = first_step(model)
    if not hasattr(selector, "transformers_") or not hasattr(selector, "feature_names_in_"):
        return None
    names = list(selector.feature_names_in_)
    used: set[Any] = set()
    for _, transformer, columns in selector.transformers_:
        if isinstance(transformer, str) and transformer == "drop":
            continue
        chosen = _between(names, columns) if isinstance(columns, slice) else columns
        chosen = [chosen] if isinstance(chosen, str | int) else list(chosen)
        if len(chosen) == len(names) and all(isinstance(each, bool | np.bool_) for each in chosen):
            chosen = [name for name, wanted in zip(names, chosen, strict=True) if wanted]
        used.update(names[each] if isinstance(each, int | np.integer) else each for each in chosen)
    kept = [column for column in pool.columns if column in used]
    return kept if kept and len(kept) < len(pool.columns) else None


def _between(names: list[Any], columns: slice) -> list[Any]:
    """Return the names of a slice by places, or by names, of which the last is one of them."""
    first, last = (names.index(end) if isinstance(end, str) else end for end in (columns.start, columns.stop))
    return names[first : last + 1 if isinstance(columns.stop, str) else last : columns.step]
