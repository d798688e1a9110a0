"""The restated statistics of the headline are what its published tables give."""

from __future__ import annotations

import re

import numpy as np
import pytest

from experiments.headline.restated import HERE, page, restated


def test_the_published_text_is_what_the_tables_give() -> None:
    text = (HERE / "restated.md").read_text(encoding="utf-8")
    published, now = ([float(number) for number in re.findall(r"\d+\.\d+|\d+", each)] for each in (text, page()))
    # Another processor may round a digit of a resampled number otherwise.
    assert published == pytest.approx(now, abs=1.0)


def test_five_trainings_are_one_method_and_random_has_a_thousand() -> None:
    rows = {row[0]: row for row in restated(HERE / "table.csv", "accuracy").rows}
    assert len(rows) == 20
    assert not [name for name in rows if name.startswith("general-")]
    assert rows["random"][-2] == "1000 (1000 to 1000)"
    assert np.isclose(float(rows["general"][1]), 3.65)
