"""The environment's rules for many episodes at once: what is seen, what an action does, rewards, ends."""

from __future__ import annotations

import copy
from collections.abc import Sequence
from typing import cast

import torch
from torch import Tensor

from alrl.data.task import Task
from alrl.envs.actions import Turn
from alrl.envs.paired_run import PairedRun, RewardedLoop
from alrl.envs.recipe import EnvRecipe
from alrl.envs.task_source import TaskSource
from alrl.errors import InvalidQueryError
from alrl.loop.copies import copies
from alrl.loop.pool_view import PoolView
from alrl.loop.promises import left_as_given
from alrl.loop.simulator import Simulator
from alrl.metadata import FeatureSet


class Batch:
    """Records that are chosen and not bought yet.

    Args:
        episodes: how many batches.
        most: the largest size of one.
    """

    def __init__(self, episodes: int, most: int, device: torch.device) -> None:
        self.picks = torch.full((episodes, most), -1, device=device)
        """Pool positions in order, (B, most), long; -1 where nothing is chosen yet."""
        self.filled = torch.zeros(episodes, dtype=torch.long, device=device)
        """How many are chosen, (B,)."""
        self.wanted = torch.zeros(episodes, dtype=torch.long, device=device)
        """Size that the batch is filled to, (B,); 0 between two batches."""

    def add(self, picks: Tensor, size: Tensor, episodes: Tensor) -> None:
        """Let ``picks`` (B, n), -1 last for none, join the batches of the mask ``episodes`` (B,), of ``size`` (B,)."""
        joined = self.picks.clone()
        for column in picks.unbind(1):
            rows = (episodes & (column >= 0)).nonzero()[:, 0]
            joined[rows, self.filled[rows]] = column[rows]
            self.filled = self.filled.index_add(0, rows, torch.ones_like(rows))
        self.picks = joined
        self.wanted = torch.where(episodes, size, self.wanted)

    def empty(self, episodes: Tensor) -> None:
        """Let nothing be chosen in the episodes of the mask (B,)."""
        self.picks = self.picks.masked_fill(episodes[:, None], -1)
        self.filled, self.wanted = self.filled.masked_fill(episodes, 0), self.wanted.masked_fill(episodes, 0)

    def shown_in(self, view: PoolView) -> PoolView:
        """Return the view with the chosen records marked as selected."""
        for column in self.picks[:, :-1].unbind(1):
            if not bool((column >= 0).any()):
                break
            view = view.with_selected(column)
        return view


NOT_BEGUN = "the environment has no episode yet; call reset first"


