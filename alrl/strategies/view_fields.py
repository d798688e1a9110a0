"""Fields of a view that are there only when asked for, or an error that says how to ask."""

from __future__ import annotations

from collections.abc import Callable, Collection

from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.pool_view import PoolView, Refits
from alrl.loop.view_fields import Need


def check_needs(view: PoolView, needs: Collection[Need], name: str) -> None:
    """Raise InvalidQueryError where the view lacks something of what ``name`` needs."""
    readers: dict[Need, Callable[[PoolView, str], object]] = {
        "embedding": embedding_of,
        "earlier-embedding": earlier_embedding_of,
        "members": members_of,
        "refits": refits_of,
    }
    for need, read in readers.items():
        if need in needs:
            read(view, name)


def embedding_of(view: PoolView, name: str) -> Tensor:
    """Return the records' embedding, (B, N, E), for the strategy ``name``.

    Raises InvalidQueryError where the view has none.
    """
    if view.embedding is None:
        raise InvalidQueryError(
            f"{name} needs the learner's embedding of the records; this view holds none. Play it with play() or"
            ' simulate(), or ask for it: simulator.provide(["embedding"])'
        )
    return view.embedding


def earlier_embedding_of(view: PoolView, name: str) -> Tensor:
    """Return the records' embedding after the loop before, (B, N, E), for the strategy ``name``.

    Raises InvalidQueryError where the view has none.
    """
    if view.earlier_embedding is None:
        raise InvalidQueryError(
            f"{name} needs the learner's embedding of the loop before; this view holds none. Play it with play() or"
            ' simulate(), or ask for it before that loop: simulator.provide(["embedding", "earlier-embedding"])'
        )
    return view.earlier_embedding


def refits_of(view: PoolView, name: str, iterations: int | None = None) -> Refits:
    """Return what the learner would say with one more label, for the strategy ``name``.

    Of so many steps a refit, if given.

    Raises InvalidQueryError where the view has none.
    """
    if view.refits is None:
        raise InvalidQueryError(
            f"{name} needs a learner to refit; this view holds none. Play it with play() or simulate(), or ask for it:"
            ' simulator.provide(["refits"])'
        )
    return view.refits if iterations is None else view.refits.with_max_iterations(iterations)


def members_of(view: PoolView, name: str) -> Tensor:
    """Return the members' probabilities, (B, M, N, k) of at least two members, for the strategy ``name``.

    Raises InvalidQueryError where the view has none, or of one learner alone.

    >>> from alrl.testing.example_view import example_view
    >>> members_of(example_view(), "bald").shape
    torch.Size([3, 4, 12, 4])
    """
    if view.members is None:
        raise InvalidQueryError(
            f"{name} needs what each member of a committee says; this view does not hold it. Play it with play() or"
            ' simulate() and the learner "committee", or ask for it: simulator.provide(["members"])'
        )
    if view.members.shape[1] < 2:
        raise InvalidQueryError(
            f"{name} needs a committee of at least 2 members; the learner has {view.members.shape[1]}. Give the learner"
            ' "committee", which makes one of any learner'
        )
    return view.members
