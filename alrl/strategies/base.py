"""The one contract of querying strategies: score the records of many episodes, a higher score is queried sooner.

A strategy is a value: it never changes. One that learns from round to round gives, after each, the strategy that plays
the next one.
"""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.geometry.copies import occurrence
from alrl.loop.pool_view import PoolView
from alrl.loop.promises import check_batch, check_scores, is_own, left_as_given
from alrl.loop.view_fields import Need
from alrl.numerics.ranking import best
from alrl.recipes.registry import Named, Registry

if TYPE_CHECKING:
    from alrl.loop.simulator import Simulator


class Strategy(Named):
    """Scores records; a higher score is queried sooner."""

    name: ClassVar[str]
    """The name in recipes and tables, such as ``least-confidence``."""
    paper: ClassVar[str] = ""
    """Authors and year of where it was published."""
    batch: ClassVar[str] = "highest scores"
    """How a batch of more than one record is made, in a few words."""
    cost: ClassVar[str] = ""
    """Arithmetic of one query of an episode, up to a factor: N records, k classes, D features, E columns of the
    embedding, M members, L labelled records, a batch of m."""
    learns: ClassVar[bool] = False
    """Whether :meth:`after` gives another strategy than this one: who plays a strategy that learns has to call it."""

    @property
    def needs(self) -> frozenset[Need]:
        """What the view must hold for it beyond what every view holds."""
        return frozenset()

    @property
    def ordered(self) -> bool:
        """False where a batch is a set that depends on its size, so that it need not begin with the batch of one."""
        return True

    peeks: ClassVar[bool] = False
    """Whether it sees hidden labels: an oracle, an upper bound that is ranked nowhere and that :meth:`peek` plays."""

    @abstractmethod
    def score(self, view: PoolView) -> Tensor:
        """Return scores of shape (episodes, records); those of records that are not available are ignored."""

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        """Return the positions of the next batch, (episodes, count), in order of selection, distinct.

        -1 where the pool ran out.

        No two of them are of records with equal features while others are left.

        Raises InvalidQueryError if ``count`` is below one.
        """
        return batch_of(scored(self, view), view, count)

    def peek(self, simulator: Simulator, count: int = 1) -> Tensor:  # noqa: ARG002
        """Return the same as :meth:`select` with all labels and parts in sight: of strategies that declare it alone.

        Raises InvalidQueryError for any other.
        """
        raise InvalidQueryError(f"{self.name} does not declare that it peeks: it chooses by a view, as select() does")

    def after(self, before: PoolView, picks: Tensor, after: PoolView) -> Strategy:  # noqa: ARG002
        """Return strategy for the next round, now that the ``picks`` (B, b) of the view ``before`` led to ``after``.

        Itself, unless it learns. What it may learn from is what the views hold: labels that were bought, and what the
        learner says; never the validation or the test part.
        """
        return self


def scored(strategy: Strategy, view: PoolView) -> Tensor:
    """Return scores of the records, (B, N). Raises ContractError where a strategy of one's own breaks its promise."""
    if not is_own(strategy):
        return strategy.score(view)
    with left_as_given(strategy, "strategy", view=view):
        scores = strategy.score(view)
    check_scores(strategy, scores, view)
    return scores.detach()


def picked(strategy: Strategy, view: PoolView, count: int) -> Tensor:
    """Return the next batch, (B, count). Raises ContractError where a strategy of one's own breaks its promise."""
    if not is_own(strategy):
        return strategy.select(view, count)
    with left_as_given(strategy, "strategy", view=view):
        picks = strategy.select(view, count)
    check_batch(strategy, picks, view, count)
    return picks


def refuse_learning(strategy: Strategy, where: str) -> None:
    """Raise InvalidRecipeError for a strategy that learns, naming the place ``where`` it could not."""
    if strategy.learns:
        raise InvalidRecipeError(
            f"{strategy.name} learns from round to round, which {where} cannot tell it: give one of its rules, or"
            " play it with simulate() or play()"
        )


def top(score: Tensor, view: PoolView, count: int) -> Tensor:
    """Return the ``count`` available records of highest score, (episodes, count); ties are broken by ``view.noise``.

    Where fewer records than ``count`` are available, all are taken and the rest of the row is -1.
    """
    if count < 1:
        raise InvalidQueryError(f"batch of {count} records asked for; a batch has at least 1 record")
    return best(score, view.available, view.noise, count)


def batch_of(score: Tensor, view: PoolView, count: int) -> Tensor:
    """Return a batch of the highest scores, (episodes, count), in which no record copies another while others are left.

    As :func:`top`, but of records with equal features the second comes after all others, the third after these.
    """
    if count <= 1 or view.geometry.copies is None:
        return top(score, view, count)
    batch = distinct_first(top(score, view, score.shape[1]), view)
    return torch.nn.functional.pad(batch, (0, max(0, count - batch.shape[1])), value=-1)[:, :count]


def distinct_first(picks: Tensor, view: PoolView) -> Tensor:
    """Return the same picks (B, n), those first that equal none before them; their order is kept else, -1 comes last.

    >>> from alrl.testing import example_view
    >>> distinct_first(torch.tensor([[1, -1, 0]] * 3), example_view(seed=0))
    tensor([[ 1,  0, -1],
            [ 1,  0, -1],
            [ 1,  0, -1]])
    """
    groups, place = view.geometry.copies, torch.arange(picks.shape[1], device=picks.device).expand_as(picks)
    group = picks.clamp_min(0) if groups is None else groups.gather(1, picks.clamp_min(0))
    # What is not there is like nothing else, and last.
    group = torch.where(picks >= 0, group, view.exists.shape[1] + place)
    turn = torch.where(picks >= 0, occurrence(group), picks.shape[1])
    return picks.gather(1, turn.argsort(dim=1, stable=True))


STRATEGIES: Registry[Strategy] = Registry(Strategy, package="alrl.strategies", noun="strategy")  # type: ignore[type-abstract]
"""The querying strategies, by name: a file in this package with a subclass is registered."""
strategies, make_strategy = STRATEGIES.all, STRATEGIES.make
