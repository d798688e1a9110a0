"""A fit says that it converged only where its gradient is small, and is then scikit-learn's."""

from __future__ import annotations

import dataclasses
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import softmax
from sklearn.linear_model import LogisticRegression

from alrl.learners import SoftmaxRegression
from alrl.learners.softmax.conjugate_gradient import minimise
from alrl.learners.softmax.softmax_group import SoftmaxGroup
from alrl.testing.example_records import example

SOLVERS: dict[str, dict[str, Any]] = {
    "compiled": {"solver": "compiled"},
    "batched": {"solver": "batched"},
    "double": {"double": True},
    "tight": {"double": True, "tolerance": 1e-6},
}


@dataclasses.dataclass(frozen=True)
class Problem:
    """Labelled records (n, D) of classes (n,), k of them of which the last few have none, and records to predict."""

    X: np.ndarray
    y: np.ndarray
    weight: np.ndarray
    others: np.ndarray
    classes: int
    C: float


@st.composite
def problems(draw: st.DrawFn) -> Problem:
    """Clusters: overlapping, separable and nearly equal records, columns of other units and offsets, weights."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    k = draw(st.integers(2, 6))
    unseen = draw(st.integers(0, k - 2))
    n, D = draw(st.integers(k, 60)), draw(st.sampled_from([1, 2, 5, 12, 30, 60]))
    spread = draw(st.sampled_from([1e-3, 0.3, 1.0, 3.0]))
    scale = 10.0 ** rng.uniform(-1, 1, size=D) if draw(st.booleans()) else 1.0
    offset = 10.0 ** rng.uniform(-1, 1, size=D) if draw(st.booleans()) else 0.0
    centres = 2 * rng.normal(size=(k, D))
    y, others = np.arange(n) % (k - unseen), rng.integers(k, size=20)
    X = ((centres[y] + spread * rng.normal(size=(n, D))) * scale + offset).astype(np.float32)
    others = ((centres[others] + spread * rng.normal(size=(20, D))) * scale + offset).astype(np.float32)
    weight = rng.uniform(0.2, 3.0, size=n) if draw(st.booleans()) else np.ones(n)
    return Problem(X, y, weight.astype(np.float32), others, k, 10.0 ** draw(st.floats(-4, 4)))


def fit(problem: Problem, learner: SoftmaxRegression) -> bool:
    """Fit the learner; whether it says that it converged."""
    X, y, weight = (torch.as_tensor(part)[None] for part in (problem.X, problem.y, problem.weight))
    return bool(learner.fit(X, y, weight, torch.ones(1, problem.classes, dtype=torch.bool)).converged)


def steepness(problem: Problem, coefficients: np.ndarray) -> tuple[float, float]:
    """Largest derivative of the penalised loss by a coefficient, over the root of its curvature, in double precision.

    The curvature of the intercept counts as at least a ten thousandth of the records' number and of the penalty. Beside
    it what a rounding of every probability in single precision makes of it: where classes are told apart with ease and
    the penalty is weak, 1 - p keeps few digits.
    """
    seen, weight = np.unique(problem.y), problem.weight.astype(float)
    design = np.column_stack([problem.X.astype(float), np.ones(len(problem.X))])
    penalty = (2 if len(seen) == 2 else 1) / problem.C * (np.arange(design.shape[1]) < design.shape[1] - 1)
    own = coefficients[seen]
    probability = softmax(design @ own.T, axis=1)
    targets = problem.y[:, None] == seen
    gradient = ((probability - targets) * weight[:, None]).T @ design + penalty * own
    curvature = (probability * (1 - probability) * weight[:, None]).T @ design**2 + penalty
    curvature[:, -1] += 1e-4 * min(1, penalty[0]) * weight.sum()
    rounding = np.finfo(np.float32).eps * (weight @ np.abs(design))
    return float(np.sqrt((gradient**2 / curvature).max())), float(np.sqrt((rounding**2 / curvature).max()))


def exact(problem: Problem) -> np.ndarray | None:
    """Probabilities (N, k) of scikit-learn in double precision; None where its own solver fails."""
    model = LogisticRegression(C=problem.C, solver="newton-cholesky", tol=1e-9, max_iter=2000)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            model.fit(problem.X.astype(float), problem.y, sample_weight=problem.weight.astype(float))
        except Warning:
            return None
    rows = np.zeros((len(problem.others), problem.classes))
    rows[:, model.classes_] = model.predict_proba(problem.others.astype(float))
    return rows


@settings(max_examples=40)
@given(problems())
def test_a_fit_converges_only_where_its_gradient_is_small_and_is_then_that_of_scikit_learn(problem):
    expected = exact(problem)
    for name, chosen in SOLVERS.items():
        learner = SoftmaxRegression(C=problem.C, **chosen)
        if not fit(problem, learner):
            continue
        coefficients = learner.coefficients[0].double().numpy()
        # As it was computed, twice the tolerance; the rest is for storing coefficients. Where a fit was wrong, it was
        # wrong ten thousandfold.
        steep, rounded = steepness(problem, coefficients)
        single = learner.tolerance > 1e-5
        assert steep < 100 * learner.tolerance * min(1.0, problem.C**-0.5) + single * rounded, name
        if expected is not None:
            result = learner.predict_proba(torch.as_tensor(problem.others)[None])[0].double().numpy()
            assert np.abs(result - expected).max() < (2e-2 if single else 2e-3), name


def test_what_single_precision_does_not_solve_is_fitted_in_double():
    # All but no penalty, as people set it to have none: probabilities were wrong by up to 0.7, and nothing said so.
    rng = np.random.default_rng(0)
    for _ in range(10):
        k, n = 5, int(rng.integers(20, 50))
        y = np.arange(n) % k
        X = 2 * rng.normal(size=(k, 60))[y] + rng.normal(size=(n, 60)) * rng.choice([0.3, 1.0, 3.0])
        problem = Problem(
            (X / X.std(0)).astype(np.float32),
            y,
            np.ones(n, np.float32),
            rng.normal(size=(20, 60)).astype(np.float32),
            k,
            5000.0,
        )
        learner = SoftmaxRegression(C=problem.C)
        assert fit(problem, learner)
        result = learner.predict_proba(torch.as_tensor(problem.others)[None])[0].double().numpy()
        assert np.abs(result - exact(problem)).max() < 2e-2


def test_a_fit_in_double_precision_is_the_same_alone_and_in_a_padded_batch():
    learner = SoftmaxRegression(C=1e4)
    made = example(3, ((6, 40, 3), (9, 25, 2), (30, 60, 4)), spread=3.0)
    learner.fit(made.X * 7, made.y, made.weight, made.class_mask)
    for i in range(3):
        alone = SoftmaxRegression(C=1e4)
        rows, columns = made.weight[i] > 0, (made.X[i] != 0).any(0)
        alone.fit(
            *(part[i : i + 1, rows] for part in (made.X[..., columns] * 7, made.y, made.weight)),
            made.class_mask[i : i + 1],
        )
        assert torch.equal(learner.coefficients[i][:, :-1][:, columns], alone.coefficients[0, :, :-1])


@pytest.mark.parametrize("name", SOLVERS)
@pytest.mark.parametrize("C", [1e-4, 1e-2, 1.0, 30.0])
def test_every_solver_converges_on_ordinary_data(name, C):
    for made in (example(1), example(4, unseen=1), example(3, ((6, 40, 3), (9, 25, 2))), example(6, spread=1e-3)):
        assert made.fit(SoftmaxRegression(C=C, **SOLVERS[name])).converged.all()


@pytest.mark.parametrize("offset", [1e2, 1e3])
def test_a_shift_of_the_columns_changes_nothing_but_the_intercept(offset):
    made = example(5, ((20, 4, 3), (9, 25, 2)))
    moved = dataclasses.replace(
        made,
        X=torch.where(made.X != 0, made.X + offset, 0),
        others=torch.where(made.others != 0, made.others + offset, 0),
    )
    for chosen, bound in ((SOLVERS["double"], 1e-4), (SOLVERS["batched"], 1e-2)):
        here, there = SoftmaxRegression(**chosen), SoftmaxRegression(**chosen)
        assert made.fit(here).converged.all()
        assert moved.fit(there).converged.all()
        assert (made.predict(here) - moved.predict(there)).abs().max() < bound


def group(scale: float = 1.0) -> SoftmaxGroup:
    X = scale * torch.tensor([[[-1.0], [1.0], [0.5]]]).expand(3, -1, -1)
    targets = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]]).expand(3, -1, -1)
    seen = torch.ones(3, 2, dtype=torch.bool)
    return SoftmaxGroup.of(X, targets, torch.ones(3, 3), seen, 1.0, paired=True)


@pytest.mark.parametrize("spoilt", [-1.0, 0.0, -1e-12, 1e-12, torch.inf, torch.nan])
def test_a_preconditioner_that_is_not_positive_definite_is_made_anew(spoilt):
    start = torch.zeros(3, 1, 2)
    problem = group().over_features(start, whole=True)
    inverse = problem.inverse.clone()
    inverse[0] *= spoilt
    whole = minimise(problem, start, tolerance=1e-4, max_iterations=50)
    solution = minimise(dataclasses.replace(problem, inverse=inverse), start, tolerance=1e-4, max_iterations=50)
    assert solution.converged.all()
    torch.testing.assert_close(solution.parameters, whole.parameters, atol=1e-3, rtol=0)


@pytest.mark.parametrize("spoilt", [-1.0, 1e-12])
def test_over_records_too(spoilt):
    start = torch.zeros(3, 1, 4)
    problem = group().over_records(start)
    broken = dataclasses.replace(problem, effect=problem.effect * spoilt, easy=problem.easy * spoilt)
    whole = minimise(problem, start, tolerance=1e-4, max_iterations=50)
    solution = minimise(broken, start, tolerance=1e-4, max_iterations=50)
    assert solution.converged.all()
    records = torch.tensor([-1.0, 1.0, 0.5])
    for one, other in zip(solution.parameters, whole.parameters, strict=True):
        assert (one[0, :3] @ records - other[0, :3] @ records).abs() < 1e-3
        assert (one[0, 3] - other[0, 3]).abs() < 1e-3
