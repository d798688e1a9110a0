"""How unsure class probabilities are: pure functions of tensors whose last axis is the classes.

Natural logarithms. A class that is padding has probability zero and adds nothing: 0 · log 0 = 0.
"""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.loop.gini import gini

__all__ = ["entropy", "gini", "least_confidence", "margin"]


def least_confidence(probabilities: Tensor) -> Tensor:
    """One minus the probability of the likeliest class, of shape (...) for probabilities (..., k).

    Lewis and Gale 1994; Culotta and McCallum 2005.

    >>> least_confidence(torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]))
    tensor([0.5000, 0.3000, 0.0000])
    """
    return 1 - probabilities.amax(-1)


def margin(probabilities: Tensor) -> Tensor:
    """Gap between the two likeliest classes, of shape (...) for probabilities (..., k); *small* where unsure.

    Scheffer et al. 2001. With one class alone there is no second one, and the gap is the probability itself.

    >>> margin(torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]))
    tensor([0.2000, 0.5000, 1.0000])
    """
    likeliest = probabilities.topk(min(2, probabilities.shape[-1]), -1).values
    return likeliest[..., 0] - likeliest[..., 1:].sum(-1)


def entropy(probabilities: Tensor) -> Tensor:
    """Shannon entropy in nats, of shape (...) for probabilities (..., k).

    Shannon 1948; as a querying strategy Settles and Craven 2008.

    >>> entropy(torch.tensor([[0.2, 0.5, 0.3], [0.1, 0.7, 0.2], [1.0, 0.0, 0.0]]))
    tensor([1.0297, 0.8018, 0.0000])
    """
    each: Tensor = torch.special.entr(probabilities)
    return each.sum(-1)
