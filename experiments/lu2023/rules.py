"""Two of the benchmark's rules as strategies for any loop of two classes; the other three are alrl's own."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy
from experiments.lu2023.committee import LuCommittee
from experiments.lu2023.kernel_machine import KernelMachine, rbf
from experiments.lu2023.queries import Known, LuQuery, NotCompatible

_FIRST = 1e30
"""Above every score: what stands for the NaN of a probability that is exactly 1 (:class:`NotCompatible`)."""


class _Published(Strategy):
    """A query of the benchmark asked of each episode of a view: it fits models of its own, one episode at a time.

    Until both classes are labelled, all scores are 0. Raises InvalidQueryError for other than two classes.
    """

    query: ClassVar[type[LuQuery]]

    def score(self, view: PoolView) -> Tensor:
        if view.class_mask.shape[1] != 2:
            raise InvalidQueryError(
                f"{self.name} is defined for two classes; {view.class_mask.shape[1]} given: choose another strategy"
            )
        scores = torch.zeros(view.exists.shape, dtype=torch.float64)
        for episode, real in enumerate(view.exists):
            scores[episode, real.cpu()] = torch.from_numpy(self._of(view, episode))
        return scores.to(view.features.device, torch.float32)

    def _of(self, view: PoolView, episode: int) -> NDArray[np.float64]:
        """Return scores of one episode's records, (its records,)."""
        X = view.features[episode, view.exists[episode], : int(view.feature_count[episode])].double().cpu().numpy()
        labelled = view.labelled_mask[episode]
        places, y = view.labelled_index[episode, labelled].cpu().numpy(), view.labels[episode, labelled].cpu().numpy()
        if len(np.unique(y)) < 2:
            return np.zeros(len(X))
        order = places.argsort()
        known = Known(labelled=places[order], y=y[order], decision=np.zeros(len(X)))
        scores = self.query(X, KernelMachine(rbf(X, X[:0]))).score(known)
        return np.where(np.isnan(scores), _FIRST, np.minimum(scores, _FIRST))


class UncertaintyOfLogistic(_Published):
    """Entropy of ``LogisticRegression(C=0.1)``, whatever is taught: "not compatible" (Lu et al. 2023, US-NC)."""

    name: ClassVar[str] = "us-nc"
    query: ClassVar[type[LuQuery]] = NotCompatible


class QueryByCommittee(_Published):
    """Vote entropy of logistic regression, two SVMs and discriminant analysis, bagged (Lu et al. 2023, QBC)."""

    name: ClassVar[str] = "qbc"
    query: ClassVar[type[LuQuery]] = LuCommittee
