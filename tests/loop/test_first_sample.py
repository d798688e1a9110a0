"""The first labels: one of each class, or any."""

from __future__ import annotations

import numpy as np
import pytest

from alrl.errors import InvalidRecipeError
from alrl.loop.data_set import DataSet
from alrl.loop.first_sample import draw_first_sample
from alrl.loop.split import draw_split


@pytest.fixture(scope="module")
def split():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    return draw_split(DataSet.from_arrays(np.zeros((100, 1)), y), [0])


def test_one_per_class_draws_a_record_of_every_class_in_order(split):
    for seed in range(20):
        first = draw_first_sample(split, [seed])
        assert split.data_set.y[split.pool[first]].tolist() == [0, 1, 2]


def test_one_per_class_draws_each_record_of_a_class_sometimes(split):
    rare = {int(draw_first_sample(split, [seed])[2]) for seed in range(200)}
    assert rare == set(np.flatnonzero(split.data_set.y[split.pool] == 2).tolist())


def test_random_draws_distinct_positions_of_the_pool(split):
    first = draw_first_sample(split, [4], kind="random", size=50)
    assert sorted(first.tolist()) == list(range(50))


def test_random_may_miss_classes(split):
    samples = [draw_first_sample(split, [seed], kind="random", size=2) for seed in range(30)]
    assert all(len(np.unique(split.data_set.y[split.pool[first]])) < 3 for first in samples)
    assert len({tuple(first) for first in samples}) > 20


def test_the_same_seed_gives_the_same_sample(split):
    assert np.array_equal(draw_first_sample(split, [9, 2]), draw_first_sample(split, [9, 2]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "random"}, r"size None cannot be drawn; give a size of 1 to 50"),
        ({"kind": "random", "size": 0}, r"size 0 cannot be drawn"),
        ({"kind": "random", "size": 51}, r"size 51 cannot be drawn; give a size of 1 to 50, the records of the pool"),
        ({"size": 5}, r"size = 5 has no meaning .*'one-per-class'"),
        ({"kind": "stratified"}, r"kind 'stratified' is unknown; use 'one-per-class' or 'random'"),
    ],
)
def test_samples_that_make_no_sense_are_refused(split, options, message):
    with pytest.raises(InvalidRecipeError, match=message):
        draw_first_sample(split, [0], **options)
