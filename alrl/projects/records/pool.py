"""The records of a project in memory."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from alrl.data.tables.vectorise import as_read
from alrl.errors import ProjectError
from alrl.projects.features import encoded, standardised
from alrl.projects.records.record_file import read_records, write_whole

if TYPE_CHECKING:
    from torch import Tensor

LARGE = 20_000
"""Records above which a pool counts as large."""
_BLOCK = 1_024
"""Records that are turned over at a time."""
ID = "\x00id"
"""Name of the column of identifiers in the files of records; no table of a user's has it."""


class Pool:
    """All records of a project, in the order they were added; each part is read or computed when first used.

    Args:
        folder: of the project.
        files: what the log says of the files of records.
        classes: of the project.
    """

    def __init__(self, folder: Path, files: Sequence[dict[str, Any]], classes: Sequence[str]) -> None:
        self._folder, self.files = folder, list(files)
        """What the log says of the files of records."""
        self.classes = list(classes)

    @cached_property
    def _table(self) -> pd.DataFrame:
        frames = [read_records(self._folder / "records" / file["file"]) for file in self.files]
        if not frames:
            raise ProjectError("the project has no records; add some: alrl project grow")
        return frames[0] if len(frames) == 1 else pd.concat(frames, ignore_index=True)

    @cached_property
    def ids(self) -> list[str]:
        """Identifiers, (N,)."""
        tables = [read_records(self._folder / "records" / file["file"], only=ID) for file in self.files]
        return [str(record) for table in tables for record in table[ID].tolist()]

    @cached_property
    def position(self) -> dict[str, int]:
        """Position of each identifier."""
        return {record: place for place, record in enumerate(self.ids)}

    @cached_property
    def frame(self) -> pd.DataFrame:
        """The columns that describe the records."""
        return self._table.drop(columns=ID)

    @cached_property
    def readable(self) -> pd.DataFrame:
        """The same for skrub, which would read digits that are words, and dates, otherwise than tables are read."""
        return as_read(self.frame)

    def rows(self, at: NDArray[np.int64]) -> pd.DataFrame:
        """Return the columns of the records at the positions ``at``, numbered from 0; the others are not kept."""
        if "_table" in self.__dict__ or len(self.files) != 1:
            return self.frame.iloc[at].reset_index(drop=True)
        return read_records(self._folder / "records" / self.files[0]["file"], rows=at).drop(columns=ID)

    @cached_property
    def features(self) -> Tensor:
        """Encoded and standardised records, (1, N, D), float32; kept in the folder ``cache`` where that saves time."""
        import torch

        digest = hashlib.sha256("".join(file["sha256"] for file in self.files).encode()).hexdigest()
        kept = self._folder / "cache" / f"features-{digest[:16]}.npy"
        if kept.is_file():
            return torch.from_numpy(np.load(kept, allow_pickle=False))[None]
        numbers, plain = encoded(self.frame)
        X = standardised(numbers)
        if not plain or len(X) > LARGE:
            write_whole(kept, lambda stream: np.save(stream, X))
        return torch.from_numpy(X)[None]

    @cached_property
    def by_column(self) -> Tensor:
        """The same, stored column by column: a learner reads a whole pool thirty times as fast so."""
        import torch

        rows = self.features[0].numpy()
        columns = np.empty(rows.shape[::-1], dtype=rows.dtype)
        # Block by block, so that what is read and what is written stay in the cache: four times as fast.
        for start in range(0, len(rows), _BLOCK):
            columns[:, start : start + _BLOCK] = rows[start : start + _BLOCK].T
        return torch.from_numpy(columns.T)[None]

    @property
    def records(self) -> int:
        """Number of records, N."""
        return sum(file["records"] for file in self.files)

    def at(self, records: Sequence[str]) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the positions of identifiers."""
        return np.array([self.position[record] for record in records], dtype=np.int64)
