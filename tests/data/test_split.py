"""Splits are disjoint, stratified, and depend on their own stream alone."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alrl.data.data_set import DataSet
from alrl.data.first_sample import draw_first_sample
from alrl.data.split import draw_split, warn_if_small
from alrl.errors import InvalidDataError, InvalidRecipeError, SmallTestPartWarning


def data_of(*sizes):
    y = np.repeat(np.arange(len(sizes)), sizes)
    return DataSet.from_arrays(np.arange(len(y), dtype=float)[:, None], y)


def sizes_of(split):
    classes = split.data_set.n_classes
    parts = (split.pool, split.validation, split.test)
    return np.array([np.bincount(split.data_set.y[part], minlength=classes) for part in parts])


shares = st.sampled_from([(0.5, 0.2, 0.3), (0.6, 0.2, 0.2), (0.4, 0.1, 0.2), (1 / 3, 1 / 3, 1 / 3), (0.7, 0.05, 0.25)])


@given(sizes=st.lists(st.integers(20, 90), min_size=2, max_size=8), shares=shares, seed=st.integers(0, 2**32))
def test_parts_are_disjoint_and_hold_each_class_in_its_share(sizes, shares, seed):
    data = data_of(*sizes)
    split = draw_split(data, [seed], pool=shares[0], validation=shares[1], test=shares[2])
    parts = np.concatenate([split.pool, split.validation, split.test])
    assert len(np.unique(parts)) == len(parts)
    assert parts.min() >= 0
    assert parts.max() < data.n_records
    expected = np.outer(shares, sizes)
    assert (np.abs(sizes_of(split) - expected) < 1).all()
    if sum(shares) > 1 - 1e-9:
        assert len(parts) == data.n_records
    assert (np.abs(sizes_of(split).sum(1) - expected.sum(1)) < 2).all()


@given(
    sizes=st.lists(st.integers(1, 60), min_size=2, max_size=6).filter(lambda sizes: sum(sizes) >= 40),
    limits=st.tuples(st.integers(6, 40), st.integers(1, 20), st.integers(1, 20)),
    seed=st.integers(0, 1000),
)
def test_limits_hold_and_every_class_stays_in_the_pool(sizes, limits, seed):
    data = data_of(*sizes)
    try:
        split = draw_split(data, [seed], max_pool=limits[0], max_validation=limits[1], max_test=limits[2])
    except InvalidDataError as error:
        assert "would be empty" in str(error)  # noqa: PT017
        return
    parts = np.concatenate([split.pool, split.validation, split.test])
    assert len(np.unique(parts)) == len(parts)
    assert (sizes_of(split)[0] >= 1).all()
    assert (sizes_of(split).sum(1) <= limits).all()


def test_a_limited_part_is_stratified_too():
    split = draw_split(data_of(300, 100), [3], max_pool=40, max_test=20)
    assert sizes_of(split).tolist() == [[30, 10], [60, 20], [15, 5]]


def test_rare_classes_go_to_the_pool_first():
    split = draw_split(data_of(40, 1, 2), [0], pool=0.1, validation=0.4, test=0.5)
    assert sizes_of(split)[0].tolist() == [4, 1, 1]
    assert sizes_of(split)[:, 1].tolist() == [1, 0, 0]


def test_the_place_in_a_part_does_not_betray_the_class():
    split = draw_split(data_of(500, 500), [0])
    for part in (split.pool, split.validation, split.test):
        first_half = split.data_set.y[part][: len(part) // 2]
        assert 0.35 < first_half.mean() < 0.65


def test_the_same_seed_gives_the_same_split_and_another_seed_another():
    data = data_of(30, 30)
    one, same, other = (draw_split(data, seed) for seed in ([5, 1], [5, 1], [5, 2]))
    for part in ("pool", "validation", "test"):
        assert np.array_equal(getattr(one, part), getattr(same, part))
        assert not np.array_equal(getattr(one, part), getattr(other, part))


def test_every_record_reaches_every_part_over_the_seeds():
    data = data_of(10, 10)
    splits = [draw_split(data, [seed]) for seed in range(60)]
    for part in ("pool", "validation", "test"):
        assert len(np.unique(np.concatenate([getattr(split, part) for split in splits]))) == 20


def test_the_first_sample_has_a_stream_of_its_own():
    data = data_of(30, 30)
    split = draw_split(data, [1])
    draw_first_sample(split, [1], kind="random", size=7)
    assert np.array_equal(split.pool, draw_split(data, [1]).pool)
    assert not np.array_equal(draw_first_sample(split, [1]), draw_first_sample(split, [2]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"pool": 0.0}, r"the share pool = 0 is not allowed; give a number above 0"),
        ({"test": -0.1}, r"the share test = -0\.1 is not allowed"),
        ({"validation": float("nan")}, r"the share validation = nan is not allowed"),
        ({"pool": 0.6}, r"sum to 1\.1; lower them until they sum to at most 1"),
        ({"max_validation": 0}, r"max_validation = 0 is not allowed; give at least 1, or None"),
        ({"max_pool": 1}, r"max_pool = 1 cannot hold a record of each of the 2 classes .*give at least 2"),
    ],
)
def test_shares_and_limits_that_make_no_sense_are_refused(options, message):
    with pytest.raises(InvalidRecipeError, match=message):
        draw_split(data_of(20, 20), [0], **options)


def test_shares_may_miss_one_by_a_rounding_error():
    assert len(draw_split(data_of(20, 20), [0], pool=0.5 + 5e-10).pool) == 20


def test_a_part_that_would_be_empty_is_refused():
    with pytest.raises(InvalidDataError, match=r"the validation part of 'data' would be empty: a share of 0\.01 of 40"):
        draw_split(data_of(20, 20), [0], validation=0.01)


def test_a_small_test_part_and_a_class_of_one_record_are_told_once_a_data_set():
    data = data_of(20, 19, 1)
    with pytest.warns(SmallTestPartWarning) as told:
        warn_if_small(data, {})
    (said,) = told
    assert str(said.message) == (
        "data: the test part has 12 records, each of them 8.3 points of accuracy; a single record has class '2', so it"
        " is never tested; scores say little: label more records, or give the test part more of them"
    )
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        warn_if_small(data, {})
        warn_if_small(data_of(50, 50), {})
