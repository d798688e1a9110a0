"""Score chunks of a large pool: by a learner that is fitted here, or by a model of the user's own."""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.errors import InvalidDataError
from alrl.large_pool.pool import LargePool
from alrl.loop.learner import Learner


class Scorer(ABC):
    """Class probabilities of records of a large pool."""

    standardised: ClassVar[bool]
    """Whether it is given standardised records, or records as they are stored."""

    @abstractmethod
    def probabilities(self, X: NDArray[Any]) -> Tensor:
        """Return class probabilities (n, k), float32, of the records ``X`` (n, D)."""

    def of(self, pool: LargePool, at: slice | NDArray[np.int64]) -> Tensor:
        """Return class probabilities (n, k) of the pool's records ``at``."""
        return self.probabilities(pool.standardised(at) if self.standardised else pool.raw(at))


class LearnerScorer(Scorer):
    """A fitted learner of one episode, as it is now: a later fit does not change what this one says."""

    standardised = True

    def __init__(self, learner: Learner) -> None:
        self._learner = learner.take(torch.zeros(1, dtype=torch.long))

    def probabilities(self, X: NDArray[Any]) -> Tensor:
        return self._learner.predict_proba(torch.from_numpy(X)[None])[0].to(torch.float32)


class ModelScorer(Scorer):
    """A fitted classifier with ``predict_proba`` and ``classes_``, as scikit-learn's are; it is copied.

    Args:
        model: the classifier, fitted to features as they are stored in the pool.
        classes: every class of the loop; the model need not know them all, those it does not get probability zero.

    Raises InvalidDataError if the model is not fitted, gives no probabilities or knows other classes.

    >>> from sklearn.dummy import DummyClassifier
    >>> model = DummyClassifier().fit([[0.0], [0.0]], ["a", "c"])
    >>> ModelScorer(model, ["a", "b", "c"]).probabilities(np.zeros((1, 1)))
    tensor([[0.5000, 0.0000, 0.5000]])
    """

    standardised = False

    def __init__(self, model: Any, classes: Sequence[Any]) -> None:
        if not hasattr(model, "predict_proba") or not hasattr(model, "classes_"):
            raise InvalidDataError(
                f"{type(model).__name__} has no predict_proba or is not fitted; give a fitted classifier with"
                " probabilities, say sklearn.calibration.CalibratedClassifierCV around it"
            )
        codes = {label: code for code, label in enumerate(classes)}
        known = np.asarray(model.classes_).tolist()
        strange = [label for label in known if label not in codes]
        if strange:
            raise InvalidDataError(f"the model knows the classes {strange[:3]}, of which the loop has none: {classes}")
        self._columns = [codes[label] for label in known]
        self._model = copy.deepcopy(model)
        self._classes = len(classes)

    def probabilities(self, X: NDArray[Any]) -> Tensor:
        try:
            predicted = np.asarray(self._model.predict_proba(X))
        except ValueError as error:
            raise InvalidDataError(f"the model cannot predict these records: {error}") from error
        if predicted.shape != (len(X), len(self._columns)) or not np.isfinite(predicted).all():
            raise InvalidDataError(
                f"the model's predict_proba gave shape {predicted.shape} or values that are not finite; expected finite"
                f" values of shape {(len(X), len(self._columns))}"
            )
        rows = np.zeros((len(X), self._classes), dtype=np.float32)
        rows[:, self._columns] = predicted
        return torch.from_numpy(rows)


@dataclass(frozen=True, kw_only=True, eq=False)
class PoolScores:
    """One loop's scores of all N records."""

    certainty: NDArray[np.float32]
    """How sure the learner is, (N,), on the scale of the measure: the smallest is what to ask about."""
    predicted: NDArray[np.uint16]
    """The likeliest class, the first of equally likely ones, (N,)."""


def score_pool(pool: LargePool, scorer: Scorer, measure: str) -> PoolScores:
    """Pass once over the pool, chunk by chunk; ``measure`` is one of :data:`MEASURES`."""
    certainty = np.empty(pool.n_records, dtype=np.float32)
    predicted = np.empty(pool.n_records, dtype=np.uint16)
    measured = MEASURES[measure]
    for chunk in pool.chunks():
        # Classes as rows: few classes would make rows of records too short to be fast.
        by_class = scorer.of(pool, chunk).T.contiguous()
        predicted[chunk] = by_class.numpy().argmax(0)
        certainty[chunk] = measured(by_class).numpy()
    return PoolScores(certainty=certainty, predicted=predicted)


def margin(by_class: Tensor) -> Tensor:
    """Return gap between the two likeliest of the classes (k, n), (n,).

    >>> margin(torch.tensor([[0.75], [0.25], [0.0]]))
    tensor([0.5000])
    """
    first, second = by_class[0], torch.zeros_like(by_class[0])
    for probability in by_class[1:]:
        second = torch.maximum(second, torch.minimum(first, probability))
        first = torch.maximum(first, probability)
    return first - second


def _confidence(by_class: Tensor) -> Tensor:
    return by_class.amax(0)


def _order(by_class: Tensor) -> Tensor:
    entropy: Tensor = torch.special.entr(by_class).sum(0)
    return -entropy


MEASURES: Mapping[str, Callable[[Tensor], Tensor]] = MappingProxyType(
    {"margin": margin, "least-confidence": _confidence, "entropy": _order}
)
"""How sure the learner is of each record, (n,), from its probabilities (k, n), by the strategy that asks by it."""
