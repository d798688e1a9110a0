"""The batched ridge classifier is scikit-learn's, and pays for new records alone."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.linear_model import RidgeClassifier as Reference

from alrl.data.synthetic import synthetic
from alrl.data.task import draw_task
from alrl.errors import ConstantColumnWarning, InvalidRecipeError
from alrl.evaluation.simulate import simulate
from alrl.learners.ridge.classifier import RidgeClassifier
from alrl.loop.simulator import Simulator
from alrl.testing.learner_checks import check_learner
from tests.learners.reference import stack, standardised


def reference(X, y, others, *, alpha=1.0, weight=None):
    """Decision values (N, k) and predictions of scikit-learn."""
    model = Reference(alpha=alpha, solver="cholesky")
    model.fit(np.asarray(X, dtype=np.float64), y, sample_weight=weight)
    scores = model.decision_function(np.asarray(others, dtype=np.float64))
    return np.stack([-scores, scores], 1) if scores.ndim == 1 else scores, model.predict(others)


def agrees(learner, made, *parts, alpha=1.0):
    """Whether each episode (X, y, weight, classes, others) has scikit-learn's decision values and predictions."""
    scores, probabilities = learner.decision_function(made.others).numpy(), learner.predict_proba(made.others)
    for episode, (X, y, weight, k, others) in enumerate(parts):
        expected, predicted = reference(X, y, others, alpha=alpha, weight=weight)
        np.testing.assert_allclose(scores[episode, : len(others), :k], expected, atol=1e-5, rtol=0)
        assert (probabilities[episode, : len(others)].argmax(-1).numpy() == predicted).all()
    return True


def made_up(n, D, k, seed=0):
    rng = np.random.default_rng(seed)
    centres, y = 2 * rng.normal(size=(k, D)), np.arange(n) % k
    X, others = centres[y] + rng.normal(size=(n, D)), centres[rng.integers(k, size=20)] + rng.normal(size=(20, D))
    return X.astype(np.float32), y, None, k, others.astype(np.float32)


def first(part, n):
    X, y, weight, k, others = part
    return X[:n], y[:n], None if weight is None else weight[:n], k, others


@pytest.mark.parametrize(("name", "alpha"), [("iris", 1.0), ("wine", 0.01), ("breast_cancer", 1.0), ("digits", 1.0)])
def test_decision_values_are_scikit_learns_after_a_hundred_rank_one_updates(name, alpha):
    X, y, others = standardised(name)
    k = int(y.max()) + 1
    whole = np.concatenate([X, X]), np.concatenate([y, y]), None, k, others
    learner, taken = RidgeClassifier(alpha=alpha), []
    for n in range(k, k + 103):
        part = first(whole, n)
        made = stack([part])
        report = made.fit(learner)
        taken.append(report.iterations.item())
        assert report.converged.all()
    # Built at the first fit, and once when the records have become more than the features.
    assert sum(each > 1 for each in taken) == 2
    assert agrees(learner, made, part, alpha=alpha)


def test_batches_of_records_and_episodes_of_several_sizes():
    parts = made_up(70, 40, 3), made_up(50, 6, 2, seed=1), made_up(90, 22, 5, seed=2)
    learner = RidgeClassifier()
    for step in range(4):
        now = [first(part, n + size * step) for part, n, size in zip(parts, (10, 5, 30), (20, 3, 10), strict=True)]
        made = stack(now)
        report = made.fit(learner)
        assert agrees(learner, made, *now)
    assert report.iterations.tolist() == [20, 3, 10]


def collinear(X):
    return np.concatenate([X, 2 * X, X[:, :1] + X[:, 1:2]], 1)


def with_a_constant_column(X):
    return np.concatenate([X, np.full_like(X[:, :1], 1000.0)], 1)


def far_from_zero(X):
    return X + 100.0


@pytest.mark.parametrize("change", [collinear, with_a_constant_column, far_from_zero])
@pytest.mark.parametrize("D", [3, 60])
def test_awkward_columns(change, D):
    X, y, _, k, others = made_up(40, D, 3)
    part = change(X).astype(np.float32), y, None, k, change(others).astype(np.float32)
    learner = RidgeClassifier()
    for n in range(3, 41):
        made = stack([first(part, n)])
        made.fit(learner)
    expected, _ = reference(*part[:2], part[4])
    # Single precision of the records to predict, which lie at up to 1000, leaves no more.
    size = np.abs(part[4]).max() * learner._state.coefficients.abs().sum(2).max().item()
    gap = np.abs(learner.decision_function(made.others)[0].numpy() - expected).max()
    assert gap < 1e-5 + 1e-6 * (size if change is far_from_zero else 0.0)


