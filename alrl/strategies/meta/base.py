"""Base of strategies that choose among rules, and learn which to follow."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need
from alrl.recipes.suggest import unknown
from alrl.strategies.base import Strategy, make_strategy, refuse_learning
from alrl.strategies.randomness import coin

RuleOrTable = Strategy | str | Mapping[str, Any]
"""A strategy, its name, or a table of its name under ``strategy`` and its settings."""


def make_rules(rules: Sequence[RuleOrTable], *, where: str) -> tuple[Strategy, ...]:
    """Return the strategies of a list such as ``["margin", {strategy = "information-density", beta = 2.0}]``.

    Args:
        rules: what to choose among; none of them learns from round to round.
        where: what asks for them, named in errors.

    Raises InvalidRecipeError for an empty list, an unknown rule or setting, a table without ``strategy``, a rule given
    twice, or one that learns.

    >>> make_rules(["margin", {"strategy": "information-density", "beta": 2.0}], where="ucb")
    (Margin(), InformationDensity(beta=2.0))
    """
    if isinstance(rules, str) or not len(rules):
        raise InvalidRecipeError(f'{where}: rules = {rules!r} given; give a list, say ["margin", "core-set", "random"]')
    made = tuple(_made(rule, where) for rule in rules)
    for place, rule in enumerate(made):
        refuse_learning(rule, f"a list of rules ({where})")
        if rule in made[:place]:
            raise InvalidRecipeError(f"{where}: the rule {rule!r} is given twice; give each once")
    return made


def _made(rule: RuleOrTable, where: str) -> Strategy:
    if not isinstance(rule, Mapping):
        return make_strategy(rule)
    settings = dict(rule)
    name = settings.pop("strategy", None)
    if not isinstance(name, str | Strategy):
        raise InvalidRecipeError(
            f"{where}: the rule {dict(rule)} names no strategy; write it as"
            ' { strategy = "information-density", beta = 2.0 }'
        )
    return make_strategy(name, **settings)


RULES: tuple[RuleOrTable, ...] = ("margin", "core-set", "information-density", "random")
"""What is chosen among unless told otherwise: uncertainty, diversity, both, and chance."""
_STEP = 1 << 22
"""Steps of this chance lie far from those of the rules."""


@dataclass(frozen=True, kw_only=True)
class MetaStrategy(Strategy):
    """A strategy over S rules that learns in B episodes, in each as if it were alone.

    What was learnt is a few numbers a rule and an episode, zero at first; where a view says that nothing was bought
    yet, an episode begins and they are zero again. Chance is the view's noise alone.
    """

    learns: ClassVar[bool] = True
    numbers: ClassVar[int] = 1
    """Numbers that are kept of a rule."""

    rules: Sequence[RuleOrTable] = RULES
    """What is chosen among: names, tables of a name and its settings, or strategies."""
    memory: Tensor | None = dataclasses.field(default=None, repr=False, compare=False)
    """What was learnt, (B, S, numbers), double: no setting; :meth:`after` fills it in."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "rules", make_rules(self.rules, where=self.name))

    @property
    def arms(self) -> tuple[Strategy, ...]:
        """The rules."""
        return tuple(self.rules)  # type: ignore[arg-type] # made in __post_init__

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset().union(*(rule.needs for rule in self.arms))

    def known(self, view: PoolView) -> Tensor:
        """Return what was learnt of the episodes of the view, (B, S, numbers); zero where one begins.

        Raises InvalidQueryError for a view of another number of episodes than was learnt from.
        """
        shape = (len(view.exists), len(self.arms), self.numbers)
        if self.memory is None:
            return torch.zeros(shape, dtype=torch.float64, device=view.noise.device)
        if self.memory.shape != shape:
            raise InvalidQueryError(
                f"{self.name} has learnt from {len(self.memory)} episodes and is to play {shape[0]}; begin with a new"
                " one, such as the one that you began with"
            )
        return self.memory * (view.spent > 0)[:, None, None]


