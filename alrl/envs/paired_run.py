"""The margin run that a game is paired with: the same split and first sample, at the agent's pace."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Self

import torch
from torch import Tensor

from alrl.data.task import Task
from alrl.envs.rewards import Reward, Standing
from alrl.envs.rewards.contract import payment, reaches
from alrl.loop.copies import copies
from alrl.loop.simulator import Simulator
from alrl.strategies.base import batch_of


class RewardedLoop:
    """The loop of B episodes, with what each move in it earns.

    Args:
        simulator: the loop, which has not moved yet.
        reward: what is paid.
        metric: the score on the validation part, ``accuracy`` or ``balanced-accuracy``.
    """

    def __init__(self, simulator: Simulator, reward: Reward, metric: str) -> None:
        self.simulator, self._reward, self._metric = simulator, reward, metric
        everyone = torch.arange(len(simulator.tasks), device=simulator.device)
        self._full_score = self._full_scores(everyone)
        self.standing = self._now(torch.zeros_like(everyone, dtype=torch.bool))
        """Where the episodes stand after their last refit."""

    def query(self, picks: Tensor, due: Tensor) -> Tensor:
        """Buy the labels of ``picks`` (B, n) in the episodes ``due`` (B,) and refit; return what that earns, (B,)."""
        self.simulator.step(picks, due)
        return self._moved(due)

    def begin_again(self, episodes: Sequence[int], tasks: Sequence[Task]) -> Tensor:
        """Give the labels up and begin these episodes with another first sample, which is charged; what it earns."""
        index = torch.tensor(list(episodes), device=self.simulator.device)
        self.simulator.restart(episodes, tasks, charged=True)
        due = torch.zeros_like(self.standing.spent, dtype=torch.bool)
        due[index] = True
        return self._moved(due)

    def replace(self, episodes: Sequence[int], tasks: Sequence[Task], like: Simulator | None = None) -> None:
        """Begin other tasks in these episodes; ``like`` is a simulator that has begun them there already."""
        self.simulator.restart(episodes, tasks, like=like)
        index = torch.tensor(list(episodes), device=self.simulator.device)
        # Not in place: an info of an earlier step may hold what was.
        self._full_score = self._full_score.index_copy(0, index, self._full_scores(index))
        begun = torch.zeros_like(self.standing.spent, dtype=torch.bool)
        begun[index] = True
        self.standing = self.standing.take(begun, self._now(self.standing.reached & ~begun))

    def take(self, episodes: Tensor) -> Self:
        """Return the loop of copies of ``episodes`` (long, repeats allowed)."""
        part = copies(self, episodes, shared=("_reward", "_tasks", "_slot", "standing"))
        part.standing = copies(self.standing, episodes)
        return part

    def settled(self, ended: Tensor) -> Tensor:
        """Return what the episodes of the mask ``ended`` (B,) earn beyond their moves if they end here, (B,)."""
        return payment(self._reward, "settled", (self.standing,), ended)

    def _moved(self, due: Tensor) -> Tensor:
        before, self.standing = self.standing, self.standing.take(due, self._now(self.standing.reached))
        return payment(self._reward, "paid", (before, self.standing), due)

    def _now(self, reached: Tensor) -> Standing:
        view, score = self.simulator.view, self.simulator.outcome("validation").metric(self._metric)
        return Standing(
            score=score,
            spent=view.spent,
            budget=view.budget,
            money=self.simulator.cost.money,
            full_score=self._full_score,
            reached=reached | reaches(self._reward, score, self._full_score),
        )

    def _full_scores(self, index: Tensor) -> Tensor:
        """Return the metric of the learner fitted to the whole pools of the episodes ``index`` (m,), (m,)."""
        if not self._reward.needs_full_score:
            return torch.full((len(index),), torch.nan, device=index.device)
        from alrl.loop.held_out_scores import outcome

        pool, validation = self.simulator.parts("pool"), self.simulator.parts("validation")
        learner = self.simulator.learner.fresh()
        weight = pool.exists[index].to(pool.features.dtype)
        learner.fit(pool.features[index], pool.labels[index], weight, self.simulator.view.class_mask[index])
        predictions = learner.predict_proba(validation.by_column[index]).detach()
        return outcome(predictions, validation.labels[index], validation.exists[index]).metric(self._metric)


class PairedRun(RewardedLoop):
    """Margin sampling on the tasks of B episodes, in batches of the recipe's ``budget.batch``.

    It keeps pace by labels: when the agent has been charged s of them, the run has bought all whole batches within s.
    It ends by itself, when the budget or the pool is used up or when what the reward asks for is reached; what it has
    not earned by the end of the agent's episode is settled then. So an agent's return is its own minus that of the
    whole margin run, which depends on nothing that the agent does: neither its batch sizes nor where it stops or begins
    again.

    Args:
        tasks: one for each episode.
        batch: labels between two refits of the run.
        new_simulator: makes the loop of some tasks.
        reward: what is paid.
        metric: the score on the validation part, as in :class:`RewardedLoop`.
        simulator: the loop of these tasks, where it has begun already.
    """

    def __init__(
        self,
        tasks: Sequence[Task],
        batch: int,
        new_simulator: Callable[[Sequence[Task]], Simulator],
        reward: Reward,
        metric: str,
        simulator: Simulator | None = None,
    ) -> None:
        super().__init__(simulator or new_simulator(tasks), reward, metric)
        self._new_simulator, self._batch = new_simulator, batch
        # As they were drawn: a simulator keeps one of several first samples.
        self._tasks = list(tasks)
        self._slot = torch.arange(batch, device=self.standing.spent.device)
        self.earned = torch.zeros_like(self.standing.score, dtype=torch.float64)
        """What the run has earned so far, (B,), double."""

    def keep_pace(self, spent: Tensor, episodes: Tensor) -> Tensor:
        """Play on to ``spent`` labels (B,) in the mask ``episodes`` (B,); what that earns, (B,), float32."""
        earned = torch.zeros_like(self.standing.score)
        # No more loops than labels and records: one whose annotator abstains for nothing must end too.
        for _ in range(int(self.standing.budget.max()) + self.simulator.view.exists.shape[1]):
            view = self.simulator.view
            left = torch.minimum(view.budget - view.spent, view.available.sum(1))
            going = episodes & self._unfinished & (view.spent + left.clamp_max(self._batch) <= spent)
            if not bool(going.any()):
                break
            picks = batch_of(-view.margin, view, self._batch)
            picks = picks.masked_fill((self._slot >= left[:, None]) | ~going[:, None], -1)
            earned = earned + self.query(picks, going)
        self.earned = self.earned + earned
        return earned

    @property
    def _unfinished(self) -> Tensor:
        view = self.simulator.view
        return (view.spent < view.budget) & view.available.any(1) & ~self.standing.reached

    def rest(self, episodes: Tensor) -> Tensor:
        """Return what the run would still earn in ``episodes`` (mask), what is settled included, (B,), float32."""
        rest = self.settled(episodes)
        unfinished = (episodes & self._unfinished).nonzero()[:, 0]
        if len(unfinished):
            # Played from the start in a simulator of their own: here every step would cost what all episodes cost.
            tasks = [self._tasks[episode] for episode in unfinished.tolist()]
            total = PairedRun(tasks, self._batch, self._new_simulator, self._reward, self._metric).whole()
            rest[unfinished] = (total - self.earned[unfinished]).to(rest.dtype)
        return rest

    def whole(self) -> Tensor:
        """Play to the end in every episode; what was earned from the start, what is settled included, (B,), double."""
        everyone = torch.ones_like(self.earned, dtype=torch.bool)
        self.keep_pace(self.standing.budget, everyone)
        return self.earned + self.settled(everyone)

    def replace(self, episodes: Sequence[int], tasks: Sequence[Task], like: Simulator | None = None) -> None:
        """Begin other tasks in these episodes; ``like`` is a simulator that has begun them there already."""
        super().replace(episodes, tasks, like)
        for episode, task in zip(episodes, tasks, strict=True):
            self._tasks[episode] = task
        self.earned[torch.tensor(list(episodes), device=self.earned.device)] = 0.0

    def take(self, episodes: Tensor) -> Self:
        """Return the run of copies of ``episodes`` (long, repeats allowed)."""
        part = super().take(episodes)
        part._tasks = [self._tasks[episode] for episode in episodes.tolist()]
        return part
