"""Declare, compute and read what some strategies and features need beyond probabilities, once a round, if needed."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable
from typing import Literal, TypedDict, TypeVar, get_args

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.errors import InvalidQueryError
from alrl.loop.learner import EpochRecord, FitReport, Learner
from alrl.loop.pool_view import PoolView, Refits
from alrl.loop.promises import left_as_given


class EmbeddingHistory:
    """Embeddings (B, N, E) of the pools of B episodes after the last fit and after the one before.

    In an episode's first round both are the same: nothing has changed yet. Where either is narrower, zeros follow.

    >>> history = EmbeddingHistory()
    >>> history.begin(torch.tensor([[[1.0]], [[2.0]]]))
    >>> history.move(torch.tensor([[[3.0]], [[4.0]]]), torch.tensor([True, False]), torch.tensor([False, False]))
    >>> history.now.flatten().tolist(), history.before.flatten().tolist()
    ([3.0, 2.0], [1.0, 2.0])
    """

    def __init__(self) -> None:
        self.now = self.before = torch.zeros(0, 0, 0)

    def begin(self, embedded: Tensor) -> None:
        """Take ``embedded`` (B, N, E) for both: what was before is not known."""
        self.now = self.before = embedded

    def move(self, embedded: Tensor, active: Tensor, first: Tensor) -> None:
        """``embedded`` (B, N, E) is what the learner makes of the episodes in ``active`` (B,); the others stand still.

        Those in ``first`` (B,) begin: they have no round before. The padding may have grown since the last one.
        """
        records = max(embedded.shape[1], self.now.shape[1])
        width = max(embedded.shape[2], self.now.shape[2])
        embedded, now, before = (
            pad(each, (0, width - each.shape[2], 0, records - each.shape[1]))
            for each in (embedded, self.now, self.before)
        )
        mask = active[:, None, None]
        self.before = torch.where(mask, torch.where(first[:, None, None], embedded, now), before)
        self.now = torch.where(mask, embedded, now)


Need = Literal["embedding", "earlier-embedding", "epochs", "members", "refits"]
"""A field of the pool view that is there only when asked for; its name has ``_`` for ``-``. Strategies, feature groups
and policies declare theirs as ``needs``, and read them by the functions of this module."""

MEANINGS: dict[Need, str] = {
    "embedding": "the learner's embedding of the records",
    "earlier-embedding": "the learner's embedding of the records in the round before",
    "epochs": "the learner's record of its epochs",
    "members": "the predictions of each member of a committee",
    "refits": "a learner to refit",
}

T = TypeVar("T")


class Fields(TypedDict, total=False):
    """Fields of a pool view that are there only when asked for."""

    embedding: Tensor
    earlier_embedding: Tensor
    epochs: EpochRecord
    members: Tensor
    refits: Refits


def known_needs(needs: Iterable[Need]) -> frozenset[Need]:
    """Return the same as a set. Raises InvalidQueryError for one that is none.

    >>> sorted(known_needs(["members", "embedding", "members"]))
    ['embedding', 'members']
    """
    wanted = frozenset(needs)
    strange = sorted(wanted - set(get_args(Need)))
    if strange:
        raise InvalidQueryError(f"needs {strange} given; allowed: {', '.join(get_args(Need))}")
    return wanted


class NeededFields:
    """The fields that a simulator computes for its views because a strategy or a feature needs them; B episodes.

    An episode that stood still since it was last computed keeps what it had.
    """

    def __init__(self, episodes: int, device: torch.device) -> None:
        self.needs: frozenset[Need] = frozenset()
        self._moved = torch.ones(episodes, dtype=torch.bool, device=device)
        self._kept: dict[Need, Tensor] = {}
        self._embeddings = EmbeddingHistory()
        self._epochs: EpochRecord | None = None

    def add(self, needs: Iterable[Need], learner: Learner, X: Tensor) -> None:
        """Provide these from now on; the pools X (B, N, D) and the learner are as after the last fit.

        Raises InvalidQueryError for one that is none, and for ``epochs`` of a learner that keeps no record of them.
        """
        new = known_needs(needs) - self.needs
        if "epochs" in new and self._epochs is None:
            raise InvalidQueryError(
                f"epochs needed, and {learner!r} keeps no record of them; give a learner that is trained in epochs with"
                ' record = true, such as "multilayer-perceptron" or "convolutional-network"'
            )
        if "earlier-embedding" in new:
            self._embeddings.begin(_embedded(learner, X))
        self.needs |= new

    def refitted(self, learner: Learner, X: Tensor, report: FitReport, active: Tensor, first: Tensor) -> None:
        """Note that the mask ``active`` (B,) was refitted, and that ``first`` (B,) of them begin."""
        self._moved = self._moved | active
        self._epochs = _record(self._epochs, report.epochs, active)
        if "earlier-embedding" in self.needs:
            self._embeddings.move(_embedded(learner, X), active, first)

    def forget(self) -> None:
        """Note that the padding has changed: what does not look back is to be computed anew."""
        self._kept = {}

    def of(self, learner: Learner, X: Tensor) -> Fields:
        """Return what is needed of the pools X (B, N, D), by the name of its field."""
        fields, now = Fields(), dict[Need, Tensor]()
        if "earlier-embedding" in self.needs:
            fields["earlier_embedding"] = self._embeddings.before
        if "embedding" in self.needs:
            looks_back = "earlier-embedding" in self.needs
            embedding = self._embeddings.now if looks_back else self._still("embedding", _embedded(learner, X))
            fields["embedding"] = now["embedding"] = embedding
        if "members" in self.needs:
            with left_as_given(learner, "learner", X=X):
                members = self._still("members", learner.predict_members(X).detach().to(torch.float32))
            fields["members"] = now["members"] = members
        if "epochs" in self.needs and self._epochs is not None:
            confidence = learner.epoch_confidence(X)
            if confidence is not None:
                now["epochs"] = confidence = self._still("epochs", confidence.to(torch.float32))
            fields["epochs"] = dataclasses.replace(self._epochs, pool_confidence=confidence)
        if "refits" in self.needs:
            fields["refits"] = Refits(learner.take(torch.arange(len(X), device=X.device)))
        self._kept = now
        self._moved = torch.zeros_like(self._moved)
        return fields

    def _still(self, need: Need, values: Tensor) -> Tensor:
        before = self._kept.get(need)
        if before is None or bool(self._moved.all()):
            return values
        return torch.where(self._moved.view(-1, *[1] * (values.ndim - 1)), values, before)


def _embedded(learner: Learner, X: Tensor) -> Tensor:
    with left_as_given(learner, "learner", X=X):
        return learner.embed(X).detach().to(torch.float32)


def _record(before: EpochRecord | None, now: EpochRecord | None, active: Tensor) -> EpochRecord | None:
    """Return the record of the last fit of each episode: ``now`` where it is ``active`` (B,)."""
    if before is None or now is None or bool(active.all()):
        return now
    more = now.losses.shape[2] - before.losses.shape[2]

    def last(new: Tensor, old: Tensor) -> Tensor:
        return torch.where(active[:, None, None], pad(new, (0, max(0, -more))), pad(old, (0, max(0, more))))

    return EpochRecord(
        losses=last(now.losses, before.losses),
        correct=last(now.correct, before.correct),
        margins=last(now.margins, before.margins),
    )


def check_needs(view: PoolView, needs: Iterable[Need], user: str) -> None:
    """Raise InvalidQueryError where the view lacks something of what ``user`` needs."""
    readers: dict[Need, Callable[[PoolView, str], object]] = {
        "embedding": embedding_of,
        "earlier-embedding": earlier_embedding_of,
        "epochs": epochs_of,
        "members": members_of,
        "refits": refits_of,
    }
    for need in sorted(needs):
        readers[need](view, user)


def embedding_of(view: PoolView, user: str) -> Tensor:
    """Return the records' embedding, (B, N, E). Raises InvalidQueryError where the view has none."""
    return _present(view.embedding, "embedding", user)


