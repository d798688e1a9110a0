"""Whether a learner can tell what the features of an observation are made of."""

from __future__ import annotations

from alrl.errors import InvalidRecipeError
from alrl.learners import learners
from alrl.loop.learner import Learner
from alrl.loop.provided import Need
from alrl.metadata import FeatureSet

_TOLD_BY: dict[Need, str] = {"members": "predict_members", "epochs": "epoch_confidence"}
"""The method by which a learner tells what not every learner can."""


def check_observable(learner: Learner, features: FeatureSet) -> None:
    """Check that ``learner`` provides what ``features`` need.

    Raises InvalidRecipeError that names the groups, what they need and the learners that have it.

    >>> from alrl.learners import make_learner
    >>> check_observable(make_learner("committee"), FeatureSet(["confidence", "disagreement", "loop"]))
    """
    for need, method in _TOLD_BY.items():
        groups = [group.name for group in features.groups if need in group.needs]
        if groups and not (_overrides(type(learner), method) and _keeps(learner, need)):
            able = ", ".join(name for name, each in learners().items() if _overrides(each, method))
            hint = {"members": "with at least 2 members", "epochs": "with record = true"}[need]
            raise InvalidRecipeError(
                f"observation: features {', '.join(groups)} need a learner that provides {need}, which {learner!r} does"
                f" not; leave them out, or give one of the learners {able} {hint}"
            )


def _overrides(kind: type[Learner], method: str) -> bool:
    return getattr(kind, method) is not getattr(Learner, method)


def _keeps(learner: Learner, need: Need) -> bool:
    """Whether the settings do not keep it from telling: a committee of one, a network told to keep no record."""
    if need == "members":
        return getattr(learner, "members", 2) >= 2
    return bool(getattr(learner, "record", True))
