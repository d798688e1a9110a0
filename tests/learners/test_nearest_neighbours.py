"""The vote of the nearest records is scikit-learn's, in blocks of any size."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.neighbors import KNeighborsClassifier

from alrl.errors import InvalidRecipeError
from alrl.learners import nearest_neighbours
from alrl.learners.nearest_neighbours import NearestNeighbours
from alrl.testing.learner_checks import check_learner
from tests.learners.reference import stack, standardised


@pytest.mark.parametrize("name", ["iris", "wine", "breast_cancer", "digits"])
@pytest.mark.parametrize("weights", ["uniform", "distance"])
def test_vote_shares_are_scikit_learns(name, weights):
    X, y, others = standardised(name)
    X = X + 1e-3 * np.random.default_rng(0).normal(size=X.shape).astype(np.float32)  # equal distances are open there
    k = int(y.max()) + 1
    for neighbours, n in ((1, 30), (5, 60), (15, 70)):
        learner = NearestNeighbours(neighbours=neighbours, weights=weights)
        made = stack([(X[:n], y[:n], None, k, others)])
        made.fit(learner)
        expected = KNeighborsClassifier(neighbours, weights=weights).fit(X[:n].astype(np.float64), y[:n])
        given = made.predict(learner)[0].numpy()
        np.testing.assert_allclose(given, expected.predict_proba(others.astype(np.float64)), atol=1e-5)


def fitted(learner, X, y, weight=None, classes=3):
    X, y = torch.tensor([X], dtype=torch.float32)[..., None], torch.tensor([y])
    weight = torch.ones_like(X[..., 0]) if weight is None else torch.tensor([weight])
    learner.fit(X, y, weight, torch.ones(1, classes, dtype=torch.bool))
    return learner


def shares(learner, *points):
    return learner.predict_proba(torch.tensor([points])[..., None])[0]


def test_fewer_records_than_neighbours_all_vote():
    learner = fitted(NearestNeighbours(neighbours=5), [0.0, 1.0, 9.0], [0, 0, 1])
    torch.testing.assert_close(shares(learner, 9.0), torch.tensor([[2 / 3, 1 / 3, 0.0]]))


def test_at_equal_distance_those_labelled_first_vote():
    learner = fitted(NearestNeighbours(neighbours=1), [1.0, -1.0, 1.0], [2, 0, 1])
    assert shares(learner, 0.0).tolist() == [[0.0, 0.0, 1.0]]


def test_a_record_at_distance_zero_outvotes_others():
    learner = fitted(NearestNeighbours(neighbours=3, weights="distance"), [0.0, 1.0, 4.0], [0, 1, 1])
    torch.testing.assert_close(shares(learner, 0.0, 2.0), torch.tensor([[1.0, 0.0, 0.0], [0.5 / 2, 1.5 / 2, 0.0]]))


def test_weights_multiply_votes():
    learner = fitted(NearestNeighbours(neighbours=2), [0.0, 1.0, 2.0], [0, 1, 1], weight=[3.0, 1.0, 1.0])
    assert shares(learner, 0.1).tolist() == [[0.75, 0.25, 0.0]]


def test_smoothing_gives_classes_seen_a_vote_each():
    learner = fitted(NearestNeighbours(neighbours=2, smoothing=1.0), [0.0, 1.0, 2.0], [0, 0, 1])
    assert shares(learner, 0.1).tolist() == [[0.75, 0.25, 0.0]]


def test_small_blocks_change_nothing(monkeypatch):
    X, y, others = standardised("wine")
    parts = [(X[:n], y[:n], None, 3, others) for n in (20, 35, 50, 12, 60)]
    made, learner = stack(parts), NearestNeighbours()
    made.fit(learner)
    expected = made.predict(learner)
    for block in (1, 70, 5_000):
        monkeypatch.setattr(nearest_neighbours, "BLOCK", block)
        assert torch.equal(made.predict(learner), expected)
    branched = learner.take(torch.tensor([0, 1, 2, 2, 3, 3]))
    branches = branched.predict_branches(made.others[[0, 2, 3]], 2)
    assert torch.equal(branches.flatten(0, 1), expected[[0, 1, 2, 2, 3, 3]])


def test_no_block_of_distances_is_larger_than_allowed(monkeypatch):
    sizes, measure = [], nearest_neighbours.distance_between
    monkeypatch.setattr(nearest_neighbours, "BLOCK", 3_000)
    monkeypatch.setattr(
        nearest_neighbours,
        "distance_between",
        lambda X, points: sizes.append(len(X) * X.shape[1] * points.shape[1]) or measure(X, points),
    )
    learner = NearestNeighbours()
    made = stack([(np.ones((n, 2)), np.zeros(n, dtype=int), None, 2, np.ones((500, 2))) for n in (4, 30, 20)])
    made.fit(learner)
    made.predict(learner)
    assert len(sizes) > 10
    assert max(sizes) <= 3_000


@pytest.mark.parametrize("settings", [{"weights": "distance"}, {"neighbours": 1}, {"smoothing": 0.1}])
def test_every_setting_keeps_the_contract(settings):
    check_learner(NearestNeighbours(**settings))


def test_the_model_of_the_work():
    learner = fitted(NearestNeighbours(), [1.0, 2.0, 3.0], [0, 1, 1], weight=[1.0, 1.0, 0.0])
    assert learner.multiply_adds_a_record().tolist() == [2.0]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"neighbours": 0}, r"neighbours = 0 given; give at least 1"),
        ({"weights": "far"}, r"weights = 'far' given; give \"uniform\" or \"distance\""),
        ({"smoothing": -1.0}, r"smoothing = -1.0 given; give 0 or more"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(InvalidRecipeError, match=message):
        NearestNeighbours(**wrong)


def test_predicting_before_fitting_is_refused():
    with pytest.raises(InvalidRecipeError, match=r"nearest-neighbours: not fitted yet; call fit first"):
        NearestNeighbours().predict_proba(torch.zeros(1, 1, 1))
