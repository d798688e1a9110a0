"""Each action is a record: one of the candidates joins the batch."""

from __future__ import annotations

from typing import ClassVar

from torch import Tensor

from alrl.envs.actions.contract import Decision, Setting, Turn
from alrl.envs.actions.numbered import Numbered
from alrl.envs.candidates import drawn
from alrl.metadata import Observation


class RecordAction(Numbered):
    """Row i of an observation describes candidate i; an action puts one into the batch, which is filled pick by pick.

    The features know what the batch already holds. Where the recipe names several sizes, the first pick of a batch also
    says its size. The space is Discrete, laid out as :class:`~alrl.envs.actions.layout.Layout` says, with the
    candidates as choices.
    """

    name: ClassVar[str] = "record"

    def __init__(self, setting: Setting) -> None:
        super().__init__(setting, setting.mixture.count)

    def see(self, turn: Turn) -> Observation:
        records = drawn(self.setting.mixture, turn.view)
        observation = self.setting.features.observe(turn.view, records)
        self.offer(records, observation.mask, turn)
        return observation

    def decide(self, actions: Tensor, active: Tensor) -> Decision:
        choice = self.layout.read(actions, active)
        picks = self.records.gather(1, choice.choice[:, None])
        return Decision(picks=picks, size=choice.size, stop=choice.stop, restart=choice.restart)
