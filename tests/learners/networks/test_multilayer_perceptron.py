"""Perceptrons: the model of scikit-learn, by the compiled loop as by torch, each episode for itself."""

from __future__ import annotations

import pytest
import torch
from sklearn.neural_network import MLPClassifier

from alrl.errors import InvalidRecipeError
from alrl.learners.networks.multilayer_perceptron import MultilayerPerceptron
from alrl.learners.networks.neural_network import NeuralNetwork
from alrl.learners.networks.training import EPSILON, FIRST_DECAY, SECOND_DECAY
from alrl.testing.example_records import example
from tests.learners.reference import stack, standardised


class Products(MultilayerPerceptron):
    """Trained by batched products, as on a GPU."""

    _train = NeuralNetwork._train


class Mapped(Products):
    """Trained and predicted as a user's own module is."""

    _logits = NeuralNetwork._logits


def gap(one, other):
    return float((one - other).detach().abs().max())


def digits(*counts):
    parts = []
    for seed, n in enumerate(counts):
        X, y, others = standardised("digits", seed)
        parts.append((X[:n], y[:n], None, 10, others[:30]))
    return stack(parts)


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
@pytest.mark.parametrize("hidden", [(16,), (12, 7)])
def test_trains_as_scikit_learn_does_from_the_same_start(hidden):
    made = digits(40)
    X, y = made.X[0].double().numpy(), made.y[0].numpy()
    settings = {"alpha": 0.1, "learning_rate_init": 1e-2, "shuffle": False, "tol": 0.0, "n_iter_no_change": 100}
    theirs = MLPClassifier(hidden, max_iter=1, warm_start=True, **settings).fit(X, y)
    learner = MultilayerPerceptron(hidden=hidden, alpha=0.1, epochs=30, double=True)
    start = learner.build(64, 10)[::2]
    theirs.coefs_ = [layer.weight.detach().double().numpy().T.copy() for layer in start]
    theirs.intercepts_ = [layer.bias.detach().double().numpy().copy() for layer in start]
    theirs.set_params(max_iter=30).fit(X, y)
    report = made.fit(learner)
    assert theirs.n_iter_ == report.iterations[0] == 30
    assert gap(made.predict(learner)[0].double(), torch.tensor(theirs.predict_proba(made.others[0].numpy()))) < 1e-5
    assert (theirs.beta_1, theirs.beta_2, theirs.epsilon) == (FIRST_DECAY, SECOND_DECAY, EPSILON)


@pytest.mark.parametrize("kind", [Products, Mapped])
@pytest.mark.parametrize("warm_start", [False, True])
def test_the_compiled_loop_and_torch_do_the_same(kind, warm_start):
    settings = {"hidden": (9, 6), "epochs": 20, "record": True, "double": True, "warm_start": warm_start, "alpha": 0.5}
    one, other, made = (
        MultilayerPerceptron(**settings),
        kind(**settings),
        example(3, ((12, 4, 3), (10, 20, 3)), unseen=1),
    )
    for part in (made.first(6), made):
        ours, theirs = part.fit(one), part.fit(other)
    assert gap(made.predict(one), made.predict(other)) < 1e-6
    assert gap(made.predict(one), torch.full(made.predict(one).shape, 1 / 3)) > 0.1
    assert gap(ours.losses, theirs.losses) < 1e-6
    assert gap(ours.epochs.losses, theirs.epochs.losses) < 1e-6
    assert gap(ours.epochs.margins, theirs.epochs.margins) < 1e-5
    assert torch.equal(ours.epochs.correct, theirs.epochs.correct)
    assert gap(one.embed(made.others), other.embed(made.others)) < 1e-5
    assert gap(one.epoch_confidence(made.others), other.epoch_confidence(made.others)) < 1e-6


def test_no_bit_of_an_episode_depends_on_its_company():
    counts = (12, 40, 25)
    made, learner = digits(*counts), MultilayerPerceptron()
    together = made.padded(2, 3, 1).fit(learner).losses
    for episode, n in enumerate(counts):
        alone = made.take([episode]).first(n).fit(learner.fresh()).losses
        assert torch.equal(alone[0], together[episode])


def test_a_weight_begins_with_the_number_of_its_place():
    narrow, wide = (MultilayerPerceptron(hidden=(4,)).build(features, 3)[0] for features in (2, 7))
    bounds = [(6 / (features + 4)) ** 0.5 for features in (2, 7)]
    assert gap(narrow.weight / bounds[0], wide.weight[:, :2] / bounds[1]) < 1e-6
    assert gap(narrow.bias / bounds[0], wide.bias / bounds[1]) < 1e-6
    assert narrow.weight.abs().max() <= bounds[0]
    assert not torch.equal(MultilayerPerceptron(hidden=(4,), seed=1).build(2, 3)[0].weight, narrow.weight)


