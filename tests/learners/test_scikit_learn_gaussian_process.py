"""A Gaussian process classifier of scikit-learn is a learner through the adapter."""

from __future__ import annotations

import numpy as np
import torch
from sklearn.gaussian_process import GaussianProcessClassifier
from sklearn.gaussian_process.kernels import RBF

from alrl.learners.scikit_learn import ScikitLearn
from alrl.testing.learner_checks import check_learner
from tests.learners.reference import gap, stack, standardised

REFERENCE = "sklearn.gaussian_process:GaussianProcessClassifier"
FIXED = {"optimizer": None}


def test_it_keeps_the_contract():
    check_learner(ScikitLearn(REFERENCE, FIXED))


def test_probabilities_are_its_own():
    X, y, others = standardised("iris")
    learner = ScikitLearn(GaussianProcessClassifier(kernel=2.0 * RBF(1.5), optimizer=None))
    made = stack([(X[:20], y[:20], None, 3, others)])
    made.fit(learner)
    expected = GaussianProcessClassifier(kernel=2.0 * RBF(1.5), optimizer=None).fit(X[:20], y[:20])
    assert gap(made.predict(learner)[0], expected.predict_proba(others)) < 1e-6


def test_it_is_unsure_far_from_labelled_records():
    X, y, _ = standardised("iris")
    learner = ScikitLearn(REFERENCE, FIXED)
    made = stack([(X[:20], y[:20], None, 3, np.full((1, 4), 50.0))])
    made.fit(learner)
    torch.testing.assert_close(made.predict(learner)[0], torch.full((1, 3), 1 / 3), atol=0.01, rtol=0)
