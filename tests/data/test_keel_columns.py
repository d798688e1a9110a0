"""Text becomes numbers where it holds numbers, levels where it does not."""

from __future__ import annotations

import numpy as np
import pytest

from alrl.data.keel_columns import missing, numbers, one_hot


@pytest.mark.parametrize("text", ["", "?", "NA", "n/a", "nan", "NULL", "None", "<null>"])
def test_the_usual_texts_stand_for_missing_values(text):
    assert missing([text, "0"]).tolist() == [True, False]


def test_numbers_are_read_and_missing_ones_are_nan():
    assert np.array_equal(numbers(["1", "-2.5e3", "?"]), [1.0, -2500.0, np.nan], equal_nan=True)


@pytest.mark.parametrize("column", [["1", "red"], ["?", "?"], ["1", "2,5"]])
def test_what_is_not_all_numbers_is_no_column_of_numbers(column):
    assert numbers(column) is None


def test_levels_are_sorted_and_each_record_has_one():
    assert one_hot(["x", "?", "b", "x"]).tolist() == [[0, 0, 1], [1, 0, 0], [0, 1, 0], [0, 0, 1]]
