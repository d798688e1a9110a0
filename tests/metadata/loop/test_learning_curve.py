from __future__ import annotations

import pytest

from alrl.metadata.loop.validation import progressive


def certain(digits):
    """Records of two classes, predicted with a probability of .8 as the digits say."""
    return [[0.8, 0.2] if digit == "0" else [0.2, 0.8] for digit in digits]


def test_agreement_and_kappa_with_the_loop_before(view_of, features_of):
    seen = features_of(view_of(probabilities=certain("0011001111"), past=[certain("0011101011")]))
    assert seen["agreement"] == pytest.approx(0.8)
    assert seen["stability"] == seen["stability-mean"] == pytest.approx(0.5833333, abs=1e-6)
    assert seen["stability-slope"] == 0
    # 4 (1 - T) / T is above 1.
    assert seen["change-bound"] == 1


def test_slope_and_mean_over_remembered_loops(view_of, features_of):
    # Kappas: 0110 against 0111 is .5, 0111 against itself 1.
    past = [certain("0110"), certain("0111")]
    seen = features_of(view_of(probabilities=certain("0111"), past=past))
    assert seen["agreement"] == seen["stability"] == 1
    assert seen["stability-mean"] == pytest.approx(0.75)
    assert seen["stability-slope"] == pytest.approx(0.25)
    assert seen["change-bound"] == 0


def test_loops_that_were_not_lived_through_do_not_count(view_of, features_of):
    past = [certain("1000"), certain("0110"), certain("0111")]
    seen = features_of(view_of(probabilities=certain("0111"), past=past, remembered=[False, True, True, True]))
    assert seen["stability-mean"] == pytest.approx(0.75)
    first = features_of(view_of(probabilities=certain("0111"), past=past, remembered=[False, False, False, True]))
    expected = {"agreement": 0, "stability": 0, "stability-mean": 0, "stability-slope": 0, "change-bound": 1}
    assert {name: first[name] for name in expected} == expected
    assert first["certainty-slope"] == first["certainty-saturation"] == first["progressive-accuracy"] == 0


def test_the_first_loop_knows_of_no_other(view_of, features_of):
    seen = features_of(view_of(probabilities=certain("01"), labelled=[0], labels=[0], spent=1))
    for name in ("agreement", "stability", "progressive-accuracy", "certainty-slope", "certainty-saturation"):
        assert seen[name] == 0


# Bought: record 0, then 1, then 2. What the learner said of each before it knew it: .2, .6 and .9 for the label 0.
ANSWERS = [
    [[0.2, 0.8], [0.5, 0.5], [0.5, 0.5]],
    [[0.9, 0.1], [0.6, 0.4], [0.5, 0.5]],
    [[0.9, 0.1], [0.9, 0.1], [0.9, 0.1]],
]
NOW = [[1.0, 0.0]] * 3


def test_each_label_is_foretold_by_the_last_learner_that_did_not_know_it(view_of, features_of):
    view = view_of(probabilities=NOW, past=ANSWERS, labelled=[0, 1, 2], labels=[0, 0, 0], spent=3)
    result = progressive(view)
    assert result.probability[0].tolist() == pytest.approx([0.9, 0.6, 0.2])
    assert result.right[0].tolist() == [1, 1, 0]
    seen = features_of(view)
    assert seen["progressive-accuracy"] == pytest.approx(2 / 3)
    assert seen["progressive-probability"] == pytest.approx(1.7 / 3)
    assert seen["progressive-surprise"] == pytest.approx(1.7 / 3 - 0.9)


def test_labels_of_the_first_sample_are_not_foretold(view_of, features_of):
    view = view_of(probabilities=NOW, past=ANSWERS, labelled=[0, 1, 2], labels=[0, 0, 0], spent=1)
    assert progressive(view).counted.tolist() == [[1, 0, 0]]
    assert features_of(view)["progressive-probability"] == pytest.approx(0.9)
    assert features_of(view)["progressive-surprise"] == pytest.approx(0)


def test_cross_validation_on_the_labelled_set(view_of, features_of):
    # Four labels of one class and five of another far away; before the last five only the four were there.
    line = [0.0, 1.0, 2.0, 3.0, 50.0, 51.0, 52.0, 53.0, 54.0]
    seen = features_of(view_of(features=line, labelled=range(9), labels=[0] * 4 + [1] * 5))
    # A record of the first four has three of its own and two others to vote, one of the five has four and one.
    assert seen["left-out-accuracy"] == 1
    assert seen["left-out-gain"] == 0
    assert seen["suspected-labels"] == 0
    mixed = features_of(view_of(features=line, labelled=range(9), labels=[0] * 4 + [1, 1, 0, 1, 1]))
    assert mixed["left-out-accuracy"] == pytest.approx(8 / 9)
    assert mixed["left-out-gain"] == pytest.approx(-1 / 9)
    assert mixed["suspected-labels"] == pytest.approx(1 / 9)
    few = features_of(view_of(features=line, labelled=range(5), labels=[0] * 5))
    assert few["left-out-gain"] == 0


def test_overall_uncertainty_is_of_the_records_that_may_be_queried(view_of, features_of):
    P = [[0.5, 0.5], [0.9, 0.1], [0.99, 0.01]]
    seen = features_of(view_of(probabilities=P, labelled=[0], labels=[0]))
    assert seen["overall-uncertainty"] == pytest.approx((0.468996 + 0.080793) / 2, abs=1e-6)
    spent = features_of(view_of(probabilities=P, labelled=[0, 1, 2], labels=[0, 0, 0]))
    assert spent["overall-uncertainty"] == 0


def test_certainty_rises_and_saturates(view_of, features_of):
    past = [[[0.5, 0.5]], [[0.8, 0.2]]]
    seen = features_of(view_of(probabilities=[[0.9, 0.1]], past=past))
    assert seen["certainty-slope"] == pytest.approx(0.4)
    # The last step is .1 of .4.
    assert seen["certainty-saturation"] == pytest.approx(0.75, abs=1e-3)
    still = features_of(view_of(probabilities=[[0.9, 0.1]], past=[[[0.9, 0.1]]]))
    assert still["certainty-saturation"] == 1
