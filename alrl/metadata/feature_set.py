"""The observation: chosen groups of features, computed for candidates, with a schema that policies are bound to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor

from alrl.errors import ContractError, InvalidQueryError, InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.promises import left_as_given
from alrl.loop.view_fields import Need
from alrl.metadata.activation import Activation
from alrl.metadata.balance import Balance
from alrl.metadata.cartography import Cartography
from alrl.metadata.confidence import Confidence
from alrl.metadata.coverage import Coverage
from alrl.metadata.disagreement import Disagreement
from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.geometry import GeometryGroup
from alrl.metadata.influence import Influence
from alrl.metadata.loop.circumstances import Circumstances
from alrl.metadata.loop.cost import TrainingCost
from alrl.metadata.loop.labelled_dynamics import LabelledDynamics
from alrl.metadata.loop.learning_curve import LearningCurve
from alrl.metadata.loop.pace import Pace
from alrl.metadata.loop.state import LoopState
from alrl.metadata.misfit import Misfit
from alrl.metadata.own_label import OwnLabel
from alrl.metadata.suspicion import Suspicion
from alrl.metadata.training_dynamics import TrainingDynamics
from alrl.metadata.trajectory import TrajectoryGroup
from alrl.recipes.registry import Registry
from alrl.recipes.suggest import unknown

SCHEMA_VERSION = 1
_ROUNDING = 1e-4
"""How far beyond its bounds single precision may carry a feature."""
GROUPS: dict[str, FeatureGroup] = {
    group.name: group
    for group in (
        Confidence(),
        TrajectoryGroup(),
        GeometryGroup(),
        Balance(),
        Misfit(),
        LoopState(),
        Cartography(),
        Suspicion(),
        LearningCurve(),
        TrainingCost(),
        Disagreement(),
        Activation(),
        TrainingDynamics(),
        LabelledDynamics(),
        OwnLabel(),
        Influence(),
        Coverage(),
        Pace(),
        Circumstances(),
    )
}
"""Every group by name, in the order of an observation's columns."""
DEFAULT_GROUPS = ("confidence", "trajectory", "geometry", "balance", "misfit", "loop")
"""The groups that are observed unless told otherwise; every learner provides them."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Observation:
    """Observation of B episodes: K candidates with F features, G features of the loop."""

    candidates: Tensor
    """Features of the candidates, (B, K, F), float32; zero where the mask is False."""
    loop: Tensor
    """Features of the loop, (B, G), float32."""
    mask: Tensor
    """True where there is a candidate, (B, K), bool."""


_OWN: Registry[FeatureGroup] = Registry(FeatureGroup, package="alrl.metadata", noun="feature group")  # type: ignore[type-abstract]


class FeatureSet:
    """Features of the named groups, in the order of :data:`GROUPS`; then those of ``package.module:Class``.

    Raises InvalidRecipeError for an unknown group, a missing ``confidence`` group (policies start from the margin), a
    missing ``loop`` group, or two features of one name.

    >>> features = FeatureSet(["confidence", "loop"])
    >>> [feature.name for feature in features.record][:3], len(features.loop)
    (['top-probability', 'second-probability', 'margin'], 13)
    """

    def __init__(self, groups: Sequence[str]) -> None:
        own = [name for name in dict.fromkeys(groups) if ":" in name]
        for name in groups:
            if name not in GROUPS and name not in own:
                raise InvalidRecipeError(unknown("feature group", name, GROUPS))
        for needed in ("confidence", "loop"):
            if needed not in groups:
                raise InvalidRecipeError(f"feature groups {list(groups)} given; {needed!r} must be one of them")
        self.groups = (
            *(group for name, group in GROUPS.items() if name in groups),
            *(declared(_OWN.make(name), name) for name in own),
        )
        self.names = (*(name for name in GROUPS if name in groups), *own)
        """The groups as recipes name them."""
        self.record: tuple[Feature, ...] = self._columns("record")
        self.loop: tuple[Feature, ...] = self._columns("loop")
        columns = [feature.name for feature in (*self.record, *self.loop)]
        twice = [name for name in columns if columns.count(name) > 1]
        if twice:
            raise InvalidRecipeError(f"the feature {twice[0]!r} is in two of the groups {list(groups)}; rename one")

    def _columns(self, scope: str) -> tuple[Feature, ...]:
        return tuple(feature for group in self.groups if group.scope == scope for feature in group.features)

    @property
    def needs(self) -> frozenset[Need]:
        """What the view must hold for these groups beyond what every view holds.

        >>> sorted(FeatureSet(["confidence", "loop", "activation", "disagreement"]).needs)
        ['earlier-embedding', 'embedding', 'members']
        """
        return frozenset(need for group in self.groups for need in group.needs)

    @property
    def margin_column(self) -> int:
        """Position of the margin among the features of a record."""
        return [feature.name for feature in self.record].index("margin")

    @property
    def schema(self) -> dict[str, object]:
        """Version, groups and names in order: what the weights of a policy belong to."""
        return {
            "version": SCHEMA_VERSION,
            "groups": list(self.names),
            "record": [feature.name for feature in self.record],
            "loop": [feature.name for feature in self.loop],
        }

    def observe(self, view: PoolView, index: Tensor) -> Observation:
        """Return features of the records at ``index`` (B, K), -1 for no candidate.

        Raises InvalidQueryError if the view lacks one of the :attr:`needs`; ContractError if a group of one's own gives
        another shape, or a value that is not finite or outside its bounds, or writes to the view.
        """
        mask, index = index >= 0, index.clamp_min(0)
        values = [
            _of_own(group, view, index, mask) if ":" in name else group.compute(view, index)
            for name, group in zip(self.names, self.groups, strict=True)
        ]
        record, loop = (
            [value for group, value in zip(self.groups, values, strict=True) if group.scope == scope]
            for scope in ("record", "loop")
        )
        candidates = torch.cat(record, -1).masked_fill(~mask[..., None], 0.0)
        return Observation(candidates=candidates.float(), loop=torch.cat(loop, -1).float(), mask=mask)

    def check(self, seen: Observation) -> None:
        """Raise InvalidQueryError, which names the feature, if one is not finite or lies outside its bounds."""
        if not _inside(self.record, seen.candidates, ~seen.mask[..., None]):
            raise InvalidQueryError(_outside(self.record, seen.candidates[seen.mask], "a candidate"))
        if not _inside(self.loop, seen.loop):
            raise InvalidQueryError(_outside(self.loop, seen.loop, "the loop"))


@lru_cache(maxsize=64)
def _bounds(features: tuple[Feature, ...], device: torch.device) -> tuple[Tensor, Tensor]:
    """Return the bounds that rounding leaves to each of the features, (F,)."""
    low, high = (
        torch.tensor([getattr(feature, end) for feature in features], device=device) for end in ("low", "high")
    )
    return low - _ROUNDING, high + _ROUNDING


def _inside(features: tuple[Feature, ...], values: Tensor, excused: Tensor | None = None) -> bool:
    """Return whether ``values`` (..., F) lie within the bounds, but for those that are ``excused``."""
    low, high = _bounds(features, values.device)
    # No comparison with NaN holds.
    inside = (values >= low) & (values <= high)
    return bool((inside if excused is None else inside | excused).all())


def declared(group: FeatureGroup, reference: str) -> FeatureGroup:
    """Return a group of one's own; raises InvalidRecipeError if it does not say its scope or its features."""
    missing = [name for name in ("scope", "features") if not hasattr(group, name)]
    if missing or group.scope not in {"record", "loop"} or not _are_features(group.features):
        given = f"no {missing[0]}" if missing else f"scope = {group.scope!r}, features = {group.features!r}"
        raise InvalidRecipeError(
            f'"{reference}" has {given}; a feature group has scope = "record" or "loop", and features, a tuple of'
            " Feature"
        )
    return group


