"""Learners by name, and what is said where there is none."""

from __future__ import annotations

import pytest

from alrl.errors import InvalidRecipeError
from alrl.learners import ScikitLearn, SoftmaxRegression, learners, make_learner


def test_the_folder_is_the_registry():
    assert list(learners()) == [
        "committee",
        "convolutional-network",
        "laplace-last-layer",
        "multilayer-perceptron",
        "nearest-centroid",
        "nearest-neighbours",
        "ridge",
        "scikit-learn",
        "softmax-regression",
    ]
    assert learners()["softmax-regression"] is SoftmaxRegression
    assert learners()["scikit-learn"] is ScikitLearn


@pytest.mark.parametrize("name", ["softmax-regression", "softmax_regression", "alrl.learners:SoftmaxRegression"])
def test_a_learner_is_made_by_name_with_its_settings(name):
    made = make_learner(name, C=0.5, double=True)
    assert isinstance(made, SoftmaxRegression)
    assert repr(made) == "SoftmaxRegression(C=0.5, double=True)"


def test_a_learner_already_made_is_taken_as_it_is():
    made = SoftmaxRegression()
    assert make_learner(made) is made
    with pytest.raises(InvalidRecipeError, match=r"C = 2 given for a learner already made; give its name"):
        make_learner(made, C=2)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("m.skops", {}, r"learner = 'm.skops' given, a file; a text is the name of a learner"),
        ("m.pkl", {}, r"learner = 'm.pkl' given, a file; a text is the name of a learner"),
        ("softmax-regresion", {}, r'unknown learner "softmax-regresion"; did you mean "softmax-regression"\?'),
        ("softmax-regression", {"c": 1.0}, r'unknown setting "c"; did you mean "C"\?'),
        ("softmax-regression", {"C": "much"}, r"settings C = 'much' given"),
        (
            "alrl.strategies.uncertainty_sampling:Margin",
            {},
            r'"alrl.strategies.uncertainty_sampling:Margin" is no alrl.loop.learner.Learner',
        ),
        (
            "alrl.loop.learner:Learner",
            {},
            r"is abstract; name a class that defines fit, fresh, predict_proba, restart, take",
        ),
        ("no.such.module:Learner", {}, r"cannot import no.such.module"),
    ],
)
def test_what_is_unknown_is_refused_with_the_nearest_known(name, settings, message):
    with pytest.raises(InvalidRecipeError, match=message):
        make_learner(name, **settings)