def test_weights_are_scikit_learns_and_whole_weights_are_copies():
    X, y, _, k, others = made_up(30, 5, 3)
    weight = np.arange(30) % 3 + 1.0
    made = stack([(X, y, weight, k, others)])
    learner, copies = RidgeClassifier(), RidgeClassifier()
    for n in (9, 20, 30):
        stack([first((X, y, weight, k, others), n)]).fit(learner)
    assert agrees(learner, made, (X, y, weight, k, others))
    times = weight.astype(int)
    stack([(X.repeat(times, 0), y.repeat(times), None, k, others)]).fit(copies)
    torch.testing.assert_close(made.predict(learner), made.predict(copies), atol=1e-6, rtol=0)


@pytest.mark.parametrize("D", [4, 50])
@pytest.mark.parametrize("change", ["order", "record", "fewer", "weight"])
def test_records_that_do_not_continue_the_last_fit_are_fitted_from_the_start(change, D):
    X, y, _, k, others = made_up(20, D, 3)
    learner, weight = RidgeClassifier(), np.ones(20)
    stack([(X, y, weight, k, others)]).fit(learner)
    if change == "order":
        X, y = X[::-1].copy(), y[::-1].copy()
    if change == "record":
        X[4] += 1.0
    if change == "weight":
        weight[3] = 2.0
    n = 15 if change == "fewer" else 20
    part = first((X, y, weight, k, others), n)
    made = stack([part])
    assert made.fit(learner).iterations.tolist() == [n]
    assert agrees(learner, made, part)


def test_labels_that_change_need_no_new_inverse():
    X, y, _, k, others = made_up(20, 4, 3)
    learner = RidgeClassifier()
    stack([(X, y, None, k, others)]).fit(learner)
    other = (X, np.roll(y, 1), None, k, others)
    made = stack([other])
    assert made.fit(learner).iterations.tolist() == [0]
    assert agrees(learner, made, other)


@pytest.mark.parametrize("D", [4, 50])
def test_an_inverse_that_rounding_has_spoilt_is_built_anew(D):
    part = made_up(20, D, 3)
    made, learner = stack([part]), RidgeClassifier()
    made.fit(learner)
    learner._state.inverse *= 1 + 1e-4
    report = made.fit(learner)
    assert report.iterations.tolist() == [20]
    assert report.converged.all()
    assert agrees(learner, made, part)


def test_the_work_of_a_rank_one_update_is_quadratic_in_the_features():
    part = made_up(50, 10, 3)
    learner = RidgeClassifier()
    assert (
        stack([first(part, 49)]).fit(learner).multiply_adds.item() == 10**3 + 10 * 49 * 10 + 2 * 100 * 4 + 5 * 490 * 3
    )
    assert stack([part]).fit(learner).multiply_adds.item() == 2 * 100 + 2 * 100 * 4 + 5 * 500 * 3
    assert learner.multiply_adds_a_record().tolist() == [30.0]


@settings(max_examples=30)
@given(steps=st.lists(st.integers(0, 6), min_size=1, max_size=8), D=st.integers(1, 20))
def test_the_way_to_a_labelled_set_does_not_matter(steps, D):
    part = made_up(3 + sum(steps), D, 3)
    gradual, at_once, n = RidgeClassifier(), RidgeClassifier(), 3
    stack([first(part, n)]).fit(gradual)
    for step in steps:
        n += step
        made = stack([first(part, n)])
        made.fit(gradual)
    made.fit(at_once)
    torch.testing.assert_close(made.predict(gradual), made.predict(at_once), atol=1e-5, rtol=0)


def test_in_the_loop_each_label_is_one_update():
    tasks = [draw_task(synthetic("mixed", 0), [seed]) for seed in range(3)]
    simulator = Simulator(tasks, RidgeClassifier(), labels=5)
    for _ in range(5):
        picks = simulator.view.available.float().argmax(1, keepdim=True)
        loop = simulator.step(picks)
    assert loop.fit.iterations.tolist() == [1, 1, 1]


def test_a_high_temperature_levels_probabilities():
    made = stack([made_up(12, 2, 3)])
    sharp, level = RidgeClassifier(temperature=0.1), RidgeClassifier(temperature=10.0)
    made.fit(sharp)
    made.fit(level)
    assert made.predict(sharp).amax(-1).mean() > 0.9
    assert made.predict(level).amax(-1).mean() < 0.4
    check_learner(sharp)


def test_of_constant_columns_the_intercept_is_left():
    with pytest.warns(ConstantColumnWarning):
        curves = simulate((np.ones((80, 4)), np.arange(80) % 2), "margin", learner="ridge", labels=6, seeds=2)
    assert np.isfinite(curves.aubc).all()


@pytest.mark.parametrize("wrong", [{"alpha": 0.0}, {"temperature": -1.0}, {"alpha": float("nan")}])
def test_settings_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidRecipeError, match=r"given; allowed is any number above 0"):
        RidgeClassifier(**wrong)


def test_predicting_before_fitting_is_refused():
    with pytest.raises(InvalidRecipeError, match=r"ridge: not fitted yet; call fit first"):
        RidgeClassifier().predict_proba(torch.zeros(1, 1, 1))