def drawn(probabilities: Tensor, view: PoolView, step: Tensor | int = 0) -> Tensor:
    """Return one of S in proportion to ``probabilities`` (B, S) that sum to one, by the view's noise: (B,), long.

    >>> from alrl.testing.example_view import example_view
    >>> drawn(torch.tensor([[0.0, 1.0]]), example_view(records=(9,)))
    tensor([1])
    """
    luck = coin(view, step + _STEP).to(probabilities.dtype)
    place = torch.searchsorted(probabilities.cumsum(1), luck[:, None], right=True)[:, 0]
    return place.clamp_max(probabilities.shape[1] - 1)


def uniform_draws(view: PoolView, count: int) -> Tensor:
    """Return uniform numbers in (0, 1), (B, count), double, by the view's noise.

    >>> from alrl.testing.example_view import example_view
    >>> uniform_draws(example_view(records=(9,)), 3).shape
    torch.Size([1, 3])
    """
    return torch.stack([coin(view, _STEP + 1 + number) for number in range(count)], 1).double()


RewardFunction = Callable[[PoolView, Tensor, PoolView], Tensor]


def answers(view: PoolView, picks: Tensor) -> Tensor:
    """Return the labels (B, b) that were given for the records at ``picks`` (B, b); 0 for a pick of -1.

    >>> from alrl.testing.example_view import example_view
    >>> view = example_view(seed=0, records=(9,))
    >>> answers(view, view.labelled_index).equal(view.labels)
    True
    """
    records = view.exists.shape[1]
    place = view.labelled_index.masked_fill(~view.labelled_mask, records)
    table = view.labels.new_zeros(len(picks), records + 1).scatter(1, place, view.labels)
    return table[:, :records].gather(1, picks.clamp_min(0)).masked_fill(picks < 0, 0)


def surprise(before: PoolView, picks: Tensor, after: PoolView) -> Tensor:
    """Return the share of the picks whose label was not the class that the learner had predicted, (B,)."""
    wrong = before.predicted.gather(1, picks.clamp_min(0)) != answers(after, picks)
    return _mean(wrong, picks >= 0)


def change(before: PoolView, picks: Tensor, after: PoolView) -> Tensor:  # noqa: ARG001
    """Return the share of the unlabelled records that the learner now puts into another class, (B,).

    Osugi, Kim and Scott 2005, "Balancing exploration and exploitation", reward the change of the hypothesis likewise.
    """
    return _mean(before.predicted != after.predicted, after.available)


def class_entropy(before: PoolView, picks: Tensor, after: PoolView) -> Tensor:  # noqa: ARG001
    """Return the entropy of the classes that the learner predicts in the unlabelled pool, divided by its maximum, (B,).

    Baram, El-Yaniv and Luz 2004, "Online choice of active learning algorithms": classification entropy maximisation.
    """
    count = torch.zeros(after.class_mask.shape, dtype=torch.float64, device=picks.device)
    count.scatter_add_(1, after.predicted, after.available.double())
    share = count / count.sum(1, keepdim=True).clamp_min(1)
    most: Tensor = after.class_count.double().log().clamp_min(1e-9)
    entropy: Tensor = torch.special.entr(share)
    return (entropy.sum(1) / most).clamp(0, 1)


REWARDS: Mapping[str, RewardFunction] = MappingProxyType(
    {"surprise": surprise, "change": change, "class-entropy": class_entropy}
)
"""By the name that a recipe gives."""


def reward_named(name: str) -> RewardFunction:
    """Return the reward of that name. Raises InvalidRecipeError if there is none.

    >>> reward_named("surprise") is surprise
    True
    """
    if name not in REWARDS:
        raise InvalidRecipeError(unknown("reward", name, REWARDS))
    return REWARDS[name]


def _mean(values: Tensor, among: Tensor) -> Tensor:
    """Return the mean of ``values`` (B, n) ``among`` (B, n) some, (B,), double; zero where there are none."""
    return (values & among).sum(1).double() / among.sum(1).clamp_min(1)
