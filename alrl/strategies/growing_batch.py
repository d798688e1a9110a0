"""A batch that grows by what each record would add to its joint information; one episode."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.strategies.joint_entropy import JointEntropy

_AT_ONCE = 256
_ROUNDING = 1e-6
_FAR = 1e3


class GrowingBatch:
    """The joint entropy of a batch, and which records are worth measuring.

    Information is submodular: what a record adds never grows as the batch does, so what it added to a smaller batch
    bounds what it adds now, and records whose bound is below the best so far need not be measured (Minoux 1978).

    >>> sure = [[0.99, 0.01], [0.99, 0.01], [0.01, 0.99]]
    >>> words = torch.tensor([sure, sure, [[0.9, 0.1], [0.1, 0.9], [0.9, 0.1]]], dtype=torch.float64)
    >>> batch = GrowingBatch(words, torch.zeros(3), 16)
    >>> batch.take(0)
    >>> batch.gains(torch.tensor([False, True, True]), 10)[1:].argmax()
    tensor(1)
    """

    def __init__(self, said: Tensor, noise: Tensor, configurations: int) -> None:
        self._said, self._noise = said, noise
        self._entropy = JointEntropy(members=said.shape[1], configurations=configurations)
        self._known = torch.special.entr(said).sum(-1).mean(1)
        self._alone = self._entropy.given_batch(said) - self._known
        self._bound = self._alone.clone()

    def take(self, record: int) -> None:
        """The record at this position joins the batch."""
        self._entropy.add(self._said[record], self._noise[record])

    def joint(self) -> Tensor:
        """Entropy (N,) of the batch's labels and each record's own."""
        return self._entropy.with_record(self._said)

    def gains(self, available: Tensor, candidates: int) -> Tensor:
        """What each record adds to the information, (N,); of records that cannot add most, an earlier, larger number.

        Those are less than the largest number by more than rounding. Of more available records than ``candidates``, the
        others than those of most information by themselves get a number below zero.
        """
        free = available.nonzero()[:, 0]
        chosen = free[self._alone[free].argsort(descending=True, stable=True)[:candidates]]
        order = chosen[self._bound[chosen].argsort(descending=True)]
        best = -torch.inf
        for some in order.split(_AT_ONCE) if len(order) else ():
            if best > float(self._bound[some[0]]) + _ROUNDING:
                break
            gain = self._entropy.given_batch(self._said[some]) - self._known[some]
            self._bound[some] = gain
            best = max(best, float(gain.max()))
        left_out = available.clone()
        left_out[chosen] = False
        return torch.where(left_out, self._alone - _FAR, self._bound)
