"""A module of one's own becomes a learner by saying how it is built."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from alrl.errors import InvalidRecipeError
from alrl.learners.networks.neural_network import NeuralNetwork
from alrl.testing.example_records import example
from alrl.testing.learner_checks import check_learner


class Gated(NeuralNetwork):
    """A module with a layer norm, a buffer and a parameter of its own."""

    name = "gated"

    def build(self, features, classes):
        return Gate(features, classes)


class Gate(nn.Module):
    def __init__(self, features, classes):
        super().__init__()
        self.inner, self.outer = nn.Linear(features, 6), nn.Linear(6, classes)
        self.norm, self.gate = nn.LayerNorm(6), nn.Parameter(torch.ones(6))
        self.register_buffer("scale", torch.tensor(2.0))

    def forward(self, X):
        return self.outer(torch.tanh(self.norm(self.inner(X)) * self.gate * self.scale))


def using(module):
    class Mine(NeuralNetwork):
        def build(self, features, classes):
            return module(features, classes)

    return Mine(epochs=3)


def test_a_module_of_ones_own_keeps_the_contract():
    check_learner(Gated(epochs=8, learning_rate=0.08))


def test_training_is_what_torch_itself_does():
    made, learner = example(1, ((12, 3, 3),)), Gated(epochs=4, learning_rate=0.01, alpha=0.3)
    module = Gate(3, 3).double()
    module.load_state_dict({**learner._shape(3, 3).module.state_dict()})
    step = torch.optim.Adam(module.parameters(), lr=0.01)
    X, y = made.X[0].double(), made.y[0]
    for _ in range(4):
        step.zero_grad()
        penalty = sum(value.square().sum() for value in module.parameters() if value.ndim > 1)
        (nn.functional.cross_entropy(module(X), y) + 0.3 / 24 * penalty).backward()
        step.step()
    made.fit(learner)
    expected = torch.softmax(module(made.others[0].double()), 1).detach()
    assert float((learner.predict_proba(made.others)[0] - expected).abs().max()) < 1e-4


def test_the_embedding_is_what_the_last_layer_is_given():
    learner, made = Gated(epochs=3), example(1, ((12, 3, 3),))
    made.fit(learner)
    last = learner._fitted.groups[0]
    weights = last.shape.named(last.parameters[0].float())
    logits = learner.embed(made.others)[0] @ weights["outer.weight"].T + weights["outer.bias"]
    assert float((torch.softmax(logits, 1) - made.predict(learner)[0]).abs().max()) < 1e-6


def test_torchs_own_generator_is_left_as_it_was_and_the_seed_decides():
    made = example(1)
    before = torch.get_rng_state()
    one, same, other = Gated(epochs=2), Gated(epochs=2), Gated(epochs=2, seed=1)
    losses = [made.fit(learner).losses for learner in (one, same, other)]
    assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(losses[0], losses[1])
    assert not torch.equal(losses[0], losses[2])


def test_episodes_of_several_sizes_are_predicted_in_their_places():
    made, learner = example(1), Gated(epochs=5)
    made.fit(learner)
    order = torch.tensor([2, 0, 0])
    assert len(learner._fitted.groups) == 3
    taken = made.take(order.tolist()).predict(learner.take(order))
    assert torch.allclose(taken, made.predict(learner)[order], atol=1e-6)
    each = [features * 6 + 6 * classes for features, classes in ((3, 3), (5, 2), (8, 4))]
    assert learner.multiply_adds_a_record().tolist() == each


@pytest.mark.parametrize(
    ("module", "message"),
    [
        (lambda d, k: nn.Sequential(nn.Linear(d, k), nn.Dropout(0.5)), r"holds Dropout; layers that draw chance"),
        (lambda d, k: nn.Sequential(nn.Linear(d, k), nn.BatchNorm1d(k)), r"holds BatchNorm1d"),
        (lambda d, k: nn.Flatten(), r"Flatten has no parameters"),
        (lambda d, k: nn.Linear(d, k + 1), r"gives shape \(1, 4\) for one record of 3 features and 3 classes"),
    ],
)
def test_modules_that_cannot_be_trained_are_refused(module, message):
    with pytest.raises(InvalidRecipeError, match=message):
        example(1, ((12, 3, 3),)).fit(using(module))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"epochs": 0}, r"epochs = 0 given; give at least 1"),
        ({"learning_rate": 0.0}, r"learning_rate = 0.0 given; allowed is any number above 0"),
        ({"learning_rate": float("nan")}, r"learning_rate = nan given"),
        ({"alpha": -1.0}, r"alpha = -1.0 given; allowed is 0 or any number above"),
    ],
)
def test_settings_out_of_range_are_refused(settings, message):
    with pytest.raises(InvalidRecipeError, match=message):
        Gated(**settings)


def test_what_was_not_fitted_is_not_predicted():
    learner = Gated()
    with pytest.raises(InvalidRecipeError, match=r"gated: not fitted yet; call fit first"):
        learner.predict_proba(torch.zeros(1, 2, 3))
    example(1).fit(learner)
    with pytest.raises(InvalidRecipeError, match=r"1 episodes to predict, 3 fitted"):
        learner.predict_proba(torch.zeros(1, 2, 8))
    with pytest.raises(InvalidRecipeError, match=r"a maximum of 0 iterations given"):
        learner.with_max_iterations(0)


def test_a_learner_shows_the_settings_it_was_given():
    assert repr(Gated(epochs=3, alpha=1e-4)) == "Gated(epochs=3)"


def test_early_in_a_fit_the_confidence_is_that_of_a_shorter_fit():
    made, learner = example(1), Gated(epochs=9, record=True)
    made.fit(learner)
    now, answer = made.predict(learner), learner.epoch_confidence(made.others)
    assert answer.shape == (3, 8, made.others.shape[1])
    predicted = now.argmax(-1, keepdim=True)
    # The start of epoch 3 is where a fit of three epochs ends.
    for place, epoch in enumerate([0, 1, 2, 3, 5, 6, 7, 8]):
        shorter = Gated(epochs=max(epoch, 1))
        made.fit(shorter)
        if epoch:
            assert torch.allclose(answer[:, place], made.predict(shorter).gather(2, predicted)[..., 0], atol=1e-6)
    assert not torch.allclose(answer[:, 0], answer[:, 1], atol=1e-3)


def test_a_network_that_keeps_no_epochs_says_nothing_of_them():
    made, learner = example(1), Gated(epochs=3)
    made.fit(learner)
    assert learner.epoch_confidence(made.others) is None
    kept = Gated(epochs=3, record=True)
    made.fit(kept)
    assert kept.with_max_iterations(2).take(torch.tensor([0])).epoch_confidence(made.others[:1]) is None


def test_copies_and_restarted_episodes_have_the_epochs_that_are_theirs():
    made, learner = example(1), Gated(epochs=4, record=True)
    made.fit(learner)
    answer, order = learner.epoch_confidence(made.others), torch.tensor([2, 0, 0])
    taken = learner.take(order).epoch_confidence(made.take(order.tolist()).others)
    assert torch.allclose(taken, answer[order], atol=1e-6)
    learner.restart(torch.tensor([True, False, True]))
    again = learner.epoch_confidence(made.others)
    assert (again[[0, 2]] == again[[0, 2], :1]).all()
    assert torch.equal(again[1], answer[1])
