"""Many episodes of active learning in lockstep: the one implementation of the loop."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch
from torch import Tensor

from alrl.errors import InvalidDataError, InvalidQueryError
from alrl.loop.annotator import Annotator, PerfectAnnotator
from alrl.loop.device import usable_device
from alrl.loop.faults import fault_of
from alrl.loop.geometry import Geometry
from alrl.loop.labelled import Labelled
from alrl.loop.learner import FitReport, Learner
from alrl.loop.likeliest import likeliest
from alrl.loop.outcome import Outcome, outcome
from alrl.loop.parts import Part, PartName, largest
from alrl.loop.pool_view import PoolView, Trajectory
from alrl.loop.round import Round
from alrl.loop.streams import EpisodeNoise
from alrl.loop.task import Task

REMEMBERED = 5


class Simulator:
    """Plays B episodes of active learning at once; strategies see it through :attr:`view` alone.

    Args:
        tasks: one for each episode; they may differ in data set, features, classes and pool size.
        learner: an unfitted batched learner; the simulator works on a fresh copy.
        labels: labels that may be bought after the first sample, at least 1; the same for every episode.
        annotator: who answers queries; perfect by default.
        device: where the tensors live, ``cpu`` or ``cuda``.

    Raises InvalidDataError if there is no task, InvalidQueryError if ``labels`` is below 1, InvalidRecipeError if the
    device is not there.

    >>> from alrl.learners import SoftmaxRegression
    >>> from alrl.loop.synthetic import synthetic
    >>> from alrl.loop.task import draw_task
    >>> tasks = [draw_task(synthetic("mixed", 0), [seed]) for seed in range(3)]
    >>> simulator = Simulator(tasks, SoftmaxRegression(), labels=5)
    >>> loop = simulator.step(torch.tensor([[40], [41], [42]]))
    >>> loop.spent.tolist(), simulator.outcome("test").accuracy.shape
    ([1, 1, 1], torch.Size([3]))
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        learner: Learner,
        *,
        labels: int,
        annotator: Annotator | None = None,
        device: torch.device | str = "cpu",
    ) -> None:
        if not tasks:
            raise InvalidDataError("no task given; a simulator plays at least one episode")
        if labels < 1:
            raise InvalidQueryError(f"a budget of {labels} labels given; it must be at least 1")
        self.device = usable_device(device)
        self.tasks = list(tasks)
        self.learner = learner.fresh()
        self.annotator = annotator or PerfectAnnotator()
        size, B = largest(tasks), len(tasks)
        names: tuple[PartName, ...] = ("pool", "validation", "test")
        self._parts = {name: Part.empty(B, size[name], size["features"], self.device) for name in names}
        self._class_mask = torch.zeros(B, size["classes"], dtype=torch.bool, device=self.device)
        self._feature_count = torch.zeros(B, dtype=torch.long, device=self.device)
        self._budget = torch.full((B,), labels, dtype=torch.long, device=self.device)
        self._noise = EpisodeNoise([task.seed for task in tasks], "strategy", self.device)
        self._allocate()
        self._begin(torch.arange(B, device=self.device), self.tasks)

    def _allocate(self) -> None:
        """State of the loop for the present padding."""
        pool, k = self._parts["pool"], self._class_mask.shape[1]
        B, N = pool.exists.shape
        zeros = torch.zeros(B, 1, dtype=torch.long, device=self.device)
        self._labelled = Labelled(index=zeros, labels=zeros.clone(), count=zeros[:, 0].clone())
        self._is_labelled = torch.zeros(B, N, dtype=torch.bool, device=self.device)
        self._spent = torch.zeros(B, dtype=torch.long, device=self.device)
        self._flips = torch.zeros(B, N, device=self.device)
        self._loops = torch.zeros(B, device=self.device)
        self._probabilities = torch.zeros(B, k, N, device=self.device).transpose(1, 2)
        self._predicted = torch.zeros(B, N, dtype=torch.long, device=self.device)
        self._query_noise = torch.zeros(B, N, device=self.device)
        self._memory: list[tuple[Tensor, Tensor]] = []
        self._geometry = Geometry(pool.features, pool.exists)
        self._view: PoolView | None = None
        self._outcomes: dict[str, Outcome] = {}

    def _begin(self, episodes: Tensor, tasks: Sequence[Task]) -> None:
        """Write the tasks of some episodes, label their first samples and fit."""
        first = torch.full((len(self.tasks), max(len(task.first) for task in tasks)), -1, device=self.device)
        for episode, task in zip(episodes.tolist(), tasks, strict=True):
            self._write(episode, task)
            first[episode, : len(task.first)] = torch.from_numpy(task.first).to(self.device)
        self._labelled.clear(episodes)
        self._is_labelled[episodes] = False
        self._spent[episodes], self._flips[episodes], self._loops[episodes] = 0, 0.0, 0.0
        for _, lived in self._memory:
            lived[episodes] = False
        self._geometry.renew(episodes)
        beginning = torch.zeros(len(self.tasks), dtype=torch.bool, device=self.device)
        beginning[episodes] = True
        self.learner.restart(beginning)
        self._label(first)
        self._refit(beginning)

    def _write(self, episode: int, task: Task) -> None:
        X, _, _ = task.standardised()
        y, split = task.split.data_set.y, task.split
        for name, index in (("pool", split.pool), ("validation", split.validation), ("test", split.test)):
            self._parts[name].write(episode, X[index], y[index])  # type: ignore[index]
        classes = torch.arange(self._class_mask.shape[1], device=self.device)
        self._class_mask[episode] = classes < split.data_set.n_classes
        self._feature_count[episode] = split.data_set.n_features
        self._noise.restart(episode, task.seed)
        self.annotator.restart(episode, task.seed)

    def _label(self, picks: Tensor) -> Tensor:
        answers = self.annotator.answer(self._parts["pool"].labels, picks)
        self._labelled.append(picks, answers)
        rows = torch.arange(len(picks), device=self.device)[:, None].expand_as(picks)
        self._is_labelled[rows[picks >= 0], picks[picks >= 0]] = True
        return answers

    def _refit(self, active: Tensor) -> FitReport:
        """Fit to the labelled records, predict the pool, and bring the trajectory of the active episodes up to date."""
        pool, held = self._parts["pool"], self._labelled
        most = int(held.count.max())
        index = held.index[:, :most]
        weight = (torch.arange(most, device=self.device) < held.count[:, None]).to(pool.features.dtype)
        report = self.learner.fit(pool.rows(index), held.labels[:, :most], weight, self._class_mask)
        everyone = bool(active.all())
        probabilities = self.learner.predict_proba(pool.by_column).to(torch.float32)
        predicted = likeliest(probabilities).predicted
        moved = ((predicted != self._predicted) & pool.exists).to(self._flips.dtype)
        self._flips = self._flips + moved * ((self._loops > 0) & active)[:, None]
        self._loops = self._loops + active
        drawn = self._noise.draw(pool.exists.shape[1], None if everyone else active)
        if not everyone:
            probabilities = torch.where(active[:, None, None], probabilities, self._probabilities)
            predicted = torch.where(active[:, None], predicted, self._predicted)
            drawn = torch.where(active[:, None], drawn, self._query_noise)
        self._probabilities, self._predicted, self._query_noise = probabilities, predicted, drawn
        self._remember(active, everyone=everyone)
        self._view, self._outcomes = None, {}
        return report

    def _remember(self, active: Tensor, *, everyone: bool) -> None:
        """Add what the learner says now to the memory of the active episodes; the others keep what they remember."""
        moved = [*self._memory, (self._probabilities, active.clone())][-REMEMBERED:]
        if not everyone:
            blank = (torch.zeros_like(self._probabilities), torch.zeros_like(active))
            still = [blank, *self._memory][-REMEMBERED:]
            moved = [
                (torch.where(active[:, None, None], new, old), torch.where(active, new_lived, old_lived))
                for (new, new_lived), (old, old_lived) in zip(moved, still, strict=True)
            ]
        self._memory = moved

    @property
    def view(self) -> PoolView:
        """The pool as the querying side sees it, after the last loop."""
        if self._view is None:
            pool, held = self._parts["pool"], self._labelled
            self._view = PoolView(
                features=pool.features,
                feature_count=self._feature_count,
                exists=pool.exists,
                labelled=self._is_labelled.clone(),
                selected=torch.zeros_like(self._is_labelled),
                labelled_index=held.index.clone(),
                labelled_mask=torch.arange(held.index.shape[1], device=self.device) < held.count[:, None],
                labels=held.labels.clone(),
                class_mask=self._class_mask,
                probabilities=self._probabilities,
                noise=self._query_noise,
                trajectory=Trajectory(
                    flips=self._flips.clone(),
                    loops=self._loops - 1,
                    probabilities=tuple(probabilities for probabilities, _ in self._memory),
                    remembered=torch.stack([lived for _, lived in self._memory]),
                ),
                spent=self._spent.clone(),
                budget=self._budget,
                geometry=self._geometry,
            )
        return self._view

    def step(self, picks: Tensor, active: Tensor | None = None) -> Round:
        """Query the records at ``picks`` (B, b), label them, refit. A pick of -1 queries nothing.

        Episodes outside the mask ``active`` (B,) stand still. Raises InvalidQueryError for a pick that is outside the
        pool, already labelled or given twice.
        """
        started = time.perf_counter()
        picks = torch.as_tensor(picks, dtype=torch.long, device=self.device)
        if active is None:
            active = torch.ones(len(self.tasks), dtype=torch.bool, device=self.device)
        if picks.ndim != 2 or len(picks) != len(self.tasks):
            raise InvalidQueryError(f"picks of shape {tuple(picks.shape)} given; expected ({len(self.tasks)}, batch)")
        picks = picks.masked_fill(~active[:, None], -1)
        self._check(picks)
        answers = self._label(picks)
        self._spent = self._spent + (picks >= 0).sum(1)
        fit = self._refit(active)
        return Round(
            picks=picks,
            answers=answers,
            spent=self._spent.clone(),
            fit=fit,
            multiply_adds=self._work(fit),
            seconds=time.perf_counter() - started,
        )

    def _work(self, fit: FitReport) -> Tensor | None:
        each = self.learner.multiply_adds_a_record()
        if fit.multiply_adds is None or each is None:
            return None
        return fit.multiply_adds + each * self._parts["pool"].exists.sum(1)

    def _check(self, picks: Tensor) -> None:
        pool = self._parts["pool"].exists
        fault, episode, pick = fault_of(picks, self._is_labelled, pool)
        if fault == "outside":
            raise InvalidQueryError(f"a pick of {pick} given; a pool position is 0 to {pool.shape[1] - 1}, -1 for none")
        if fault:
            raise InvalidQueryError(
                f"episode {episode}: record {pick} is labelled already, not in the pool or picked twice;"
                " pick distinct records that PoolView.available marks"
            )

    def restart(self, episodes: Sequence[int], tasks: Sequence[Task]) -> None:
        """Begin anew with other tasks in some episodes; the rest are left as they are."""
        if not len(episodes):
            return
        for episode, task in zip(episodes, tasks, strict=True):
            self.tasks[episode] = task
        self._grow(largest(tasks))
        self._view, self._outcomes = None, {}
        self._begin(torch.tensor(list(episodes), device=self.device), tasks)

    def _grow(self, size: dict[str, int]) -> None:
        """Widen the padding if a new task does not fit; what the other episodes hold stays."""
        N, k, D = *self._probabilities.shape[1:], self._parts["pool"].features.shape[2]
        pad = torch.nn.functional.pad
        if any(size[n] > part.exists.shape[1] for n, part in self._parts.items()) or size["features"] > D:
            self._parts = {name: part.grown(size[name], size["features"]) for name, part in self._parts.items()}
            self._geometry = Geometry(self._parts["pool"].features, self._parts["pool"].exists)
        more, classes = max(0, size["pool"] - N), max(0, size["classes"] - k)
        if more or classes:
            self._class_mask = pad(self._class_mask, (0, classes))
            self._is_labelled = pad(self._is_labelled, (0, more))
            self._flips = pad(self._flips, (0, more))
            self._predicted = pad(self._predicted, (0, more))
            self._query_noise = pad(self._query_noise, (0, more))
            self._probabilities = _wider(self._probabilities, more, classes)
            self._memory = [(_wider(p, more, classes), lived) for p, lived in self._memory]

    def outcome(self, part: PartName) -> Outcome:
        """How the learner does on the validation or test part now. No strategy, feature or policy may ask for it."""
        if part not in self._outcomes:
            held = self._parts[part]
            self._outcomes[part] = outcome(self.learner.predict_proba(held.by_column), held.labels, held.exists)
        return self._outcomes[part]

    def parts(self, part: PartName) -> Part:
        """The true labels and features of a part: for experts that look ahead, never for a strategy or a policy."""
        return self._parts[part]

    def first_counts(self) -> Tensor:
        """Records in each episode's first sample, (B,), long."""
        return torch.tensor([len(task.first) for task in self.tasks])

    def records(self, picks: Tensor) -> Tensor:
        """Row numbers in each episode's data set of pool positions ``picks`` (B, b); -1 stays -1."""
        table = torch.full(self._is_labelled.shape, -1, dtype=torch.long)
        for episode, task in enumerate(self.tasks):
            table[episode, : len(task.split.pool)] = torch.from_numpy(task.split.pool)
        return torch.where(picks.cpu() >= 0, table.gather(1, picks.cpu().clamp_min(0)), -1)


def _wider(probabilities: Tensor, records: int, classes: int) -> Tensor:
    """Room for more records and classes, still stored class by class."""
    return torch.nn.functional.pad(probabilities.transpose(1, 2), (0, records, 0, classes)).transpose(1, 2)
