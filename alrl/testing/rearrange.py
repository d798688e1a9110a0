"""Pool views cut, padded, stacked and permuted: what a querying strategy must not notice, or must follow."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import Any

import torch
from torch import Tensor

from alrl.geometry.geometry import Geometry
from alrl.loop.learner import EpochRecord
from alrl.loop.pool_view import PoolView

_AXES = {
    "features": "BND",
    "feature_count": "B",
    "exists": "BN",
    "labelled": "BN",
    "selected": "BN",
    "labelled_index": "BL",
    "labelled_mask": "BL",
    "labels": "BL",
    "class_mask": "Bk",
    "probabilities": "BNk",
    "noise": "BN",
    "spent": "B",
    "budget": "B",
    "flips": "BN",
    "loops": "B",
    "remembered": "TB",
    "embedding": "BNE",
    "earlier_embedding": "BNE",
    "losses": "BSL",
    "correct": "BSL",
    "margins": "BSL",
    "pool_confidence": "BSN",
    "members": "BMNk",
    "silent": "BN",
    "price": "BN",
    "times_queried": "BN",
    "fits": "B",
    "trained": "B",
    "obtained": "B",
    "pace": "BP",
}
"""B episodes, N records, D features, L labelled records, k classes, T remembered rounds, E columns, M members,
S epochs."""


def alone(view: PoolView, episode: int) -> PoolView:
    """Return one episode without its padding, for views whose padding comes last.

    >>> from alrl.testing.example_view import example_view
    >>> alone(example_view(seed=0, records=(9, 6), padding=2), 1).features.shape
    torch.Size([1, 6, 2])
    """
    sizes = {
        "N": int(view.exists[episode].sum()),
        "D": int(view.feature_count[episode]),
        "L": int(view.labelled_mask[episode].sum()),
        "k": int(view.class_count[episode]),
    }
    spaces = [space[episode] for space in (view.embedding, view.earlier_embedding) if space is not None]
    if spaces:
        sizes["E"] = max(map(_width, spaces))

    def cut(tensor: Tensor, axes: str) -> Tensor:
        for position, axis in enumerate(axes):
            if axis == "B":
                tensor = tensor.narrow(position, episode, 1)
            elif axis in sizes:
                tensor = tensor.narrow(position, 0, sizes[axis])
        return tensor.clone()

    apart = _mapped(view, cut)
    if view.refits is None:
        return apart
    return dataclasses.replace(apart, refits=view.refits.take(torch.tensor([episode])))


def padded(view: PoolView, *, records: int = 0, features: int = 0, classes: int = 0, labelled: int = 0) -> PoolView:
    """Return the same episodes with this much more padding at the end of each axis; ``features`` is for embeddings too.

    >>> from alrl.testing.example_view import example_view
    >>> padded(example_view(seed=0, records=(9, 6)), records=3, classes=1).probabilities.shape
    torch.Size([2, 12, 4])
    """
    extra = {"N": records, "D": features, "E": features, "L": labelled, "k": classes}

    def pad(tensor: Tensor, axes: str) -> Tensor:
        amounts = [amount for axis in reversed(axes) for amount in (0, extra.get(axis, 0))]
        return torch.nn.functional.pad(tensor, amounts)

    return _mapped(view, pad)


def stacked(views: Sequence[PoolView]) -> PoolView:
    """Return the episodes of several views as one batch, each padded to the largest; all remember as many rounds.

    >>> from alrl.testing.example_view import example_view
    >>> stacked([example_view(seed=0, records=(9,)), example_view(seed=1, records=(6,))]).exists.sum(1)
    tensor([9, 6])
    """

    def largest(field: str, axis: int) -> int:
        return max(int(getattr(view, field).shape[axis]) for view in views)

    records, features = largest("features", 1), largest("features", 2)
    classes, labelled = largest("class_mask", 1), largest("labels", 1)
    even = [
        tensors(
            padded(
                view,
                records=records - view.features.shape[1],
                features=features - view.features.shape[2],
                classes=classes - view.class_mask.shape[1],
                labelled=labelled - view.labels.shape[1],
            )
        )
        for view in views
    ]
    for name in {"embedding", "earlier_embedding"} & set(even[0]):
        widest = max(each[name].shape[2] for each in even)
        for arrays in even:
            arrays[name] = torch.nn.functional.pad(arrays[name], (0, widest - arrays[name].shape[2]))
    joined = {name: torch.cat([arrays[name] for arrays in even], _axes(name).index("B")) for name in even[0]}
    return _view(joined, views[0])


def records_permuted(view: PoolView, order: Tensor) -> PoolView:
    """Return the record at ``order[b, n]`` moves to position n; ``order`` (B, N) long is a permutation in each row."""
    moved = _mapped(view, lambda tensor, axes: _along(tensor, axes, "N", order))
    index = order.argsort(1).gather(1, view.labelled_index)
    return dataclasses.replace(moved, labelled_index=index.masked_fill(~view.labelled_mask, 0))


def classes_permuted(view: PoolView, order: Tensor) -> PoolView:
    """Return the class ``order[b, c]`` becomes class c; ``order`` (B, k) long is a permutation in each row."""
    moved = _mapped(view, lambda tensor, axes: _along(tensor, axes, "k", order))
    labels = order.argsort(1).gather(1, view.labels)
    return dataclasses.replace(moved, labels=labels.masked_fill(~view.labelled_mask, 0))


def tensors(view: PoolView) -> dict[str, Tensor]:
    """Return every tensor that the view holds, by the name of its field.

    A remembered round has its number after the name.
    """
    every = {field.name: getattr(view, field.name) for field in dataclasses.fields(view)}
    arrays: dict[str, Any] = {name: value for name, value in every.items() if value is not None}
    trajectory = arrays.pop("trajectory")
    del arrays["geometry"]
    arrays.pop("refits", None)
    epochs = arrays.pop("epochs", None)
    if epochs is not None:
        arrays |= {name: value for name, value in vars(epochs).items() if value is not None}
    arrays |= {"flips": trajectory.flips, "loops": trajectory.loops, "remembered": trajectory.remembered}
    return arrays | {f"probabilities {loop}": past for loop, past in enumerate(trajectory.probabilities)}


def _axes(name: str) -> str:
    return _AXES[name.split(maxsplit=1)[0]]


def _view(arrays: dict[str, Tensor], like: PoolView) -> PoolView:
    """Return the view that holds these tensors, with a geometry of its own."""
    past = tuple(arrays[name] for name in arrays if name.startswith("probabilities "))
    trajectory = dataclasses.replace(
        like.trajectory,
        flips=arrays["flips"],
        loops=arrays["loops"],
        remembered=arrays["remembered"],
        probabilities=past,
    )
    own: dict[str, Any] = {field.name: arrays[field.name] for field in dataclasses.fields(like) if field.name in arrays}
    own["geometry"] = Geometry(arrays["features"], arrays["exists"])
    if like.epochs is not None:
        own["epochs"] = EpochRecord(**{name: arrays[name] for name in vars(like.epochs) if name in arrays})
    return dataclasses.replace(like, **own, trajectory=trajectory)


def _width(embedding: Tensor) -> int:
    """Return columns of (N, E) up to the last one that is not zero throughout."""
    used = (embedding != 0).any(0).nonzero()
    return int(used.max()) + 1 if len(used) else 1


def _mapped(view: PoolView, change: Callable[[Tensor, str], Tensor]) -> PoolView:
    return _view({name: change(tensor, _axes(name)) for name, tensor in tensors(view).items()}, view)


def _along(tensor: Tensor, axes: str, axis: str, order: Tensor) -> Tensor:
    if axis not in axes:
        return tensor.clone()
    shape = [order.shape[0] if name == "B" else order.shape[1] if name == axis else 1 for name in axes]
    return torch.take_along_dim(tensor, order.view(shape), axes.index(axis))
