"""A strategy or policy of ours as a query strategy of scikit-activeml."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from skactiveml.base import SingleAnnotatorPoolQueryStrategy, SkactivemlClassifier
from skactiveml.utils import MISSING_LABEL, check_equal_missing_label, check_type, is_labeled
from sklearn.base import clone

from alrl.adapters.choice import choose
from alrl.agents.players import find_strategy
from alrl.strategies.base import Strategy


class ToScikitActiveml(SingleAnnotatorPoolQueryStrategy):  # type: ignore[misc] # it has no types
    """Queries as a strategy or policy of alrl does.

    Candidates that are a part of the unlabelled records stand for the whole pool; candidates given as records need not
    be in ``X``. The utilities of a record that a policy did not consider are minus infinity.

    Args:
        strategy: a strategy or policy, or the name of one; none that learns from round to round.
        labels_left: labels that may still be bought at every query; policies look at it.
        missing_label: what marks a record without a label.
        random_state: of chance and ties; an integer, a random state or None.

    >>> from skactiveml.classifier import SklearnClassifier
    >>> from sklearn.linear_model import LogisticRegression
    >>> X, y = np.array([[0.0], [4.0], [0.5], [1.9], [3.0]]), np.array([0, 1, np.nan, np.nan, np.nan])
    >>> clf = SklearnClassifier(LogisticRegression(), classes=[0, 1])
    >>> ToScikitActiveml("margin").query(X, y, clf=clf).tolist()
    [3]
    """

    def __init__(
        self,
        strategy: Strategy | str = "margin",
        labels_left: int | None = None,
        missing_label: Any = MISSING_LABEL,
        random_state: Any = 0,
    ) -> None:
        super().__init__(missing_label=missing_label, random_state=random_state)
        self.strategy = strategy
        self.labels_left = labels_left

    def query(
        self,
        X: Any,
        y: Any,
        clf: SkactivemlClassifier,
        fit_clf: bool = True,
        sample_weight: ArrayLike | None = None,
        candidates: ArrayLike | None = None,
        batch_size: int = 1,
        return_utilities: bool = False,
    ) -> NDArray[np.int64] | tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return rows of ``X`` to be labelled next, or of ``candidates`` if these are records.

        And utilities if asked for.

        Args:
            X: all records, (n_samples, n_features).
            y: their labels, (n_samples,), or the missing label.
            clf: a classifier of scikit-activeml.
            fit_clf: whether to fit a copy of it first; False where it is fitted.
            sample_weight: weights of the records when it is fitted, (n_samples,).
            candidates: records to choose from: rows of X, or records; by default all without a label.
            batch_size: records wanted.
            return_utilities: whether utilities (batch_size, n_samples or n_candidates) are wanted too.

        Raises as :func:`alrl.agents.query.query` does, and as scikit-activeml does for arguments of the wrong kind.
        """
        X, y, candidates, batch_size, return_utilities = self._validate_data(
            X, y, candidates, batch_size, return_utilities, reset=True
        )
        X_candidates, mapping = self._transform_candidates(candidates, X, y)
        check_type(clf, "clf", SkactivemlClassifier)
        check_type(fit_clf, "fit_clf", bool)
        check_equal_missing_label(clf.missing_label, self.missing_label_)
        if fit_clf:
            clf = clone(clf).fit(X, y) if sample_weight is None else clone(clf).fit(X, y, sample_weight)
        labelled = is_labeled(y, self.missing_label_)
        if mapping is not None:
            # A candidate that has a label already is asked about again.
            labelled = labelled & ~np.isin(np.arange(len(X)), mapping)
        made = choose(
            find_strategy(self.strategy),
            clf,
            X_candidates,
            X[labelled],
            y[labelled],
            count=batch_size,
            labels_left=self.labels_left,
            seed=int(self.random_state_.randint(2**31 - 1)),
            scored=return_utilities,
        )
        if mapping is None:
            return (made.rows, made.scores) if return_utilities else made.rows
        rows = np.asarray(mapping)[made.rows]
        if not return_utilities:
            return rows
        utilities = np.full((len(rows), len(X)), np.nan)
        utilities[:, mapping] = made.scores
        return rows, utilities
