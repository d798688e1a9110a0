"""Each action is a record: one of the candidates joins the batch."""

from __future__ import annotations

from typing import ClassVar

from gymnasium import spaces
from torch import Tensor

from alrl.envs.actions.contract import Actions, Decision, Setting, Turn
from alrl.envs.actions.layout import Layout
from alrl.metadata import Observation


class Record(Actions):
    """Row i of an observation describes candidate i; an action puts one into the batch, which is filled pick by pick.

    The features know what the batch already holds. Where the recipe names several sizes, the first pick of a batch also
    says its size. The space is Discrete, laid out as :class:`~alrl.envs.actions.layout.Layout` says, with the
    candidates as choices.
    """

    name: ClassVar[str] = "record"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting)
        self.layout = Layout(setting.mixture.count, setting)

    @property
    def rows(self) -> int:
        return self.setting.mixture.count

    @property
    def space(self) -> spaces.Discrete:
        return spaces.Discrete(self.layout.count)

    @property
    def mask_length(self) -> int:
        return self.layout.count

    def see(self, turn: Turn) -> Observation:
        self._records = self.setting.mixture.draw(turn.view)
        observation = self.setting.features.observe(turn.view, self._records)
        self._mask = self.layout.mask(observation.mask, turn)
        return observation

    @property
    def mask(self) -> Tensor:
        return self._mask

    @property
    def records(self) -> Tensor:
        return self._records

    def decide(self, actions: Tensor, active: Tensor) -> Decision:
        said = self.layout.read(actions, active)
        picks = self._records.gather(1, said.choice[:, None])
        return Decision(picks=picks, size=said.size, stop=said.stop, restart=said.restart)
