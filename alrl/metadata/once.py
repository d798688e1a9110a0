"""What several groups of features ask of one view, computed once."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import TypeVar
from weakref import WeakKeyDictionary

from alrl.loop.pool_view import PoolView

T = TypeVar("T")


def once_a_view(compute: Callable[[PoolView], T]) -> Callable[[PoolView], T]:
    """``compute`` (a function of a view) that keeps its answer as long as the view lives: views do not change.

    >>> from alrl.strategies.example_view import example_view
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
