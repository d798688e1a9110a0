"""Contract of features: named, bounded numbers about a record or about the loop, whatever the data set's size."""

from __future__ import annotations

import functools
from abc import abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar, Literal, TypeVar
from weakref import WeakKeyDictionary

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need
from alrl.recipes.registry import Named


@dataclass(frozen=True, kw_only=True)
class Feature:
    """A column of the observation."""

    name: str
    """Unique name, such as ``margin-rank``."""
    low: float
    """Least value that it can take."""
    high: float
    """Greatest value that it can take."""
    meaning: str
    """What it says, in one sentence."""


class FeatureGroup(Named):
    """Features that are computed together and switched on together."""

    name: ClassVar[str]
    """The group's name in recipes, such as ``confidence``."""
    scope: ClassVar[Literal["record", "loop"]]
    """Whether the features describe each candidate record or the loop as a whole."""
    features: ClassVar[tuple[Feature, ...]]
    """The columns, in order."""
    needs: ClassVar[frozenset[Need]] = frozenset()
    """What the view must hold for it beyond what every view holds."""

    def __str__(self) -> str:
        return f'the feature group "{self.name}"'

    @abstractmethod
    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        """Return values (B, K, F) for the records at ``index`` (B, K), or (B, F) for a group of the loop."""


def saturated(value: Tensor, half: Tensor | float) -> Tensor:
    """Return a ``value`` of at least 0 as v / (v + half): 0 at 0, 1/2 at ``half``, which is above 0, and 1 at infinity.

    >>> import torch
    >>> saturated(torch.tensor([0.0, 2.0, 6.0, torch.inf]), 2.0)
    tensor([0.0000, 0.5000, 0.7500, 1.0000])
    """
    return (1 - half / (value + half)).clamp(0, 1)


def signed(value: Tensor) -> Tensor:
    """Return any ``value`` v as v / (1 + |v|), from -1 to 1.

    >>> import torch
    >>> signed(torch.tensor([-torch.inf, -1.0, 0.0, 3.0]))
    tensor([-1.0000, -0.5000,  0.0000,  0.7500])
    """
    return value.sign() * saturated(value.abs(), 1.0)


def of_guessing(loss: Tensor, classes: Tensor) -> Tensor:
    """Log losses (B, ...) among ``classes`` (B,): 0 for none, 1/2 for that of a uniform guess, towards 1 beyond.

    >>> import torch
    >>> of_guessing(torch.tensor([[0.0, 0.6931472]]), torch.tensor([2]))
    tensor([[0.0000, 0.5000]])
    """
    return saturated(loss, classes.to(loss.dtype).log().view(-1, *[1] * (loss.ndim - 1)))


T = TypeVar("T")


def once_a_view(compute: Callable[[PoolView], T]) -> Callable[[PoolView], T]:
    """Return ``compute`` (a function of a view) that keeps its answer as long as the view lives: views do not change.

    >>> from alrl.testing.example_view import example_view
    >>> @once_a_view
    ... def records(view):
    ...     print("counted")
    ...     return view.exists.shape[1]
    >>> view = example_view(records=(9,))
    >>> records(view) + records(view)
    counted
    18
    """
    answers: WeakKeyDictionary[PoolView, T] = WeakKeyDictionary()

    @functools.wraps(compute)
    def answered(view: PoolView) -> T:
        if view not in answers:
            answers[view] = compute(view)
        return answers[view]

    return answered
