"""Fields of a view that are there only when asked for, or an error that says how to ask."""

from __future__ import annotations

from typing import NoReturn

from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.learner import EpochRecord
from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need


def members_of(view: PoolView, group: str) -> Tensor:
    """The probabilities by each of at least two members, (B, M, N, k), for the feature group ``group``.

    Raises InvalidQueryError where the view has none, or of one learner alone.

    >>> from alrl.strategies.example_view import example_view
    >>> members_of(example_view(), "disagreement").shape
    torch.Size([3, 4, 12, 4])
    """
    if view.members is None:
        _missing(group, "members")
    if view.members.shape[1] < 2:
        raise InvalidQueryError(
            f'the feature group "{group}" needs a committee of at least 2 members; the learner has'
            f' {view.members.shape[1]}. Give the learner "committee", which makes one of any learner'
        )
    return view.members


def embeddings_of(view: PoolView, group: str) -> tuple[Tensor, Tensor]:
    """The embedding of each record now and after the loop before, (B, N, E) each.

    Raises InvalidQueryError where the view has none.
    """
    if view.embedding is None:
        _missing(group, "embedding")
    if view.earlier_embedding is None:
        _missing(group, "earlier-embedding")
    return view.embedding, view.earlier_embedding


def epochs_of(view: PoolView, group: str) -> EpochRecord:
    """What happened in each epoch of the last fit. Raises InvalidQueryError where the view does not hold it."""
    if view.epochs is None:
        _missing(group, "epochs")
    return view.epochs


def epoch_confidence_of(view: PoolView, group: str) -> Tensor:
    """Probability of the class predicted now in some epochs of the last fit, (B, S, N).

    Raises InvalidQueryError where the view does not hold it.
    """
    confidence = epochs_of(view, group).pool_confidence
    if confidence is None:
        raise InvalidQueryError(
            f'the feature group "{group}" needs what the learner said of the pool during its last fit, and it keeps no'
            ' such thing; give a learner that has epoch_confidence, such as "multilayer-perceptron" with record = true'
        )
    return confidence


def _missing(group: str, need: Need) -> NoReturn:
    raise InvalidQueryError(
        f'the feature group "{group}" needs the view\'s {need}; this view holds none. Play it in an environment, with'
        f" play() or with simulate(), or ask for it: simulator.provide([{need!r}])"
    )
