"""Choice, batch size, stop and restart as one number, which any library for discrete actions can learn."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.envs.actions.contract import Setting, Turn
from alrl.errors import InvalidQueryError


@dataclass(frozen=True, kw_only=True, eq=False)
class ActionChoice:
    """Meaning of the numbers of B episodes, (B,) each."""

    choice: Tensor
    """Which of the choices, long; 0 where none is made."""
    size: Tensor
    """Size of the batch, long."""
    stop: Tensor
    restart: Tensor


class Layout:
    """Numbers of C choices, S sizes, stop and restart, in this order.

    Number ``s C + c`` is choice c with the s-th size; after these S C numbers comes ``stop``, if there is one, then
    ``restart``, if there is one. With one size and neither, a number is a choice.

    >>> from alrl.envs.candidates import CandidateMixture
    >>> from alrl.metadata import FeatureSet
    >>> features, mixture = FeatureSet(["confidence", "loop"]), CandidateMixture(count=3)
    >>> layout = Layout(3, Setting(features=features, mixture=mixture, sizes=(1, 5), stop=True))
    >>> layout.count, layout.name(4), layout.name(6)
    (7, 'choice 1, batch of 5', 'stop')
    """

    def __init__(self, choices: int, setting: Setting) -> None:
        self.choices, self.sizes = choices, setting.sizes
        self._plain = choices * len(setting.sizes)
        self._stop = self._plain if setting.stop else -1
        self._restart = self._plain + setting.stop if setting.restart else -1
        self.count = self._plain + setting.stop + setting.restart
        """How many numbers there are."""

    def name(self, number: int) -> str:
        """Return what a number says."""
        if number in {self._stop, self._restart}:
            return "stop" if number == self._stop else "restart"
        return f"choice {number % self.choices}, batch of {self.sizes[number // self.choices]}"

    def mask(self, choices: Tensor, turn: Turn) -> Tensor:
        """Return which numbers have a meaning of their own, (B, count), if these ``choices`` (B, C) are allowed.

        While a batch is filled its size is settled: the numbers of other sizes are masked, and mean the same. Between
        two batches a size above what is left is masked, and is cut short; the smallest never is. Stop is always
        allowed, restart while the budget is enough for it; both let a batch go that is not full, unbought.
        """
        self._allowed = self._blocks([choices] * len(self.sizes), turn)
        self._wanted = turn.wanted
        if self.count == self.choices:
            return choices
        sizes = range(len(self.sizes))
        return self._blocks([choices & self._apart(index, turn)[:, None] for index in sizes], turn)

    def _blocks(self, blocks: list[Tensor], turn: Turn) -> Tensor:
        if self._stop >= 0:
            blocks = [*blocks, torch.ones_like(turn.may_restart)[:, None]]
        if self._restart >= 0:
            blocks = [*blocks, turn.may_restart[:, None]]
        return torch.cat(blocks, 1) if len(blocks) > 1 else blocks[0]

    def _apart(self, index: int, turn: Turn) -> Tensor:
        fits = torch.ones_like(turn.may_restart) if index == 0 else turn.left >= self.sizes[index]
        return torch.where(turn.wanted > 0, turn.wanted == self.sizes[index], fits)

    def read(self, actions: Tensor, active: Tensor) -> ActionChoice:
        """Return what ``actions`` (B,) say at the turn last masked.

        Raises InvalidQueryError for one that is not allowed or no whole number, and for another number of them.
        """
        actions = torch.as_tensor(actions, device=active.device)
        if actions.shape != active.shape:
            raise InvalidQueryError(
                f"actions of shape {tuple(actions.shape)} given; expected {tuple(active.shape)}: a number an episode"
            )
        broken = active & (actions != actions.to(torch.long))
        if bool(broken.any()):
            episode = int(broken.nonzero()[0])
            raise InvalidQueryError(
                f"episode {episode}: action {float(actions[episode])} given; it must be a whole number, 0 to"
                f" {self.count - 1}"
            )
        actions = actions.to(torch.long)
        within = actions.clamp(0, self.count - 1)
        wrong = active & ((actions != within) | ~self._allowed.gather(1, within[:, None])[:, 0])
        if bool(wrong.any()):
            episode = int(wrong.nonzero()[0])
            number = int(actions[episode])
            shown = f" ({self.name(number)})" if 0 <= number < self.count else ""
            raise InvalidQueryError(
                f"episode {episode}: action {number}{shown} is not allowed here; allowed are the actions that"
                " info['action_mask'] marks"
            )
        plain = within < self._plain
        sizes = torch.tensor(self.sizes, device=active.device)
        own_size = sizes[torch.where(plain, within // self.choices, 0)]
        return ActionChoice(
            choice=torch.where(plain, within % self.choices, 0),
            size=torch.where(self._wanted > 0, self._wanted, own_size),
            stop=active & (within == self._stop),
            restart=active & (within == self._restart),
        )
