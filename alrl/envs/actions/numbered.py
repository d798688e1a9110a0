"""Kinds of action that are numbers: what they share."""

from __future__ import annotations

from gymnasium import spaces
from torch import Tensor

from alrl.envs.actions.contract import Actions, Setting, Turn
from alrl.envs.actions.layout import Layout


class Numbered(Actions):
    """Some choices, a row of an observation each; with size, stop and restart laid out as one number.

    Args:
        setting: what every kind of action is told.
        choices: how many there are.
    """

    def __init__(self, setting: Setting, choices: int) -> None:
        super().__init__(setting)
        self.layout = Layout(choices, setting)

    @property
    def rows(self) -> int:
        return self.layout.choices

    @property
    def space(self) -> spaces.Discrete:
        return spaces.Discrete(self.layout.count)

    @property
    def mask_length(self) -> int:
        return self.layout.count

    def offer(self, records: Tensor, allowed: Tensor, turn: Turn) -> None:
        """Keep what this turn offers: a record for each choice, and whether it may be chosen, (B, C) each."""
        self._records, self._mask = records, self.layout.mask(allowed, turn)

    @property
    def mask(self) -> Tensor:
        return self._mask

    @property
    def records(self) -> Tensor:
        return self._records
