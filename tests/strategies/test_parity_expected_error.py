"""The same scores and rankings as scikit-activeml 1.0.1's Monte Carlo expected error reduction, on sixty cases.

What differs: its error is a sum over all records unless told otherwise; the tests give it the other unlabelled records
one candidate at a time, and divide. Its logarithm adds 2e-16 to each probability. modAL's module of expected error does
not import with numpy 2.
"""

from __future__ import annotations

import dataclasses
import warnings

import numpy as np
import pytest
import torch

from alrl.learners import make_learner
from alrl.loop.pool_view import Refits
from alrl.strategies.expected_change import ExpectedErrorReduction
from alrl.testing.example_view import example_view

CASES = range(60)
SMOOTHING = 0.3


def case(seed):
    """One episode of 12 records, seven labelled and all classes among them, with what naive Bayes says of it."""
    classes = 2 + seed % 2
    view = example_view(seed=seed, records=(12,), features=(3,), classes=(classes,), labelled=(7,))
    view = dataclasses.replace(view, labels=torch.arange(7)[None] % classes)
    learner = make_learner(
        "scikit-learn", estimator="sklearn.naive_bayes:GaussianNB", params={"var_smoothing": SMOOTHING}
    )
    fitted = learner.fresh()
    fitted.fit(view.features[:, view.labelled_index[0]], view.labels, torch.ones(1, 7), view.class_mask)
    answer = fitted.predict_proba(view.features).float()
    return dataclasses.replace(view, probabilities=answer, refits=Refits(fitted))


def theirs_of(view, method):
    """Minus the mean expected error of each available record, and the records."""
    from skactiveml.classifier import SklearnClassifier
    from skactiveml.pool import MonteCarloEER
    from sklearn.naive_bayes import GaussianNB

    X, free = view.features[0].double().numpy(), view.available[0].nonzero()[:, 0].numpy()
    y = np.full(len(X), np.nan)
    y[view.labelled_index[0].numpy()] = view.labels[0].numpy()
    model = SklearnClassifier(GaussianNB(var_smoothing=SMOOTHING), classes=list(range(int(view.class_count))))
    result = []
    for record in free:
        rest = X[free[free != record]]
        query = MonteCarloEER(method=method, random_state=0)
        with warnings.catch_warnings():
            # That records to evaluate on are records of the pool too.
            warnings.simplefilter("ignore")
            _, utilities = query.query(X, y, model, candidates=np.array([record]), X_eval=rest, return_utilities=True)
        result.append(utilities[0][record] / len(rest))
    return np.array(result), free


@pytest.mark.parametrize("loss", ["log", "zero-one"])
@pytest.mark.parametrize("seed", CASES)
def test_expected_error_reduction(seed, loss):
    view = case(seed)
    theirs, free = theirs_of(view, {"log": "log_loss", "zero-one": "misclassification_loss"}[loss])
    ours = ExpectedErrorReduction(loss=loss).score(view)[0].double().numpy()[free]
    np.testing.assert_allclose(ours, theirs, atol=2e-6)
    assert np.argsort(-ours, kind="stable").tolist() == np.argsort(-theirs, kind="stable").tolist()
