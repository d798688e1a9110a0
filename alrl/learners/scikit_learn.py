"""Any scikit-learn classifier as a learner: fitted one episode after another, or spread over processes."""

from __future__ import annotations

import copy
import importlib
import time
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
import torch
from torch import Tensor

from alrl.data.task import Task
from alrl.errors import InvalidRecipeError
from alrl.learners.frame_records import FrameRecords
from alrl.learners.possible_fit import Fit, fit_or_frequencies, not_finite, refuse_hopeless
from alrl.loop.learner import FitReport, Learner
from alrl.numerics.streams import stream_key
from alrl.recipes import permit_import

if TYPE_CHECKING:
    # Elsewhere imported where they are used: scikit-learn takes as long to import as torch.
    from sklearn.base import BaseEstimator


class ScikitLearn(Learner):
    """A scikit-learn classifier, fitted anew to every episode and every batch of labels.

    Each fit is a clone with ``random_state`` set from the stream ``learner`` of ``seed``: the same number in every
    episode and loop, so that a refit with one more label differs by that label alone, and no episode by its place.
    Classes without a labelled record get probability zero. A warm start is not made use of.

    **A fit that is impossible so far** (one class seen; one label a class and cross-validation inside; fewer records
    than neighbours; an early stop that needs a part of its own) leaves the shares of the classes among the labels as
    probabilities until it is possible; the report says where. A classifier that could not be fitted to plenty of
    records of these classes either is refused.

    **Tables** with text, categories, dates or gaps are given as frames to classifiers that can be fitted to these, such
    as a pipeline that names its columns or HistGradientBoostingClassifier; other classifiers, and strategies always,
    see the encoded and standardised features.

    A classifier without ``predict_proba`` is ranked by its decision function f: the logistic function of f for two
    classes, the softmax of f for more. Such numbers are not calibrated, but their order and their sign are those of f.
    Weights of 1 are not handed on, for not every classifier takes weights, and whole ones repeat the records where it
    takes none; trailing columns that are zero in every
    labelled record, such as padding, neither.

    Args:
        estimator: an unfitted classifier, or its class as ``package.module:Class``; of scikit-learn, or with its
            interface, as those of xgboost, lightgbm and skorch.
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
        self._fitted: list[Fit] = []
        self._frames = FrameRecords()
        self._classes = 0
        self._possible = False

    @property
    def label(self) -> str:
        return type(self.estimator).__name__

    def read_tasks(self, tasks: Sequence[Task]) -> None:
        self._frames = self._frames.of(self.estimator, tasks)

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        self._classes = class_mask.shape[1]
        features, labels, weights = X.cpu().numpy(), y.cpu().numpy(), weight.cpu().numpy()
        parts = []
        for records, classes, given in zip(features, labels, weights, strict=True):
            real = given > 0
            parts.append((self.estimator, self._frames.find(records[real]), classes[real], given[real]))
        self._fitted = self._spread(parts, fit_or_frequencies)
        for (_, records, classes, _), fit in zip(parts, self._fitted, strict=True):
            if fit.error is not None and not self._possible:
                refuse_hopeless(self.estimator, records, classes, fit.error)
                self._possible = True
        iterations = torch.tensor([fit.iterations for fit in self._fitted], device=X.device)
        return FitReport(
            iterations=iterations,
            converged=torch.tensor([fit.converged for fit in self._fitted], device=X.device),
            fitted=torch.tensor([fit.model is not None for fit in self._fitted], device=X.device),
            seconds=time.perf_counter() - started,
        )

    def predict_proba(self, X: Tensor) -> Tensor:
        if len(self._fitted) != len(X):
            raise InvalidRecipeError(
                f"scikit-learn: {len(X)} episodes to predict, {len(self._fitted)} fitted; call fit with these first"
            )
        records = [self._frames.find(part) for part in X.cpu().numpy()]
        parts = [(fit, part, self._classes) for fit, part in zip(self._fitted, records, strict=True)]
        rows = np.stack(self._spread(parts, Fit.predict))
        if not np.isfinite(rows).all():
            raise not_finite(self.estimator)
        return torch.from_numpy(rows).to(X.device, torch.float32)

    def _spread(self, arguments: Sequence[tuple[Any, ...]], work: Any) -> list[Any]:
        if self.workers == 1:
            return [work(*argument) for argument in arguments]
        from joblib import Parallel, delayed

        return list(Parallel(n_jobs=self.workers)(delayed(work)(*argument) for argument in arguments))

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


def is_estimator(thing: Any) -> bool:
    """Return whether a thing is an estimator with scikit-learn's interface, or a class of them.

    >>> from sklearn.svm import SVC
    >>> is_estimator(SVC()), is_estimator(SVC), is_estimator("svc")
    (True, True, False)
    """
    return callable(getattr(thing, "fit", None)) and not isinstance(thing, Learner)


def _classifier(estimator: Any, params: dict[str, Any]) -> Any:
    """Return the unfitted classifier that was asked for, with ``params``."""
    from sklearn.base import BaseEstimator, clone, is_classifier

    if isinstance(estimator, str):
        kind = _class(estimator)
        try:
            made = kind(**params)
        except TypeError as error:
            raise InvalidRecipeError(f"scikit-learn: {estimator} cannot be built: {error}") from error
    else:
        if isinstance(estimator, type) or not is_estimator(estimator):
            raise InvalidRecipeError(
                f"scikit-learn: {estimator!r} given; give an unfitted scikit-learn classifier, such as"
                ' RandomForestClassifier(), or its class, such as "sklearn.ensemble:RandomForestClassifier"'
            )
        try:
            made = clone(estimator, safe=False)
            made = made.set_params(**params) if params else made
        except ValueError as error:
            raise InvalidRecipeError(f"scikit-learn: {error}") from error
    try:
        classifier = is_classifier(made) if isinstance(made, BaseEstimator) else True
    except AttributeError as error:
        raise InvalidRecipeError(f"scikit-learn: {type(made).__name__} lacks a part ({error})") from error
    if not classifier:
        raise InvalidRecipeError(
            f"scikit-learn: {type(made).__name__} is no classifier; active learning here needs one"
        )
    if not _ranks(made) and not _ranks(_tried(made)):
        raise InvalidRecipeError(
            f"scikit-learn: {type(made).__name__} has neither predict_proba nor decision_function, so its predictions"
            " cannot be ranked; wrap it in sklearn.calibration.CalibratedClassifierCV or choose another classifier"
        )
    return made


def _ranks(estimator: Any) -> bool:
    return hasattr(estimator, "predict_proba") or hasattr(estimator, "decision_function")


def _tried(estimator: Any) -> Any:
    """Return the same, fitted to a made-up table: some only know then what they can do."""
    X = np.random.default_rng(0).normal(size=(40, 2)).astype(np.float32)
    y = (X[:, 0] > 0).astype(np.int64)
    return fit_or_frequencies(estimator, X, y, np.ones(40, dtype=np.float32)).model


def _class(reference: str) -> Any:
    permit_import(reference)
    module, _, name = reference.partition(":")
    try:
        estimator = getattr(importlib.import_module(module), name)
    except (ImportError, AttributeError, ValueError) as error:
        raise InvalidRecipeError(
            f'scikit-learn: there is no class "{reference}" ({error}); write package.module:Class, such as'
            " sklearn.ensemble:RandomForestClassifier"
        ) from error
    if not (isinstance(estimator, type) and is_estimator(estimator)):
        raise InvalidRecipeError(f'scikit-learn: "{reference}" is no scikit-learn estimator; name a classifier')
    return estimator


def _seeded(estimator: Any, seed: int | None) -> Any:
    """Set every ``random_state`` that was left open."""
    if seed is not None and hasattr(estimator, "get_params"):
        # The others keep seeds in 32 bits with a sign.
        largest = 2**32 if type(estimator).__module__.startswith("sklearn.") else 2**31
        state = stream_key([seed], "learner") % largest
        names = (name for name in estimator.get_params() if name.rpartition("__")[2] == "random_state")
        estimator.set_params(**{name: state for name in names if estimator.get_params()[name] is None})
    return estimator
