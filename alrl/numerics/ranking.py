"""The likeliest class of each record and how likely the two likeliest are."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from alrl.numerics.backend import compiles


class Likeliest(NamedTuple):
    """Of B episodes of N records, (B, N) each."""

    predicted: Tensor
    """The likeliest class, long; of equally likely classes the first."""
    first: Tensor
    """Its probability."""
    second: Tensor
    """The probability of the second likeliest class."""


def likeliest(probabilities: Tensor) -> Likeliest:
    """Return the two likeliest classes of ``probabilities`` (B, N, k); fastest where these are stored class by class.

    >>> likeliest(torch.tensor([[[0.2, 0.5, 0.3], [0.4, 0.2, 0.4]]]))
    Likeliest(predicted=tensor([[1, 0]]), first=tensor([[0.5000, 0.4000]]), second=tensor([[0.3000, 0.4000]]))
    """
    by_class = probabilities.transpose(1, 2).contiguous()
    B, k, N = by_class.shape
    if compiles(by_class):
        from alrl.numerics.compiled_ranking import likeliest as compiled

        top_two = Likeliest(torch.empty(B, N, dtype=torch.long), by_class.new_empty(B, N), by_class.new_empty(B, N))
        compiled(by_class.numpy(), *(part.numpy() for part in top_two))
        return top_two
    first, predicted = by_class.max(1)
    if k == 1:
        return Likeliest(predicted, first, torch.zeros_like(first))
    others = by_class.scatter(1, predicted[:, None], -1.0)
    return Likeliest(predicted, first, others.amax(1))


def rows_at(values: Tensor, index: Tensor) -> Tensor:
    """Return rows (B, R, D) of ``values`` (B, N, D) at positions ``index`` (B, R).

    >>> import torch
    >>> rows_at(torch.tensor([[[1, 2], [3, 4], [5, 6]]]), torch.tensor([[2, 0]]))
    tensor([[[5, 6],
             [1, 2]]])
    """
    return values.gather(1, index[..., None].expand(-1, -1, values.shape[2]))


def best(score: Tensor, available: Tensor, noise: Tensor, count: int) -> Tensor:
    """Return positions (B, count) of the ``available`` records (B, N) of highest ``score`` (B, N), the highest first.

    Of equal scores the one of more ``noise`` (B, N) comes first; a score that is no number counts as the lowest. Where
    fewer than ``count`` are available the rest of the row is -1.

    >>> best(torch.tensor([[1.0, 3.0, 3.0]]), torch.tensor([[True] * 3]), torch.tensor([[0.1, 0.2, 0.9]]), 2)
    tensor([[2, 1]])
    """
    if compiles(score):
        from alrl.numerics.compiled_ranking import best_records

        picks = torch.empty(score.shape[0], count, dtype=torch.long)
        given = (score.detach(), available, noise)
        best_records(*(part.contiguous().numpy() for part in given), picks.numpy())
        return picks
    score = score.masked_fill(score.isnan() | ~available, -torch.inf)
    order = noise.argsort(dim=1, descending=True, stable=True)
    ranked = order.gather(1, score.gather(1, order).argsort(dim=1, descending=True, stable=True))
    picks = ranked[:, :count]
    picks = torch.where(available.gather(1, picks), picks, -1)
    return torch.nn.functional.pad(picks, (0, count - picks.shape[1]), value=-1)


def count_flips(before: Tensor, now: Tensor, exists: Tensor, counted: Tensor, flips: Tensor) -> None:
    """Add one to ``flips`` (B, N), in place, where the predicted class (B, N) of a record that ``exists`` changed.

    Only in the episodes of the mask ``counted`` (B,).

    >>> import torch
    >>> flips, there = torch.zeros(2, 2), torch.ones(2, 2, dtype=torch.bool)
    >>> now = torch.tensor([[0, 1], [1, 1]])
    >>> count_flips(torch.zeros(2, 2, dtype=torch.long), now, there, torch.tensor([True, False]), flips)
    >>> flips.tolist()
    [[0.0, 1.0], [0.0, 0.0]]
    """
    if compiles(flips):
        from alrl.numerics.compiled_ranking import count_flips as compiled

        compiled(before.numpy(), now.numpy(), exists.numpy(), counted.numpy(), flips.numpy())
        return
    flips += ((before != now) & exists & counted[:, None]).to(flips.dtype)
