"""Any scikit-learn classifier as a learner: fitted one episode after another, or spread over processes."""

from __future__ import annotations

import copy
import importlib
import time
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
import torch
from joblib import Parallel, delayed
from numpy.typing import NDArray
from scipy.special import softmax
from sklearn.base import BaseEstimator, clone, is_classifier
from torch import Tensor

from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.loop.learner import FitReport, Learner
from alrl.numerics.streams import stream_key

_Fitted = tuple[BaseEstimator | int | None, int]
"""A fitted classifier, or the one class seen, or None; and how many columns it was fitted to."""


class ScikitLearn(Learner):
    """A scikit-learn classifier, fitted anew to every episode and every batch of labels.

    Each fit is a clone with ``random_state`` set from the stream ``learner`` of ``seed``: the same number in every
    episode and loop, so that a refit with one more label differs by that label alone, and no episode by its place.
    Classes of which no record is labelled get probability zero; with one class seen, that class gets one and nothing is
    fitted. A warm start is not made use of.

    A classifier without ``predict_proba`` is ranked by its decision function f: the logistic function of f for two
    classes, the softmax of f for more. Such numbers are not calibrated, but their order and their sign are those of f.
    Weights of 1 are not handed on, for not every classifier takes weights; trailing columns that are zero in every
    labelled record, such as padding, neither.

    Args:
        estimator: an unfitted classifier, or its class as ``package.module:Class``.
        params: arguments of the class, or parameters to set on the classifier.
        seed: drives ``random_state``, also of the parts of a pipeline; None leaves it as it is.
        workers: processes to spread episodes over (joblib); 1 fits in this process.

    Raises InvalidRecipeError for what is no scikit-learn classifier, a class that cannot be found, parameters that it
    does not have, and a classifier with neither ``predict_proba`` nor ``decision_function``; InvalidDataError when a
    fitted classifier predicts what is not finite.

    >>> learner = ScikitLearn("sklearn.tree:DecisionTreeClassifier", {"max_depth": 1})
    >>> X, y = torch.tensor([[[-1.0], [1.0]]]), torch.tensor([[0, 2]])
    >>> _ = learner.fit(X, y, torch.ones(1, 2), torch.ones(1, 3, dtype=torch.bool))
    >>> learner.predict_proba(X)
    tensor([[[1., 0., 0.],
             [0., 0., 1.]]])
    """

    name: ClassVar[str] = "scikit-learn"

    def __init__(
        self,
        estimator: BaseEstimator | str = "sklearn.linear_model:LogisticRegression",
        params: Mapping[str, Any] | None = None,
        *,
        seed: int | None = 0,
        workers: int = 1,
    ) -> None:
        if workers < 1:
            raise InvalidRecipeError(f"scikit-learn: workers = {workers} given; at least 1 process is needed")
        self.estimator = _seeded(_classifier(estimator, dict(params or {})), seed)
        self.seed, self.workers = seed, workers
        self._fitted: list[_Fitted] = []
        self._classes = 0

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        self._classes = class_mask.shape[1]
        features, labels, weights = X.cpu().numpy(), y.cpu().numpy(), weight.cpu().numpy()
        parts = []
        for records, classes, given in zip(features, labels, weights, strict=True):
            real = given > 0
            parts.append((self.estimator, records[real], classes[real], given[real]))
        self._fitted = self._spread(parts, _fit_one)
        iterations = torch.tensor([_iterations(fitted) for fitted, _ in self._fitted], device=X.device)
        return FitReport(
            iterations=iterations,
            converged=torch.ones_like(iterations, dtype=torch.bool),
            seconds=time.perf_counter() - started,
        )

    def predict_proba(self, X: Tensor) -> Tensor:
        if len(self._fitted) != len(X):
            raise InvalidRecipeError(
                f"scikit-learn: {len(X)} episodes to predict, {len(self._fitted)} fitted; call fit with these first"
            )
        parts = [
            (fitted, records, self._classes) for fitted, records in zip(self._fitted, X.cpu().numpy(), strict=True)
        ]
        rows = np.stack(self._spread(parts, _predict_one))
        if not np.isfinite(rows).all():
            # Silently, a record of which nothing is known would look like one that nothing is wrong with.
            raise InvalidDataError(
                f"scikit-learn: {type(self.estimator).__name__} predicts probabilities that are NaN or infinite;"
                " look at its parameters, or choose another classifier"
            )
        return torch.from_numpy(rows).to(X.device, torch.float32)

    def _spread(self, arguments: Sequence[tuple[Any, ...]], work: Any) -> list[Any]:
        if self.workers == 1:
            return [work(*each) for each in arguments]
        return list(Parallel(n_jobs=self.workers)(delayed(work)(*each) for each in arguments))

    def restart(self, episodes: Tensor) -> None:
        """Nothing to forget: every fit is from scratch."""

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        part._fitted = [self._fitted[i] for i in episodes.tolist()] if self._fitted else []
        return part

    def fresh(self) -> Self:
        part = copy.copy(self)
        part._fitted = []
        return part

    def __repr__(self) -> str:
        return f"{type(self).__name__}({self.estimator!r})"


