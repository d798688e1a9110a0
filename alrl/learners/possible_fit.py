"""Fits of scikit-learn's classifiers where they are possible, and shares of classes where they are not so far."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.tables.columns import rows_of
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.learners.scores import decision_probabilities

_FEW = 32
"""Records up to which a fit is not believed before it has predicted one."""
_ROUNDING = 1e-3
"""What the probabilities of a record may miss 1 by."""
_WRONG_PARAMETER = "InvalidParameterError"
"""What scikit-learn calls it, a ValueError and a TypeError."""
_PLENTY = (64, 1024)
"""Records of each class by which it is tried whether a classifier can be fitted at all."""


class _NotFiniteError(ValueError):
    """Predictions that are no probabilities."""


def not_finite(estimator: Any) -> InvalidDataError:
    """Return the error of a classifier whose probabilities are no numbers."""
    # Silently, a record that nothing is known about would look like one that nothing is wrong with.
    return InvalidDataError(
        f"scikit-learn: {type(estimator).__name__} predicts probabilities that are NaN or infinite; look at its"
        " parameters, or choose another classifier"
    )


@dataclass(frozen=True, kw_only=True, eq=False)
class Fit:
    """A fitted classifier, or what stands for it while a fit is impossible."""

    model: Any
    """The classifier; None where it could not be fitted."""
    seen: NDArray[np.int64]
    """Codes of the classes that were seen, (c,)."""
    share: NDArray[np.float64]
    """Their shares of the labelled weight, (c,)."""
    width: int
    """Columns that were given."""
    encoded: bool = False
    """Whether the classifier was given places among ``seen`` for labels."""
    error: Exception | None = None
    """Why it could not be fitted; None where it was, or where one class cannot be told from others."""

    @property
    def iterations(self) -> int:
        """Solver iterations, 0 where they are not counted."""
        count = getattr(_solver(self.model), "n_iter_", None)
        return 0 if count is None or not np.size(count) else int(np.max(count))

    @property
    def converged(self) -> bool:
        """Whether the solver ended before its last iteration; True where they are not counted, and of boosting."""
        solver = _solver(self.model)
        most = getattr(solver, "max_iter", None)
        if not isinstance(most, int) or most <= 0 or hasattr(solver, "n_trees_per_iteration_"):
            return True
        return self.iterations < most

    def predict(self, X: Any, classes: int) -> NDArray[np.float32]:
        """Return probabilities (N, classes) of records (N, D) or the rows of a frame.

        Raises InvalidDataError where the classifier cannot predict.
        """
        X = _without_padding(X, self.width)
        rows = np.zeros((len(X), classes), dtype=np.float32)
        if not len(self.seen):
            rows[:] = 1 / classes
            return rows
        if self.model is None:
            rows[:, self.seen] = self.share
            return rows
        columns = np.asarray(getattr(self.model, "classes_", np.arange(len(self.seen)) if self.encoded else self.seen))
        columns = self.seen[columns.astype(np.int64)] if self.encoded else columns
        try:
            given = _probabilities(self.model, X)
            _check_probabilities(self.model, given, (len(X), len(columns)))
            rows[:, columns] = given
        except (ValueError, IndexError) as error:
            if isinstance(error, InvalidDataError):
                raise
            raise InvalidDataError(
                f"scikit-learn: {type(self.model).__name__} cannot predict: {str(error)[:200]}; look at its parameters"
            ) from error
        return rows


def _takes_weights(estimator: Any) -> bool:
    from sklearn.utils.validation import has_fit_parameter

    return bool(has_fit_parameter(estimator, "sample_weight"))


def _without_padding(X: Any, width: int) -> Any:
    return X[:, :width] if isinstance(X, np.ndarray) else X


def _solver(model: Any) -> Any:
    """Return what iterates in a fitted classifier: the last step of a pipeline, the best of a search."""
    while True:
        if hasattr(model, "steps"):
            model = model.steps[-1][1]
        elif hasattr(model, "best_estimator_"):
            model = model.best_estimator_
        else:
            return model


def _probabilities(model: Any, X: Any) -> NDArray[np.float64]:
    if hasattr(model, "predict_proba"):
        probabilities = model.predict_proba(X)
        return np.asarray(probabilities.detach().cpu() if hasattr(probabilities, "detach") else probabilities)
    return decision_probabilities(np.asarray(model.decision_function(X), dtype=np.float64), model)


def _check_probabilities(model: Any, given: NDArray[np.float64], shape: tuple[int, int]) -> None:
    """Raise InvalidDataError for what is no probabilities of the classes; what is not finite is told elsewhere."""
    if given.shape != shape:
        raise InvalidDataError(
            f"scikit-learn: {type(model).__name__}.predict_proba gave shape {given.shape}; expected {shape}, records"
            " by the classes that it was fitted to"
        )
    sums = given.sum(1)
    if (given < -_ROUNDING).any() or (np.abs(sums - 1) > _ROUNDING).any():
        raise InvalidDataError(
            f"scikit-learn: {type(model).__name__}.predict_proba gave rows from {given.min():.3g} to {given.max():.3g}"
            f" that sum to {sums.min():.3g} to {sums.max():.3g}; probabilities of classes sum to 1"
        )


def fit_or_frequencies(
    estimator: Any,
    X: Any,
    y: NDArray[np.int64],
    weight: NDArray[np.float32],
    *,
    doubtful: bool = False,
) -> Fit:
    """Return the fitted clone, or the shares of the classes where it cannot be fitted to so few records.

    Args:
        estimator: an unfitted classifier.
        X: labelled records, (n, D), or rows of a frame; trailing columns of zeros, such as padding, are not handed on.
        y: their classes, (n,).
        weight: their weights, (n,), above 0; weights of 1 are not handed on.
        doubtful: whether a fit is not believed before it has predicted a record, as one to few records never is.

    Raises InvalidRecipeError for parameters that scikit-learn refuses, and weights of which the classifier knows
    nothing.

    >>> from sklearn.neighbors import KNeighborsClassifier
    >>> X = np.array([[0.0], [1.0], [2.0]], dtype=np.float32)
    >>> fit = fit_or_frequencies(KNeighborsClassifier(5), X, np.array([0, 2, 2]), np.ones(3, dtype=np.float32))
    >>> fit.model is None, fit.predict(X[:1], 3).round(2).tolist()
    (True, [[0.33000001311302185, 0.0, 0.6700000166893005]])
    """
    seen, codes = np.unique(y, return_inverse=True)
    share = np.bincount(codes, weight, minlength=len(seen)).astype(np.float64)
    used = (X != 0).any(0).nonzero()[0] if isinstance(X, np.ndarray) else np.arange(X.shape[1])
    width = int(used[-1]) + 1 if len(used) else 1
    known: dict[str, Any] = {"seen": seen, "share": share / max(share.sum(), 1e-300), "width": width}
    if len(seen) < 2:
        return Fit(model=None, **known)
    given = {} if (weight == 1).all() else {"sample_weight": weight}
    X = _without_padding(X, width)
    if given and (weight == np.round(weight)).all() and not _takes_weights(estimator):
        # A weight of two is a record that is there twice.
        rows = np.repeat(np.arange(len(y)), weight.astype(np.int64))
        X, y, codes, given = rows_of(X, rows), y[rows], codes[rows], {}
    model, error = _try(estimator, X, y, given, doubtful)
    if model is None and len(seen) <= seen[-1]:
        # Some take no labels but 0, 1, ..., none of them missing.
        model, _ = _try(estimator, X, codes, given, doubtful)
        if model is not None:
            return Fit(model=model, encoded=True, **known)
    return Fit(model=model, error=error, **known)


def _try(
    estimator: Any, X: Any, y: NDArray[np.int64], given: dict[str, Any], doubtful: bool
) -> tuple[Any, Exception | None]:
    """Return the fitted clone that has predicted a record, or why there is none."""
    from sklearn.base import clone

    fresh = clone(estimator, safe=False)
    try:
        fresh.fit(X, y, **given)
        if doubtful or len(X) <= _FEW or _looks_up_records(fresh):
            _check_prediction(fresh, X[:1])
    except TypeError as error:
        if type(error).__name__ == _WRONG_PARAMETER:
            raise InvalidRecipeError(f"scikit-learn: {error}") from error
        if given:
            raise InvalidRecipeError(
                f"scikit-learn: {type(fresh).__name__} takes no weights of records ({error}); give weights of 0 and 1"
                " only"
            ) from error
        return None, error
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - classifiers are anybody's: pandas' and LightGBM's errors are none but that
        return None, error
    return fresh, None


def _check_prediction(model: Any, X: Any) -> None:
    if not np.isfinite(_probabilities(model, X)).all():
        raise _NotFiniteError("it predicts probabilities that are NaN or infinite")


def _looks_up_records(model: Any) -> bool:
    """Return whether a fit may succeed and predictions fail for want of records, as of nearest neighbours."""
    return hasattr(model, "get_params") and any("n_neighbors" in name for name in model.get_params())


def refuse_hopeless(estimator: Any, X: Any, y: NDArray[np.int64], error: Exception) -> None:
    """Raise InvalidRecipeError where a classifier cannot be fitted to plenty of records like these either.

    Plenty are copies of the labelled records, moved by chance, as many of each class.
    """
    rng = np.random.default_rng(0)
    for count in _PLENTY:
        rows = np.concatenate([rng.choice(np.flatnonzero(y == label), count) for label in np.unique(y)])
        many = rows_of(X, rows)
        if isinstance(X, np.ndarray):
            scale = np.where(X.std(0) > 0, X.std(0), 1.0)
            many = (many + rng.normal(scale=0.5, size=many.shape) * scale).astype(np.float32)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            ones = np.ones(len(rows), dtype=np.float32)
            fit = fit_or_frequencies(estimator, many, y[rows], ones, doubtful=True)
        if fit.model is not None:
            return
    if isinstance(error, _NotFiniteError):
        raise not_finite(estimator) from error
    numbers = "arrays of numbers, for there is no table or it could not be fitted to that"
    raise InvalidRecipeError(
        f"scikit-learn: {type(estimator).__name__} cannot be fitted, to many records neither: {error}; look at its"
        f" parameters: it is given records as {numbers if isinstance(X, np.ndarray) else 'the table has them'}, and"
        " classes as 0, 1, ... in their order, which is how class_weight has to name them"
    ) from error
