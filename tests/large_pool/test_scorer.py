from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from alrl.errors import InvalidDataError
from alrl.large_pool.pool import LargePool
from alrl.large_pool.scorer import LearnerScorer, ModelScorer
from alrl.learners import SoftmaxRegression

X = np.random.default_rng(0).normal(4, 2, (60, 3)).astype(np.float32)
Y = np.where(X[:, 0] > 4, "big", "small")


def test_a_model_is_asked_about_records_as_they_are_stored():
    model = LogisticRegression().fit(X, Y)
    given = ModelScorer(model, ["small", "big"]).of(LargePool(X), slice(0, 60))
    np.testing.assert_allclose(given.numpy()[:, ::-1], model.predict_proba(X), atol=1e-6)


def test_a_later_fit_does_not_change_what_a_scorer_says():
    pool, model, learner = LargePool(X), LogisticRegression().fit(X, Y), SoftmaxRegression()
    rows, mask = torch.from_numpy(pool.standardised(slice(0, 60)))[None], torch.ones(1, 2, dtype=torch.bool)
    codes = torch.from_numpy((Y == "big").astype(np.int64))[None]
    learner.fit(rows, codes, torch.ones(1, 60), mask)
    scorers = ModelScorer(model, ["big", "small"]), LearnerScorer(learner)
    before = [scorer.of(pool, slice(0, 60)) for scorer in scorers]
    model.fit(-X, Y)
    learner.fit(-rows, codes, torch.ones(1, 60), mask)
    assert all(scorer.of(pool, slice(0, 60)).equal(old) for scorer, old in zip(scorers, before, strict=True))


def test_models_that_cannot_score_are_refused():
    with pytest.raises(InvalidDataError, match="LinearSVC is not fitted"):
        ModelScorer(LinearSVC(), ["big", "small"])
    with pytest.raises(InvalidDataError, match="LogisticRegression is not fitted"):
        ModelScorer(LogisticRegression(), ["big", "small"])
    with pytest.raises(InvalidDataError, match="small"):
        ModelScorer(LogisticRegression().fit(X, Y), ["big", "tiny"])
    with pytest.raises(InvalidDataError, match="cannot predict"):
        ModelScorer(LogisticRegression().fit(X[:, :2], Y), ["big", "small"]).probabilities(X)


def test_probabilities_that_are_none_are_refused():
    class Broken:
        classes_ = np.array(["big", "small"])

        def predict_proba(self, rows):
            return np.full((len(rows), 2), np.nan)

    with pytest.raises(InvalidDataError, match="not finite"):
        ModelScorer(Broken(), ["big", "small"]).probabilities(X)
