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

from alrl.agents.own_data.ensemble_members import align_classes
from alrl.agents.own_data.model_kinds import known_classes
from alrl.agents.own_data.model_outputs import ask_model
from alrl.agents.own_data.records import read_records
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
    """A fitted model of any kind that :func:`alrl.agents.own_data.model_outputs.ask_model` asks; copied if it can be.

    Args:
        model: the model, fitted to features as they are stored in the pool.
        classes: every class of the loop; the model need not know them all, those it does not get probability zero. A
            model that does not name its classes has one column for each of these, in their order.

    Raises InvalidDataError if the model is not fitted, gives no probabilities or knows other classes.

    >>> from sklearn.dummy import DummyClassifier
    >>> model = DummyClassifier().fit([[0.0], [0.0]], ["a", "c"])
    >>> ModelScorer(model, ["a", "b", "c"]).probabilities(np.zeros((1, 1)))
    tensor([[0.5000, 0.0000, 0.5000]])
    """

    standardised = False

    def __init__(self, model: Any, classes: Sequence[Any]) -> None:
        members = list(model) if isinstance(model, list | tuple) else [model]
        for member in members:
            known = known_classes(member) or []
            strange = [label for label in known if label not in classes]
            if strange:
                raise InvalidDataError(
                    f"the model knows the classes {strange[:3]}, which the loop does not have: {list(classes)}"
                )
        self._model = _copied(model)
        self._classes = list(classes)

    def probabilities(self, X: NDArray[Any]) -> Tensor:
        outputs = ask_model(self._model, [read_records(X, "the pool")], [], classes=self._classes)
        rows = align_classes(outputs.probabilities, outputs.classes.tolist(), self._classes)
        return torch.from_numpy(rows.astype(np.float32))


def _copied(model: Any) -> Any:
    """Return a copy, which a later fit does not change; the model itself where it cannot be copied, as a connection."""
    try:
        return copy.deepcopy(model)
    except (TypeError, ValueError, AttributeError, RuntimeError):
        return model


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
