"""Records that belong to no class of the task."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from alrl.data.contaminations.base import Contamination, PoolRows, added, check_share
from alrl.data.pool_truth import OUT_OF_DOMAIN
from alrl.data.sources import load_data_set
from alrl.data.standardisation import Standardisation


@dataclass(frozen=True, kw_only=True)
class OutOfDomain(Contamination):
    """So many foreign records that they make up ``share`` of the pool; an annotator gives them any class at random.

    They come from the data set ``source``: its columns are standardised, brought to the pool's means and standard
    deviations in their order, and cut off or filled up with the means where they are more or fewer. Without a source
    they are made of the pool itself, each column shuffled among the records by itself: every value occurs, no record
    does.

    Raises InvalidRecipeError for a share outside 0 to below 1, and, when a pool is contaminated, for a source that
    there is not.
    """

    name: ClassVar[str] = "out-of-domain"

    share: float
    """Of the records of the contaminated pool."""
    source: str | None = None
    """Name of the data set that they are taken from."""

    def __post_init__(self) -> None:
        check_share("share", self.share)

    def apply(self, pool: PoolRows, classes: int, rng: np.random.Generator) -> PoolRows:
        count = added(len(pool.y), self.share)
        X = _shuffled(pool.X, count, rng) if self.source is None else _foreign(pool.X, self.source, count, rng)
        return pool.joined(X, rng.integers(0, classes, count), kind=OUT_OF_DOMAIN)


def _shuffled(X: NDArray[np.float64], count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    columns = [_drawn(len(X), count, rng) for _ in range(X.shape[1])]
    return np.stack([X[rows, column] for column, rows in enumerate(columns)], 1)


def _foreign(X: NDArray[np.float64], source: str, count: int, rng: np.random.Generator) -> NDArray[np.float64]:
    other = load_data_set(source).X
    own = Standardisation.of_table(other)
    drawn = (other[_drawn(len(other), count, rng)] - own.mean) / np.where(own.usable, own.scale, 1.0)
    width = min(X.shape[1], other.shape[1])
    standard = np.zeros((count, X.shape[1]))
    standard[:, :width] = drawn[:, :width]
    pool = Standardisation.of_table(X)
    brought: NDArray[np.float64] = pool.mean + standard * pool.scale
    return brought


def _drawn(records: int, count: int, rng: np.random.Generator) -> NDArray[np.int64]:
    """Return ``count`` positions, each once before any comes twice."""
    rounds = [rng.permutation(records) for _ in range(-(-count // records))]
    return np.concatenate([*rounds, np.zeros(0, dtype=np.int64)])[:count].astype(np.int64)
