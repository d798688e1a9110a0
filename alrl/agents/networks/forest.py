"""A random forest as tensors: scores candidates by what adding one is expected to gain (LAL)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from torch import Tensor

from alrl.agents.networks.set_scorer import CandidateScorer
from alrl.errors import PolicyFileError

if TYPE_CHECKING:
    from sklearn.ensemble import RandomForestRegressor

_MOST_STEPS = 64
_FIELDS = ("feature", "threshold", "left", "right", "value")


class ForestScorer(CandidateScorer):
    """Scores K candidates by the mean of T regression trees of M nodes over a candidate's and the loop's features.

    A node sends a candidate left where its ``feature`` is at most the ``threshold``; a leaf has itself for children.
    All candidates walk down all trees in step. Nothing but arrays is kept: a file of them runs no code.

    Args:
        trees: ``feature``, ``left`` and ``right`` (T, M), integers; ``threshold`` and ``value`` (T, M), double.
        inputs: number of features, those of a candidate and of the loop together.
        steps: depth of the deepest tree.

    Raises PolicyFileError for arrays that are no such trees.

    >>> stump = {"feature": [[0, 0, 0]], "threshold": [[0.5, 0, 0]], "left": [[1, 1, 2]], "right": [[2, 1, 2]]}
    >>> trees = {name: torch.tensor(nodes) for name, nodes in stump.items()}
    >>> forest = ForestScorer(trees | {"value": torch.tensor([[0.0, -1.0, 3.0]])}, inputs=2, steps=1)
    >>> forest(torch.tensor([[[0.2], [0.8]]]), torch.zeros(1, 1), torch.ones(1, 2, dtype=torch.bool))
    tensor([[-1.,  3.]])
    """

    feature: Tensor
    threshold: Tensor
    left: Tensor
    right: Tensor
    value: Tensor

    def __init__(self, trees: Mapping[str, Tensor], *, inputs: int, steps: int) -> None:
        super().__init__()
        _check(trees, inputs, steps)
        self.inputs, self.steps = inputs, steps
        for name in _FIELDS:
            kind = torch.float64 if name in {"threshold", "value"} else torch.int64
            self.register_buffer(name, trees[name].to(kind))

    @classmethod
    def of(cls, forest: RandomForestRegressor) -> ForestScorer:
        """Return the trees of a fitted forest of scikit-learn."""
        grown = [each.tree_ for each in forest.estimators_]
        most = max(tree.node_count for tree in grown)
        arrays = {name: np.zeros((len(grown), most)) for name in _FIELDS}
        for number, tree in enumerate(grown):
            nodes = slice(0, tree.node_count)
            own, leaf = np.arange(tree.node_count), tree.children_left < 0
            arrays["feature"][number, nodes] = np.where(leaf, 0, tree.feature)
            arrays["threshold"][number, nodes] = tree.threshold
            arrays["left"][number, nodes] = np.where(leaf, own, tree.children_left)
            arrays["right"][number, nodes] = np.where(leaf, own, tree.children_right)
            arrays["value"][number, nodes] = tree.value[:, 0, 0]
        steps = max(int(tree.max_depth) for tree in grown)
        trees = {name: torch.from_numpy(values) for name, values in arrays.items()}
        return cls(trees, inputs=int(forest.n_features_in_), steps=steps)

    @property
    def described(self) -> dict[str, Any]:
        return {"kind": "forest", "inputs": self.inputs, "steps": self.steps}

    @property
    def summary(self) -> str:
        return f"mean of {len(self.feature)} regression trees"

    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        """Return scores (B, K) of candidates (B, K, F) in a state (B, G); minus infinity outside ``mask`` (B, K)."""
        x = torch.cat([candidates, loop[:, None, :].expand(-1, candidates.shape[1], -1)], -1).flatten(0, 1).double()
        tree = torch.arange(len(self.feature), device=x.device)[None]
        node = torch.zeros(len(x), len(self.feature), dtype=torch.long, device=x.device)
        for _ in range(self.steps):
            goes_left = x.gather(1, self.feature[tree, node]) <= self.threshold[tree, node]
            node = torch.where(goes_left, self.left[tree, node], self.right[tree, node])
        score = self.value[tree, node].mean(1).view(mask.shape)
        return score.masked_fill(~mask, -torch.inf).to(candidates.dtype)


def _check(trees: Mapping[str, Tensor], inputs: int, steps: int) -> None:
    missing = [name for name in _FIELDS if name not in trees]
    shapes = {tuple(trees[name].shape) for name in _FIELDS if name in trees}
    if missing or len(shapes) != 1 or len(next(iter(shapes))) != 2 or 0 in next(iter(shapes)):
        raise PolicyFileError(f"the arrays of a forest are {', '.join(_FIELDS)}, (trees, nodes) each; given {shapes}")
    nodes = next(iter(shapes))[1]
    if not 0 <= steps <= _MOST_STEPS:
        raise PolicyFileError(f"trees of depth {steps} given; allowed are 0 to {_MOST_STEPS}")
    for name, most in (("feature", inputs), ("left", nodes), ("right", nodes)):
        if int(trees[name].min()) < 0 or int(trees[name].max()) >= most:
            raise PolicyFileError(f"the forest's {name} points outside 0 to {most - 1}")
    if not bool(trees["value"].isfinite().all()):
        raise PolicyFileError("the forest's values are not finite")
