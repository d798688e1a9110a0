"""A strategy or policy on one's own data and model: five lines, no simulator."""

from __future__ import annotations

import dataclasses
import warnings
from collections.abc import Collection
from typing import Any

import numpy as np
import torch
from numpy.typing import ArrayLike, NDArray
from torch import Tensor

from alrl.errors import InvalidDataError, InvalidQueryError, PoolExhaustedWarning
from alrl.geometry.geometry import Geometry
from alrl.loop.pool_view import PoolView, Trajectory
from alrl.loop.view_fields import Need
from alrl.numerics.streams import EpisodeNoise
from alrl.strategies.base import Strategy, refuse_learning

_USUAL_BUDGET = 60


def query(
    strategy: Strategy,
    model: Any,
    X_pool: ArrayLike,
    X_labelled: ArrayLike,
    y_labelled: ArrayLike,
    *,
    batch_size: int = 1,
    labels_left: int | None = None,
    seed: int = 0,
) -> NDArray[np.int64]:
    """Choose the records of a pool to be labelled next.

    Features are centred and scaled by pool and labelled set together. Nothing is known of earlier loops, so the
    trajectory features say that nothing has changed.

    In pools of more than 20,000 records policies rank how sparse the pool is around a candidate among 1,024 records at
    random; whatever else they read is exact. ``docs/large-pools.md`` says how rarely that changes a choice, and that
    100,000 records take a second or two. What rules approximate is in ``docs/strategies.md``.

    Args:
        strategy: a policy or a rule.
        model: a fitted classifier with ``predict_proba`` and ``classes_``, as scikit-learn's are.
        X_pool: unlabelled records, (records, features), numbers.
        X_labelled: labelled records, (labelled, features).
        y_labelled: their labels, (labelled,), each one of ``model.classes_``.
        batch_size: records wanted; if the pool has fewer, all of them are returned, with a
            PoolExhaustedWarning.
        labels_left: labels that may still be bought, this batch included; by default a budget of 60 labels after the
            first of each class is assumed.
        seed: of chance and ties; the same seed chooses the same records.

    Returns:
        Row numbers of ``X_pool``, (min(batch_size, records),), int64, distinct, most wanted first.

    Raises:
        InvalidDataError: the arrays do not fit each other or the model, or hold NaN or infinity.
        InvalidQueryError: the batch size is below 1 or the pool is empty.
        InvalidRecipeError: the strategy learns from loop to loop, of which one query knows nothing.

    >>> from sklearn.linear_model import LogisticRegression
    >>> from alrl.strategies import make_strategy
    >>> X_labelled, y_labelled = [[0.0], [4.0]], ["low", "high"]
    >>> model = LogisticRegression().fit(X_labelled, y_labelled)
    >>> query(make_strategy("margin"), model, [[0.5], [1.9], [3.0]], X_labelled, y_labelled, batch_size=2).tolist()
    [1, 2]
    """
    refuse_learning(strategy, "a query by itself")
    if batch_size < 1:
        raise InvalidQueryError(f"batch_size = {batch_size} given; it must be at least 1")
    view = view_of(model, X_pool, X_labelled, y_labelled, needs=strategy.needs, labels_left=labels_left, seed=seed)
    left = int(view.available.sum())
    warn_if_fewer(left, batch_size)
    picks = strategy.select(view, min(batch_size, left))[0].numpy()
    return picks[picks >= 0].astype(np.int64)


def view_of(
    model: Any,
    X_pool: ArrayLike,
    X_labelled: ArrayLike,
    y_labelled: ArrayLike,
    *,
    needs: Collection[Need] = (),
    labels_left: int | None = None,
    seed: int = 0,
) -> PoolView:
    """Return the view that a strategy has of a pool and a fitted model.

    The pool's records first, then the labelled ones.

    Arguments and errors are those of :func:`query`. Of what strategies need beyond probabilities (``needs``), the
    embedding is the features, and members are those of a fitted ensemble (``estimators_``) that know all its classes,
    or what the model's own ``predict_members(X)`` says, (members, records, classes).
    """
    for name, given, least in (("labels_left", labels_left, 1), ("seed", seed, 0)):
        if given is not None and given < least:
            raise InvalidQueryError(f"{name} = {given} given; it must be at least {least}")
    if not len(np.asarray(X_pool)):
        raise InvalidQueryError("X_pool is empty; there is nothing left to query")
    pool, labelled = _matrix(X_pool, "X_pool"), _matrix(X_labelled, "X_labelled")
    if pool.shape[1] != labelled.shape[1]:
        raise InvalidDataError(
            f"X_pool has {pool.shape[1]} features and X_labelled {labelled.shape[1]}; give both the same columns"
        )
    codes = _codes(model, y_labelled, len(labelled))
    X = np.concatenate([pool, labelled])
    # As they were given: a model that was fitted to a frame knows its columns by name.
    parts = [_probabilities(model, given, len(X)) for given, X in ((X_pool, pool), (X_labelled, labelled)) if len(X)]
    probabilities = np.concatenate(parts)
    view = _view(X, len(pool), codes, probabilities, labels_left=labels_left, seed=seed)
    members = _members(model, X) if "members" in needs else None
    return dataclasses.replace(view, embedding=view.features if "embedding" in needs else None, members=members)


