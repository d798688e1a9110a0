"""What a feature is: a named, bounded number about a record or about the loop, whatever the data set's size."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.provided import Need


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


class FeatureGroup(ABC):
    """Features that are computed together and switched on together."""

    name: ClassVar[str]
    """The group's name in recipes, such as ``confidence``."""
    scope: ClassVar[Literal["record", "loop"]]
    """Whether the features describe each candidate record or the loop as a whole."""
    features: ClassVar[tuple[Feature, ...]]
    """The columns, in order."""
    needs: ClassVar[frozenset[Need]] = frozenset()
    """What the view must hold for it beyond what every view holds."""

    @abstractmethod
    def compute(self, view: PoolView, index: Tensor) -> Tensor:
        """Values (B, K, F) for the records at ``index`` (B, K), or (B, F) for a group of the loop."""
