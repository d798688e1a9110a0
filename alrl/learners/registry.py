"""Finds learners by name: the modules of this package are the registry."""

from __future__ import annotations

from alrl.loop.learner import Learner
from alrl.recipes.registry import Registry

_LEARNERS: Registry[Learner] = Registry(Learner, package="alrl.learners", noun="learner")  # type: ignore[type-abstract]


def learners() -> dict[str, type[Learner]]:
    """Return every learner that comes with alrl, by name, sorted.

    >>> list(learners())[-2:]
    ['scikit-learn', 'softmax-regression']
    """
    return dict(_LEARNERS.classes)


def make_learner(reference: str | Learner, **settings: object) -> Learner:
    """Return an unfitted learner, from a registered name (``_`` is as good as ``-``), ``package.module:Class``.

    Or itself.

    ``settings`` go to its constructor.

    Raises:
        InvalidRecipeError: no such learner or setting, a class that is no Learner, or settings for one already made.

    >>> make_learner("softmax_regression", C=0.5)
    SoftmaxRegression(C=0.5)
    """
    return _LEARNERS.make(reference, settings)
