"""One side of a game: a simulator, and where its episodes stand for the reward."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from alrl.envs.rewards import Reward, Standing
from alrl.loop.simulator import Simulator
from alrl.loop.task import Task


class Player:
    """Plays the loop of B episodes and tells what each move earns.

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
        """Buy the labels of ``picks`` (B, n) in the episodes ``due`` (B,), refit; what that earns, (B,)."""
        self.simulator.step(picks, due)
        return self._moved(due)

    def begin_again(self, episodes: Sequence[int], tasks: Sequence[Task]) -> Tensor:
        """Give the labels up and begin these episodes with another first sample, which is charged; what it earns."""
        index = torch.tensor(list(episodes), device=self.simulator.device)
        self.simulator.restart(episodes, tasks, charged=True)
        due = torch.zeros_like(self.standing.spent, dtype=torch.bool)
        due[index] = True
        return self._moved(due)

    def replace(self, episodes: Sequence[int], tasks: Sequence[Task]) -> None:
        """Begin other tasks in these episodes."""
        self.simulator.restart(episodes, tasks)
        index = torch.tensor(list(episodes), device=self.simulator.device)
        # Not in place: an info of an earlier step may hold what was.
        self._full_score = self._full_score.index_copy(0, index, self._full_scores(index))
        begun = torch.zeros_like(self.standing.spent, dtype=torch.bool)
        begun[index] = True
        self.standing = self.standing.take(begun, self._now(self.standing.reached & ~begun))

    def settled(self) -> Tensor:
        """What each episode earns beyond its moves if it ends here, (B,)."""
        return self._reward.settled(self.standing)

    def _moved(self, due: Tensor) -> Tensor:
        before, self.standing = self.standing, self.standing.take(due, self._now(self.standing.reached))
        return torch.where(due, self._reward.paid(before, self.standing), 0.0)

    def _now(self, reached: Tensor) -> Standing:
        view, score = self.simulator.view, self.simulator.outcome("validation").metric(self._metric)
        return Standing(
            score=score,
            spent=view.spent,
            budget=view.budget,
            money=self.simulator.cost.money,
            full_score=self._full_score,
            reached=reached | self._reward.reaches(score, self._full_score),
        )

    def _full_scores(self, index: Tensor) -> Tensor:
        """The metric of the learner fitted to the whole pools of the episodes ``index`` (m,), (m,)."""
        if not self._reward.needs_full_score:
            return torch.full((len(index),), torch.nan, device=index.device)
        from alrl.loop.outcome import outcome

        pool, held = self.simulator.parts("pool"), self.simulator.parts("validation")
        learner = self.simulator.learner.fresh()
        weight = pool.exists[index].to(pool.features.dtype)
        learner.fit(pool.features[index], pool.labels[index], weight, self.simulator.view.class_mask[index])
        said = learner.predict_proba(held.by_column[index])
        return outcome(said, held.labels[index], held.exists[index]).metric(self._metric)
