from __future__ import annotations

import numpy as np
import pytest

from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.large_pool.labels import PoolLabels


def test_labels_are_kept_in_order_of_acquisition():
    labels = PoolLabels(6, ["a", "b"])
    labels.add(np.array([4, 1]), np.array(["b", "a"]))
    labels.add([0], ["a"])
    assert (labels.index.tolist(), labels.codes.tolist()) == ([4, 1, 0], [1, 0, 0])
    assert np.flatnonzero(labels.free).tolist() == [2, 3, 5]


@pytest.mark.parametrize(
    ("index", "given", "error", "match"),
    [
        ([6], ["a"], InvalidQueryError, "0 to 5"),
        ([-1], ["a"], InvalidQueryError, "0 to 5"),
        ([3], ["a"], InvalidQueryError, "already or given twice"),
        ([1, 1], ["a", "a"], InvalidQueryError, "already or given twice"),
        ([1], ["c"], InvalidDataError, "'c'"),
        ([1, 2], ["a"], InvalidDataError, "one label a position"),
        ([1.5], ["a"], InvalidDataError, "integers"),
        ([[1]], ["a"], InvalidDataError, "one label a position"),
    ],
)
def test_a_refused_label_changes_nothing(index, given, error, match):
    labels = PoolLabels(6, ["a", "b"])
    labels.add([3], ["b"])
    with pytest.raises(error, match=match):
        labels.add(index, given)
    assert labels.index.tolist() == [3]
    assert labels.free.sum() == 5


@pytest.mark.parametrize("classes", [["a"], ["a", "a"], []])
def test_fewer_than_two_classes_are_refused(classes):
    with pytest.raises(InvalidDataError, match="at least two"):
        PoolLabels(6, classes)
