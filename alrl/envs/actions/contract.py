"""The one contract of kinds of actions: show what there is, say what is allowed, read a choice."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

import gymnasium
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.envs.candidates import CandidateSource
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need
from alrl.metadata import FeatureSet, Observation
from alrl.recipes.registry import Named, Registry


@dataclass(frozen=True, kw_only=True)
class Setting:
    """Settings of the recipe that every kind of action receives.

    Raises InvalidRecipeError for sizes that are none, below 1, given twice or not in rising order.
    """

    features: FeatureSet
    """What records and the loop are described by."""
    mixture: CandidateSource
    """Where candidates come from."""
    sizes: tuple[int, ...] = (1,)
    """Sizes of a batch that the agent may choose from, in rising order."""
    stop: bool = False
    """Whether the agent may end the episode, with no more labels bought."""
    restart: bool = False
    """Whether the agent may give its labels up and begin again with another first sample."""

    def __post_init__(self) -> None:
        if not self.sizes or min(self.sizes) < 1 or list(self.sizes) != sorted(set(self.sizes)):
            raise InvalidRecipeError(
                f"action: sizes = {list(self.sizes)} given; give at least one size, each once, in rising order and at"
                " least 1"
            )


@dataclass(frozen=True, kw_only=True, eq=False)
class Turn:
    """State of B episodes when an action is due; nothing here knows hidden labels or held-out records."""

    view: PoolView
    """The pools, the batches being filled marked as selected."""
    filled: Tensor
    """Records in the batch being filled, (B,), long."""
    wanted: Tensor
    """Size of the batch being filled, (B,), long; 0 between two batches."""
    left: Tensor
    """Records that may still join the batch, by the budget and by the pool, (B,), long."""
    may_restart: Tensor
    """Whether the budget is enough for another first sample and a label beyond it, (B,), bool."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Decision:
    """Decisions of the agents of B episodes."""

    picks: Tensor
    """Pool positions that join the batch, (B, n), long; -1 for none."""
    size: Tensor
    """Size of the batch that they belong to, (B,), long; one that exceeds what is left is cut short."""
    stop: Tensor
    """Episodes that end now, (B,), bool."""
    restart: Tensor
    """Episodes that begin again with another first sample, (B,), bool."""


class Actions(Named):
    """One kind of action in B episodes: :meth:`see` a turn, then :meth:`decide` by it.

    An observation has ``rows`` rows of features, whatever the data; what they describe is the kind's to say.
    """

    name: ClassVar[str]
    """The kind in recipes, such as ``record``."""
    draws_candidates: ClassVar[bool] = True
    """Whether the recipe's mixture of candidates has a meaning for it."""

    def __init__(self, setting: Setting) -> None:
        self.setting = setting

    @property
    @abstractmethod
    def rows(self) -> int:
        """Rows of an observation, K."""

    @property
    @abstractmethod
    def space(self) -> gymnasium.Space[Any]:
        """The space of one episode's action: Discrete, or Box of one dimension between -1 and 1."""

    @property
    @abstractmethod
    def mask_length(self) -> int:
        """Entries of an episode's mask, M: one for each number of a Discrete, for each dimension of a Box."""

    @property
    def needs(self) -> frozenset[Need]:
        """What a view must hold for it beyond what every view holds and the features need."""
        return frozenset()

    @abstractmethod
    def see(self, turn: Turn) -> Observation:
        """Return what an agent observes at this turn, which is kept for :meth:`decide`."""

    @property
    @abstractmethod
    def mask(self) -> Tensor:
        """What may be done at the turn last seen, (B, M), bool."""

    @property
    @abstractmethod
    def records(self) -> Tensor:
        """Pool positions of the records that the turn last seen offers, (B, K); -1 for none."""

    @abstractmethod
    def decide(self, actions: Tensor, active: Tensor) -> Decision:
        """Read actions, (B,) or (B, D), of the episodes in the mask ``active`` (B,); the others' are not looked at.

        Raises InvalidQueryError for one that is masked or outside the space.
        """


def read_numbers(actions: Any) -> NDArray[Any]:
    """Return actions as an array of numbers; raises InvalidQueryError for what is none.

    >>> read_numbers([3, 4]).tolist()
    [3, 4]
    """
    try:
        numbers = np.array(actions, order="C")
    except (TypeError, ValueError, RuntimeError):
        numbers = np.asarray(None)
    if numbers.dtype.kind not in "biuf":
        raise InvalidQueryError(
            f"{actions!r} given as actions; give numbers: elements of the action space that info['action_mask'] marks"
        )
    # Torch computes nothing with wide unsigned integers, and knows no float above 64 bits.
    wide = numbers.dtype.kind == "f" and numbers.dtype.itemsize > np.dtype(np.float64).itemsize
    return numbers.astype(np.int64 if numbers.dtype.kind == "u" else np.float64 if wide else numbers.dtype)


def cut_short(picks: Tensor, size: Tensor, left: Tensor) -> Tensor:
    """Return the first ``size`` (B,) of the picks (B, n), and no more than are ``left`` (B,); -1 for the rest.

    >>> cut_short(torch.tensor([[4, 2, 7], [5, 6, 8]]), torch.tensor([2, 3]), torch.tensor([9, 1]))
    tensor([[ 4,  2, -1],
            [ 5, -1, -1]])
    """
    number = torch.arange(picks.shape[1], device=picks.device)
    return picks.masked_fill(number >= torch.minimum(size, left)[:, None], -1)


ACTIONS: Registry[Actions] = Registry(Actions, package="alrl.envs.actions", noun="kind of action")  # type: ignore[type-abstract]
"""The kinds of actions, by name: a file in this package with a subclass is registered."""
action_kinds, make_actions = ACTIONS.all, ACTIONS.make
