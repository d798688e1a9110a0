"""The likeliest class of each record and how likely the two likeliest are."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from alrl.loop.device import compiles


class Likeliest(NamedTuple):
    """Of B episodes of N records, (B, N) each."""

    predicted: Tensor
    """The likeliest class, long; of equally likely classes the first."""
    first: Tensor
    """Its probability."""
    second: Tensor
    """The probability of the second likeliest class."""


def likeliest(probabilities: Tensor) -> Likeliest:
    """The two likeliest classes of ``probabilities`` (B, N, k); fastest where these are stored class by class.

    >>> likeliest(torch.tensor([[[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]]]))
    Likeliest(predicted=tensor([[1, 0]]), first=tensor([[0.5000, 0.4000]]), second=tensor([[0.3000, 0.4000]]))
    """
    each_class = probabilities.transpose(1, 2).contiguous()
    B, k, N = each_class.shape
    if compiles(each_class):
        from alrl.loop.compiled_pool import likeliest as compiled

        found = Likeliest(torch.empty(B, N, dtype=torch.long), each_class.new_empty(B, N), each_class.new_empty(B, N))
        compiled(each_class.numpy(), *(part.numpy() for part in found))
        return found
    first, predicted = each_class.max(1)
    if k == 1:
        return Likeliest(predicted, first, torch.zeros_like(first))
    others = each_class.scatter(1, predicted[:, None], -1.0)
    return Likeliest(predicted, first, others.amax(1))
