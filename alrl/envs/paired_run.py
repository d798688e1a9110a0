"""The margin run that a game is paired with: the same split and first sample, at the agent's pace."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor

from alrl.envs.player import Player
from alrl.loop.task import Task
from alrl.strategies.base import top


class PairedRun:
    """Margin sampling on the tasks of B episodes, in batches of the recipe's ``budget.batch``.

    It keeps pace by labels: when the agent has been charged s of them, the run has bought all whole batches within s.
    It ends by itself, when the budget or the pool is used up or when what the reward asks for is reached; what it has
    not earned by the end of the agent's episode is settled then. So an agent's return is its own minus that of the
    whole margin run, which depends on nothing that the agent does: neither its batch sizes nor where it stops or begins
    again.

    Args:
        tasks: one for each episode.
        batch: labels between two refits of the run.
        new_player: makes the player of some tasks.
    """

    def __init__(self, tasks: Sequence[Task], batch: int, new_player: Callable[[Sequence[Task]], Player]) -> None:
        self._new_player, self._batch = new_player, batch
        # As they were drawn: a simulator keeps one of several first samples.
        self._tasks = list(tasks)
        self.player = new_player(tasks)
        standing = self.player.standing
        self._slot = torch.arange(batch, device=standing.spent.device)
        self.earned = torch.zeros_like(standing.score, dtype=torch.float64)
        """What the run has earned so far, (B,), double."""

    def keep_pace(self, spent: Tensor, episodes: Tensor) -> Tensor:
        """Play on to ``spent`` labels (B,) in the mask ``episodes`` (B,); what that earns, (B,), float32."""
        earned = torch.zeros_like(self.player.standing.score)
        # No more loops than labels and records: one whose annotator abstains for nothing must end too.
        for _ in range(int(self.player.standing.budget.max()) + self.player.simulator.view.exists.shape[1]):
            view = self.player.simulator.view
            left = torch.minimum(view.budget - view.spent, view.available.sum(1))
            going = episodes & self._unfinished & (view.spent + left.clamp_max(self._batch) <= spent)
            if not bool(going.any()):
                break
            picks = top(-view.margin, view, self._batch)
            picks = picks.masked_fill((self._slot >= left[:, None]) | ~going[:, None], -1)
            earned = earned + self.player.query(picks, going)
        self.earned = self.earned + earned
        return earned

    @property
    def _unfinished(self) -> Tensor:
        view = self.player.simulator.view
        return (view.spent < view.budget) & view.available.any(1) & ~self.player.standing.reached

    def rest(self, episodes: Tensor) -> Tensor:
        """What the run would still earn in the mask ``episodes`` (B,), what is settled included, (B,), float32."""
        rest = torch.where(episodes, self.player.settled(), 0.0)
        unfinished = (episodes & self._unfinished).nonzero()[:, 0]
        if len(unfinished):
            # Played from the start in a simulator of their own: here every step would cost what all episodes cost.
            tasks = [self._tasks[episode] for episode in unfinished.tolist()]
            total = PairedRun(tasks, self._batch, self._new_player).whole()
            rest[unfinished] = (total - self.earned[unfinished]).to(rest.dtype)
        return rest

    def whole(self) -> Tensor:
        """Play to the end in every episode; what was earned from the start, what is settled included, (B,), double."""
        everyone = torch.ones_like(self.earned, dtype=torch.bool)
        self.keep_pace(self.player.standing.budget, everyone)
        return self.earned + self.player.settled()

    def replace(self, episodes: Sequence[int], tasks: Sequence[Task]) -> None:
        """Begin other tasks in these episodes."""
        self.player.replace(episodes, tasks)
        for episode, task in zip(episodes, tasks, strict=True):
            self._tasks[episode] = task
        self.earned[torch.tensor(list(episodes), device=self.earned.device)] = 0.0
