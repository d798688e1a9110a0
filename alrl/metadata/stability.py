"""How much two loops agree on the pool, and what that says of the learner without a validation part; pure functions."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from alrl.metadata.pick import added


def kappa(first: Tensor, second: Tensor, among: Tensor, classes: int) -> Tensor:
    """Cohen's kappa of two predictions (..., N), long, of so many ``classes``, over the records ``among`` (..., N).

    Cohen 1960; as a stopping criterion Bloodgood and Vijay-Shanker 2009, "A method for stopping active learning based
    on stabilizing predictions". From -1 to 1 for full agreement, (...), which also has 1 where both predict one and the
    same class throughout (scikit-learn gives NaN) or there is no record.

    >>> first, second = torch.tensor([[0, 1, 1, 0], [1, 1, 1, 1]]), torch.tensor([[0, 1, 1, 1], [1, 1, 1, 1]])
    >>> kappa(first, second, torch.ones(2, 4, dtype=torch.bool), 2)
    tensor([0.5000, 1.0000])
    """
    # Counts are whole numbers in doubles: exact, in whatever order they are taken.
    weight = among.double()
    count = weight.sum(-1).clamp_min(1)
    agreed = ((first == second) * weight).sum(-1) / count
    said = [_shares(each, weight, classes) / count[..., None] for each in (first, second)]
    chance = added((said[0] * said[1]).unbind(-1))
    certain = (chance >= 1 - 1e-12) | ~among.any(-1)
    found = (agreed - chance) / torch.where(certain, 1.0, 1 - chance)
    return torch.where(certain, 1.0, found).clamp(-1, 1).to(torch.float32)


def agreement(first: Tensor, second: Tensor, among: Tensor) -> Tensor:
    """Share of the records ``among`` (..., N) of which two predictions (..., N) are the same, (...); 1 of none.

    >>> agreement(torch.tensor([0, 1, 1, 0]), torch.tensor([0, 1, 1, 1]), torch.ones(4, dtype=torch.bool))
    tensor(0.7500)
    """
    weight = among.double()
    same = ((first == second) * weight).sum(-1) / weight.sum(-1).clamp_min(1)
    return torch.where(among.any(-1), same, 1.0).to(torch.float32)


def change_bound(agreed: Tensor) -> Tensor:
    """The most that the F measure of two models can differ by, at a kappa of ``agreed`` T: 4 (1 - T) / T, at most 1.

    Bloodgood and Grothendieck 2013, "Analysis of stopping active learning based on stabilizing predictions". At or
    below zero agreement tells nothing, and two F measures differ by 1 at most anyway.

    >>> change_bound(torch.tensor([0.99, 1.0, 0.5, -0.25]))
    tensor([0.0404, 0.0000, 1.0000, 1.0000])
    """
    bound = 4 * (1 - agreed) / torch.where(agreed > 0, agreed, 1.0)
    return torch.where(agreed > 0, bound, 1.0).clamp(0, 1)


def overall_uncertainty(probabilities: Tensor) -> Tensor:
    """Normalised entropy of each row of ``probabilities`` (..., k), 0 to 1; its mean over a pool tells when to stop.

    Zhu, Wang and Hovy 2008, "Multi-criteria-based strategy to stop active learning for data annotation". Over a
    :class:`~alrl.loop.pool_view.PoolView` it is ``view.normalised_entropy``, which knows which classes are padding.

    >>> overall_uncertainty(torch.tensor([[0.5, 0.5], [0.9, 0.1], [0.99, 0.01]]))
    tensor([1.0000, 0.4690, 0.0808])
    """
    return (added(torch.special.entr(probabilities).unbind(-1)) / math.log(probabilities.shape[-1])).clamp(0, 1)


def _shares(said: Tensor, weight: Tensor, classes: int) -> Tensor:
    counts = torch.zeros(*said.shape[:-1], classes, dtype=weight.dtype, device=said.device)
    return counts.scatter_add(-1, said, weight)