def _classifier(estimator: BaseEstimator | str, params: dict[str, Any]) -> BaseEstimator:
    """Return the unfitted classifier that was asked for, with ``params``."""
    if isinstance(estimator, str):
        kind = _class(estimator)
        try:
            made = kind(**params)
        except TypeError as error:
            raise InvalidRecipeError(f"scikit-learn: {estimator} cannot be built: {error}") from error
    else:
        if not isinstance(estimator, BaseEstimator):
            raise InvalidRecipeError(
                f"scikit-learn: {estimator!r} given; give an unfitted scikit-learn classifier, such as"
                ' RandomForestClassifier(), or its class, such as "sklearn.ensemble:RandomForestClassifier"'
            )
        try:
            made = clone(estimator).set_params(**params)
        except ValueError as error:
            raise InvalidRecipeError(f"scikit-learn: {error}") from error
    if not is_classifier(made):
        raise InvalidRecipeError(
            f"scikit-learn: {type(made).__name__} is no classifier; active learning here needs one"
        )
    if not hasattr(made, "predict_proba") and not hasattr(made, "decision_function"):
        raise InvalidRecipeError(
            f"scikit-learn: {type(made).__name__} has neither predict_proba nor decision_function, so its predictions"
            " cannot be ranked; wrap it in sklearn.calibration.CalibratedClassifierCV or choose another classifier"
        )
    return made


def _class(reference: str) -> Any:
    module, _, name = reference.partition(":")
    try:
        found = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidRecipeError(
            f'scikit-learn: there is no class "{reference}" ({error}); write package.module:Class, such as'
            " sklearn.ensemble:RandomForestClassifier"
        ) from error
    if not (isinstance(found, type) and issubclass(found, BaseEstimator)):
        raise InvalidRecipeError(f'scikit-learn: "{reference}" is no scikit-learn estimator; name a classifier')
    return found


def _seeded(estimator: BaseEstimator, seed: int | None) -> BaseEstimator:
    """Set every ``random_state`` that was left open."""
    if seed is not None:
        state = stream_key([seed], "learner") % 2**32
        names = (name for name in estimator.get_params() if name.rpartition("__")[2] == "random_state")
        estimator.set_params(**{name: state for name in names if estimator.get_params()[name] is None})
    return estimator


def _fit_one(
    estimator: BaseEstimator, X: NDArray[np.float32], y: NDArray[np.int64], weight: NDArray[np.float32]
) -> _Fitted:
    """Return the fitted clone; the class alone where only one was seen; None where there is no record."""
    seen, used = np.unique(y), (X != 0).any(0).nonzero()[0]
    width = int(used[-1]) + 1 if len(used) else 1
    if len(seen) < 2:
        return (int(seen[0]) if len(seen) else None), width
    fresh, X = clone(estimator), X[:, :width]
    if (weight == 1).all():
        return fresh.fit(X, y), width
    try:
        return fresh.fit(X, y, sample_weight=weight), width
    except TypeError as error:
        raise InvalidRecipeError(
            f"scikit-learn: {type(fresh).__name__} takes no weights of records ({error}); give weights of 0 and 1 only"
        ) from error


def _predict_one(held: _Fitted, X: NDArray[np.float32], classes: int) -> NDArray[np.float32]:
    """Return probabilities (N, classes)."""
    fitted, width = held
    X = X[:, :width]
    rows = np.zeros((len(X), classes), dtype=np.float32)
    if fitted is None:
        rows[:] = 1 / classes
    elif isinstance(fitted, int):
        rows[:, fitted] = 1
    elif hasattr(fitted, "predict_proba"):
        rows[:, fitted.classes_] = fitted.predict_proba(X)
    else:
        rows[:, fitted.classes_] = _from_decision(fitted.decision_function(X), fitted)
    return rows


def _from_decision(decision: NDArray[np.float64], fitted: BaseEstimator) -> NDArray[np.float64]:
    if decision.ndim == 1:
        decision = np.stack([np.zeros_like(decision), decision], 1)
    if decision.shape[1] != len(fitted.classes_):
        raise InvalidRecipeError(
            f"scikit-learn: {type(fitted).__name__} decides between pairs of classes, which gives no ranking of"
            ' classes; set decision_function_shape = "ovr"'
        )
    probabilities: NDArray[np.float64] = softmax(decision, axis=1)
    return probabilities


def _iterations(fitted: Any) -> int:
    count = getattr(fitted, "n_iter_", None)
    return 0 if count is None or not np.size(count) else int(np.max(count))
