from __future__ import annotations

import pytest

from alrl.metadata.label_errors import left_out_accuracy, left_out_probabilities, voters


def line(view_of, positions, labels):
    return view_of(features=[float(x) for x in positions], labelled=list(range(len(labels))), labels=labels)


def test_a_record_is_told_by_five_others_never_by_itself(view_of):
    view = line(view_of, range(8), [0] * 8)
    place, real = voters(view, view.labelled_mask)
    assert place.shape == (1, 8, 5)
    assert bool(real.all())
    assert place[0, 0].tolist() == [1, 2, 3, 4, 5]
    assert place[0, 3].tolist() == [2, 4, 1, 5, 0]


def test_votes_are_smoothed_by_one_that_all_classes_share(view_of):
    answer = left_out_probabilities(line(view_of, [0, 1, 2], [0, 1, 1]))
    assert answer[0, 0].tolist() == pytest.approx([0.5 / 3, 2.5 / 3])
    assert answer[0, 1].tolist() == pytest.approx([1.5 / 3, 1.5 / 3])


def test_accuracy_counts_even_splits_by_half(view_of):
    # 0 is told wrong; 1 and 2 each see one label of either class.
    assert left_out_accuracy(line(view_of, [0, 1, 2], [0, 1, 1])).tolist() == pytest.approx([1 / 3])
    apart = line(view_of, [0, 1, 2, 50, 51, 52], [0, 0, 0, 1, 1, 1])
    # With five voters out of five others the other class is always in the majority.
    assert left_out_accuracy(apart).tolist() == [0]


def test_the_newest_labels_are_left_apart(view_of):
    view = line(view_of, [0, 1, 2, 3, 50, 51], [0, 0, 0, 0, 0, 1])
    assert left_out_accuracy(view, 2).tolist() == [1]
    assert left_out_accuracy(view).tolist() == pytest.approx([5 / 6])
    assert left_out_accuracy(view, 5).tolist() == [0]


def test_nobody_is_left_to_tell_of_one_label_or_none(view_of):
    assert left_out_accuracy(line(view_of, [0, 1], [1])).tolist() == [0]
    assert left_out_probabilities(line(view_of, [0, 1], [1])).tolist() == [[[0.5, 0.5]]]
    assert left_out_accuracy(line(view_of, [0, 1], [])).tolist() == [0]
