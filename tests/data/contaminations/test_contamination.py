"""Contaminated pools: as much of each as declared, by a stream of its own; other parts clean, the truth apart."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.data.contaminations import contaminations, make_contamination
from alrl.data.contaminations.base import contaminate
from alrl.data.data_set import DataSet
from alrl.data.first_sample import draw_first_sample
from alrl.data.pool_truth import CLEAN, DUPLICATE, MISLABELLED, OUT_OF_DOMAIN, PoolTruth
from alrl.data.sources import load_data_set
from alrl.data.split import draw_split
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError

WINE = load_data_set("wine")
SPLIT = draw_split(WINE, [3])
EVERY_KIND = {
    "label-noise": {"rate": 0.3},
    "out-of-domain": {"share": 0.25},
    "duplicates": {"share": 0.4},
    "imbalance": {"ratio": 5.0},
    "missing-classes": {"count": 1},
}


def dirty(*kinds, seed=3, split=SPLIT, **settings):
    return contaminate(split, [seed], [make_contamination(kind, **(EVERY_KIND[kind] | settings)) for kind in kinds])


def pool(split):
    return split.data_set.X[split.pool], split.data_set.y[split.pool]


def test_every_contamination_is_tested_here():
    assert set(EVERY_KIND) == set(contaminations())


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_validation_and_test_part_stay_clean(kind):
    after = dirty(kind)
    for part in ("validation", "test"):
        rows = getattr(after, part)
        assert rows.tolist() == getattr(SPLIT, part).tolist()
        assert np.array_equal(after.data_set.X[rows], WINE.X[rows])
        assert np.array_equal(after.data_set.y[rows], WINE.y[rows])
    assert not set(after.pool) & {*after.validation, *after.test}
    assert len(set(after.pool)) == len(after.pool)


@pytest.mark.parametrize("kind", EVERY_KIND)
def test_a_contamination_is_that_of_its_seed(kind):
    one, same = dirty(kind), dirty(kind)
    assert all(np.array_equal(a, b) for a, b in zip(pool(one), pool(same), strict=True))
    assert one.truth.missing == same.truth.missing
    others = [dirty(kind, seed=seed) for seed in range(4, 9)]
    assert any(
        each.truth.missing != one.truth.missing
        or not np.array_equal(each.data_set.y, one.data_set.y)
        or each.pool.tolist() != one.pool.tolist()
        for each in others
    )


def test_mislabelled_records_are_as_many_as_declared_and_known_to_the_truth_alone():
    data = DataSet.from_arrays(np.zeros((8000, 1)), np.arange(8000) % 4)
    split = draw_split(data, [0])
    after = dirty("label-noise", split=split)
    wrong = after.data_set.y[after.pool] != data.y[split.pool]
    assert after.pool.tolist() == split.pool.tolist()
    assert wrong.mean() == pytest.approx(0.3, abs=0.02)
    assert np.array_equal(wrong, after.truth.kind == MISLABELLED)
    shift = (after.data_set.y[after.pool] - data.y[split.pool])[wrong] % 4
    assert np.bincount(shift, minlength=4)[1:] / wrong.sum() == pytest.approx([1 / 3] * 3, abs=0.04)


def test_foreign_records_make_up_their_share_and_keep_the_values_of_columns():
    after = dirty("out-of-domain")
    foreign = after.truth.kind == OUT_OF_DOMAIN
    assert foreign.sum() == round(len(SPLIT.pool) / 3)
    X, own = after.data_set.X[after.pool], WINE.X[SPLIT.pool]
    for column in range(X.shape[1]):
        assert set(X[foreign, column]) <= set(own[:, column])
    assert not {tuple(row) for row in X[foreign]} & {tuple(row) for row in own}
    assert np.array_equal(after.pool[~foreign], SPLIT.pool)
    # Strewn among the others: their places tell nothing.
    assert np.flatnonzero(foreign).mean() == pytest.approx(len(X) / 2, rel=0.25)


@pytest.mark.parametrize(("source", "used"), [("iris", 4), ("breast_cancer", 13)])
def test_records_of_another_data_set_are_brought_to_the_pools_columns(source, used):
    after = dirty("out-of-domain", share=0.5, source=source)
    X = after.data_set.X[after.pool][after.truth.kind == OUT_OF_DOMAIN]
    own = WINE.X[SPLIT.pool]
    standard = (X - own.mean(0)) / own.std(0)
    assert X.shape[1] == 13
    assert np.allclose(standard[:, used:], 0)
    assert (standard[:, :used].std(0) > 0.4).all()
    assert np.abs(standard.mean(0)).max() < 0.5


def test_exact_and_near_duplicates_are_copies_with_their_labels():
    exact, near = dirty("duplicates"), dirty("duplicates", spread=0.1)
    for after in (exact, near):
        copies = np.flatnonzero(after.truth.kind == DUPLICATE)
        assert len(copies) == round(len(SPLIT.pool) * 0.4 / 0.6)
        X, y = pool(after)
        scale = WINE.X[SPLIT.pool].std(0)
        for copy in copies:
            (original,) = np.flatnonzero((after.truth.group == after.truth.group[copy]) & (after.truth.kind == CLEAN))
            assert y[copy] == y[original]
            away = np.abs((X[copy] - X[original]) / scale)
            assert away.max() == 0 if after is exact else 0 < away.max() < 0.6


def test_classes_fall_geometrically_to_the_ratio_that_is_declared():
    data = DataSet.from_arrays(np.zeros((1200, 1)), np.arange(1200) % 3)
    after = dirty("imbalance", ratio=16.0, split=draw_split(data, [1]))
    assert sorted(np.bincount(after.data_set.y[after.pool]).tolist()) == [12, 50, 200]


@pytest.mark.parametrize("kind", ["one-per-class", "random"])
def test_a_first_sample_lacks_the_classes_that_are_to_be_missing(kind):
    for seed in range(5):
        after = dirty("missing-classes", seed=seed)
        (missing,) = after.truth.missing
        size = None if kind == "one-per-class" else 20
        first = draw_first_sample(after, [seed], kind=kind, size=size)
        assert set(after.data_set.y[after.pool[first]]) == {0, 1, 2} - {missing}
    assert len({dirty("missing-classes", seed=seed).truth.missing for seed in range(12)}) == 3
    assert dirty("missing-classes", count=7).truth.missing in {(0, 1), (0, 2), (1, 2)}


@pytest.mark.parametrize("kind", ["out-of-domain", "duplicates"])
@pytest.mark.parametrize("first", [{"kind": "one-per-class"}, {"kind": "random", "size": 9}])
def test_records_that_are_added_leave_the_first_sample_and_the_split_as_they_were(kind, first):
    wrong = [make_contamination(kind, **EVERY_KIND[kind])]
    clean, after = (draw_task(WINE, [5], first=first, contaminations=each) for each in ((), wrong))
    assert clean.split.pool[clean.first].tolist() == after.split.pool[after.first].tolist()
    assert set(clean.split.pool) < set(after.split.pool)


def test_what_is_wrong_comes_one_after_another():
    wrong = [make_contamination(kind, **EVERY_KIND[kind]) for kind in ("label-noise", "duplicates", "out-of-domain")]
    after = contaminate(SPLIT, [3], wrong)
    counts = np.bincount(after.truth.kind, minlength=4)
    assert (counts > 0).all()
    assert counts[OUT_OF_DOMAIN] == round(0.25 / 0.75 * (len(after.pool) - counts[OUT_OF_DOMAIN]))
    # A copy of a mislabelled record would be wrong twice: copies are of clean ones.
    copies = after.truth.group[after.truth.kind == DUPLICATE]
    assert not set(copies) & set(after.truth.group[after.truth.kind == MISLABELLED])


TRUTH = PoolTruth(
    kind=np.array([CLEAN, DUPLICATE, OUT_OF_DOMAIN, MISLABELLED, DUPLICATE, CLEAN], dtype=np.int8),
    group=np.array([0, 0, 2, 3, 0, 5]),
    eligible=np.array([0, 3, 5]),
)


@pytest.mark.parametrize(
    ("picks", "first", "expected"),
    [
        ([0, 1, 4], [5], [0, 3, 3]),
        ([1, 0, 4], [5], [0, 3, 3]),  # a copy that is bought first is news, its original is not
        ([4, 2, 3], [0], [3, 2, 1]),
        ([5, -1, -1], [0], [0, -1, -1]),
    ],
)
def test_what_is_wasted_depends_on_what_was_bought_before(picks, first, expected):
    assert TRUTH.wasted(np.array(picks), np.array(first)).tolist() == expected


@settings(max_examples=20, deadline=None)
@given(share=st.floats(0, 0.9), seed=st.integers(0, 2**31), kind=st.sampled_from(["out-of-domain", "duplicates"]))
def test_a_pool_holds_what_it_held_and_its_share_more(share, seed, kind):
    after = dirty(kind, seed=seed, share=share)
    extra = len(after.pool) - len(SPLIT.pool)
    assert extra / len(after.pool) == pytest.approx(share, abs=0.006)
    kept = after.pool if after.truth is None else after.pool[after.truth.eligible]
    assert kept.tolist() == SPLIT.pool.tolist()


@pytest.mark.parametrize(
    ("kind", "wrong", "message"),
    [
        ("label-noise", {"rate": 1.2}, "rate = 1.2 is not allowed; give a number from 0 to 1"),
        ("out-of-domain", {"share": 1.0}, "share = 1 is not allowed; give a number from 0 to below 1"),
        ("duplicates", {"share": -0.1}, "share = -0.1 is not allowed"),
        ("duplicates", {"spread": -1.0}, "spread = -1.0 given"),
        ("imbalance", {"ratio": 0.5}, "ratio = 0.5 given; allowed is 1 or any number above"),
        ("missing-classes", {"count": 0}, "count = 0 given; it must be at least 1"),
        ("duplicates", {"shares": 0.1}, 'unknown setting "shares"; did you mean "share"'),
    ],
)
def test_settings_that_cannot_be_are_refused(kind, wrong, message):
    with pytest.raises(InvalidRecipeError, match=message):
        make_contamination(kind, **(EVERY_KIND[kind] | wrong))