def earlier_embedding_of(view: PoolView, user: str) -> Tensor:
    """Return the embedding in the round before, (B, N, E). Raises InvalidQueryError where the view has none."""
    return _present(view.earlier_embedding, "earlier-embedding", user)


def epochs_of(view: PoolView, user: str) -> EpochRecord:
    """Return what happened in each epoch of the last fit. Raises InvalidQueryError where the view does not say."""
    return _present(view.epochs, "epochs", user)


def epoch_confidence_of(view: PoolView, user: str) -> Tensor:
    """Return the probability of the class predicted now in some epochs of the last fit, (B, S, N).

    Raises InvalidQueryError where the view does not say.
    """
    confidence = epochs_of(view, user).pool_confidence
    if confidence is None:
        raise InvalidQueryError(
            f"{user} needs the learner's predictions of the pool during its last fit, which it does not keep; give a"
            ' learner that has epoch_confidence, such as "multilayer-perceptron" with record = true'
        )
    return confidence


def refits_of(view: PoolView, user: str, iterations: int | None = None) -> Refits:
    """Return the learner to refit with one more label, of at most ``iterations`` steps a refit if given.

    Raises InvalidQueryError where the view has none.
    """
    refits = _present(view.refits, "refits", user)
    return refits if iterations is None else refits.with_max_iterations(iterations)


def members_of(view: PoolView, user: str) -> Tensor:
    """Return the probabilities by each of at least two members, (B, M, N, k).

    Raises InvalidQueryError where the view has none, or of one learner alone.

    >>> from alrl.testing.example_view import example_view
    >>> members_of(example_view(), "bald").shape
    torch.Size([3, 4, 12, 4])
    """
    members = _present(view.members, "members", user)
    if members.shape[1] < 2:
        raise InvalidQueryError(
            f"{user} needs a committee of at least 2 members; the learner has {members.shape[1]}. Give the learner"
            ' "committee", which makes one of any learner'
        )
    return members


def _present(field: T | None, need: Need, user: str) -> T:
    if field is None:
        raise InvalidQueryError(
            f"{user} needs {MEANINGS[need]}; this view holds none. Play it with simulate(), with play() or in an"
            f' environment, or ask for it: simulator.provide(["{need}"])'
        )
    return field
