"""The records of a project in memory."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from alrl.projects import Project


@pytest.mark.parametrize("records", [60, 1024, 2500])
def test_columns_hold_the_same_numbers_as_rows(make: Callable[..., Project], records: int) -> None:
    X = np.random.default_rng(0).normal(size=(records, 3))
    pool = make(pool=pd.DataFrame(X), id=None).pool()
    assert pool.by_column.equal(pool.features)
    assert pool.by_column.transpose(1, 2).is_contiguous()
