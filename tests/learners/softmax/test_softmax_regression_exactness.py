"""The batched softmax regression is scikit-learn's LogisticRegression, whatever the data and the company."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alrl.learners import SoftmaxRegression
from tests.learners.reference import gap, scikit_learn, stack, standardised

TIGHT = {"tolerance": 1e-6, "double": True}
GROWING = {
    "iris": (3, 4, 9, 40),
    "wine": (3, 6, 14, 60),
    "breast_cancer": (2, 5, 29, 31, 120),
    "digits": (10, 30, 90, 140),
}


@pytest.mark.parametrize("name", GROWING)
@pytest.mark.parametrize("C", [0.01, 1.0, 100.0])
def test_probabilities_are_those_of_scikit_learn_while_labels_arrive(name, C):
    X, y, others = standardised(name)
    quick, tight = SoftmaxRegression(C=C), SoftmaxRegression(C=C, **TIGHT)
    for n in GROWING[name]:
        made = stack([(X[:n], y[:n], None, y.max() + 1, others)])
        expected = scikit_learn(X[:n], y[:n], others, y.max() + 1, C=C)
        assert made.fit(tight).converged.all()
        made.fit(quick)
        assert gap(made.predict(quick)[0], expected) < 1e-3
        assert gap(made.predict(tight)[0], expected) < 1e-5


def blobs(n, D, k, seed=0, spread=1.0):
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(k, D)) * 2
    y = np.arange(n) % k
    X = (centres[y] + spread * rng.normal(size=(n, D))).astype(np.float32)
    return X, y, (centres[rng.integers(k, size=20)] + rng.normal(size=(20, D))).astype(np.float32)


def separable():
    return *blobs(12, 3, 3, spread=1e-3), 3


def collinear():
    X, y, others = blobs(20, 3, 2)
    return np.concatenate([X, 2 * X], 1), y, np.concatenate([others, 2 * others], 1), 2


def constant_column():
    X, y, others = blobs(15, 3, 3)
    X[:, 1], others[:, 1] = 3.0, 3.0
    return X, y, others, 3


def zero_column():
    X, y, others = blobs(15, 3, 3)
    X[:, 1] = 0.0
    return X, y, others, 3


def a_class_missing():
    X, y, others = blobs(14, 4, 3)
    return X[y != 1], y[y != 1], others, 3


def the_first_class_missing_of_four():
    X, y, others = blobs(16, 4, 4)
    return X[y != 0], y[y != 0], others, 4


def far_fewer_records_than_features():
    return *blobs(6, 300, 3), 3


def far_fewer_records_than_features_of_two_classes():
    return *blobs(5, 200, 2), 2


def duplicate_records():
    X, y, others = blobs(12, 30, 4)
    return np.concatenate([X, X]), np.concatenate([y, y]), others, 4


def contradictory_records():
    X, y, others = blobs(10, 3, 2)
    return np.concatenate([X, X]), np.concatenate([y, 1 - y]), others, 2


def wide_scales():
    X, y, others = blobs(30, 5, 3)
    scale = np.array([1e-3, 0.1, 1, 5, 30], dtype=np.float32)
    return X * scale, y, others * scale, 3


def many_classes():
    return *blobs(60, 20, 20), 20


CASES = [
    separable,
    collinear,
    constant_column,
    zero_column,
    a_class_missing,
    the_first_class_missing_of_four,
    far_fewer_records_than_features,
    far_fewer_records_than_features_of_two_classes,
    duplicate_records,
    contradictory_records,
    wide_scales,
    many_classes,
]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.__name__)
@pytest.mark.parametrize("C", [0.1, 1.0, 10.0])
def test_awkward_data_alone(case, C):
    X, y, others, k = case()
    made, expected = stack([(X, y, None, k, others)]), scikit_learn(X, y, others, k, C=C)
    for settings, allowed in (({}, 1e-3), (TIGHT, 1e-5)):
        learner = SoftmaxRegression(C=C, **settings)
        made.fit(learner)
        assert gap(made.predict(learner)[0], expected) < allowed


def test_awkward_data_side_by_side():
    parts = [(X, y, None, k, others) for X, y, others, k in (case() for case in CASES)]
    made, learner = stack(parts), SoftmaxRegression(**TIGHT)
    assert made.fit(learner).converged.all()
    for given, (X, y, _, k, others) in zip(made.predict(learner), parts, strict=True):
        assert gap(given, scikit_learn(X, y, others, k)) < 1e-5
        assert not given[:, k:].any()


def test_a_problem_of_three_classes_of_which_two_were_seen_is_the_binary_one():
    X, y, others, _ = a_class_missing()
    learner, made = SoftmaxRegression(**TIGHT), stack([(X, y, None, 3, others)])
    made.fit(learner)
    assert not made.predict(learner)[0, :, 1].any()
    assert gap(made.predict(learner)[0][:, [0, 2]], scikit_learn(X, y // 2, others, 2)) < 1e-5


@pytest.mark.parametrize("classes", [2, 3])
def test_one_class_seen_has_probability_one(classes):
    X, _, others = blobs(6, 4, 2)
    made, learner = stack([(X, np.ones(6, dtype=int), None, classes, others)]), SoftmaxRegression()
    report = made.fit(learner)
    assert report.converged.all()
    assert made.predict(learner)[0].tolist() == [[0.0, 1.0, 0.0][:classes]] * 20


@pytest.mark.parametrize("shape", [(30, 3, 2), (30, 3, 3), (12, 40, 4), (80, 10, 8), (9, 90, 2)])
def test_weights_are_those_of_scikit_learn(shape):
    X, y, others = blobs(*shape)
    weight = np.random.default_rng(1).uniform(0.2, 3.0, size=len(X)).astype(np.float32)
    made, learner = stack([(X, y, weight, shape[2], others)]), SoftmaxRegression(**TIGHT)
    made.fit(learner)
    assert gap(made.predict(learner)[0], scikit_learn(X, y, others, shape[2], weight=weight)) < 1e-5


def test_a_record_of_weight_zero_is_no_record():
    X, y, others = blobs(20, 3, 3)
    weight = np.ones(20, dtype=np.float32)
    weight[::3] = 0.0
    made, learner = stack([(X, y, weight, 3, others)]), SoftmaxRegression(**TIGHT)
    made.fit(learner)
    assert gap(made.predict(learner)[0], scikit_learn(X[weight > 0], y[weight > 0], others, 3)) < 1e-5


def test_the_report_says_where_a_fit_was_cut_short():
    X, y, others = standardised("digits")
    made = stack([(X[:60], y[:60], None, 10, others), (X[:1], y[:1], None, 10, others)])
    report = made.fit(SoftmaxRegression(max_iterations=2))
    assert report.iterations.tolist() == [2, 0]
    assert report.converged.tolist() == [False, True]
    assert report.seconds > 0


def test_the_coefficients_are_what_predicts():
    X, y, others = blobs(20, 4, 3)
    made, learner = stack([(X, y, None, 3, others)]), SoftmaxRegression()
    made.fit(learner)
    W = learner.coefficients[0]
    logits = torch.as_tensor(others) @ W[:, :-1].T + W[:, -1]
    assert torch.allclose(torch.softmax(logits, -1), made.predict(learner)[0], atol=1e-5)
