"""Convolutional networks: the module that build shows, trained and predicted faster."""

from __future__ import annotations

import pytest
import torch

from alrl.errors import InvalidRecipeError
from alrl.learners.networks.convolutional_network import ConvolutionalNetwork
from alrl.learners.networks.neural_network import NeuralNetwork
from alrl.testing.example_records import example
from tests.learners.reference import stack, standardised


class Mapped(ConvolutionalNetwork):
    """Trained and predicted as a user's own module is."""

    _logits = NeuralNetwork._logits


def gap(one, other):
    return float((one - other).detach().abs().max())


def images(*counts):
    parts = []
    for seed, n in enumerate(counts):
        X, y, others = standardised("digits", seed)
        parts.append((X[:n], y[:n], None, 10, others))
    return stack(parts)


@pytest.mark.parametrize("shape", [(1, 4, 4), (2, 2, 4), (4, 4, 1), None])
def test_does_what_the_module_does(shape):
    settings = {"shape": shape, "channels": (3, 4, 2), "hidden": 5, "epochs": 6, "record": True}
    one, other = ConvolutionalNetwork(**settings), Mapped(**settings)
    made = example(3, ((12, 16, 3), (10, 16, 3)), unseen=1)
    ours, theirs = made.fit(one), made.fit(other)
    assert gap(made.predict(one), made.predict(other)) < 1e-6
    assert gap(ours.losses, theirs.losses) < 1e-6
    assert gap(ours.epochs.margins, theirs.epochs.margins) < 1e-5
    assert (ours.losses[:, -1] < ours.losses[:, 0]).all()
    branches = [each.take(torch.tensor([0, 0, 1, 1])) for each in (one, other)]
    given = [each.predict_branches(made.others, 2) for each in branches]
    assert gap(*given) < 1e-6
    assert gap(given[0], made.predict(one)[:, None]) < 1e-6


def test_learns_digits():
    made = images(60)
    learner = ConvolutionalNetwork(shape=(1, 8, 8), channels=(8, 16), epochs=40)
    assert made.fit(learner).converged.all()
    task_truth = standardised_truth()
    assert (made.predict(learner)[0].argmax(1) == task_truth).float().mean() > 0.6


def standardised_truth():
    from alrl.data.sources import load_data_set
    from alrl.data.task import draw_task

    task = draw_task(load_data_set("digits"), [0], split={"pool": 0.6, "validation": 0.2, "test": 0.2})
    return torch.as_tensor(task.split.data_set.y[task.split.test])


def test_moving_an_image_by_what_is_halved_moves_its_activations():
    layers = ConvolutionalNetwork(shape=(1, 8, 8)).build(64, 2)[:4]
    image = torch.zeros(1, 8, 8)
    image[0, 2, 2] = 1.0
    moved = image.roll((2, 2), (1, 2))
    here, there = (layers(each.reshape(1, 64)) for each in (image, moved))
    assert torch.equal(here.roll((1, 1), (2, 3))[..., 1:, 1:], there[..., 1:, 1:])


def test_without_a_shape_the_smallest_square_holds_the_columns():
    learner = ConvolutionalNetwork()
    assert [learner.columns(width) for width in (1, 2, 4, 5, 64, 65)] == [1, 4, 4, 9, 64, 81]
    assert ConvolutionalNetwork(shape=(3, 2, 4)).columns(5) == 24


def test_the_work_is_counted_and_the_embedding_is_the_hidden_layer():
    learner, made = ConvolutionalNetwork(shape=(1, 8, 8), channels=(4, 6), hidden=7, epochs=2), images(12, 15)
    report = made.fit(learner)
    each = 64 * 9 * 4 + 16 * 9 * 4 * 6 + 24 * 7 + 7 * 10
    assert learner.multiply_adds_a_record().tolist() == [each, each]
    assert report.multiply_adds.tolist() == [3 * 2 * 12 * each, 3 * 2 * 15 * each]
    assert learner.embed(made.others[:, :5]).shape == (2, 5, 7)


def test_images_that_do_not_hold_the_columns_are_refused():
    with pytest.raises(
        InvalidRecipeError, match=r"records have 64 columns in use, images of shape \(1, 4, 4\) have 16"
    ):
        images(12).fit(ConvolutionalNetwork(shape=(1, 4, 4)))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"shape": (8, 8)}, r"shape = \(8, 8\) given; give channels, height and width"),
        ({"shape": (1, 0, 8)}, r"shape = \(1, 0, 8\) given"),
        ({"channels": ()}, r"channels = \(\) and hidden = 64 given"),
        ({"hidden": 0}, r"hidden = 0 given"),
    ],
)
def test_sizes_that_no_image_has_are_refused(settings, message):
    with pytest.raises(InvalidRecipeError, match=message):
        ConvolutionalNetwork(**settings)
