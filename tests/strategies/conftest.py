"""Pool views with chosen features and probabilities."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import pytest
import torch

from alrl.geometry.geometry import Geometry
from alrl.loop.pool_view import PoolView
from alrl.testing.example_view import example_view


def _view_of(
    *, features=None, probabilities=None, labelled=(), noise=None, embedding=None, members=None, labels=None
) -> PoolView:
    """One episode, with what is given in place of what was made up; the embedding is the features unless given."""
    given = next(each for each in (features, probabilities, embedding, members and members[0]) if each is not None)
    records, classes = len(given), len(members[0][0] if members else probabilities[0] if probabilities else "abc")
    view = example_view(records=(records,), classes=(classes,), labelled=(len(labelled),))
    changed: dict[str, object] = {}
    if features is not None:
        changed["features"] = torch.tensor(features, dtype=torch.float32)[None]
        changed["feature_count"] = torch.tensor([changed["features"].shape[2]])
        changed["geometry"] = Geometry(changed["features"], view.exists)
        changed["embedding"] = changed["features"]
    if probabilities is not None:
        changed["probabilities"] = torch.tensor(probabilities, dtype=torch.float32)[None]
    if noise is not None:
        changed["noise"] = torch.tensor(noise, dtype=torch.float32)[None]
    if embedding is not None:
        changed["embedding"] = torch.tensor(embedding, dtype=torch.float32)[None]
    if members is not None:
        changed["members"] = torch.tensor(members, dtype=torch.float32)[None]
    if labels is not None:
        changed["labels"] = torch.tensor([labels])
    is_labelled = torch.zeros_like(view.labelled)
    is_labelled[0, list(labelled)] = True
    changed |= {"labelled": is_labelled, "labelled_index": torch.tensor([list(labelled)], dtype=torch.int64)}
    return dataclasses.replace(view, **changed)


@pytest.fixture
def view_of() -> Callable[..., PoolView]:
    return _view_of
