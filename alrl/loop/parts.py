"""The parts of many tasks as padded tensors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.data.task import Task

PartName = Literal["pool", "validation", "test"]


@dataclass(frozen=True, kw_only=True, eq=False)
class Part:
    """One part (pool, validation or test) of B tasks; M records, D features, padded with zeros."""

    features: Tensor
    """Standardised features, (B, M, D), float32."""
    by_column: Tensor
    """The same, (B, M, D), stored column by column: a learner reads a whole part faster so."""
    labels: Tensor
    """True classes, (B, M), long."""
    exists: Tensor
    """False on padding, (B, M), bool."""

    @classmethod
    def empty(cls, episodes: int, records: int, width: int, device: torch.device) -> Part:
        """Return all padding."""
        return cls(
            features=torch.zeros(episodes, records, width, device=device),
            by_column=torch.zeros(episodes, width, records, device=device).transpose(1, 2),
            labels=torch.zeros(episodes, records, dtype=torch.long, device=device),
            exists=torch.zeros(episodes, records, dtype=torch.bool, device=device),
        )

    def rows(self, index: Tensor) -> Tensor:
        """Return features (B, m, D) of the records at positions ``index`` (B, m)."""
        B, M, D = self.features.shape
        start = torch.arange(0, B * M, M, device=index.device)
        return self.features.view(B * M, D).index_select(0, (index + start[:, None]).flatten()).view(B, -1, D)

    def write(self, episode: int, X: NDArray[np.float32], y: NDArray[np.int64]) -> None:
        """Replace one episode's records by ``X`` (m, d) and ``y`` (m,), m and d within the padding."""
        records, width = X.shape
        self.features[episode] = 0.0
        self.labels[episode] = 0
        self.features[episode, :records, :width] = torch.from_numpy(X).to(self.features.device)
        self.by_column[episode] = self.features[episode]
        self.labels[episode, :records] = torch.from_numpy(y).to(self.labels.device)
        self.exists[episode] = torch.arange(self.exists.shape[1], device=self.exists.device) < records

    def copy(self, episodes: Tensor, other: Part) -> None:
        """Replace the records of ``episodes`` (long) by those that another part, padded alike, has there."""
        pairs = (
            (self.features, other.features),
            (self.by_column.transpose(1, 2), other.by_column.transpose(1, 2)),
            (self.labels, other.labels),
            (self.exists, other.exists),
        )
        for mine, theirs in pairs:
            mine.index_copy_(0, episodes, theirs.index_select(0, episodes))

    def grown(self, records: int, width: int) -> Part:
        """Return the same records with room for more: at least ``records`` records and ``width`` features."""
        more, wider = max(0, records - self.features.shape[1]), max(0, width - self.features.shape[2])
        pad = torch.nn.functional.pad
        return Part(
            features=pad(self.features, (0, wider, 0, more)),
            by_column=pad(self.by_column.transpose(1, 2), (0, more, 0, wider)).transpose(1, 2),
            labels=pad(self.labels, (0, more)),
            exists=pad(self.exists, (0, more)),
        )


class Parts:
    """The parts of B tasks, padded alike, with the classes and the features that each task has.

    Args:
        tasks: one for each episode; written one by one, by :meth:`write`.
        device: where the tensors live.
    """

    def __init__(self, tasks: Sequence[Task], device: torch.device) -> None:
        size, B = largest(tasks), len(tasks)
        names: tuple[PartName, ...] = get_args(PartName)
        self._parts = {name: Part.empty(B, size[name], size["features"], device) for name in names}
        self.class_mask = torch.zeros(B, size["classes"], dtype=torch.bool, device=device)
        """False where a class is padding, (B, k), bool."""
        self.feature_count = torch.zeros(B, dtype=torch.long, device=device)
        """Number of features that are not padding, (B,), long."""

    def __getitem__(self, name: PartName) -> Part:
        return self._parts[name]

    def begin(self, episodes: Tensor, tasks: Sequence[Task], like: Parts | None = None) -> None:
        """Replace the records of ``episodes`` (long) by those of ``tasks``, which fit into the padding.

        Where other parts are padded alike and hold these tasks in these episodes, ``like`` saves standardising anew.
        """
        if like is None:
            for episode, task in zip(episodes.tolist(), tasks, strict=True):
                self.write(episode, task)
            return
        for name, part in self._parts.items():
            part.copy(episodes, like[name])
        for mine, theirs in ((self.class_mask, like.class_mask), (self.feature_count, like.feature_count)):
            mine.index_copy_(0, episodes, theirs.index_select(0, episodes))

    def write(self, episode: int, task: Task) -> None:
        """Replace one episode's records by those of ``task``, which fit into the padding."""
        X, _, _ = task.standardised()
        split, data = task.split, task.split.data_set
        for name, index in (("pool", split.pool), ("validation", split.validation), ("test", split.test)):
            self[name].write(episode, X[index], data.y[index])  # type: ignore[index]
        classes = torch.arange(self.class_mask.shape[1], device=self.class_mask.device)
        self.class_mask[episode] = classes < data.n_classes
        self.feature_count[episode] = data.n_features

    def grow(self, tasks: Sequence[Task]) -> tuple[int, int, bool]:
        """Widen the padding until ``tasks`` fit: records and classes that came, and whether the parts are new."""
        size, pool = largest(tasks), self["pool"]
        records, classes = size["pool"] - pool.exists.shape[1], size["classes"] - self.class_mask.shape[1]
        fits = all(size[name] <= part.exists.shape[1] for name, part in self._parts.items())
        anew = not fits or size["features"] > pool.features.shape[2]
        if anew:
            self._parts = {name: part.grown(size[name], size["features"]) for name, part in self._parts.items()}
        if classes > 0:
            self.class_mask = torch.nn.functional.pad(self.class_mask, (0, classes))
        return max(0, records), max(0, classes), anew


def largest(tasks: Sequence[Task]) -> dict[str, int]:
    """Return the most features and classes, and most records of each part, over ``tasks``."""
    return {
        "features": max(task.split.data_set.n_features for task in tasks),
        "classes": max(task.split.data_set.n_classes for task in tasks),
        "pool": max(len(task.split.pool) for task in tasks),
        "validation": max(len(task.split.validation) for task in tasks),
        "test": max(len(task.split.test) for task in tasks),
    }
