"""Pool views made by hand, and the features of one as a table."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch

from alrl.loop.geometry import Geometry
from alrl.loop.pool_view import PoolView, Trajectory
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
) -> PoolView:
    """One episode; ``past`` are earlier loops' probabilities, ``features`` the records, a number or a row each."""
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
    )


def _features_of(view: PoolView, index=None) -> dict[str, list[float] | float]:
    """Every feature by name: of all records of the only episode (or those at ``index``), or of its loop."""
    where = torch.arange(view.exists.shape[1]) if index is None else torch.tensor(index)
    seen = EVERYTHING.observe(view, where[None])
    record = {feature.name: seen.candidates[0, :, column].tolist() for column, feature in enumerate(EVERYTHING.record)}
    return record | {feature.name: float(seen.loop[0, column]) for column, feature in enumerate(EVERYTHING.loop)}


@pytest.fixture
def everything() -> FeatureSet:
    return EVERYTHING


@pytest.fixture
def view_of() -> Callable[..., PoolView]:
    return _view_of


@pytest.fixture
def features_of() -> Callable[..., dict[str, list[float] | float]]:
    return _features_of
