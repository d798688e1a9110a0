"""The environment's rules for many episodes at once, without Gymnasium: candidates, actions, rewards, ends."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from alrl.envs.recipe import EnvRecipe
from alrl.envs.task_source import TaskSource
from alrl.errors import InvalidQueryError
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator
from alrl.loop.task import Task
from alrl.metadata import FeatureSet
from alrl.strategies.base import top

NOT_BEGUN = "the environment has no episode yet; call reset first"


class Game:
    """B episodes of an environment; for a paired reward, margin sampling plays the same tasks beside them.

    An action is the number of a candidate. It joins the batch being filled; when the batch is full, its labels are
    bought, the learner is refitted and the reward is paid. An episode ends when its budget or its pool is used up.
    """

    def __init__(self, recipe: EnvRecipe, *, device: torch.device | str = "cpu") -> None:
        self.recipe = recipe
        self.device = torch.device(device)
        self.mixture = recipe.action.candidates.build()
        self.features: FeatureSet = recipe.observation.build()
        self.source = TaskSource(
            recipe.data.names,
            split=recipe.data.split.model_dump(),
            first=recipe.budget.first_settings,
            contaminations=recipe.contaminations,
        )
        self.paired = recipe.reward.against == "margin"
        self._simulator: Simulator | None = None
        self._rival: Simulator | None = None

    @property
    def simulator(self) -> Simulator:
        """The loop itself, of the agent's episodes."""
        if self._simulator is None:
            raise InvalidQueryError(NOT_BEGUN)
        return self._simulator

    def _simulated(self, tasks: Sequence[Task]) -> Simulator:
        return Simulator(tasks, self.recipe.learner.build(), device=self.device, **self.recipe.loop_settings)

    def begin(self, tasks: Sequence[Task]) -> None:
        """Start B episodes, one a task."""
        self._simulator = self._simulated(tasks)
        self._simulator.provide(self.features.needs)
        self._rival = self._simulated(tasks) if self.paired else None
        self.episodes = len(tasks)
        self._batch = torch.full((self.episodes, self.recipe.budget.batch), -1, device=self.device)
        self._filled = torch.zeros(self.episodes, dtype=torch.long, device=self.device)
        self._score = self._scores()
        self._draw()

    def replace(self, episodes: Sequence[int], tasks: Sequence[Task]) -> None:
        """Start anew in some episodes, with these tasks."""
        if not len(episodes):
            return
        self.simulator.restart(episodes, tasks)
        if self._rival is not None:
            self._rival.restart(episodes, tasks)
        index = torch.tensor(list(episodes), device=self.device)
        self._batch[index], self._filled[index] = -1, 0
        fresh, score = self._scores(), self._score.clone()
        score[:, index] = fresh[:, index]
        # Not in place: an info of an earlier step may hold the scores as they were.
        self._score = score
        self._draw()

    def _scores(self) -> Tensor:
        """The metric on the validation part of the agent's runs and of the paired ones, (1 or 2, B)."""
        players = [player for player in (self.simulator, self._rival) if player is not None]
        return torch.stack([player.outcome("validation").metric(self.recipe.reward.metric) for player in players])

    @property
    def view(self) -> PoolView:
        """The pools, the batches being filled marked as selected."""
        view = self.simulator.view
        for slot in range(self._batch.shape[1] - 1):
            if not bool((self._filled > slot).any()):
                break
            picks = torch.where(self._filled > slot, self._batch[:, slot], -1)
            view = view.with_selected(picks)
        return view

    def _draw(self) -> None:
        view = self.view
        self.candidates = self.mixture.draw(view)
        self.observation = self.features.observe(view, self.candidates)

    def score(self) -> Tensor:
        """The agent's metric on the validation part after the last refit, (B,)."""
        return self._score[0]

    def step(self, actions: Tensor, active: Tensor) -> tuple[Tensor, Tensor]:
        """Play the candidates ``actions`` (B,) in the episodes of the mask ``active``: rewards (B,) and ends (B,).

        Raises InvalidQueryError before :meth:`begin`, and for an action that the mask of the observation forbids.
        """
        if self._simulator is None:
            raise InvalidQueryError(NOT_BEGUN)
        picks = self._chosen(actions, active)
        rows = active.nonzero()[:, 0]
        self._batch[rows, self._filled[rows]] = picks[rows]
        self._filled = self._filled + active.to(torch.long)
        due = active & ((self._filled == self._batch.shape[1]) | self._last())
        reward = torch.zeros(self.episodes, device=self.device)
        if bool(due.any()):
            reward = self._refit(due)
        self._draw()
        return reward, active & self._over()

    def _chosen(self, actions: Tensor, active: Tensor) -> Tensor:
        actions = torch.as_tensor(actions, dtype=torch.long, device=self.device)
        K = self.candidates.shape[1]
        chosen = self.candidates.gather(1, actions.clamp(0, K - 1)[:, None])[:, 0]
        wrong = active & ((actions < 0) | (actions >= K) | (chosen < 0))
        if bool(wrong.any()):
            episode = int(wrong.nonzero()[0])
            raise InvalidQueryError(
                f"episode {episode}: action {int(actions[episode])} names no candidate; allowed are the actions that"
                " info['action_mask'] marks"
            )
        return chosen

    def _last(self) -> Tensor:
        """Episodes whose batch being filled takes the last label of the budget or the last record of the pool."""
        view = self.simulator.view
        left = torch.minimum(view.budget - view.spent, view.available.sum(1))
        return self._filled >= left

    def _over(self) -> Tensor:
        view = self.simulator.view
        return (view.spent >= view.budget) | ~view.available.any(1)

    def _refit(self, due: Tensor) -> Tensor:
        if self._rival is not None:
            view, number = self._rival.view, torch.arange(self._batch.shape[1], device=self.device)
            picks = top(-view.margin, view, self._batch.shape[1])
            self._rival.step(torch.where((number < self._filled[:, None]) & due[:, None], picks, -1), due)
        self.simulator.step(torch.where(due[:, None], self._batch, -1), due)
        before, self._score = self._score, self._scores()
        gain = self._score - before
        self._batch = torch.where(due[:, None], -1, self._batch)
        self._filled = self._filled.masked_fill(due, 0)
        reward = gain[0] - gain[1] if self.paired else gain[0]
        return torch.where(due, reward, 0.0)
