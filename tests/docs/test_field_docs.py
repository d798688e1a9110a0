from __future__ import annotations

import pytest

from alrl.envs.loop_recipe import BudgetRecipe, LearnerRecipe
from alrl.learners import MultilayerPerceptron
from docs.generate.field_docs import argument_meanings, attribute_meanings, description, keys


class Parent:
    """Says :class:`~alrl.errors.AlrlError` and ``code``.

    A second paragraph.

    Args:
        depth: how deep,
            on two lines.
        width: how wide.

    Raises nothing.
    """


class Child(Parent):
    """Another.

    Args:
        width: how broad.
    """


def test_arguments_are_those_of_the_class_then_those_of_its_parents():
    assert argument_meanings(Child) == {"depth": "how deep, on two lines.", "width": "how broad."}


def test_a_description_ends_before_arguments_and_is_markdown():
    assert description(Parent) == "Says `AlrlError` and `code`.\n\nA second paragraph."


def test_strings_below_attributes_are_their_meanings():
    assert attribute_meanings(BudgetRecipe)["labels"] == "Labels after the first sample."


def test_keys_say_whether_they_were_given_and_what_they_mean():
    shown = {key.name: key for key in keys(LearnerRecipe(kind="multilayer-perceptron", hidden=[8]), "learner")}
    assert not shown["learner.hidden"].meaning
    shown = {
        key.name: key
        for key in keys(LearnerRecipe(kind="multilayer-perceptron", hidden=[8]), "learner", MultilayerPerceptron)
    }
    assert shown["learner.hidden"].value == [8]
    assert shown["learner.hidden"].meaning.startswith("units of each hidden layer")
    assert shown["learner.kind"].given


@pytest.mark.parametrize("kind", [int, object])
def test_classes_of_others_say_nothing(kind):
    assert attribute_meanings(kind) == {}
