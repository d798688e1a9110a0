"""Each action is a rule: one of several querying strategies picks the whole batch."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from alrl.envs.actions.contract import Decision, Setting, Turn, cut_short
from alrl.envs.actions.layout import ActionChoice
from alrl.envs.actions.numbered import Numbered
from alrl.errors import InvalidRecipeError
from alrl.loop.view_fields import Need
from alrl.metadata import Observation
from alrl.strategies import Strategy, make_strategy
from alrl.strategies.base import picked


class RuleAction(Numbered):
    """Row i of an observation describes what rule i would query: the mean over a batch of the smallest size.

    An action plays the whole batch. The space is Discrete, laid out as :class:`~alrl.envs.actions.layout.Layout` says,
    with the rules as choices.

    Args:
        setting: what every kind of action is told.
        rules: at least two querying strategies, by name or as ``package.module:Class``.

    Raises InvalidRecipeError for fewer rules, or one given twice.
    """

    name: ClassVar[str] = "rule"
    draws_candidates: ClassVar[bool] = False

    def __init__(self, setting: Setting, *, rules: Sequence[str]) -> None:
        if isinstance(rules, str) or len(rules) < 2 or len(set(rules)) < len(rules):
            raise InvalidRecipeError(f"action: rules = {rules!r} given; name at least two strategies, each once")
        self.rules: tuple[Strategy, ...] = tuple(make_strategy(rule) for rule in rules)
        super().__init__(setting, len(rules))

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset(need for rule in self.rules for need in rule.needs)

    def see(self, turn: Turn) -> Observation:
        self._turn = turn
        sizes = self.setting.sizes
        # The batch of an ordered rule begins with its smaller ones: one choice serves all sizes.
        self._batches = [picked(rule, turn.view, sizes[-1] if rule.ordered else sizes[0]) for rule in self.rules]
        shown = torch.stack([batch[:, : sizes[0]] for batch in self._batches], 1)
        seen = self.setting.features.observe(turn.view, shown.flatten(1))
        rows = seen.candidates.unflatten(1, shown.shape[1:])
        number = (shown >= 0).sum(2)
        mean = rows.sum(2) / number.clamp_min(1)[..., None]
        # The record that each rule would query first.
        self.offer(shown[..., 0], number > 0, turn)
        return Observation(candidates=mean, loop=seen.loop, mask=number > 0)

    def decide(self, actions: Tensor, active: Tensor) -> Decision:
        choice = self.layout.read(actions, active)
        playing = active & ~choice.stop & ~choice.restart
        picks = torch.full((len(playing), self.setting.sizes[-1]), -1, device=playing.device)
        for number, rule in enumerate(self.rules):
            querying = playing & (choice.choice == number)
            if bool(querying.any()):
                picks = torch.where(querying[:, None], self._picked(number, rule, choice, querying), picks)
        return Decision(
            picks=cut_short(picks, choice.size, self._turn.left),
            size=choice.size,
            stop=choice.stop,
            restart=choice.restart,
        )

    def _picked(self, number: int, rule: Strategy, choice: ActionChoice, querying: Tensor) -> Tensor:
        """Return the batches (B, largest size) of a rule, where it is ``querying`` (B,).

        Of the sizes that are asked for.
        """
        most, ready = self.setting.sizes[-1], self._batches[number]
        ready = torch.nn.functional.pad(ready, (0, most - ready.shape[1]), value=-1)
        if rule.ordered:
            return ready
        for size in self.setting.sizes[1:]:
            wanted = querying & (choice.size == size)
            if bool(wanted.any()):
                fresh = torch.nn.functional.pad(picked(rule, self._turn.view, size), (0, most - size), value=-1)
                ready = torch.where(wanted[:, None], fresh, ready)
        return ready
