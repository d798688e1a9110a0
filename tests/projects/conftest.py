"""A small pool whose classes are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alrl.projects import Project


class Clock:
    """A clock that is set by hand."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


def table(records: int = 60) -> pd.DataFrame:
    """Return records named c0, c1, ..., of two numbers each."""
    X = np.random.default_rng(7).normal(size=(records, 2))
    return pd.DataFrame({"customer": [f"c{place}" for place in range(records)], "age": X[:, 0], "visits": X[:, 1]})


def truth(frame: pd.DataFrame, ids: Any) -> dict[str, str]:
    """Return the classes of some records."""
    classes = dict(zip(frame["customer"], np.where(frame["age"] + frame["visits"] > 0, "yes", "no"), strict=True))
    return {record: str(classes[record]) for record in ids}


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def make(tmp_path: Path, clock: Clock) -> Callable[..., Project]:
    """Make the project ``churn`` over the small pool."""

    def made(**settings: Any) -> Project:
        how: dict[str, Any] = {"pool": table(), "id": "customer", "label": "churn", "classes": ["no", "yes"]}
        return Project.create(tmp_path / "churn", **{**how, "strategy": "margin", "clock": clock, **settings})

    return made
