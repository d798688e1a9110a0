"""A pool that stays in its file: read in chunks, never copied as a whole."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from alrl.data.standardisation import Standardisation, warn_of_constants
from alrl.errors import InvalidDataError
from alrl.geometry.neighbour_index import NeighbourIndex, training_size
from alrl.numerics.streams import generator
from alrl.recipes.regular_files import irregular

_RULE = 2
"""Number of the rule by which what is kept beside a file was made."""

CHUNK_BYTES = 8 * 2**20
"""Most bytes of a chunk in double precision: what fits a processor's cache is passed over fastest."""


class LargePool:
    """Unlabelled records (N, D) in a ``.npy`` file or an array; no more than a chunk is in memory at once.

    Features may be stored in half, single or double precision or as integers; they are centred and scaled by the pool's
    own mean and scale, in double precision, whenever a chunk is read. A Parquet file is written to ``.npy`` once, by
    :func:`alrl.data.parquet_file.npy_from_parquet`.

    Args:
        source: path of a ``.npy`` file, which is memory-mapped, or an array, memory-mapped or not.
        chunk_bytes: most bytes of a chunk in double precision, at least one record's.
        keep: write mean, scale and the neighbour index to the folder ``<file>.alrl`` beside the file, and read them
            from there another time if the file is still the same.

    Raises InvalidDataError for what is no two-dimensional array of numbers; NaN and infinity are found, and refused, in
    the first pass over the records.

    >>> pool = LargePool(np.array([[0.0, 5.0], [2.0, 7.0], [4.0, 9.0]], dtype=np.float32))
    >>> pool.n_records, pool.n_features, pool.standardised(np.array([1])).tolist()
    (3, 2, [[0.0, 0.0]])
    """

    def __init__(
        self, source: str | os.PathLike[str] | NDArray[Any], *, chunk_bytes: int = CHUNK_BYTES, keep: bool = False
    ) -> None:
        self._file = Path(source) if isinstance(source, str | os.PathLike) else None
        if keep and self._file is None:
            raise InvalidDataError("keep = True given with an array; only what belongs to a file can be kept beside it")
        self.records: NDArray[Any] = np.asanyarray(source) if self._file is None else _mapped(self._file)
        """The records as they are stored, (N, D)."""
        if self.records.ndim != 2 or 0 in self.records.shape or self.records.dtype.kind not in "buif":
            raise InvalidDataError(
                f"the pool has shape {self.records.shape} and dtype {self.records.dtype}; expected (records, features),"
                " at least one of each, numbers of up to 8 bytes"
            )
        if chunk_bytes < 1:
            raise InvalidDataError(f"chunk_bytes = {chunk_bytes} given; give at least 1, usually {CHUNK_BYTES}")
        self._step = max(1, chunk_bytes // (8 * self.n_features))
        self._keep = keep

    @property
    def n_records(self) -> int:
        """Number of records, N."""
        return int(self.records.shape[0])

    @property
    def n_features(self) -> int:
        """Number of features, D."""
        return int(self.records.shape[1])

    def chunks(self) -> Iterator[slice]:
        """Yield positions of the records of each chunk, in order."""
        for start in range(0, self.n_records, self._step):
            yield slice(start, min(start + self._step, self.n_records))

    def raw(self, at: slice | NDArray[np.int64]) -> NDArray[Any]:
        """Return records as they are stored, (n, D), copied to memory."""
        return np.array(self.records[at])

    def standardised(self, at: slice | NDArray[np.int64]) -> NDArray[np.float32]:
        """Return records centred and scaled by the pool, (n, D)."""
        return self.standardisation.apply(self.records[at])

    def random(self, count: int, purpose: str) -> NDArray[np.int64]:
        """Return positions of ``count`` records at random, ascending.

        Always the same for a purpose and a pool's size.
        """
        rng = generator([self.n_records], purpose)
        return np.sort(rng.choice(self.n_records, size=min(count, self.n_records), replace=False))

    @cached_property
    def standardisation(self) -> Standardisation:
        """Mean and scale of each feature, from one pass over the records or from the folder beside the file.

        A ConstantColumnWarning names the features that do not vary, which become zero.

        Raises InvalidDataError if a value is NaN, infinite or too large to be squared, or different integers are one
        float.
        """
        standardisation = self._mean_and_scale()
        if self.n_records > 1:
            warn_of_constants(standardisation.constant_columns(), "the pool", stacklevel=3)
        return standardisation

    def _mean_and_scale(self) -> Standardisation:
        kept = self._beside("standardisation.npz")
        if kept is not None and kept.is_file():
            with np.load(kept, allow_pickle=False) as arrays:
                return Standardisation(mean=arrays["mean"], scale=arrays["scale"])
        standardisation = Standardisation.of(self.records[chunk] for chunk in self.chunks())
        if kept is not None:
            np.savez(kept, mean=standardisation.mean, scale=standardisation.scale)
        return standardisation

    @cached_property
    def index(self) -> NeighbourIndex:
        """Neighbours among the standardised records, built on first use or read from the folder beside the file.

        It holds a copy of the records in single precision, 4 N D bytes and 8 N for their positions.
        """
        kept = self._beside("neighbours.faiss")
        if kept is not None and kept.is_file():
            return NeighbourIndex.load(kept)
        sample = self.standardised(self.random(training_size(self.n_records), "neighbour index"))
        chunks = (self.standardised(chunk) for chunk in self.chunks())
        index = NeighbourIndex.build(chunks, sample=sample, records=self.n_records)
        if kept is not None:
            index.save(kept)
        return index

    @cached_property
    def extent(self) -> float:
        """Root mean squared distance between two standardised records."""
        return float(np.sqrt(2 * self.standardisation.usable.sum()))

    def _beside(self, name: str) -> Path | None:
        """Return where something is kept.

        The folder is emptied first if the file is another than the one it was made for.
        """
        if not self._keep or self._file is None:
            return None
        folder = self._file.with_name(self._file.name + ".alrl")
        status = self._file.stat()
        stamp = json.dumps(
            {
                "bytes": status.st_size,
                "modified_ns": status.st_mtime_ns,
                "shape": list(self.records.shape),
                "rule": _RULE,
            }
        )
        written = folder / "file.json"
        if not written.is_file() or written.read_text(encoding="utf-8") != stamp:
            folder.mkdir(exist_ok=True)
            for old in ("standardisation.npz", "neighbours.faiss"):
                (folder / old).unlink(missing_ok=True)
            written.write_text(stamp, encoding="utf-8")
        return folder / name


def _mapped(file: Path) -> NDArray[Any]:
    if file.suffix.lower() == ".parquet":
        raise InvalidDataError(
            f"{file} is a Parquet file, which cannot be memory-mapped; write it to .npy once:"
            " alrl.data.parquet_file.npy_from_parquet(file, 'embeddings.npy')"
        )
    if kind := irregular(file):
        raise InvalidDataError(f"{file} is {kind}, not a regular file; give the path of a .npy file")
    if not file.is_file():
        raise InvalidDataError(f"there is no file {file} (looked from {Path.cwd()}); give the path of a .npy file")
    try:
        array = np.load(file, mmap_mode="r", allow_pickle=False)
    except (ValueError, EOFError) as error:
        if not file.stat().st_size:
            raise InvalidDataError(f"{file} is empty; write it again with numpy.save") from None
        if "EOF" in str(error) or "greater than file size" in str(error):
            raise InvalidDataError(f"{file} is cut off; write it again with numpy.save") from None
        # NumPy takes any other file for a pickle, and says how to load one unsafely.
        raise InvalidDataError(f"{file} is no .npy file of numbers; read it, and write it with numpy.save") from None
    if not isinstance(array, np.ndarray):
        array.close()
        raise InvalidDataError(f"{file} is an archive of arrays; write the features alone with numpy.save")
    return array
