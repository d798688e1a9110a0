from __future__ import annotations

import pytest


def at(view_of, *, labelled, spent, loops, budget=10):
    return view_of(
        features=[0.0] * 30, labelled=range(labelled), labels=[0] * labelled, spent=spent, loops=loops, budget=budget
    )


def test_the_first_fit_is_one_of_many(view_of, features_of):
    seen = features_of(at(view_of, labelled=2, spent=0, loops=0))
    # Fits to 2, 3, ... 12 records: 77 in all.
    assert seen["training-spent"] == pytest.approx(2 / 77)
    assert seen["retraining-share"] == 0
    assert seen["labels-a-loop"] == 0
    assert seen["fits"] == pytest.approx(1 / 51, abs=1e-6)


def test_retraining_grows_with_the_square_of_the_loops(view_of, features_of):
    one = features_of(at(view_of, labelled=6, spent=4, loops=4))
    # Fits to 2, 3, 4, 5 and 6 records of which 6 are different.
    assert one["training-spent"] == pytest.approx(20 / 77)
    assert one["retraining-share"] == pytest.approx(14 / 20)
    assert one["labels-a-loop"] == pytest.approx(1 / 11)
    batch = features_of(at(view_of, labelled=6, spent=4, loops=1))
    # Fits to 2 and 6 records; four labels a loop make the budget three and a half fits.
    assert batch["training-spent"] == pytest.approx(8 / 24.5)
    assert batch["retraining-share"] == pytest.approx(2 / 8)
    assert batch["labels-a-loop"] == pytest.approx(4 / 14)


def test_the_whole_budget_is_all(view_of, features_of):
    assert features_of(at(view_of, labelled=12, spent=10, loops=10))["training-spent"] == 1
    assert features_of(at(view_of, labelled=12, spent=10, loops=5))["training-spent"] == 1


def test_without_labels_nothing_was_spent(view_of, features_of):
    seen = features_of(at(view_of, labelled=0, spent=0, loops=0))
    assert [seen[name] for name in ("training-spent", "retraining-share", "labels-a-loop", "fits")] == [0] * 4
