"""The nearest class mean is scikit-learn's; the variance is pooled as promised."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.metrics import pairwise_distances_argmin

from alrl.errors import InvalidRecipeError
from alrl.learners.nearest_centroid import NearestCentroid
from tests.learners.reference import stack, standardised


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
def test_predicted_classes_are_scikit_learns(name):
    from sklearn.neighbors import NearestCentroid as Reference

    X, y, others = standardised(name)
    X = X + 0.01 * np.random.default_rng(0).normal(size=X.shape).astype(np.float32)  # it warns of constant columns
    k = int(y.max()) + 1
    for n in (3 * k, 60):
        learner = NearestCentroid()
        made = stack([(X[:n], y[:n], None, k, others)])
        made.fit(learner)
        expected = Reference().fit(X[:n].astype(np.float64), y[:n])
        assert (made.predict(learner)[0].argmax(-1).numpy() == expected.predict(others)).all()
        np.testing.assert_allclose(learner.centroids[0].numpy(), expected.centroids_, atol=1e-6)


def test_one_record_a_class_is_its_mean():
    X, y, others = standardised("digits")
    learner = NearestCentroid()
    made = stack([(X[:10], y[:10], None, 10, others)])
    made.fit(learner)
    expected = y[:10][pairwise_distances_argmin(others, X[:10])]
    assert (made.predict(learner)[0].argmax(-1).numpy() == expected).all()


def test_a_known_variance_and_its_probabilities():
    # Means 0 and 4; W = 2 + 2, T = 4 + 4 * 4 = 20, n = 4, one feature varies: σ² = (4 + 5) / 3.
    X = torch.tensor([[[-1.0, 7.0], [1.0, 7.0], [3.0, 7.0], [5.0, 7.0]]])
    learner = NearestCentroid()
    learner.fit(X, torch.tensor([[0, 0, 1, 1]]), torch.ones(1, 4), torch.ones(1, 2, dtype=torch.bool))
    assert learner.variance.tolist() == [3.0]
    given = learner.predict_proba(torch.tensor([[[2.0, 7.0], [3.0, 7.0]]]))
    # Squared distances 9 and 1.
    expected = torch.tensor([[0.5, 0.5], [0.2086085, 0.7913915]])
    torch.testing.assert_close(given[0], expected)


def test_whole_weights_are_copies():
    X, y, others = standardised("wine")
    times = np.arange(30) % 3 + 1
    weighted, copied = NearestCentroid(), NearestCentroid()
    made = stack([(X[:30], y[:30], times, 3, others)])
    made.fit(weighted)
    stack([(X[:30].repeat(times, 0), y[:30].repeat(times), None, 3, others)]).fit(copied)
    torch.testing.assert_close(made.predict(weighted), made.predict(copied), atol=1e-6, rtol=0)


def test_where_nothing_varies_classes_are_equally_likely():
    learner = NearestCentroid()
    learner.fit(torch.ones(1, 3, 2), torch.tensor([[0, 1, 2]]), torch.ones(1, 3), torch.ones(1, 4, dtype=torch.bool))
    torch.testing.assert_close(
        learner.predict_proba(torch.tensor([[[5.0, -3.0]]])), torch.tensor([[[1 / 3, 1 / 3, 1 / 3, 0]]])
    )


def test_the_model_of_the_work():
    learner = NearestCentroid()
    X, y, others = standardised("iris")
    assert stack([(X[:20], y[:20], None, 3, others)]).fit(learner).multiply_adds.tolist() == [240.0]
    assert learner.multiply_adds_a_record().tolist() == [12.0]


def test_predicting_before_fitting_is_refused():
    with pytest.raises(InvalidRecipeError, match=r"nearest-centroid: not fitted yet; call fit first"):
        NearestCentroid().predict_proba(torch.zeros(1, 1, 1))
