"""BatchBALD: query the batch whose labels together would tell most about the learner's parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, members_of
from alrl.numerics import uncertainty
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.randomness import fresh

_BLOCK = 4_000_000
_STEP = 1 << 25


class JointEntropy:
    """The labels that a growing batch may have, and how likely each member finds them: Kirsch et al. 2019.

    Every configuration of labels is kept as long as there are no more than ``configurations``; beyond, as many are
    drawn from the members in turn, from the noise of the records.

    >>> batch = JointEntropy(members=2, configurations=16)
    >>> probabilities = torch.tensor([[0.9, 0.1], [0.1, 0.9]], dtype=torch.float64)
    >>> batch.with_record(probabilities[None])
    tensor([0.6931], dtype=torch.float64)
    >>> batch.add(probabilities, torch.tensor(0.5))
    >>> batch.with_record(probabilities[None]).round(decimals=4)
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

    def with_record(self, probabilities: Tensor) -> Tensor:
        """Return entropy (N,) in nats of the batch's labels and one more record's, of its members' words (N, M, k).

        Double.
        """
        return self.given_batch(probabilities) - self._weight @ self._log

    def given_batch(self, probabilities: Tensor) -> Tensor:
        """Return entropy (N,) of one more record's label when those of the batch are known."""
        N, M, k = probabilities.shape
        total = []
        columns = probabilities.transpose(0, 1).reshape(M, N * k)
        step = max(1, _BLOCK // (len(self._weight) * k)) * k
        for part in columns.split(step, 1):
            chance = (self._relative @ part / M).unflatten(1, (-1, k))
            total.append(self._weight @ torch.special.entr(chance).sum(-1))
        return torch.cat(total)

    def add(self, probabilities: Tensor, noise: Tensor) -> None:
        """Add a record to the batch: its members' words (M, k), double, and its noise, a number."""
        self._history.append((probabilities, noise))
        if not self._sampled and len(self._weight) * probabilities.shape[1] <= self._bound:
            self._extend(probabilities)
        elif self._sampled:
            self._draw(probabilities, noise)
        else:
            self._sampled = True
            self._weight = torch.full((self._drawn,), 1 / self._drawn, dtype=torch.float64)
            self._log = torch.zeros_like(self._weight)
            self._relative = torch.ones(self._drawn, len(probabilities), dtype=torch.float64)
            for earlier in self._history:
                self._draw(*earlier)

    def _extend(self, probabilities: Tensor) -> None:
        """Every configuration with every label of the new record; impossible ones are dropped."""
        joint = (self._relative[:, None] * probabilities.T).flatten(0, 1)
        chance = joint.mean(1)
        weight = self._weight.repeat_interleave(probabilities.shape[1]) * chance
        log = self._log.repeat_interleave(probabilities.shape[1])
        kept = weight > 0
        self._weight = weight[kept]
        self._log = log[kept] + chance[kept].log()
        self._relative = joint[kept] / chance[kept, None]

    def _draw(self, probabilities: Tensor, noise: Tensor) -> None:
        """Draw a label of the new record for each configuration, from the member whose turn it is."""
        sample = torch.arange(self._drawn)
        luck = fresh(noise.to(torch.float32).expand(self._drawn, 1), sample + _STEP)[:, 0].double()
        # The likeliest first, so that the order in which classes are numbered changes nothing.
        order = probabilities.mean(0).argsort(descending=True, stable=True)
        rising = probabilities[:, order].cumsum(1)
        own = rising[sample % len(probabilities)]
        place = (luck[:, None] * own[:, -1:] > own).sum(1).clamp_max(probabilities.shape[1] - 1)
        joint = self._relative * probabilities[:, order[place]].T
        chance = joint.mean(1)
        self._log = self._log + chance.log()
        self._relative = joint / chance[:, None]


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

    def __init__(self, probabilities: Tensor, noise: Tensor, configurations: int) -> None:
        self._probabilities, self._noise = probabilities, noise
        self._entropy = JointEntropy(members=probabilities.shape[1], configurations=configurations)
        self._known = torch.special.entr(probabilities).sum(-1).mean(1)
        self._alone = self._entropy.given_batch(probabilities) - self._known
        self._bound = self._alone.clone()

    def take(self, record: int) -> None:
        """Add the record at this position to the batch."""
        self._entropy.add(self._probabilities[record], self._noise[record])

    def joint(self) -> Tensor:
        """Return entropy (N,) of the batch's labels and each record's own."""
        return self._entropy.with_record(self._probabilities)

    def gains(self, available: Tensor, candidates: int) -> Tensor:
        """Return what each record adds to the information, (N,).

        Of records that cannot add most, an earlier, larger number.

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
            gain = self._entropy.given_batch(self._probabilities[some]) - self._known[some]
            self._bound[some] = gain
            best = max(best, float(gain.max()))
        left_out = available.clone()
        left_out[chosen] = False
        return torch.where(left_out, self._alone - _FAR, self._bound)


@dataclass(frozen=True, kw_only=True)
class BatchBALD(Strategy):
    """Scores a record by the mutual information of the committee's member and the batch's labels with its own, in nats.

    Kirsch, van Amersfoort and Gal 2019, "BatchBALD: efficient and diverse batch acquisition for deep Bayesian active
    learning": greedy, each pick the record that adds most to the joint information. The joint entropy is exact as long
    as a batch has no more than ``configurations`` of labels; for larger batches it is estimated from as many, drawn
    from the members with the records' noise. The first record of a batch is that of BALD.

    Raises:
        InvalidRecipeError: ``configurations`` or ``candidates`` below 1.
        InvalidQueryError: the learner is no committee.

    >>> from alrl.testing.example_view import example_view
    >>> BatchBALD().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.1624, 0.2204, 0.2375]])
    """

    name: ClassVar[str] = "batch-bald"
    paper: ClassVar[str] = "Kirsch, van Amersfoort and Gal 2019"
    batch: ClassVar[str] = "one by one, joint information"
    cost: ClassVar[str] = "N M k, then m · 4,096 M k · 1,024"
    needs: ClassVar[frozenset[Need]] = frozenset({"members"})

    configurations: int = 1024
    """Configurations of a batch's labels that are kept."""
    candidates: int = 4096
    """Most records that may follow the first of a batch: those of highest BALD."""

    def __post_init__(self) -> None:
        for name, given in (("configurations", self.configurations), ("candidates", self.candidates)):
            if given < 1:
                raise InvalidRecipeError(f"batch-bald: {name} = {given} given; give at least 1")

    def score(self, view: PoolView) -> Tensor:
        return self._scores(view, self._begun(view))

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        batches = self._begun(view)
        picks: list[Tensor] = []
        for _ in range(largest_batch(view, checked(count))):
            pick = top(self._gains(view, batches), view, 1) if picks else top(self._scores(view, batches), view, 1)
            picks.append(pick)
            view = view.with_selected(pick[:, 0])
            for batch, record in zip(batches, pick[:, 0].tolist(), strict=True):
                if record >= 0:
                    batch.take(record)
        return filled(picks, view, count)

    def _gains(self, view: PoolView, batches: list[GrowingBatch]) -> Tensor:
        """Return what each record would add to the batch's information, (B, N).

        Or a bound on that below the largest.
        """
        gains = torch.zeros_like(view.noise)
        for episode, batch in enumerate(batches):
            gains[episode] = batch.gains(view.available[episode].cpu(), self.candidates).to(gains)
        return gains

    def _scores(self, view: PoolView, batches: list[GrowingBatch]) -> Tensor:
        members = members_of(view, self.name)
        if not bool(view.selected.any()):
            return uncertainty.mean_divergence(members)
        alone = uncertainty.mean_entropy(members.double())
        known = (alone * view.selected).sum(1, keepdim=True)
        joint = torch.zeros_like(alone)
        for episode, batch in enumerate(batches):
            joint[episode] = batch.joint().to(joint.device)
        # Joint entropy less what stays unknown when the member is known, of the batch and of the record.
        return (joint - known - alone).clamp_min(0).to(members.dtype)

    def _begun(self, view: PoolView) -> list[GrowingBatch]:
        """Return one for each episode, with the records that are selected already."""
        members, begun = members_of(view, self.name), []
        for episode, probabilities in enumerate(members):
            words = probabilities[..., view.class_mask[episode]].transpose(0, 1).double().cpu()
            batch = GrowingBatch(words, view.noise[episode].cpu(), self.configurations)
            records = view.selected[episode].nonzero()[:, 0]
            for record in records[view.noise[episode, records].argsort(descending=True)].tolist():
                batch.take(record)
            begun.append(batch)
        return begun
