"""The Laplace approximation is that of a dense computation, its draws and its mean agree, and disagreement is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.special import expit, softmax

from alrl.errors import InvalidRecipeError
from alrl.learners.laplace.laplace import LaplaceLastLayer
from alrl.learners.laplace.last_layer_posterior import FullPosterior, KroneckerPosterior
from alrl.learners.softmax.softmax_regression import SoftmaxRegression
from alrl.testing.example_records import example
from alrl.testing.learner_checks import check_learner
from tests.learners.reference import stack, standardised

TIGHT = {"tolerance": 1e-6, "double": True}


def with_constant(X):
    return np.concatenate([np.ones_like(X[:, :1]), X], 1).astype(np.float64)


@pytest.mark.parametrize("C", [1.0, 10.0])
def test_two_classes_are_mackays_probit_approximation(C):
    X, y, others = standardised("wine")
    X, y = X[y < 2][:30], y[y < 2][:30]
    learner = LaplaceLastLayer(settings={"C": C, **TIGHT})
    made = stack([(X, y, None, 2, others)])
    made.fit(learner)
    weights = learner.base.coefficients[0].numpy()
    weights = np.roll(weights[1] - weights[0], 1)
    inputs, far = with_constant(X), with_constant(others)
    p = expit(inputs @ weights)
    covariance = np.linalg.inv((inputs * (p * (1 - p))[:, None]).T @ inputs + np.eye(14) / C)
    variance = np.einsum("nd,de,ne->n", far, covariance, far)
    expected = expit(far @ weights / np.sqrt(1 + np.pi * variance / 8))
    np.testing.assert_allclose(made.predict(learner)[0, :, 1].numpy(), expected, atol=1e-6)


def dense_covariance(inputs, p, precision):
    """Covariance of the coefficients of all classes, (k d, k d), by loops."""
    d, k = inputs.shape[1], p.shape[1]
    hessian = precision * np.eye(k * d)
    for x, q in zip(inputs, p, strict=True):
        hessian += np.kron(np.diag(q) - np.outer(q, q), np.outer(x, x))
    return np.linalg.inv(hessian)


def test_three_classes_are_the_mean_field_of_a_dense_computation():
    X, y, others = standardised("iris")
    learner = LaplaceLastLayer(settings=TIGHT)
    made = stack([(X[:25], y[:25], None, 3, others)])
    made.fit(learner)
    p = learner.base.predict_proba(made.X)[0].double().numpy()
    covariance = dense_covariance(with_constant(X[:25]), p, 1.0)
    mean = np.log(learner.base.predict_proba(made.others)[0].double().numpy())
    expected = []
    for x, m in zip(with_constant(others), mean, strict=True):
        J = np.kron(np.eye(3), x)
        S = J @ covariance @ J.T
        against = [
            sum(np.exp((m[j] - m[c]) / np.sqrt(1 + np.pi / 8 * (S[c, c] + S[j, j] - 2 * S[c, j]))) for j in range(3))
            for c in range(3)
        ]
        expected.append(1 / np.array(against) / sum(1 / np.array(against)))
    np.testing.assert_allclose(made.predict(learner)[0].numpy(), np.array(expected), atol=1e-6)


def posterior(kind, seed=0):
    rng = np.random.default_rng(seed)
    inputs = torch.from_numpy(with_constant(rng.normal(size=(12, 3))))
    p = torch.from_numpy(softmax(rng.normal(size=(12, 3)), axis=1))
    made = kind(
        inputs=inputs[None],
        probabilities=p[None],
        weight=torch.ones(1, 12, dtype=torch.float64),
        precision=torch.tensor([0.5], dtype=torch.float64),
        allowed=torch.ones(1, 3, dtype=torch.bool),
    )
    return made, inputs.numpy(), p.numpy()


def test_the_kronecker_posterior_is_that_of_the_product():
    made, inputs, p = posterior(KroneckerPosterior)
    classes = sum(np.diag(q) - np.outer(q, q) for q in p) / 12
    covariance = np.linalg.inv(np.kron(classes, inputs.T @ inputs) + 0.5 * np.eye(12))
    J, away = np.kron(np.eye(3), inputs[0]), np.eye(3) - 1 / 3
    given = made.covariance(torch.from_numpy(inputs[:1])[None])[0, 0]
    np.testing.assert_allclose(given.numpy(), away @ J @ covariance @ J.T @ away, atol=1e-10)


@pytest.mark.parametrize("kind", [FullPosterior, KroneckerPosterior])
def test_draws_have_the_covariance_of_the_posterior(kind):
    made, inputs, _ = posterior(kind)
    noise = torch.from_numpy(np.random.default_rng(1).normal(size=(40_000, 3, 4)))
    scores = made.draw(noise)[0] @ torch.from_numpy(inputs[:5]).T
    scores = scores - scores.mean(1, keepdim=True)
    seen = torch.einsum("mcn,mdn->ncd", scores, scores) / len(scores)
    expected = made.covariance(torch.from_numpy(inputs[:5])[None])[0]
    np.testing.assert_allclose(seen.numpy(), expected.numpy(), atol=0.03 * float(expected.max()))


def test_inputs_that_no_labelled_record_has_keep_the_prior():
    full, inputs, _ = posterior(FullPosterior)
    wide = torch.nn.functional.pad(torch.from_numpy(inputs[:1])[None], (0, 1), value=2.0)
    more = (full.covariance(wide) - full.covariance(wide[..., :4]))[0, 0]
    np.testing.assert_allclose(more.numpy(), 4 / 0.5 * (np.eye(3) - 1 / 3), atol=1e-12)
    noise = torch.ones(1, 3, 5, dtype=torch.float64)
    np.testing.assert_allclose(full.draw(noise)[0, 0, :, 4].numpy(), np.sqrt(2) * np.ones(3))


@pytest.mark.parametrize("structure", ["full", "kronecker"])
def test_the_members_mean_is_close_to_the_prediction(structure):
    made = example(1)
    learner = LaplaceLastLayer(structure=structure, members=4000)
    made.fit(learner)
    gap = (learner.predict_members(made.others).mean(1) - made.predict(learner)).abs()
    assert gap.mean() < 0.02
    assert gap.max() < 0.12


def test_members_are_the_same_in_every_call_and_company():
    made, learner = example(1), LaplaceLastLayer(members=4)
    made.fit(learner)
    members = learner.predict_members(made.others)
    assert torch.equal(members, learner.predict_members(made.others))
    assert not torch.equal(members[:, 0], members[:, 1])
    for structure in ("full", "kronecker"):
        learner = LaplaceLastLayer(members=4, structure=structure, settings=TIGHT)
        made.fit(learner)
        members = learner.predict_members(made.others)
        for episode in range(3):
            one, alone = made.alone(episode), learner.fresh()
            one.fit(alone)
            k = one.class_mask.shape[1]
            given = alone.predict_members(one.others)[0]
            torch.testing.assert_close(given, members[episode, ..., :k], atol=1e-5, rtol=0)


def test_members_disagree_more_far_from_labelled_records():
    made = example(1, ((30, 2, 2),))
    learner = LaplaceLastLayer(members=200)
    made.fit(learner)
    along = made.X[0, made.y[0] == 0].mean(0) - made.X[0, made.y[0] == 1].mean(0)
    across = torch.stack([-along[1], along[0]]) / along.norm()
    middle = made.X[0].mean(0)
    spread = learner.predict_members(torch.stack([middle, middle + 20 * across])[None])[0, ..., 0].std(0)
    assert spread[1] > 2 * spread[0]


def test_many_coefficients_have_a_kronecker_posterior():
    X, y, others = standardised("digits")
    made = stack([(X[:40], y[:40], None, 10, others[:50]), (X[:12, :5], y[:12] % 3, None, 3, others[:50, :5])])
    automatic, kronecker = LaplaceLastLayer(), LaplaceLastLayer(structure="kronecker")
    made.fit(automatic)
    made.fit(kronecker)
    gap = (made.predict(automatic) - made.predict(kronecker)).abs().amax((1, 2))
    assert gap[0] == 0
    assert gap[1] > 1e-4


def test_the_prior_of_the_base_is_taken_over():
    assert LaplaceLastLayer(settings={"C": 0.25}).prior_precision == 4.0
    assert LaplaceLastLayer(base=SoftmaxRegression(C=2.0)).prior_precision == 0.5
    assert LaplaceLastLayer(base="nearest-centroid").prior_precision == 1.0
    assert LaplaceLastLayer(prior_precision=3.0).prior_precision == 3.0


@pytest.mark.parametrize("settings", [{"structure": "kronecker"}, {"base": "ridge"}, {"members": 2}])
def test_every_setting_keeps_the_contract(settings):
    check_learner(LaplaceLastLayer(**settings))


def test_the_model_of_the_work():
    learner = LaplaceLastLayer(base="nearest-centroid")
    made = example(1, ((12, 3, 3),))
    assert made.fit(learner).multiply_adds.tolist() == [3 * 12 * 3 + 12 * 12**2 + 12**3]
    assert learner.multiply_adds_a_record().tolist() == [3 * 3 + 12**2]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"prior_precision": 0.0}, r"prior_precision = 0.0 given; give a number above 0"),
        ({"structure": "diagonal"}, r"structure = 'diagonal' given; allowed are \"auto\", \"full\", \"kronecker\""),
        ({"members": 0}, r"members = 0 given; give at least 1"),
        ({"settings": {"c": 1.0}}, r'unknown setting "c"; did you mean "C"\?'),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(InvalidRecipeError, match=message):
        LaplaceLastLayer(**wrong)


def test_predicting_before_fitting_is_refused():
    with pytest.raises(InvalidRecipeError, match=r"not fitted yet; call fit first"):
        LaplaceLastLayer().predict_proba(torch.zeros(1, 1, 1))


@pytest.mark.parametrize("scale", [1e-30, 1e8, 1e15])
def test_features_of_any_size_have_a_posterior(scale):
    rng = np.random.default_rng(0)
    X = torch.tensor(rng.normal(size=(1, 40, 3)) * scale, dtype=torch.float32)
    learner = LaplaceLastLayer()
    learner.fit(X, torch.arange(40)[None] % 2, torch.ones(1, 40), torch.ones(1, 2, dtype=torch.bool))
    for predicted in (learner.predict_proba(X), learner.predict_members(X)):
        assert torch.isfinite(predicted).all()
        torch.testing.assert_close(predicted.sum(-1), torch.ones(predicted.shape[:-1]), atol=1e-5, rtol=0)
