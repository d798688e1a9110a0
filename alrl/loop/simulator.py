"""Many episodes of active learning in lockstep: the one implementation of the loop."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from typing import Any

import torch
from torch import Tensor

from alrl.data.task import Task, rows_of
from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.geometry.geometry import Geometry
from alrl.loop import counting
from alrl.loop.account import Account, Round
from alrl.loop.annotators.base import Annotator
from alrl.loop.annotators.perfect import PerfectAnnotator
from alrl.loop.copies import copies
from alrl.loop.cost import Cost, Prices
from alrl.loop.first_sample_choice import check_affordable, chooser, settle
from alrl.loop.held_out_scores import HeldOutScores, outcome
from alrl.loop.labelled_set import as_picks, check_charge, check_picks
from alrl.loop.labelling import Aggregate, Labelling, QueryResult
from alrl.loop.learner import FitReport, Learner
from alrl.loop.parts import Part, PartName, Parts
from alrl.loop.pool_view import PoolView
from alrl.loop.predictions import PredictionHistory
from alrl.loop.promises import fitted, predicted
from alrl.loop.view_fields import Need, NeededFields
from alrl.numerics.backend import usable_device
from alrl.numerics.noise import EpisodeNoise


class Simulator:
    """Plays B episodes of active learning at once; strategies see it through :attr:`view` alone.

    Args:
        tasks: one for each episode; they may differ in data set, features, classes and pool size.
        learner: an unfitted batched learner; the simulator works on a fresh copy.
        labels: labels that may be bought after the first sample, at least 1; the same for every episode.
        annotator: who answers queries; perfect by default.
        relabel: what becomes of several labels of one record, ``majority`` or ``last``; records that have a label may
            then be asked for again. None, the default, refuses that.
        prices: of labels, training and scoring; a label costs 1 by default, computing nothing.
        device: where the tensors live, ``cpu`` or ``cuda``.

    Raises InvalidDataError if there is no task, InvalidQueryError if ``labels`` is below 1 or does not pay for the
    first samples that are not kept, InvalidRecipeError if the device is not there.

    >>> from alrl.learners import SoftmaxRegression
    >>> from alrl.data.synthetic import synthetic
    >>> from alrl.data.task import draw_task
    >>> tasks = [draw_task(synthetic("mixed", 0), [seed]) for seed in range(3)]
    >>> simulator = Simulator(tasks, SoftmaxRegression(), labels=5)
    >>> simulator.step(torch.tensor([[40], [41], [42]])).spent.tolist(), simulator.outcome("test").accuracy.shape
    ([1, 1, 1], torch.Size([3]))
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        learner: Learner,
        *,
        labels: int,
        annotator: Annotator | None = None,
        relabel: Aggregate | None = None,
        prices: Prices | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if not tasks:
            raise InvalidDataError("no task given; a simulator plays at least one episode")
        if labels < 1:
            raise InvalidQueryError(f"a budget of {labels} labels given; it must be at least 1")
        check_affordable(tasks, labels)
        self.device = usable_device(device)
        self.tasks, B = list(tasks), len(tasks)
        self.learner = learner.fresh()
        self.annotator, self._relabel = annotator or PerfectAnnotator(), relabel
        self._parts = Parts(tasks, self.device)
        self._account = Account(prices or Prices(), B, self._parts["pool"].exists.shape[1], self.device)
        self._all = torch.ones(B, dtype=torch.bool, device=self.device)
        self._budget = torch.full((B,), labels, dtype=torch.long, device=self.device)
        self._needed = NeededFields(B, self.device)
        self._noise = EpisodeNoise([task.seed for task in tasks], "strategy", self.device)
        self._allocate()
        self._begin(torch.arange(B, device=self.device), self.tasks)

    def _allocate(self) -> None:
        """State of the loop for the present padding."""
        pool = self._parts["pool"]
        B, N = pool.exists.shape
        self._labels = Labelling(self.annotator, self._relabel, episodes=B, records=N, device=self.device)
        self._predictions = PredictionHistory(B, N, self._parts.class_mask.shape[1], self.device)
        self._query_noise = torch.zeros(B, N, device=self.device)
        self._geometry = Geometry(pool.features, pool.exists, pool.by_column.transpose(1, 2))
        self._view: PoolView | None = None
        self._outcomes: dict[str, HeldOutScores] = {}

    def _begin(self, episodes: Tensor, tasks: Sequence[Task], like: Simulator | None = None) -> None:
        """Write the tasks of some episodes, label their first samples and fit."""
        started = time.perf_counter()
        first = torch.full((len(self.tasks), max(len(task.first) for task in tasks)), -1, device=self.device)
        self._parts.begin(episodes, tasks, None if like is None else like._parts)
        for episode, task in zip(episodes.tolist(), tasks, strict=True):
            self._account.begin(episode, task.seed, len(task.split.pool))
            self._noise.restart(episode, task.seed)
            self._labels.write(episode, task.seed, task.split.data_set.n_classes)
            first[episode, : len(task.first)] = torch.from_numpy(task.first).to(self.device)
        self.learner.read_tasks(self.tasks)
        self._labels.clear(episodes)
        self._predictions.forget(episodes)
        self._geometry.renew(episodes)
        beginning = torch.zeros_like(self._all).index_fill(0, episodes, True)
        self.learner.restart(beginning)
        choose = chooser(self.learner, self._parts["pool"], first, self.tasks, self._parts.class_mask)
        result = self._label(first, beginning, first=True, choose=choose)
        if choose is not None:
            settle(self.tasks, episodes.tolist(), self._labels.labelled_set)
        fit = self._refit(beginning, everyone=len(tasks) == len(self.tasks))
        self._account.charge(first, result, fit, self._labels.labelled_set.count, beginning, started=started)

    def _label(self, picks: Tensor, active: Tensor, **how: Any) -> QueryResult:
        return self._labels.label(picks, self._parts["pool"].labels, self._geometry, active=active, **how)

    def _refit(self, active: Tensor, *, everyone: bool) -> FitReport:
        """Fit to the labelled records, predict the pool, and bring the trajectory of the active episodes up to date."""
        pool, labelled_set = self._parts["pool"], self._labels.labelled_set
        most = self._most = int(labelled_set.count.max())
        index = labelled_set.index[:, :most]
        weight = (torch.arange(most, device=self.device) < labelled_set.count[:, None]).to(pool.features.dtype)
        report = fitted(self.learner, pool.rows(index), labelled_set.labels[:, :most], weight, self._parts.class_mask)
        counting.note(refits=active)
        probabilities = predicted(self.learner, pool, self._parts.class_mask)
        self._predictions.add(probabilities, pool.exists, active, everyone=everyone)
        drawn = self._noise.draw(pool.exists.shape[1], None if everyone else active)
        self._query_noise = drawn if everyone else torch.where(active[:, None], drawn, self._query_noise)
        self._view, self._outcomes = None, {}
        self._needed.refitted(self.learner, pool.by_column, report, active, self._predictions.loops == 1)
        return report

    @property
    def view(self) -> PoolView:
        """The pool as the querying side sees it, after the last round."""
        if self._view is None:
            pool, labelled_set = self._parts["pool"], self._labels.labelled_set
            self._view = PoolView(
                features=pool.features,
                feature_count=self._parts.feature_count,
                exists=pool.exists,
                labelled=self._labels.labelled.clone(),
                selected=self._labels.pending.clone(),
                labelled_index=labelled_set.index[:, : self._most].clone(),
                labelled_mask=torch.arange(self._most, device=self.device) < labelled_set.count[:, None],
                labels=labelled_set.labels[:, : self._most].clone(),
                class_mask=self._parts.class_mask,
                probabilities=self._predictions.probabilities,
                noise=self._query_noise,
                trajectory=self._predictions.trajectory,
                spent=self._labels.spent,
                budget=self._budget,
                geometry=self._geometry,
                silent=self._labels.silent.clone() if self.annotator.abstains else None,
                price=self._account.label_price.float() if self._account.prices.spread else None,
                fits=self._account.fits,
                trained=self._account.trained,
                obtained=self._account.obtained,
                times_queried=self._labels.times,
                **self._needed.of(self.learner, pool.by_column),
            )
            if self._predictions.likeliest is not None:
                self._view.remember(self._predictions.likeliest)
        return self._view

    def provide(self, needs: Iterable[Need]) -> None:
        """Have views hold the fields ``needs`` too, from now on.

        Raises InvalidQueryError for an unknown one, and for ``epochs`` of a learner that keeps no record of them.
        """
        before = self._needed.needs
        self._needed.add(needs, self.learner, self._parts["pool"].by_column)
        if self._needed.needs != before:
            self._view = None

    def step(self, picks: Tensor, active: Tensor | None = None, *, who: Tensor | None = None) -> Round:
        """Query the records at ``picks`` (B, b), label them, refit. A pick of -1 queries nothing.

        Episodes outside the mask ``active`` (B,) stand still. ``who`` (B, b) says which of several annotators answers.
        Late labels arrive in later rounds, in which nothing need be queried. Raises InvalidQueryError for a pick that
        is outside the pool, unavailable or given twice, and for an unknown annotator.
        """
        started = time.perf_counter()
        picks = as_picks(picks, len(self.tasks), self.device)
        active = self._all if active is None else active
        picks, everyone = picks.masked_fill(~active[:, None], -1), bool(active.all())
        check_picks(picks, self._labels.unavailable, self._parts["pool"].exists)
        result = self._label(picks, active, who=who)
        # Who stands still has no picks, and is charged nothing.
        counting.note(steps=result.charged)
        fit = self._refit(active, everyone=everyone)
        cost = self._account.charge(picks, result, fit, self._labels.labelled_set.count, active, started=started)
        return Round(
            picks=picks,
            answers=result.answers,
            spent=self._labels.spent,
            fit=fit,
            multiply_adds=self._account.work(fit, self.learner.multiply_adds_a_record()),
            cost=cost,
            total=self._account.total,
            seconds=time.perf_counter() - started,
        )

    def take(self, episodes: Tensor) -> Simulator:
        """Return a simulator whose episodes are copies of ``episodes`` (long, repeats allowed), each as it stands.

        A copy plays what the episode would play, with the same chance, and neither touches the other.
        """
        part = copies(self, episodes, shared=("tasks", "annotator", "_geometry", "_view", "_outcomes"))
        part.tasks = [self.tasks[episode] for episode in episodes.tolist()]
        pool = part._parts["pool"]
        part._geometry = self._geometry.take(episodes, (pool.features, pool.exists, pool.by_column.transpose(1, 2)))
        part._view, part._outcomes = None, {}
        return part

    @property
    def repeat_queries(self) -> Tensor:
        """Queries after the first sample of records that had been asked for before, (B,), long."""
        return self._labels.repeat_queries

    @property
    def unfitted_rounds(self) -> Tensor | None:
        """Rounds in which the learner could not be fitted so far, (B,), long; None where it always can."""
        return self._account.unfitted

    @property
    def cost(self) -> Cost:
        """What each episode has used so far, its first sample included."""
        return self._account.total

    def restart(
        self, episodes: Sequence[int], tasks: Sequence[Task], *, charged: bool = False, like: Simulator | None = None
    ) -> None:
        """Begin anew with other tasks in some episodes; the rest are left as they are.

        ``charged`` keeps their accounts, and charges their budgets with the new first samples too: InvalidQueryError
        where those are not enough. ``like``, which has begun these tasks there, saves standardising them again.
        """
        if not len(episodes):
            return
        index = torch.tensor(list(episodes), device=self.device)
        spent = self._labels.spent[index] + torch.tensor([len(task.first) for task in tasks], device=self.device)
        if charged:
            check_charge(spent, self._budget[index])
        for episode, task in zip(episodes, tasks, strict=True):
            self.tasks[episode] = task
        self._grow(tasks)
        self._view, self._outcomes = None, {}
        if not charged:
            self._account.clear(index)
        self._begin(index, tasks, like)
        if charged:
            self._labels.spent[index] = spent

    def _grow(self, tasks: Sequence[Task]) -> None:
        """Widen the padding if a new task does not fit; what the other episodes hold stays."""
        more, classes, anew = self._parts.grow(tasks)
        if anew:
            pool = self._parts["pool"]
            self._geometry = Geometry(pool.features, pool.exists, pool.by_column.transpose(1, 2))
        if anew or classes:
            self._needed.forget()
        if more or classes:
            self._labels.widen(more)
            self._account.widen(more)
            self._query_noise = torch.nn.functional.pad(self._query_noise, (0, more))
            self._predictions.widen(more, classes)

    def outcome(self, part: PartName) -> HeldOutScores:
        """Return how the learner does on the validation or test part now: no strategy, feature or policy may ask."""
        if part not in self._outcomes:
            records, mask = self._parts[part], self._parts.class_mask
            self._outcomes[part] = outcome(predicted(self.learner, records, mask), records.labels, records.exists)
        return self._outcomes[part]

    def parts(self, part: PartName) -> Part:
        """Return the true labels and features of a part: for experts and oracles, never for a policy."""
        return self._parts[part]

    def labels_if_queried(self) -> Tensor:
        """Return the label that each record would get if it were queried now, (B, N), -1 for none: for experts."""
        return self._labels.labels_if_queried(self._parts["pool"].labels, self._geometry)

    def first_counts(self) -> Tensor:
        """Return records in each episode's first sample, (B,), long."""
        return torch.tensor([len(task.first) for task in self.tasks])

    def records(self, picks: Tensor) -> Tensor:
        """Return row numbers in each episode's data set of pool positions ``picks`` (B, b); -1 stays -1."""
        return rows_of(self.tasks, picks)