def _are_features(given: Any) -> bool:
    return isinstance(given, tuple | list) and bool(given) and all(isinstance(each, Feature) for each in given)


def _of_own(group: FeatureGroup, view: PoolView, index: Tensor, mask: Tensor) -> Tensor:
    """Return what a group of one's own computes, without gradients; raises ContractError for a broken promise."""
    with left_as_given(group, "feature", view=view, index=index):
        values = group.compute(view, index)
    _keeps_promise(group, values, mask)
    return values.detach()


def _keeps_promise(group: FeatureGroup, values: Any, mask: Tensor) -> None:
    """Check what a group of one's own computed for the candidates of ``mask`` (B, K).

    Raises ContractError that names the group, and the feature or the shape.
    """
    record = group.scope == "record"
    shape = (*(mask.shape if record else mask.shape[:1]), len(group.features))
    if not isinstance(values, Tensor) or values.shape != shape or not values.is_floating_point():
        given = f"a tensor {tuple(values.shape)} of {values.dtype}" if isinstance(values, Tensor) else f"{values!r}"
        wrong = f"compute gives a float tensor {shape}; it gave {given}"
        raise ContractError(f"{type(group).__name__}: {wrong}; try it with alrl.testing.check_feature")
    if not _inside(group.features, values, ~mask[..., None] if record else None):
        what = "a candidate" if record else "the loop"
        wrong = _outside(group.features, values[mask] if record else values, what)
        raise ContractError(f"{type(group).__name__}: {wrong} Try it with alrl.testing.check_feature.")


def _outside(features: tuple[Feature, ...], values: Tensor, what: str) -> str:
    """Return a sentence that names the first of ``values`` (m, F) outside its bounds."""
    low, high = _bounds(features, values.device)
    row, column = (int(each) for each in (~((values >= low) & (values <= high))).nonzero()[0])
    wrong = features[column]
    return (
        f"the feature {wrong.name!r} of {what} is {float(values[row, column]):g}; it lies from {wrong.low:g} to"
        f" {wrong.high:g}: {wrong.meaning}"
    )
