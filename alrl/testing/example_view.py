"""Pool views made up from a seed: something to show, and to check, a querying strategy on."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from itertools import cycle, islice
from typing import Literal, get_args

import numpy as np
import torch
from torch import Tensor

from alrl.errors import InvalidDataError
from alrl.geometry.geometry import Geometry
from alrl.loop.learner import EpochRecord
from alrl.loop.pool_view import PoolView, Refits
from alrl.loop.predictions import Trajectory
from alrl.numerics.streams import generator
from alrl.testing.example_learner import ExampleLearner
from alrl.testing.rearrange import padded, stacked

Case = Literal["ordinary", "duplicates", "pairs", "certain", "even", "one class"]
"""What is peculiar: all records the same; each record twice; one class of probability 1; all probabilities equal; one
class labelled."""

_LOOPS = 3
_MEMBERS = 4
_EPOCHS = 6


def example_view(
    *,
    seed: int = 0,
    records: Sequence[int] = (9, 6, 12),
    features: Sequence[int] = (3, 2, 4),
    classes: Sequence[int] = (3, 2, 4),
    labelled: Sequence[int] = (4, 2, 5),
    case: Case = "ordinary",
    padding: int = 0,
) -> PoolView:
    """Return a view of as many episodes as ``records`` has sizes, each padded to the largest and by ``padding`` more.

    The other sizes are repeated, or cut, to as many episodes. An episode depends on the seed, its place and its own
    sizes alone. Features are normal, probabilities Dirichlet and float32; three rounds are remembered, four members
    predict each for itself, the embedding has two columns more than the features, the last fit had six epochs, and
    refits are of :class:`alrl.testing.example_learner.ExampleLearner`.

    Raises InvalidDataError for an unknown case, an episode without records, features or two classes, or one with more
    labelled records than records.

    >>> view = example_view(seed=0, records=(9, 6), padding=1)
    >>> view.probabilities.shape, view.available.sum(1)
    (torch.Size([2, 10, 4]), tensor([5, 4]))
    """
    if case not in get_args(Case):
        raise InvalidDataError(f'case "{case}" given; allowed: {", ".join(get_args(Case))}')
    count = len(records)
    sizes = zip(records, *(islice(cycle(size), count) for size in (features, classes, labelled)), strict=True)
    episodes = [_episode((seed, place), *size, case=case) for place, size in enumerate(sizes)]
    if not episodes:
        raise InvalidDataError("no episode asked for; records gives the size of each, say (9, 6, 12)")
    return padded(stacked(episodes), records=padding, features=padding, classes=padding, labelled=padding)


def _episode(
    seed: tuple[int, int], records: int, features: int, classes: int, labelled: int, *, case: Case
) -> PoolView:
    if records < 1 or features < 1 or classes < 2 or not 0 <= labelled <= records:
        raise InvalidDataError(
            f"an episode of {records} records, {labelled} of them labelled, {features} features and {classes} classes "
            "asked for; it has at least 1 record, 1 feature and 2 classes, and no more labelled records than records"
        )
    random = generator(seed, "example view")
    X = random.normal(size=(records, features))
    past = random.dirichlet(np.ones(classes), size=(_LOOPS, records))
    order = random.permutation(records)[:labelled]
    labels = random.integers(classes, size=labelled)
    noise = random.random(records)
    more, last = generator(seed, "example embedding and members"), generator(seed, "example epochs")
    embedding = np.tanh(more.normal(size=(records, features + 2)))
    members = more.dirichlet(np.ones(classes), size=(_MEMBERS, records))
    earlier = np.tanh(last.normal(size=embedding.shape))
    logits = last.normal(size=(_EPOCHS, labelled, classes)).cumsum(0)
    confidence = last.uniform(1e-3, 1, size=(_EPOCHS, records))
    if case in {"duplicates", "pairs"}:
        same = np.arange(records) // (2 if case == "pairs" else records)
        X, past = X[same], past[:, same]
        embedding, members = embedding[same], members[:, same]
        earlier, confidence = earlier[same], confidence[:, same]
    elif case == "certain":
        past, members = np.eye(classes)[past.argmax(-1)], np.eye(classes)[members.argmax(-1)]
        confidence = confidence.round()
    elif case == "even":
        past, members = np.full_like(past, 1 / classes), np.full_like(members, 1 / classes)
        confidence = np.full_like(confidence, 1 / classes)
    elif case == "one class":
        labels[:] = classes - 1
    view = _assembled(X, past, order, labels, noise)
    return dataclasses.replace(
        view,
        embedding=torch.tensor(embedding, dtype=torch.float32)[None],
        earlier_embedding=torch.tensor(earlier, dtype=torch.float32)[None],
        epochs=_epochs(torch.tensor(logits, dtype=torch.float32)[None], view.labels, confidence),
        members=torch.tensor(members, dtype=torch.float32)[None],
        refits=Refits(ExampleLearner()),
    )


def _epochs(logits: Tensor, labels: Tensor, confidence: np.ndarray) -> EpochRecord:
    """Return what ``epochs`` epochs did, for logits (1, E, L, k), labels (1, L) and the pool's confidence (E, N)."""
    place = labels[:, None, :, None].expand(*logits.shape[:3], 1)
    own, others = logits.gather(3, place)[..., 0], logits.scatter(3, place, -torch.inf).amax(3)
    return EpochRecord(
        losses=logits.logsumexp(3) - own,
        correct=own > others,
        margins=own - others,
        pool_confidence=torch.tensor(confidence, dtype=torch.float32)[None],
    )


def _assembled(X: np.ndarray, past: np.ndarray, order: np.ndarray, labels: np.ndarray, noise: np.ndarray) -> PoolView:
    """Return one episode: X (N, D), past probabilities (T, N, k), labelled positions and labels (L,), noise (N,)."""
    loops, records, classes = past.shape
    pool = torch.tensor(X, dtype=torch.float32)[None]
    exists = torch.ones(1, records, dtype=torch.bool)
    index = torch.tensor(order, dtype=torch.int64)[None]
    predicted = past.argmax(-1)
    probabilities = tuple(torch.tensor(each, dtype=torch.float32)[None] for each in past)
    spent = torch.tensor([len(order) // 2])
    return PoolView(
        features=pool,
        feature_count=torch.tensor([X.shape[1]]),
        exists=exists,
        labelled=torch.zeros_like(exists).scatter(1, index, torch.ones_like(index, dtype=torch.bool)),
        selected=torch.zeros_like(exists),
        labelled_index=index,
        labelled_mask=torch.ones_like(index, dtype=torch.bool),
        labels=torch.tensor(labels, dtype=torch.int64)[None],
        class_mask=torch.ones(1, classes, dtype=torch.bool),
        probabilities=probabilities[-1],
        noise=torch.tensor(noise, dtype=torch.float32)[None],
        trajectory=Trajectory(
            flips=torch.tensor((predicted[1:] != predicted[:-1]).sum(0), dtype=torch.float32)[None],
            loops=torch.tensor([loops - 1.0]),
            probabilities=probabilities,
            remembered=torch.ones(loops, 1, dtype=torch.bool),
        ),
        spent=spent,
        budget=spent + records,
        geometry=Geometry(pool, exists),
    )
