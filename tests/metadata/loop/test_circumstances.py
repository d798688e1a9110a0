from __future__ import annotations

import dataclasses

import pytest
import torch


def test_budget_batch_and_what_is_chosen(view_of, features_of):
    view = view_of(features=[0.0] * 8, labelled=[0, 1], labels=[0, 1], selected=[3, 4], spent=12, budget=300)
    seen = features_of(dataclasses.replace(view, fits=torch.tensor([4])))
    assert seen["budget-size"] == pytest.approx(0.75)
    # Twelve labels in three refits after the first fit.
    assert seen["batch-size"] == pytest.approx(4 / 14)
    assert seen["batch-so-far"] == pytest.approx(2 / 12)
    assert features_of(dataclasses.replace(view, fits=torch.tensor([1])))["batch-size"] == 0
    assert features_of(dataclasses.replace(view, fits=None))["batch-size"] == 0


def test_classes_without_a_label(view_of, features_of):
    P = [[0.25] * 4] * 5
    assert features_of(view_of(probabilities=P, labelled=[0, 1], labels=[2, 2]))["classes-without-label"] == 0.75
    assert features_of(view_of(probabilities=P, labelled=[0, 1], labels=[2, 0]))["classes-without-label"] == 0.5


def test_few_levels_tell_votes_from_a_smooth_learner(view_of, features_of):
    votes = [[0.6, 0.4], [0.4, 0.6], [0.8, 0.2], [0.6, 0.4]]
    assert features_of(view_of(probabilities=votes))["probability-levels"] == 0.5
    smooth = [[0.6, 0.4], [0.61, 0.39], [0.8, 0.2], [0.7, 0.3]]
    assert features_of(view_of(probabilities=smooth))["probability-levels"] == 1