class Game:
    """B episodes of an environment.

    What an action means is the recipe's to say (:mod:`alrl.envs.actions`): it adds records to the batch being filled,
    ends the episode, or begins it again with another first sample. When the batch is full, its labels are bought, the
    learner is refitted and the reward is paid (:mod:`alrl.envs.rewards`). An episode ends when its budget or its pool
    is used up, when the agent stops it, or when what the reward asks for is reached.
    """

    def __init__(self, recipe: EnvRecipe, *, device: torch.device | str = "cpu") -> None:
        recipe.check()
        self.recipe = recipe
        self.device = torch.device(device)
        self.mixture = recipe.action.candidates.build()
        self.features: FeatureSet = recipe.observation.build()
        self.actions = recipe.actions()
        self.reward = recipe.reward.build()
        self.shaping = recipe.reward.shaping.build() if recipe.reward.shaping else None
        self.source = TaskSource(
            recipe.data.names,
            tables=recipe.data.tables,
            split=recipe.data.split.model_dump(),
            first=recipe.budget.first_settings,
            contaminations=recipe.contaminations,
            circumstances=recipe.circumstances,
        )
        self.paired = recipe.reward.against == "margin"
        self._loop: RewardedLoop | None = None

    @property
    def simulator(self) -> Simulator:
        """The loop itself, of the agent's episodes."""
        return self._agent.simulator

    @property
    def _agent(self) -> RewardedLoop:
        self._check_begun()
        return cast("RewardedLoop", self._loop)

    def _check_begun(self) -> None:
        if self._loop is None:
            raise InvalidQueryError(NOT_BEGUN)

    def _new_simulator(self, tasks: Sequence[Task]) -> Simulator:
        return Simulator(tasks, self.recipe.learner.build(), device=self.device, **self.recipe.loop_settings)

    def begin(self, tasks: Sequence[Task]) -> None:
        """Start B episodes, one a task."""
        metric = self.recipe.reward.metric
        self._loop = RewardedLoop(self._new_simulator(tasks), self.reward, metric)
        # Before anything is done there that the paired run has no need of.
        paired = self.simulator.take(torch.arange(len(tasks), device=self.device)) if self.paired else None
        self.simulator.provide(self.features.needs | self.actions.needs)
        self.episodes = len(tasks)
        self._batch = Batch(self.episodes, self.actions.setting.sizes[-1], self.device)
        self._restarts = [0] * self.episodes
        self.true_return = torch.zeros(self.episodes, dtype=torch.float64, device=self.device)
        """What each episode has been paid so far, shaping left out, (B,), double."""
        self._rival = None
        if paired is not None:
            self._rival = PairedRun(tasks, self.recipe.budget.batch, self._new_simulator, self.reward, metric, paired)
        self._draw()
        self._potential = self._potentials()

    def replace(self, episodes: Sequence[int], tasks: Sequence[Task]) -> None:
        """Start anew in some episodes, with these tasks."""
        if not len(episodes):
            return
        self._agent.replace(episodes, tasks)
        if self._rival is not None:
            self._rival.replace(episodes, tasks, self.simulator)
        begun = torch.zeros(self.episodes, dtype=torch.bool, device=self.device)
        begun[torch.tensor(list(episodes), device=self.device)] = True
        self._batch.empty(begun)
        for episode in episodes:
            self._restarts[episode] = 0
        # Not in place: an info of an earlier step may hold what was.
        self.true_return = self.true_return.masked_fill(begun, 0.0)
        self._draw()
        self._potential = torch.where(begun, self._potentials(), self._potential)

    def take(self, episodes: Tensor) -> Game:
        """Return the game of copies of ``episodes`` (long, repeats allowed), each as it stands.

        A copy plays what the episode would play; raises InvalidQueryError before :meth:`begin`.
        """
        part = copy.copy(self)
        part.actions = self.recipe.actions()
        part._loop, part.episodes = self._agent.take(episodes), len(episodes)
        part._rival = None if self._rival is None else self._rival.take(episodes)
        part._batch = copies(self._batch, episodes)
        part._restarts = [self._restarts[episode] for episode in episodes.tolist()]
        part.true_return, part._potential = self.true_return[episodes], self._potential[episodes]
        part._draw()
        return part

    @property
    def view(self) -> PoolView:
        """The pools, the batches being filled marked as selected."""
        self._check_begun()
        view = self._batch.shown_in(self.simulator.view)
        return view if "pace" not in self.features.names else view.with_pace(self._pace())

    def _pace(self) -> Tensor:
        """Return the share of the batch that is filled, and the lead over the paired run, (B, 2)."""
        score = self.score()
        rival = score if self._rival is None else self._rival.standing.score
        return torch.stack([self._batch.filled / self._batch.wanted.clamp_min(1), score - rival], 1).to(torch.float32)

    def _draw(self) -> None:
        view = self.view
        turn = Turn(
            view=view,
            filled=self._batch.filled,
            wanted=self._batch.wanted,
            left=self._left(view),
            may_restart=self._may_restart(view),
        )
        with left_as_given(self.actions, view=view):
            self.observation = self.actions.see(turn)

    def _left(self, view: PoolView) -> Tensor:
        """Return records that may still join each batch, (B,)."""
        return torch.minimum(view.budget - view.spent - self._batch.filled, self._open(view).sum(1))

    def _open(self, view: PoolView) -> Tensor:
        """Return records that may be asked for, (B, N): those that have a label too where the mixture offers them."""
        return view.available | view.repeatable if self.mixture.labelled else view.available

    def _may_restart(self, view: PoolView) -> Tensor:
        if not self.actions.setting.restart:
            return torch.zeros(self.episodes, dtype=torch.bool, device=self.device)
        first = self.source.samples * self.simulator.first_counts().to(self.device)
        return view.budget - view.spent > first

    @property
    def candidates(self) -> Tensor:
        """Pool positions of the records that the observation offers, (B, K); -1 for none."""
        self._check_begun()
        return self.actions.records

    @property
    def chosen(self) -> Tensor:
        """Pool positions of the records in the batches being filled, (B, n); -1 for none."""
        self._check_begun()
        return self._batch.picks

    @property
    def action_mask(self) -> Tensor:
        """What may be done, (B, M), bool."""
        self._check_begun()
        return self.actions.mask

    def score(self) -> Tensor:
        """Return the agent's metric on the validation part after the last refit, (B,)."""
        return self._agent.standing.score

    def step(self, actions: Tensor, active: Tensor) -> tuple[Tensor, Tensor]:
        """Play ``actions``, (B,) or (B, D), in the episodes of the mask ``active``: rewards (B,) and ends (B,).

        Raises InvalidQueryError before :meth:`begin`, and for an action that the mask forbids.
        """
        agent = self._agent
        decision = self.actions.decide(actions, active)
        self._batch.empty(decision.stop | decision.restart)
        self._batch.add(decision.picks, decision.size, active & ~decision.stop & ~decision.restart)
        due = active & (self._batch.wanted > 0) & self._full()
        reward = torch.zeros(self.episodes, device=self.device)
        if bool(due.any()):
            reward = agent.query(torch.where(due[:, None], self._batch.picks, -1), due)
            self._batch.empty(due)
        if bool(decision.restart.any()):
            reward = reward + self._begin_again(decision.restart)
        ended = active & (decision.stop | self._over())
        reward = self._settled(reward, due | decision.restart, ended)
        self.true_return = self.true_return + reward
        self._draw()
        if self.shaping is not None:
            was, self._potential = self._potential, self._potentials()
            reward = reward + torch.where(active, self.shaping.added(was, self._potential, ended), 0.0)
        return reward, ended

    def _full(self) -> Tensor:
        """Return which batches have their size, or take the last label of the budget or the last record of the pool."""
        view = self.simulator.view
        most = torch.minimum(view.budget - view.spent, self._open(view).sum(1))
        return self._batch.filled >= torch.minimum(self._batch.wanted, most)

    def _over(self) -> Tensor:
        view = self.simulator.view
        used_up = (view.spent >= view.budget) | ~self._open(view).any(1)
        # A batch that is being filled is bought before what the reward asks for can end the episode.
        return used_up | (self._agent.standing.reached & (self._batch.filled == 0))

    def _begin_again(self, restart: Tensor) -> Tensor:
        index = restart.nonzero()[:, 0].tolist()
        tasks = []
        for episode in index:
            self._restarts[episode] += 1
            tasks.append(self.source.again(self.simulator.tasks[episode], self._restarts[episode]))
        return self._agent.begin_again(index, tasks)

    def _settled(self, reward: Tensor, moved: Tensor, ended: Tensor) -> Tensor:
        """Return the reward less what the paired run earned meanwhile, all of it settled where an episode ended."""
        agent, ends = self._agent, bool(ended.any())
        if ends:
            reward = reward + agent.settled(ended)
        if self._rival is not None:
            if bool(moved.any()):
                reward = reward - self._rival.keep_pace(agent.standing.spent, moved)
            if ends:
                reward = reward - self._rival.rest(ended)
        return reward

    def _potentials(self) -> Tensor:
        if self.shaping is None:
            return self.true_return
        return self.shaping.of(self.score(), self.observation.loop, self.features)
