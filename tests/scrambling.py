"""Tasks whose hidden part is made up anew: true classes, validation and test part, what is wrong with the pool."""

from __future__ import annotations

import dataclasses

import numpy as np
import torch

from alrl.loop.annotators.base import Annotator
from alrl.numerics.streams import stream_key

_FAR = 9.0
"""Spread of the made-up records: most of them lie where no record was."""


def scrambled(task, number):
    """The task with everything hidden made up by ``number``; the pool's features and the first sample stay."""
    random, split = np.random.default_rng(number), task.split
    data, outside = split.data_set, np.concatenate([split.validation, split.test])
    X = data.X.copy()
    X[outside] = random.normal(size=(len(outside), X.shape[1])) * _FAR
    y = random.integers(data.n_classes, size=len(data.y))
    truth = split.truth
    if truth is not None:
        kind = random.integers(4, size=len(truth.kind)).astype(truth.kind.dtype)
        truth = dataclasses.replace(truth, kind=kind, group=random.permutation(truth.group))
    changed = dataclasses.replace(split, data_set=dataclasses.replace(data, X=X, y=y), truth=truth)
    return dataclasses.replace(task, split=changed)


class Remembering(Annotator):
    """Answers as ``inner`` does by the true classes of the tasks that he was :meth:`told`, whatever became of them.

    So labels that are bought stay what they were; all else may be scrambled, what he owes an answer to included.
    """

    name = "remembering"

    def __init__(self, inner):
        self.inner = inner
        self._truth = {}

    def given(self, task):
        """Take note of a task's true classes; the task."""
        self._truth[stream_key(task.seed, "annotator")] = torch.from_numpy(task.split.data_set.y[task.split.pool])
        return task

    @property
    def abstains(self):
        return self.inner.abstains

    def answer(self, query):
        truth = query.truth.clone()
        for row, key in zip(truth, query.keys.tolist(), strict=True):
            row[: len(self._truth[key])] = self._truth[key]
        return self.inner.answer(dataclasses.replace(query, truth=truth))
