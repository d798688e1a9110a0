"""Label queried records in many episodes: what was queried, what came back, and what is still to come."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.geometry.geometry import Geometry
from alrl.loop.annotators.base import NO_LABEL, Annotator, Answers, Query
from alrl.loop.copies import copies
from alrl.loop.labelled_set import Labelled, LabelVotes, mark
from alrl.loop.promises import check_answers, left_as_given
from alrl.numerics.streams import stream_key

Aggregate = Literal["majority", "last"]
"""Which of several labels of one record is believed: what was said most often (a tie changes nothing), or last."""


@dataclass(frozen=True, kw_only=True, eq=False)
class QueryResult:
    """One batch of queries, (B, b) each, and what arrived."""

    answers: Tensor
    """Labels that came with this round, long; -1 where none did."""
    charged: Tensor
    """Queries that count against the budget, bool."""
    price: Tensor | None
    """What they cost in prices of the record's label; None for 1."""


class Labelling:
    """Labels of B episodes with pools of N records and at most k classes.

    Args:
        annotator: who answers.
        aggregate: what becomes of a record's labels where it may be asked for again; None where it may not.
    """

    def __init__(
        self,
        annotator: Annotator,
        aggregate: Aggregate | None,
        *,
        episodes: int,
        records: int,
        device: torch.device | str = "cpu",
    ) -> None:
        self.annotator = annotator
        none = torch.zeros(episodes, 1, dtype=torch.long, device=device)
        self.labelled_set = Labelled(index=none, labels=none.clone(), count=none[:, 0].clone())
        """What the learner is fitted to."""
        self.labelled = torch.zeros(episodes, records, dtype=torch.bool, device=device)
        """True where there is a label, (B, N)."""
        self.pending = torch.zeros_like(self.labelled)
        """True where one is still to come, (B, N)."""
        self.silent = torch.zeros_like(self.labelled)
        """True where the annotator gave none, (B, N)."""
        self.spent = torch.zeros(episodes, dtype=torch.long, device=device)
        """Labels charged after the first sample, (B,)."""
        self.repeat_queries = self.spent.clone()
        """Queries after the first sample of records that had been asked for before, (B,)."""
        self._queries = self.spent.clone()
        self._keys = self.spent.clone()
        self._classes = self.spent.clone()
        self._votes = None if aggregate is None else LabelVotes(aggregate, episodes, records, device)
        # Labels under way: position (-1 for none), label, and loops until it arrives, (B, P) each.
        self._coming = torch.zeros(3, episodes, 0, dtype=torch.long, device=device)

    @property
    def unavailable(self) -> Tensor:
        """True where a record may not be asked for, (B, N)."""
        if self._votes is not None:
            return self.pending
        if self.annotator.truthful:
            return self.labelled
        return self.labelled | self.pending | self.silent

    @property
    def times(self) -> Tensor | None:
        """How often each record was asked for, (B, N), long; None where none may be asked for again."""
        return None if self._votes is None else self._votes.all_times.clone()

    def write(self, episode: int, seed: Sequence[int], classes: int) -> None:
        """Take up an episode of ``seed`` with ``classes`` classes."""
        self._keys[episode] = stream_key(seed, "annotator")
        self._classes[episode] = classes

    def clear(self, episodes: Tensor) -> None:
        """Forget all labels of ``episodes`` (long)."""
        self.labelled_set.clear(episodes)
        self.spent = self.spent.clone()
        for mask in (self.labelled, self.pending, self.silent):
            mask[episodes] = False
        self.repeat_queries = self.repeat_queries.clone()
        self.spent[episodes] = self._queries[episodes] = self.repeat_queries[episodes] = 0
        if self._votes is not None:
            self._votes.clear(episodes)
        self._coming[0, episodes] = -1

    def _query(self, picks: Tensor, truth: Tensor, geometry: Geometry, who: Tensor | None, *, first: bool) -> Query:
        return Query(
            picks=picks,
            truth=truth,
            class_count=self._classes,
            keys=self._keys,
            times=torch.zeros_like(picks) if self._votes is None else self._votes.times(picks),
            queries_before=self._queries,
            geometry=geometry,
            who=who,
            first=first,
        )

    def _asked(self, query: Query) -> Answers:
        """Return the annotator's answers. Raises ContractError where they are none."""
        with left_as_given(self.annotator, "annotator", query=query):
            answers = self.annotator.answer(query)
        check_answers(self.annotator, answers, query)
        return answers

    def labels_if_queried(self, truth: Tensor, geometry: Geometry) -> Tensor:
        """Return the label that each record of the pool would get if it were asked for now, (B, N); -1 for none."""
        if self.annotator.truthful:
            return truth
        everyone = torch.arange(truth.shape[1], device=truth.device).expand_as(truth)
        return self._asked(self._query(everyone, truth, geometry, None, first=False)).labels

    def label(
        self,
        picks: Tensor,
        truth: Tensor,
        geometry: Geometry,
        *,
        active: Tensor | None = None,
        who: Tensor | None = None,
        first: bool = False,
        choose: Callable[[Tensor], Tensor] | None = None,
    ) -> QueryResult:
        """Query the records at ``picks`` (B, b); what was under way in the episodes ``active`` (B,) comes closer.

        ``truth`` (B, N) are the true classes. In the ``first`` sample no annotator abstains, nothing comes late and no
        label counts as spent; ``choose`` may tell from its labels (B, b) which of them are kept, (B, b): the others
        are paid, spent and set aside.
        """
        real = picks >= 0
        if self.annotator.truthful and self._votes is None and choose is None:
            answers = truth.gather(1, picks.clamp_min(0)).masked_fill(~real, NO_LABEL)
            self._keep(picks, answers)
            if not first:
                self.spent = self.spent + real.sum(1)
            return QueryResult(answers=answers, charged=real, price=None)
        answer = self._asked(self._query(picks, truth, geometry, who, first=first))
        charged = real if answer.charged is None else real & answer.charged
        if choose is not None:
            kept = real & choose(answer.labels)
            self.spent = self.spent + (charged & ~kept).sum(1)
            picks, real = picks.masked_fill(~kept, -1), kept
        if not first:
            self._queries = self._queries + real.sum(1)
            self.spent = self.spent + charged.sum(1)
        if self._votes is not None:
            if not first:
                self.repeat_queries = self.repeat_queries + (real & (self._votes.times(picks) > 0)).sum(1)
            self._votes.count(picks)
        return QueryResult(answers=self._arrived(picks, real, answer, active), charged=charged, price=answer.price)

    def _arrived(self, picks: Tensor, real: Tensor, answer: Answers, active: Tensor | None) -> Tensor:
        """Keep the labels that are there now, the late ones of earlier rounds first: those of ``picks``, (B, b)."""
        given = real & (answer.labels != NO_LABEL)
        mark(self.silent, picks.masked_fill(~(real & ~given), -1))
        at_once = given if answer.delay is None else given & (answer.delay <= 0)
        self._receive(active)
        if answer.delay is not None:
            late = given & ~at_once
            mark(self.pending, picks.masked_fill(~late, -1))
            sent = torch.stack([picks.masked_fill(~late, -1), answer.labels, answer.delay])
            self._coming = torch.cat([self._coming, sent], 2)
        now = picks.masked_fill(~at_once, -1)
        self._keep(now, answer.labels)
        return answer.labels.masked_fill(~at_once, NO_LABEL)

    def _receive(self, active: Tensor | None) -> None:
        """One loop has passed for what is under way in the episodes ``active`` (B,); keep what arrives."""
        if not self._coming.shape[2]:
            return
        record, label, loops = self._coming
        loops = loops - (1 if active is None else active[:, None].to(torch.long))
        due = (record >= 0) & (loops <= 0)
        arrived = record.masked_fill(~due, -1)
        rows = torch.arange(len(record), device=record.device)[:, None].expand_as(record)
        self.pending[rows[due], record[due]] = False
        self._keep(arrived, label)
        record = record.masked_fill(due, -1)
        # In the order of the queries, what has arrived moved out of the way.
        order = (record < 0).to(torch.long).argsort(dim=1, stable=True)
        left = int((record >= 0).sum(1).max())
        self._coming = torch.stack([record, label, loops]).gather(2, order.expand(3, -1, -1))[..., :left]

    def _keep(self, picks: Tensor, labels: Tensor) -> None:
        """Note that the labels of ``picks`` (B, b) are known now."""
        if self._votes is None:
            self.labelled_set.append(picks, labels)
        else:
            again = (picks >= 0) & self.labelled.gather(1, picks.clamp_min(0))
            new = picks.masked_fill(again, -1)
            self._votes.note(picks, labels)
            self.labelled_set.append(new, labels)
            self._votes.settle(self.labelled_set, picks.masked_fill(~again, -1), labels)
        mark(self.labelled, picks)

    def take(self, episodes: Tensor) -> Labelling:
        """Return the labels of copies of ``episodes`` (long, repeats allowed), those under way too."""
        return copies(self, episodes, shared=("annotator",), axes={"_coming": 1})

    def widen(self, records: int) -> None:
        """Make room for ``records`` more."""
        self.labelled, self.pending, self.silent = (
            pad(mask, (0, records)) for mask in (self.labelled, self.pending, self.silent)
        )
        if self._votes is not None:
            self._votes.widen(records)
