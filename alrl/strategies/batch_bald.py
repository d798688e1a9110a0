"""BatchBALD: query the batch whose labels together would tell most about the learner's parameters."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop import disagreement
from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need
from alrl.strategies.asked import members_of
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, filled, largest_batch
from alrl.strategies.growing_batch import GrowingBatch


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

    >>> from alrl.strategies.example_view import example_view
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
    """Of a pool with more available records, so many of highest BALD may follow the first of a batch."""

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
        """What each record would add to the batch's information, (B, N), or a bound on that below the largest."""
        gains = torch.zeros_like(view.noise)
        for episode, batch in enumerate(batches):
            gains[episode] = batch.gains(view.available[episode].cpu(), self.candidates).to(gains)
        return gains

    def _scores(self, view: PoolView, batches: list[GrowingBatch]) -> Tensor:
        members = members_of(view, self.name)
        if not bool(view.selected.any()):
            return disagreement.mean_divergence(members)
        alone = disagreement.mean_entropy(members.double())
        told = (alone * view.selected).sum(1, keepdim=True)
        joint = torch.zeros_like(alone)
        for episode, batch in enumerate(batches):
            joint[episode] = batch.joint().to(joint.device)
        # Joint entropy less what stays unknown when the member is known, of the batch and of the record.
        return (joint - told - alone).clamp_min(0).to(members.dtype)

    def _begun(self, view: PoolView) -> list[GrowingBatch]:
        """One for each episode, with the records that are selected already."""
        members, begun = members_of(view, self.name), []
        for episode, said in enumerate(members):
            words = said[..., view.class_mask[episode]].transpose(0, 1).double().cpu()
            batch = GrowingBatch(words, view.noise[episode].cpu(), self.configurations)
            records = view.selected[episode].nonzero()[:, 0]
            for record in records[view.noise[episode, records].argsort(descending=True)].tolist():
                batch.take(record)
            begun.append(batch)
        return begun
