"""Entropy of the labels of a batch taken together, as a committee of M members sees them; one episode."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.strategies.chance import fresh

_BLOCK = 4_000_000
_STEP = 1 << 25


class JointEntropy:
    """The labels that a growing batch may have, and how likely each member finds them: Kirsch et al. 2019.

    Every configuration of labels is kept as long as there are no more than ``configurations``; beyond, as many are
    drawn from the members in turn, from the noise of the records.

    >>> batch = JointEntropy(members=2, configurations=16)
    >>> said = torch.tensor([[0.9, 0.1], [0.1, 0.9]], dtype=torch.float64)
    >>> batch.with_record(said[None])
    tensor([0.6931], dtype=torch.float64)
    >>> batch.add(said, torch.tensor(0.5))
    >>> batch.with_record(said[None]).round(decimals=4)
    tensor([1.1645], dtype=torch.float64)
    """

    def __init__(self, *, members: int, configurations: int) -> None:
        self._drawn = max(1, configurations // members) * members
        self._bound = configurations
        self._history: list[tuple[Tensor, Tensor]] = []
        self._sampled = False
        # Of each configuration: its weight, its log probability, and each member's probability in proportion to that.
        self._weight = torch.ones(1, dtype=torch.float64)
        self._log = torch.zeros(1, dtype=torch.float64)
        self._relative = torch.ones(1, members, dtype=torch.float64)

    def with_record(self, said: Tensor) -> Tensor:
        """Entropy (N,) in nats of the batch's labels and one more record's, of its members' words (N, M, k), double."""
        return self.given_batch(said) - self._weight @ self._log

    def given_batch(self, said: Tensor) -> Tensor:
        """Entropy (N,) of one more record's label when those of the batch are known."""
        N, M, k = said.shape
        total = []
        columns = said.transpose(0, 1).reshape(M, N * k)
        step = max(1, _BLOCK // (len(self._weight) * k)) * k
        for part in columns.split(step, 1):
            chance = (self._relative @ part / M).unflatten(1, (-1, k))
            total.append(self._weight @ torch.special.entr(chance).sum(-1))
        return torch.cat(total)

    def add(self, said: Tensor, noise: Tensor) -> None:
        """A record joins the batch: its members' words (M, k), double, and its noise, a number."""
        self._history.append((said, noise))
        if not self._sampled and len(self._weight) * said.shape[1] <= self._bound:
            self._extend(said)
        elif self._sampled:
            self._draw(said, noise)
        else:
            self._sampled = True
            self._weight = torch.full((self._drawn,), 1 / self._drawn, dtype=torch.float64)
            self._log = torch.zeros_like(self._weight)
            self._relative = torch.ones(self._drawn, len(said), dtype=torch.float64)
            for earlier in self._history:
                self._draw(*earlier)

    def _extend(self, said: Tensor) -> None:
        """Every configuration with every label of the new record; impossible ones are dropped."""
        joint = (self._relative[:, None] * said.T).flatten(0, 1)
        chance = joint.mean(1)
        weight = self._weight.repeat_interleave(said.shape[1]) * chance
        log = self._log.repeat_interleave(said.shape[1])
        kept = weight > 0
        self._weight = weight[kept]
        self._log = log[kept] + chance[kept].log()
        self._relative = joint[kept] / chance[kept, None]

    def _draw(self, said: Tensor, noise: Tensor) -> None:
        """A label of the new record for each configuration drawn, from the member whose turn it is."""
        sample = torch.arange(self._drawn)
        luck = fresh(noise.to(torch.float32).expand(self._drawn, 1), sample + _STEP)[:, 0].double()
        # The likeliest first, so that the order in which classes are numbered changes nothing.
        order = said.mean(0).argsort(descending=True, stable=True)
        rising = said[:, order].cumsum(1)
        own = rising[sample % len(said)]
        place = (luck[:, None] * own[:, -1:] > own).sum(1).clamp_max(said.shape[1] - 1)
        joint = self._relative * said[:, order[place]].T
        chance = joint.mean(1)
        self._log = self._log + chance.log()
        self._relative = joint / chance[:, None]
