"""The benchmark's splits, by numbers that NumPy's generators give anywhere."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler

from alrl.data.data_set import DataSet
from alrl.data.sources import load_data_set
from alrl.errors import InvalidDataError
from experiments.lu2023.split import FIRST, LuTask, draw_split, misses_a_class


def test_the_split_of_a_seed_is_known():
    split = draw_split(569, 0)
    assert (len(split.train), len(split.test), split.queries) == (341, 228, 321)
    assert split.train[:5].tolist() == [8, 474, 410, 12, 476]
    assert split.test[-3:].tolist() == [425, 184, 504]
    assert sorted([*split.train, *split.test]) == list(range(569))


def test_the_second_shuffle_begins_its_generator_anew():
    rows = np.arange(100)
    np.random.default_rng(7).shuffle(rows)
    train = rows[:60].copy()
    np.random.default_rng(7).shuffle(train)
    assert draw_split(100, 7).train.tolist() == train.tolist()
    assert draw_split(100, 7).test.tolist() == rows[60:].tolist()


def test_the_training_size_is_rounded_down_as_floating_point_does_it():
    # 1 - 0.4 is a little below 0.6 for some and exactly it for others.
    assert [len(draw_split(n, 0).train) for n in (106, 208, 476, 5300)] == [63, 124, 285, 3180]


def test_a_seed_whose_first_labels_lack_a_class_is_told():
    y = np.zeros(100, dtype=int)
    y[draw_split(100, 3).train[FIRST:]] = 1
    data = DataSet.from_arrays(np.zeros((100, 1)), y)
    assert misses_a_class(data, draw_split(100, 3))
    assert not misses_a_class(data, draw_split(100, 4))


def test_features_are_standardised_by_the_training_part():
    data = load_data_set("breast_cancer")
    task, split = LuTask.draw(data, 0), draw_split(569, 0)
    scaler = StandardScaler().fit(data.X[split.train])
    assert np.array_equal(task.X_test, scaler.transform(data.X[split.test]))
    assert np.abs(task.X.mean(0)).max() < 1e-12
    assert np.array_equal(task.y, data.y[task.rows])


def test_too_few_records_and_three_classes_are_refused():
    with pytest.raises(InvalidDataError, match="33 records leave 19 for training"):
        draw_split(33, 0)
    with pytest.raises(InvalidDataError, match="iris has 3 classes"):
        LuTask.draw(load_data_set("iris"), 0)
