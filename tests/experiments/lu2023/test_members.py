"""The learner and the committee's members against scikit-learn's, which they stand for."""

from __future__ import annotations

import numpy as np
import pytest
import sklearn
from packaging import version
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.linear_model import LogisticRegression
from sklearn.svm import SVC

from experiments.lu2023.discriminant import discriminant
from experiments.lu2023.kernel_machine import KernelMachine, linear, rbf
from experiments.lu2023.logistic import Logistic


def drawn(seed: int, records: int = 90, features: int = 6) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(records, features))
    y = (X[:, 0] + draws.normal(size=records) > 0).astype(int)
    return X, y, np.sort(draws.permutation(60)[:40])


def bagged(seed: int, labelled: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A bootstrap sample, and how often it holds each record."""
    bag = np.random.default_rng(seed).integers(0, len(labelled), len(labelled))
    return labelled[bag], np.bincount(bag, minlength=len(labelled)).astype(float)


@pytest.mark.parametrize("seed", range(10))
def test_the_kernel_machine_is_scikit_learns_svc(seed):
    X, y, labelled = drawn(seed)
    ours = KernelMachine(rbf(X[:60], X[60:])).decision(labelled, y[labelled])
    theirs = SVC(kernel="rbf", C=1, gamma="auto").fit(X[labelled], y[labelled]).decision_function(X)
    # Rounding of the kernel moves a result within libsvm's tolerance (0.001) at most; as a rule by far less.
    np.testing.assert_allclose(ours, theirs, atol=2e-3)
    assert (ours > 0).tolist() == (theirs > 0).tolist()


def test_with_the_same_kernel_matrix_it_is_svc_to_the_last_digits():
    X, y, labelled = drawn(3)
    kernel = rbf(X[:60], X[60:])
    svc = SVC(kernel="precomputed", C=1).fit(kernel[np.ix_(labelled, labelled)], y[labelled])
    np.testing.assert_allclose(
        KernelMachine(kernel).decision(labelled, y[labelled]), svc.decision_function(kernel[labelled].T), atol=1e-12
    )


@pytest.mark.parametrize("seed", range(5))
def test_a_weight_counts_a_record_as_often(seed):
    X, y, labelled = drawn(seed)
    bag, count = bagged(seed, labelled)
    kept = count > 0
    ours = KernelMachine(linear(X, X[:0])).decision(labelled[kept], y[labelled][kept], count[kept])
    theirs = SVC(kernel="linear", C=1, tol=1e-6).fit(X[bag], y[bag]).decision_function(X)
    np.testing.assert_allclose(ours, theirs, atol=1e-2)


@pytest.mark.parametrize(("seed", "C"), [(0, 1.0), (1, 0.1), (2, 10.0)])
def test_logistic_regression_is_scikit_learns_wherever_it_began(seed, C):
    X, y, labelled = drawn(seed)
    model = Logistic(X, C=C)
    model.decision(labelled[:20], y[labelled[:20]])
    theirs = LogisticRegression(C=C, tol=1e-10, max_iter=1000)
    ours = model.decision(labelled, y[labelled])
    np.testing.assert_allclose(ours, theirs.fit(X[labelled], y[labelled]).decision_function(X), atol=1e-5)
    bag, count = bagged(seed, labelled)
    ours = model.decision(labelled, y[labelled], count)
    np.testing.assert_allclose(ours, theirs.fit(X[bag], y[bag]).decision_function(X), atol=1e-5)


def test_logistic_regression_ends_on_separable_records():
    X = np.array([[-1e3], [-2e3], [1e3], [2e3]])
    decision = Logistic(X, C=1.0).decision(np.arange(4), np.array([0, 0, 1, 1]))
    assert np.isfinite(decision).all()
    assert (decision > 0).tolist() == [False, False, True, True]


@pytest.mark.parametrize(("features", "constant"), [(6, False), (6, True), (50, False)])
def test_the_discriminant_is_scikit_learns_also_without_full_rank(features, constant):
    X, y, labelled = drawn(4, features=features)
    if constant:
        X[:, 2] = 0.0
        X[:, 3] = X[:, 4]
    bag, count = bagged(4, labelled)
    kept = count > 0
    ours = discriminant(X[labelled[kept]], y[labelled[kept]], count[kept], X)
    theirs = LinearDiscriminantAnalysis().fit(X[bag], y[bag]).decision_function(X)
    if version.parse(sklearn.__version__) >= version.parse("1.9"):
        # Since then scatter is divided by the records, before by the records less the classes.
        shares = np.log(y[bag].mean() / (1 - y[bag].mean()))
        theirs = (theirs - shares) * (len(bag) - 2) / len(bag) + shares
    np.testing.assert_allclose(ours, theirs, rtol=1e-6, atol=1e-6 * np.abs(theirs).max())
