from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from alrl.errors import InvalidRecipeError
from alrl.large_pool.preselection import Preselection, smallest


@given(st.integers(0, 10_000), st.integers(0, 40), st.integers(1, 6))
def test_the_smallest_are_those_of_sorting_the_whole_pool(seed, count, levels):
    rng = np.random.default_rng(seed)
    value = rng.integers(0, levels, 30).astype(np.float32)
    luck = rng.permutation(30).astype(np.float32)
    free = rng.random(30) < 0.7
    order = [p for p in np.lexsort((-luck, value)) if free[p]]
    assert smallest(value, luck, free, count).tolist() == sorted(order[:count])


def test_settings_without_meaning_are_refused():
    for wrong in ({"sample": 0}, {"surplus": -1}):
        with pytest.raises(InvalidRecipeError, match="at least 1 and 0"):
            Preselection(**wrong)
