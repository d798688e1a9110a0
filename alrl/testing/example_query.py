"""A query made by hand, for examples and tests."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch

from alrl.geometry.geometry import Geometry
from alrl.loop.annotators.base import Query
from alrl.numerics.streams import stream_key


def example_query(
    truth: Any, picks: Any, *, seeds: Sequence[Sequence[int]] = (), X: Any = None, **others: Any
) -> Query:
    """Return a query for the records ``picks`` (B, b) of pools of the classes ``truth`` (B, N).

    Each of ``seeds`` its own.

    ``X`` (B, N, D) are the records, N points on a line by default; ``others`` are further fields.

    >>> example_query([[0, 1]], [[1]]).known
    tensor([[1]])
    """
    truth, picks = torch.as_tensor(truth), torch.as_tensor(picks)
    B, N = truth.shape
    points = torch.arange(float(N)).expand(B, N)[..., None] if X is None else torch.as_tensor(X)
    keys = [stream_key(seed, "annotator") for seed in seeds or [[number] for number in range(B)]]
    given: dict[str, Any] = {
        "picks": picks,
        "truth": truth,
        "class_count": truth.amax(1) + 1,
        "keys": torch.tensor(keys),
        "times": torch.zeros_like(picks),
        "queries_before": torch.zeros(B, dtype=torch.long),
        "geometry": Geometry(points, torch.ones(B, N, dtype=torch.bool)),
    }
    return Query(**(given | others))