def warn_if_fewer(records: int, batch_size: int) -> None:
    """Warn with PoolExhaustedWarning if fewer ``records`` are left than a batch asks for."""
    if batch_size > records:
        warnings.warn(
            f"batch_size = {batch_size} given, and {records} records are left to query: all of them are returned",
            PoolExhaustedWarning,
            stacklevel=3,
        )


def _matrix(X: ArrayLike, name: str) -> NDArray[np.float64]:
    array = np.asarray(X)
    if array.dtype == object or array.dtype.kind not in "biuf":
        raise InvalidDataError(f"{name} holds {array.dtype} values; encode them as numbers, say by one-hot columns")
    if array.ndim != 2:
        raise InvalidDataError(f"{name} has shape {array.shape}; expected (records, features)")
    array = array.astype(np.float64)
    if not np.isfinite(array).all():
        bad = int((~np.isfinite(array)).sum())
        raise InvalidDataError(f"{name} holds {bad} NaN or infinite values; impute or drop them first")
    return array


def _codes(model: Any, y: ArrayLike, labelled: int) -> NDArray[np.int64]:
    if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
        raise InvalidDataError(
            f"{type(model).__name__} has no predict_proba or is not fitted; give a fitted classifier with"
            " probabilities, say sklearn.calibration.CalibratedClassifierCV around it"
        )
    y = np.asarray(y)
    if y.shape != (labelled,):
        raise InvalidDataError(f"y_labelled has shape {y.shape}; expected ({labelled},), one label a labelled record")
    classes = np.asarray(model.classes_)
    unknown = sorted(set(y.tolist()) - set(classes.tolist()), key=str)
    if unknown:
        raise InvalidDataError(f"y_labelled holds {unknown[:3]}, which the model was not fitted on; refit it first")
    if len(classes) < 2:
        raise InvalidDataError("the model knows one class only; label records of a second class and refit it")
    return np.array([int(np.flatnonzero(classes == label)[0]) for label in y], dtype=np.int64)


def _probabilities(model: Any, X: ArrayLike, records: int) -> NDArray[np.float32]:
    try:
        probabilities = np.asarray(model.predict_proba(X), dtype=np.float64)
    except ValueError as error:
        raise InvalidDataError(f"the model cannot predict these records: {error}") from error
    expected = (records, len(model.classes_))
    if probabilities.shape != expected or not np.isfinite(probabilities).all():
        raise InvalidDataError(
            f"the model's predict_proba gave shape {probabilities.shape} or values that are not finite; expected finite"
            f" values of shape {expected}"
        )
    return probabilities.astype(np.float32)


def _members(model: Any, X: NDArray[np.float64]) -> Tensor | None:
    """Return class probabilities (1, M, N, k) by the members of an ensemble; None where there are none to be had."""
    if hasattr(model, "predict_members"):
        said = [np.asarray(each) for each in model.predict_members(X)]
    else:
        members = [each for each in getattr(model, "estimators_", ()) if hasattr(each, "predict_proba")]
        said = [np.asarray(each.predict_proba(X)) for each in members]
    if not said or any(each.shape != (len(X), len(model.classes_)) for each in said):
        return None
    if not all(np.isfinite(each).all() for each in said):
        raise InvalidDataError(
            "a member of the model gives probabilities that are NaN or infinite; what the members disagree about cannot"
            " be told"
        )
    return torch.from_numpy(np.stack(said).astype(np.float32))[None]


def _view(
    X: NDArray[np.float64],
    pool: int,
    codes: NDArray[np.int64],
    probabilities: NDArray[np.float32],
    *,
    labels_left: int | None,
    seed: int,
) -> PoolView:
    """Return one episode's view: the pool's records first, the labelled ones after them."""
    scale = X.std(0)
    usable = scale > 1e-9 * np.maximum(1.0, np.abs(X.mean(0)))
    standard = (X - X.mean(0)) * np.where(usable, 1 / np.where(usable, scale, 1.0), 0.0)
    features = torch.from_numpy(standard.astype(np.float32))[None]
    records, classes = len(X), probabilities.shape[1]
    exists = torch.ones(1, records, dtype=torch.bool)
    labelled = (torch.arange(records) >= pool)[None]
    chances = torch.from_numpy(probabilities)[None]
    spent = max(0, len(codes) - classes)
    budget = spent + labels_left if labels_left is not None else max(_USUAL_BUDGET, spent + 1)
    return PoolView(
        features=features,
        feature_count=torch.tensor([X.shape[1]]),
        exists=exists,
        labelled=labelled,
        selected=torch.zeros_like(labelled),
        labelled_index=torch.arange(pool, records)[None],
        labelled_mask=torch.ones(1, len(codes), dtype=torch.bool),
        labels=torch.from_numpy(codes)[None],
        class_mask=torch.ones(1, classes, dtype=torch.bool),
        probabilities=chances,
        noise=EpisodeNoise([[seed]], "strategy").draw(records),
        trajectory=Trajectory(
            flips=torch.zeros(1, records),
            loops=torch.ones(1),
            probabilities=(chances,),
            remembered=torch.ones(1, 1, dtype=torch.bool),
        ),
        spent=torch.tensor([spent]),
        budget=torch.tensor([max(budget, 1)]),
        geometry=Geometry(features, exists),
    )
