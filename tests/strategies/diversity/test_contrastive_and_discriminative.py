from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch
from sklearn.linear_model import LogisticRegression

from alrl.errors import InvalidRecipeError
from alrl.strategies.diversity.contrastive import Contrastive
from alrl.strategies.diversity.discriminative import PENALTY, Discriminative, strangeness
from alrl.testing.example_view import example_view


def test_contrast_is_the_divergence_from_the_nearest_labelled_record(view_of):
    view = view_of(
        features=[[0.0], [10.0], [1.0], [9.0]],
        probabilities=[[0.9, 0.1], [0.2, 0.8], [0.5, 0.5], [0.2, 0.8]],
        labelled=[0, 1],
    )
    kl = 0.9 * np.log(0.9 / 0.5) + 0.1 * np.log(0.1 / 0.5)
    assert Contrastive(neighbours=1).score(view)[0, 2:].tolist() == pytest.approx([kl, 0], abs=1e-6)
    other = 0.2 * np.log(0.2 / 0.5) + 0.8 * np.log(0.8 / 0.5)
    assert Contrastive().score(view)[0, 2].item() == pytest.approx((kl + other) / 2, abs=1e-6)


def test_with_nothing_labelled_there_is_no_contrast():
    assert not Contrastive().score(example_view(labelled=(0,))).any()


def test_certain_contradictions_are_finite_and_large(view_of):
    view = view_of(features=[[0.0], [1.0]], probabilities=[[1.0, 0.0], [0.0, 1.0]], labelled=[0])
    assert Contrastive().score(view)[0, 1].item() == pytest.approx(-np.log(1e-7), rel=1e-3)


def test_a_pool_taken_in_blocks_gives_the_same(monkeypatch):
    view = example_view(seed=2)
    whole = Contrastive(neighbours=3).score(view)
    monkeypatch.setattr("alrl.strategies.diversity.contrastive._BLOCK", 1)
    torch.testing.assert_close(Contrastive(neighbours=3).score(view), whole)


@pytest.mark.parametrize("seed", range(5))
def test_the_discriminator_is_scikit_learns_logistic_regression(seed):
    random = np.random.default_rng(seed)
    X = random.normal(size=(60, 3))
    known = np.zeros(60, dtype=bool)
    known[np.argsort(X[:, 0] + random.normal(size=60))[:15]] = True
    standard = (X - X.mean(0)) / X.std(0)
    rows = np.concatenate([standard, np.ones((60, 1))], 1)
    weight = np.where(known, 0.5 / 15, 0.5 / 45)
    theirs = LogisticRegression(C=1 / PENALTY, fit_intercept=False, tol=1e-10, max_iter=1000).fit(rows, ~known, weight)
    ours = strangeness(torch.tensor(X)[None], torch.ones(1, 60, dtype=torch.bool), torch.tensor(known)[None])[0]
    # Fifty steps are not the last: near enough for the order of all but a few.
    odds = theirs.decision_function(rows)
    assert np.corrcoef(odds, ours)[0, 1] > 0.999
    assert int(ours.argmax()) == int(odds.argmax())


def test_what_is_far_from_the_labelled_is_strange(view_of):
    view = view_of(features=[[0.0], [0.2], [1.0], [5.0], [3.0]], labelled=[0, 1])
    assert Discriminative().select(view, 3)[0].tolist()[0] == 3
    assert Discriminative(rounds=1).select(view, 3).tolist() == [[3, 4, 2]]


def test_each_part_of_a_batch_counts_as_labelled_for_the_next(view_of):
    # The far record on the right once taken, the one on the left is the strangest.
    view = view_of(features=[[0.0, 0.0], [0.5, 0.0], [9.0, 0.0], [8.9, 0.0], [0.0, 5.0]], labelled=[0, 1])
    assert Discriminative(rounds=1).select(view, 2).tolist() == [[2, 3]]
    assert Discriminative(rounds=2).select(view, 2).tolist() == [[2, 4]]


def test_a_sample_of_the_others_tells_much_the_same():
    random = np.random.default_rng(0)
    X = torch.tensor(random.normal(size=(1, 3000, 4)), dtype=torch.float32)
    view = dataclasses.replace(example_view(records=(3000,), labelled=(20,)), embedding=X)
    whole, some = Discriminative().score(view)[0], Discriminative(compared=1500).score(view)[0]
    assert not whole.equal(some)
    assert float(torch.corrcoef(torch.stack([whole, some]))[0, 1]) > 0.98
    assert Discriminative(compared=3000).score(view)[0].equal(whole)


@pytest.mark.parametrize("labelled", [(0,), (9, 6, 12)])
def test_with_one_side_alone_nothing_is_strange(labelled):
    assert not Discriminative().score(example_view(labelled=labelled)).any()


def test_settings_that_make_no_sense_are_refused():
    with pytest.raises(InvalidRecipeError, match="neighbours = 0 given; give at least 1"):
        Contrastive(neighbours=0)
    with pytest.raises(InvalidRecipeError, match="rounds = 0 given; give at least 1"):
        Discriminative(rounds=0)
    with pytest.raises(InvalidRecipeError, match="compared = 0 given; give at least 1"):
        Discriminative(compared=0)