def test_records_of_each_epoch_agree_with_its_loss():
    learner, made = MultilayerPerceptron(record=True, epochs=7), example(1)
    report = made.fit(learner)
    assert report.losses.shape == (3, 7)
    assert report.epochs.losses.shape == report.epochs.correct.shape == report.epochs.margins.shape == (3, 7, 20)
    real = made.weight > 0
    assert gap(report.epochs.losses.sum(2) / real.sum(1, keepdim=True), report.losses) < 1e-5
    assert torch.equal(report.epochs.correct & real[:, None], report.epochs.margins > 0)
    assert not (report.epochs.correct & ~real[:, None]).any()
    assert (report.losses[:, -1] < report.losses[:, 0]).all()
    assert made.fit(MultilayerPerceptron(epochs=7)).epochs is None


def test_a_record_of_weight_two_counts_as_two_records():
    X, y = torch.randn(1, 6, 3, generator=torch.Generator().manual_seed(0)), torch.tensor([[0, 1, 2, 0, 1, 2]])
    mask, weight = torch.ones(1, 3, dtype=torch.bool), torch.ones(1, 6)
    weight[0, 0] = 2.0
    one, other = (MultilayerPerceptron(double=True, alpha=1.0) for _ in range(2))
    one.fit(X, y, weight, mask)
    other.fit(torch.cat([X, X[:, :1]], 1), torch.cat([y, y[:, :1]], 1), torch.ones(1, 7), mask)
    assert gap(one.predict_proba(X), other.predict_proba(X)) < 1e-6


@pytest.mark.parametrize("kind", [MultilayerPerceptron, Mapped])
def test_training_that_breaks_down_keeps_finite_weights_and_says_so(kind):
    made, learner = example(1), kind(learning_rate=1e38, epochs=5, record=True)
    report = made.fit(learner)
    assert not report.converged.any()
    assert (report.iterations < 5).all()
    assert all(group.parameters.isfinite().all() for group in learner._fitted.groups)
    assert made.predict(learner).isfinite().all()
    assert report.losses[:, 0].isfinite().all()
    assert report.losses[:, -1].isinf().all()
    assert report.epochs.losses.isfinite().all()
    assert learner.epoch_confidence(made.others).isfinite().all()


def test_a_loss_that_ends_above_its_start_and_above_guessing_has_not_converged():
    assert not example(1).fit(MultilayerPerceptron(learning_rate=1e3, epochs=3)).converged.any()
    assert example(1).fit(MultilayerPerceptron()).converged.all()


def test_one_class_seen_is_certain_and_nothing_is_trained():
    made, learner = example(5, ((5, 3, 2), (8, 4, 2)), unseen=1), MultilayerPerceptron(record=True)
    report = made.fit(learner)
    assert report.iterations.tolist() == [0, 0]
    assert report.multiply_adds.tolist() == [0.0, 0.0]
    assert not report.losses.any()
    assert (made.predict(learner)[..., 0] == 1).all()
    assert (learner.epoch_confidence(made.others) == 1).all()


def test_a_hurried_copy_goes_on_from_the_last_fit():
    learner, made = MultilayerPerceptron(), digits(20, 30)
    made.fit(learner)
    before, shortened = made.predict(learner), learner.with_max_iterations(2)
    report = made.fit(shortened)
    assert report.iterations.tolist() == [2, 2]
    assert (report.losses[:, 0] < made.fit(MultilayerPerceptron(epochs=49)).losses[:, -1]).all()
    assert gap(made.predict(learner), before) == 0
    assert made.fit(learner.with_max_iterations(500)).iterations.tolist() == [50, 50]


def test_a_refit_begins_anew_unless_a_warm_start_is_asked_for():
    made = digits(20, 30)
    scratch, warm = MultilayerPerceptron(), MultilayerPerceptron(warm_start=True)
    first = made.fit(scratch).losses
    assert torch.equal(made.fit(scratch).losses, first)
    made.fit(warm)
    warm.restart(torch.tensor([True, False]))
    again = made.fit(warm).losses
    assert torch.equal(again[0], first[0])
    assert again[1, 0] < first[1, -1]


def test_branches_share_the_records():
    learner, made = MultilayerPerceptron(hidden=(8, 5)), digits(20, 30)
    made.fit(learner)
    branches = learner.take(torch.tensor([0, 0, 0, 1, 1, 1]))
    digits(20, 30, 25, 21, 22, 23).fit(branches)
    given = branches.predict_branches(made.others, 3)
    repeated = branches.predict_proba(made.others.repeat_interleave(3, 0)).unflatten(0, (2, 3))
    assert given.shape == (2, 3, 30, 10)
    assert gap(given, repeated) < 1e-6
    assert gap(given[0, 0], given[0, 1]) > 1e-3


def test_the_work_is_counted():
    learner = MultilayerPerceptron(hidden=(64,), epochs=10)
    report = digits(20, 30).fit(learner)
    each = 64 * 64 + 64 * 10
    assert learner.multiply_adds_a_record().tolist() == [each, each]
    assert report.multiply_adds.tolist() == [3 * 10 * 20 * each, 3 * 10 * 30 * each]


@pytest.mark.parametrize("hidden", [(), (8, 0)])
def test_layers_without_units_are_refused(hidden):
    with pytest.raises(InvalidRecipeError, match=r"hidden = \(.*\) given; give the units of each layer"):
        MultilayerPerceptron(hidden=hidden)
