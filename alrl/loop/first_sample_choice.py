"""Choose one of several first samples by labels that were paid for, and by nothing else."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from alrl.data.task import Task
from alrl.errors import InvalidQueryError
from alrl.loop.labelled_set import Labelled
from alrl.loop.learner import Learner
from alrl.loop.parts import Part


def choose_first_sample(
    learner: Learner, X: Tensor, labels: Tensor, real: Tensor, candidates: Tensor, class_mask: Tensor
) -> Tensor:
    """Return which of the records of all samples belong to the one that is kept, (B, n), bool.

    Records X (B, n, D) with ``labels`` (B, n), where ``real`` (B, n), are ``candidates`` (B,) samples of equal size one
    after another. A fresh ``learner`` is fitted to each alone; the sample whose fit gets most of the others' labels
    right is kept, the first of equally good ones. An only candidate is kept as it is.

    >>> from alrl.learners import NearestCentroid
    >>> X, y = torch.tensor([[[0.0], [9.0], [9.0], [0.0], [1.0], [8.0]]]), torch.tensor([[0, 1, 0, 1, 0, 1]])
    >>> everything, classes = torch.ones(1, 6, dtype=torch.bool), torch.ones(1, 2, dtype=torch.bool)
    >>> choose_first_sample(NearestCentroid(), X, y, everything, torch.tensor([3]), classes).tolist()
    [[True, True, False, False, False, False]]
    """
    size = (real.sum(1) // candidates.clamp_min(1)).clamp_min(1)
    sample = torch.arange(X.shape[1], device=X.device) // size[:, None]
    scores = torch.full((len(X), int(candidates.max())), -1.0, device=X.device)
    for number in range(scores.shape[1]):
        model, own = learner.fresh(), real & (sample == number)
        model.fit(X, labels, own.to(X.dtype), class_mask)
        right = (model.predict_proba(X).argmax(-1) == labels) & real & ~own
        scores[:, number] = torch.where(number < candidates, right.sum(1).to(scores.dtype), -1.0)
    return real & (sample == scores.argmax(1, keepdim=True))


def chooser(
    learner: Learner, pool: Part, first: Tensor, tasks: Sequence[Task], class_mask: Tensor
) -> Callable[[Tensor], Tensor] | None:
    """Tell by the labels (B, n) of the records ``first`` (B, n) which to keep; None if each task has one sample."""
    several = torch.tensor([task.candidates for task in tasks], device=first.device)
    if int(several.max()) == 1:
        return None
    X, real = pool.rows(first.clamp_min(0)), first >= 0
    return lambda labels: choose_first_sample(learner, X, labels.clamp_min(0), real, several, class_mask)


def check_affordable(tasks: Iterable[Task], labels: int) -> None:
    """Raise InvalidQueryError if a budget of ``labels`` does not pay for the samples that are not kept."""
    for task in tasks:
        size = len(task.first) // task.candidates
        extra = len(task.first) - size
        if task.candidates > 1 and extra > labels:
            raise InvalidQueryError(
                f"a promising first sample of {task.candidates} candidates of {size} records pays {extra} labels for"
                f" those that it does not keep, and labels = {labels} given; give {extra} labels or more, fewer"
                " candidates, or smaller ones"
            )


def settle(tasks: list[Task], episodes: Iterable[int], labelled_set: Labelled) -> None:
    """Keep the first sample of the tasks of ``episodes`` from now on."""
    for episode in episodes:
        kept = labelled_set.index[episode, : int(labelled_set.count[episode])].cpu().numpy()
        tasks[episode] = replace(tasks[episode], first=kept, candidates=1)
