from __future__ import annotations

import dataclasses
import math

import pytest
import torch

from alrl.loop.pool_view import PoolView
from alrl.loop.predictions import Trajectory
from alrl.testing.example_view import example_view


def test_it_has_no_field_for_hidden_labels_validation_or_test():
    # A field added here is a field that every strategy, feature and policy sees: think before you add to the list.
    assert {field.name for field in dataclasses.fields(PoolView)} == {
        *("features", "feature_count", "exists", "labelled", "selected", "labelled_index", "labelled_mask", "labels"),
        *("class_mask", "probabilities", "noise", "trajectory", "spent", "budget", "geometry"),
        *("embedding", "earlier_embedding", "epochs", "members", "refits", "silent", "price"),
        # Counts of what has been done, by record or episode: none tells what a label is.
        *("fits", "trained", "obtained", "times_queried", "near_batch"),
        # For critics: two numbers an episode, from an environment alone, where its recipe observes the group pace.
        "pace",
    }
    assert {field.name for field in dataclasses.fields(Trajectory)} == {
        *("flips", "loops", "probabilities", "remembered"),
    }


def test_it_cannot_be_changed_or_given_more():
    view = example_view()
    with pytest.raises(dataclasses.FrozenInstanceError):
        view.labels = view.labels
    with pytest.raises(TypeError):
        dataclasses.replace(view, hidden_labels=view.labels)


def test_a_record_is_available_when_it_exists_and_is_neither_labelled_nor_selected():
    view = dataclasses.replace(
        example_view(records=(4,), labelled=(1,)),
        exists=torch.tensor([[True, True, True, False]]),
        labelled=torch.tensor([[True, False, False, False]]),
        selected=torch.tensor([[False, True, False, False]]),
    )
    assert view.available.tolist() == [[False, False, True, False]]
    assert view.known.tolist() == [[True, True, False, False]]


def test_a_pick_joins_the_batch_and_minus_one_adds_nothing():
    view = example_view(records=(4, 4, 4), labelled=(0,))
    assert view.available.all()
    later = view.with_selected(torch.tensor([2, -1, 0]))
    assert later.selected.tolist() == [[False, False, True, False], [False] * 4, [True, False, False, False]]
    assert later.available.equal(~later.selected)
    assert not view.selected.any()
    assert view.available.all()


def test_distance_to_known_follows_the_batch_and_each_view_keeps_its_own():
    view = example_view(records=(5,), features=(1,), labelled=(1,))
    view.features.copy_(torch.tensor([[[0.0], [1.0], [4.0], [6.0], [9.0]]]))
    view = dataclasses.replace(view, labelled=torch.tensor([[True, False, False, False, False]]))
    later = view.with_selected(torch.tensor([4]))
    assert later.distance_to_known.tolist() == [[0, 1, 4, 3, 0]]
    assert view.distance_to_known.tolist() == [[0, 1, 4, 6, 9]]
    assert later.distance_to_known.tolist() == [[0, 1, 4, 3, 0]]


def test_what_the_learner_says_in_short():
    view = example_view(records=(4,), classes=(3,))
    rows = [[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1 / 3, 1 / 3, 1 / 3], [1, 0, 0]]
    view = dataclasses.replace(view, probabilities=torch.tensor([rows]))
    # Of three classes that are equally likely the first is predicted, as by argmax.
    assert view.predicted[0].tolist() == [1, 1, 0, 0]
    first, second = view.top_two
    assert first[0].tolist() == pytest.approx([0.5, 0.7, 1 / 3, 1])
    assert second[0].tolist() == pytest.approx([0.3, 0.2, 1 / 3, 0])
    assert view.margin[0].tolist() == pytest.approx([0.2, 0.5, 0, 1], abs=1e-6)
    assert view.normalised_entropy[0].tolist() == pytest.approx([0.937231, 0.729847, 1, 0], abs=1e-6)


def test_normalised_entropy_is_of_the_real_classes():
    view = example_view(records=(4, 4), classes=(2, 5), case="even")
    assert view.class_count.tolist() == [2, 5]
    assert view.normalised_entropy.flatten().tolist() == pytest.approx([1.0] * 8, abs=1e-6)
    assert not math.isnan(float(example_view(case="certain").normalised_entropy.sum()))
