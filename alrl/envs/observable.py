"""The space of an observation, and whether a learner can tell what its features and the actions are made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from gymnasium import spaces
from numpy.typing import NDArray

from alrl.envs.actions import Actions
from alrl.errors import InvalidRecipeError
from alrl.learners import learners
from alrl.loop.learner import Learner
from alrl.loop.view_fields import Need
from alrl.metadata import Feature, FeatureSet

_METHODS: dict[Need, str] = {"members": "predict_members", "epochs": "epoch_confidence"}
"""The method by which a learner tells what not every learner can."""


def check_observable(learner: Learner, features: FeatureSet) -> None:
    """Check that ``learner`` provides what ``features`` need.

    Raises InvalidRecipeError that names the groups, what they need and the learners that have it.

    >>> from alrl.learners import make_learner
    >>> check_observable(make_learner("committee"), FeatureSet(["confidence", "disagreement", "loop"]))
    """
    _check(learner, "observation: features", {group.name: group.needs for group in features.groups}, "leave them out")


def check_playable(learner: Learner, actions: Actions) -> None:
    """Check that ``learner`` provides what an action's kind needs, such as rules that ask a committee.

    Raises InvalidRecipeError that names what is needed and the learners that have it.
    """
    _check(learner, "action: what is needed by kind", {actions.name: actions.needs}, "choose others")


def _check(learner: Learner, what: str, needs: Mapping[str, frozenset[Need]], instead: str) -> None:
    for need, method in _METHODS.items():
        those = [name for name, wanted in needs.items() if need in wanted]
        if those and not (_overrides(type(learner), method) and _keeps(learner, need)):
            able = ", ".join(name for name, each in learners().items() if _overrides(each, method))
            hint = {"members": "with at least 2 members", "epochs": "with record = true"}[need]
            raise InvalidRecipeError(
                f"{what} {', '.join(those)} need a learner that provides {need}, which {learner!r} does"
                f" not; {instead}, or give one of the learners {able} {hint}"
            )


def _overrides(kind: type[Learner], method: str) -> bool:
    return getattr(kind, method) is not getattr(Learner, method)


def _keeps(learner: Learner, need: Need) -> bool:
    """Return whether the settings do not keep it from telling: a committee of one, a network told to keep no record."""
    if need == "members":
        return getattr(learner, "members", 2) >= 2
    return bool(getattr(learner, "record", True))


def observation_space(features: FeatureSet, rows: int) -> spaces.Dict:
    """Return ``Dict(candidates: (K, F), loop: (G,), mask: (K,))`` of K rows, float32, within the features' ranges."""
    low, high = _bounds(features.record)
    return spaces.Dict(
        {
            # A masked row is all zeros, whatever its features' ranges.
            "candidates": spaces.Box(np.tile(np.minimum(low, 0), (rows, 1)), np.tile(high, (rows, 1))),
            "loop": spaces.Box(*_bounds(features.loop)),
            "mask": spaces.Box(0.0, 1.0, (rows,), np.float32),
        }
    )


def _bounds(features: tuple[Feature, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    low = np.array([feature.low for feature in features], dtype=np.float32)
    return low, np.array([feature.high for feature in features], dtype=np.float32)
