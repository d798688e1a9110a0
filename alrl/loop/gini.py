"""How much is open of what a record's class is."""

from __future__ import annotations

import torch
from torch import Tensor


def gini(probabilities: Tensor) -> Tensor:
    """Gini impurity, one minus the sum of squared probabilities, of shape (...) for probabilities (..., k).

    Breiman et al. 1984.

    >>> gini(torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]))
    tensor([0.6200, 0.4600, 0.0000])
    """
    left = torch.ones_like(probabilities[..., 0])
    # One by one: a sum over the axis rounds equal records differently, by where in the pool they are.
    for each in probabilities.unbind(-1):
        left = left - each.square()
    return left.clamp(0, 1)
