"""What some strategies need beyond probabilities: computed only when asked for, once a loop."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, get_args

import torch
from torch import Tensor

from alrl.errors import InvalidQueryError
from alrl.loop.learner import Learner

Need = Literal["embedding", "members"]
"""A field of the pool view that is there only when asked for: each record before the last layer, each member's word."""


def known_needs(needs: Iterable[Need]) -> frozenset[Need]:
    """The same as a set. Raises InvalidQueryError for one that is none.

    >>> sorted(known_needs(["members", "embedding", "members"]))
    ['embedding', 'members']
    """
    wanted = frozenset(needs)
    strange = sorted(wanted - set(get_args(Need)))
    if strange:
        raise InvalidQueryError(f"needs {strange} given; allowed: {', '.join(get_args(Need))}")
    return wanted


class Provided:
    """What a simulator computes for its views because a strategy needs it; B episodes.

    An episode that stood still since it was last computed keeps what it had.
    """

    def __init__(self, episodes: int, device: torch.device) -> None:
        self.needs: frozenset[Need] = frozenset()
        self._moved = torch.ones(episodes, dtype=torch.bool, device=device)
        self._held: dict[Need, Tensor] = {}

    def add(self, needs: Iterable[Need]) -> None:
        """Provide these from now on. Raises InvalidQueryError for one that is none."""
        self.needs |= known_needs(needs)

    def move(self, active: Tensor) -> None:
        """The episodes of the mask (B,) have been refitted."""
        self._moved = self._moved | active

    def forget(self) -> None:
        """The padding has changed: everything is to be computed anew."""
        self._held = {}

    def of(self, learner: Learner, X: Tensor) -> dict[Need, Tensor]:
        """What is needed of the pools X (B, N, D), by the name of its field: (B, N, E) or (B, M, N, k), float32."""
        now: dict[Need, Tensor] = {}
        for need in sorted(self.needs):
            said = learner.embed(X) if need == "embedding" else learner.predict_members(X)
            now[need] = self._still(need, said.to(torch.float32))
        self._held = now
        self._moved = torch.zeros_like(self._moved)
        return now

    def _still(self, need: Need, said: Tensor) -> Tensor:
        held = self._held.get(need)
        if held is None or bool(self._moved.all()):
            return said
        return torch.where(self._moved.view(-1, *[1] * (said.ndim - 1)), said, held)
