"""The benchmark's published results, from the files of its repository (github.com/ariapoy/active-learning-benchmark).

``published_means.csv``: mean and standard deviation over seeds of each data set and strategy. ``published_us_c.csv``:
US-C seed by seed, for 13 data sets, seeds below 50.
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from functools import cache
from importlib.resources import files
from typing import NamedTuple


class PublishedMean(NamedTuple):
    """A published cell: area under the budget curve, by the benchmark's definition, over its seeds."""

    mean: float
    deviation: float


@cache
def published_means() -> dict[tuple[str, str], PublishedMean]:
    """Return published cells by data set and strategy; those that were never finished are left out.

    >>> published_means()["Wdbc", "US-C"]
    PublishedMean(mean=0.9652, deviation=0.0103)
    """
    return {
        (row["dataset"], row["strategy"]): PublishedMean(float(row["aubc_mean"]), float(row["aubc_std"]))
        for row in _rows("published_means.csv")
        if row["aubc_mean"]
    }


@cache
def published_seeds() -> dict[str, dict[int, float]]:
    """Return published areas of US-C, by data set in lower case and seed.

    >>> published_seeds()["german"][0]
    0.74244
    """
    areas: dict[str, dict[int, float]] = {}
    for row in _rows("published_us_c.csv"):
        areas.setdefault(row["dataset"], {})[int(row["seed"])] = float(row["aubc"])
    return areas


def _rows(name: str) -> Iterator[dict[str, str]]:
    text = files("experiments.lu2023").joinpath(name).read_text(encoding="utf-8")
    yield from csv.DictReader(text.splitlines())
