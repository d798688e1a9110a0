from __future__ import annotations

import dataclasses
import math

import pytest

from alrl.errors import InvalidQueryError

LOG2 = math.log(2)
# Four labelled records over five epochs: forgotten once, twice, never learnt, learnt at once.
MARGINS = [[-1, 1, -1, 3], [1, -1, -1, 3], [1, 1, -1, 3], [-1, -1, -1, 3], [1, 1, -1, 3]]
LINE = [0.0, 1.0, 2.0, 30.0, 0.5]


def view_with(view_of, **more):
    P = [[0.9, 0.1], [0.8, 0.2], [0.5, 0.5], [1.0, 0.0], [0.7, 0.3]]
    return view_of(features=LINE, probabilities=P, labelled=[0, 1, 2, 3], labels=[0, 0, 1, 0], margins=MARGINS, **more)


def test_pseudo_losses_of_a_candidate(view_of, features_of):
    answer = [[0.5, 1.0, 1.0, 1.0, 0.25], [0.5, 1.0, 1.0, 1.0, 0.75], [0.5, 1.0, 1.0, 1.0, 0.5]]
    seen = features_of(view_with(view_of, confidence=answer), index=[0, 1, 4])
    # A guess at two classes has a loss of log 2, which counts one half.
    loss = -(math.log(0.25) + math.log(0.75) + math.log(0.5)) / 3
    assert seen["pseudo-loss"] == pytest.approx([1 / 2, 0, loss / (loss + LOG2)], abs=1e-6)
    assert seen["epoch-spread"] == pytest.approx([0, 0, 0.2041241], abs=1e-6)
    assert seen["epoch-gain"] == pytest.approx([0, 0, 0.25])
    assert seen["epoch-dip"] == pytest.approx([0, 0, 0.25])


def test_pseudo_losses_are_ranked_among_the_available(view_of, features_of):
    view = view_of(probabilities=[[0.9, 0.1]] * 3, confidence=[[0.3, 0.9, 0.6]])
    assert features_of(view)["pseudo-loss-rank"] == pytest.approx([5 / 6, 1 / 6, 1 / 2])


def test_how_the_nearest_labelled_records_fared(view_of, features_of):
    # Nearest to 0.5 are the first three.
    seen = features_of(view_with(view_of, losses=[[0.0, LOG2, 3 * LOG2, 9.0]] * 5), index=[4])
    assert seen["nearest-loss"] == pytest.approx([(0 + 1 / 2 + 3 / 4) / 3])
    assert seen["nearest-forgetting"] == pytest.approx([(1 / 2 + 2 / 3 + 0) / 3])
    assert seen["nearest-never-learnt"] == pytest.approx([1 / 3])
    # Areas .2, .2, -1 as a / (1 + |a|).
    assert seen["nearest-margin-area"] == pytest.approx([(1 / 6 + 1 / 6 - 1 / 2) / 3])
    # Errors of two classes have √2 times the distance of the label's probability to one.
    assert seen["nearest-error-norm"] == pytest.approx([(0.1 + 0.2 + 0.5) / 3])


def test_without_labels_nothing_is_said_of_the_nearest(view_of, features_of):
    seen = features_of(view_of(probabilities=[[0.9, 0.1]] * 2))
    for name in ("nearest-loss", "nearest-forgetting", "nearest-never-learnt", "nearest-margin-area"):
        assert seen[name] == [0, 0]


def test_the_labelled_set_as_a_whole(view_of, features_of):
    losses = [[2 * LOG2] * 4, [LOG2] * 4, [LOG2] * 4, [LOG2] * 4, [0.0] * 4]
    seen = features_of(view_with(view_of, losses=losses))
    assert seen["first-epoch-loss"] == pytest.approx(2 / 3)
    assert seen["last-epoch-loss"] == 0
    assert seen["epoch-loss-area"] == pytest.approx(1 / 2)
    assert seen["epoch-loss-spread"] == 0
    # Wrong in 2, 2, 5 and 0 of five epochs.
    assert seen["epochs-wrong"] == pytest.approx(9 / 20)
    assert seen["forgotten-share"] == pytest.approx(1 / 2)
    assert seen["forgetting"] == pytest.approx((1 / 2 + 2 / 3) / 4)
    assert seen["never-learnt-share"] == pytest.approx(1 / 4)
    assert seen["margin-area"] == pytest.approx((1 / 6 + 1 / 6 - 1 / 2 + 3 / 4) / 4)
    assert seen["negative-margin-share"] == pytest.approx(1 / 4)
    assert seen["error-norm"] == pytest.approx((0.1 + 0.2 + 0.5 + 0) / 4)
    assert seen["error-norm-spread"] == pytest.approx(0.1870829, abs=1e-6)


def test_an_empty_labelled_set_has_learnt_nothing(view_of, features_of):
    seen = features_of(view_of(probabilities=[[0.9, 0.1]]))
    assert seen["first-epoch-loss"] == seen["epochs-wrong"] == seen["error-norm"] == 0


def test_a_learner_that_says_nothing_of_the_pool_is_refused(view_of, features_of):
    view = view_with(view_of)
    silent = dataclasses.replace(view, epochs=dataclasses.replace(view.epochs, pool_confidence=None))
    with pytest.raises(InvalidQueryError, match="a learner that has epoch_confidence"):
        features_of(silent)
