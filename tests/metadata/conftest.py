"""Pool views made by hand, and the features of one as a table."""

from __future__ import annotations

from collections.abc import Callable
from typing import get_args

import pytest
import torch

from alrl.geometry.geometry import Geometry
from alrl.loop.learner import EpochRecord
from alrl.loop.pool_view import PoolView
from alrl.loop.predictions import Trajectory
from alrl.loop.view_fields import Need
from alrl.metadata import GROUPS, FeatureSet

EVERYTHING = FeatureSet(list(GROUPS))


def _view_of(  # noqa: PLR0913 - a view has that many parts
    *,
    probabilities=None,
    past=(),
    features=None,
    labelled=(),
    labels=(),
    selected=(),
    flips=None,
    loops=0,
    spent=0,
    budget=10,
    remembered=None,
    members=None,
    embedding=None,
    earlier=None,
    margins=None,
    losses=None,
    confidence=None,
) -> PoolView:
    """One episode; ``past`` are earlier rounds' probabilities, ``features`` the records, a number or a row each.

    ``margins`` and ``losses`` are a row an epoch, for the labelled records, ``confidence`` one for the pool.
    """
    size = len(features) if features is not None else len(probabilities)
    now = torch.tensor(probabilities if probabilities is not None else [[0.5, 0.5]] * size)[None]
    rows = features if features is not None else [0.0] * size
    X = torch.tensor(rows, dtype=torch.float32).view(1, size, -1)
    exists = torch.ones(1, size, dtype=torch.bool)
    memory = (*(torch.tensor(each)[None] for each in past), now)
    lived = torch.ones(len(memory), 1, dtype=torch.bool)
    if remembered is not None:
        lived[:, 0] = torch.tensor(remembered)
    is_labelled, is_selected = torch.zeros_like(exists), torch.zeros_like(exists)
    is_labelled[0, list(labelled)], is_selected[0, list(selected)] = True, True
    inner = X if embedding is None else torch.tensor(embedding, dtype=torch.float32)[None]
    epochs = torch.ones(1, 1, len(labelled)) if margins is None else torch.tensor(margins, dtype=torch.float32)[None]
    return PoolView(
        features=X,
        feature_count=torch.tensor([X.shape[2]]),
        exists=exists,
        labelled=is_labelled,
        selected=is_selected,
        labelled_index=torch.tensor([list(labelled)], dtype=torch.int64),
        labelled_mask=torch.ones(1, len(labelled), dtype=torch.bool),
        labels=torch.tensor([list(labels)], dtype=torch.int64),
        class_mask=torch.ones(1, now.shape[2], dtype=torch.bool),
        probabilities=now,
        noise=torch.linspace(0, 0.9, size)[None],
        trajectory=Trajectory(
            flips=torch.zeros(1, size) if flips is None else torch.tensor([flips], dtype=torch.float32),
            loops=torch.tensor([float(loops)]),
            probabilities=memory,
            remembered=lived,
        ),
        spent=torch.tensor([spent]),
        budget=torch.tensor([budget]),
        geometry=Geometry(X, exists),
        embedding=inner,
        earlier_embedding=inner if earlier is None else torch.tensor(earlier, dtype=torch.float32)[None],
        members=torch.stack([now, now], 1) if members is None else torch.tensor(members)[None],
        epochs=EpochRecord(
            losses=torch.zeros_like(epochs) if losses is None else torch.tensor(losses)[None],
            correct=epochs > 0,
            margins=epochs,
            pool_confidence=now.amax(-1)[:, None] if confidence is None else torch.tensor(confidence)[None],
        ),
    )


def _features_of(view: PoolView, index=None) -> dict[str, list[float] | float]:
    """Every feature that the view allows, by name: of all records of the only episode, or those at ``index``."""
    able = {need for need in get_args(Need) if getattr(view, need.replace("-", "_")) is not None}
    features = FeatureSet([name for name, group in GROUPS.items() if group.needs <= able])
    where = torch.arange(view.exists.shape[1]) if index is None else torch.tensor(index)
    seen = features.observe(view, where[None])
    record = {feature.name: seen.candidates[0, :, column].tolist() for column, feature in enumerate(features.record)}
    return record | {feature.name: float(seen.loop[0, column]) for column, feature in enumerate(features.loop)}


@pytest.fixture
def everything() -> FeatureSet:
    return EVERYTHING


@pytest.fixture
def view_of() -> Callable[..., PoolView]:
    return _view_of


@pytest.fixture
def features_of() -> Callable[..., dict[str, list[float] | float]]:
    return _features_of
