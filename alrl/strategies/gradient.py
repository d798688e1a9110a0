"""Gradients of the loss at the last layer, never written out: each is an outer product, and its lengths are products.

For a record of class probabilities p and embedding h whose label were y, the gradient of the log loss by the weights of
a softmax layer is (p - e_y) h', k by E numbers.
"""

from __future__ import annotations

import torch
from torch import Tensor


def squared_length(probabilities: Tensor, embedding: Tensor) -> Tensor:
    """Squared length of the gradient for the predicted class, (B, N), double, of (B, N, k) and (B, N, E).

    (1 - 2 max p + sum p²) |h|², Ash et al. 2020.

    >>> squared_length(torch.tensor([[[0.2, 0.5, 0.3]]]), torch.tensor([[[1.0, 2.0]]])).round(decimals=4)
    tensor([[1.9000]], dtype=torch.float64)
    """
    return squares(push(probabilities).double()) * squares(embedding.double())


def push(probabilities: Tensor) -> Tensor:
    """Gradient by the logits, p - e_y for the predicted class y, (B, N, k); of equally likely classes the first.

    >>> push(torch.tensor([[0.2, 0.5, 0.3]]))
    tensor([[ 0.2000, -0.5000,  0.3000]])
    """
    likeliest = probabilities.argmax(-1, keepdim=True)
    return probabilities.scatter_add(-1, likeliest, -torch.ones_like(probabilities[..., :1]))


def expected_length(probabilities: Tensor, embedding: Tensor) -> Tensor:
    """Mean length of the gradient over the labels that the learner expects, (B, N): sum over y of p_y |p - e_y| |h|.

    >>> expected_length(torch.tensor([[[0.2, 0.5, 0.3]]]), torch.tensor([[[1.0, 2.0]]]))
    tensor([[1.7244]])
    """
    p = probabilities.double()
    spread = squares(p)
    total = torch.zeros_like(spread)
    for each in p.transpose(1, 2).contiguous().unbind(1):
        # |p - e_y|² = sum of squares - 2 p_y + 1
        total = total + each * (spread - 2 * each + 1).clamp_min(0).sqrt()
    return (total * squares(embedding.double()).sqrt()).to(probabilities.dtype)


def squares(X: Tensor) -> Tensor:
    """Sum of squares over the last axis of (B, N, n), column by column."""
    total = torch.zeros_like(X[..., 0])
    for column in X.transpose(1, 2).contiguous().unbind(1):
        total = total + column * column
    return total
