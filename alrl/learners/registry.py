"""Finds learners by name: the modules of this package are the registry."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alrl.errors import InvalidRecipeError
from alrl.loop.learner import Learner
from alrl.recipes.modules import resolve
from alrl.recipes.registry import Registry

LEARNERS: Registry[Learner] = Registry(Learner, package="alrl.learners", noun="learner")  # type: ignore[type-abstract]
"""The learners, by name: a file in this package with a subclass is registered."""
learners = LEARNERS.all
MODEL_FILES = frozenset({".skops", ".pkl", ".pickle", ".joblib", ".pt", ".pth", ".onnx", ".h5", ".safetensors"})
"""Suffixes of files that hold models, which no name of a learner ends in."""


def make_learner(reference: Any, **settings: object) -> Learner:
    """Return an unfitted learner: of a registered name, a class, a scikit-learn classifier, or itself.

    Args:
        reference: a registered name (``_`` is as good as ``-``), ``package.module:Class`` of a learner or of a
            classifier with scikit-learn's interface, such a classifier, unfitted, or a learner.
        settings: go to its constructor.

    Raises:
        InvalidRecipeError: no such learner or setting, a class that is neither, or settings for a learner already made.

    >>> make_learner("softmax_regression", C=0.5)
    SoftmaxRegression(C=0.5)
    >>> make_learner("sklearn.ensemble:RandomForestClassifier", n_estimators=5).label
    'RandomForestClassifier'
    """
    from alrl.learners.scikit_learn import ScikitLearn, is_estimator

    def taught(kind: type[Any]) -> bool:
        return issubclass(kind, Learner) or is_estimator(kind)

    if isinstance(reference, str):
        if Path(reference).suffix in MODEL_FILES and reference not in learners():
            raise InvalidRecipeError(
                f"learner = {reference!r} given, a file; a text is the name of a learner, such as 'softmax-regression',"
                " or a class, such as 'sklearn.ensemble:RandomForestClassifier'. Load the unfitted classifier first, as"
                " by skops.io.load, and give it itself"
            )
        kind = resolve(reference, {}, base=object, noun="learner", suits=taught) if ":" in reference else None
        if kind is None or issubclass(kind, Learner) or not is_estimator(kind):
            return LEARNERS.make(reference, **settings)
        return ScikitLearn(reference, settings)
    if isinstance(reference, Learner):
        return LEARNERS.make(reference, **settings)
    if is_estimator(reference) and not isinstance(reference, type):
        return ScikitLearn(reference, settings)
    raise InvalidRecipeError(
        f"learner {reference!r} given; give a learner, an unfitted classifier such as RandomForestClassifier(), or the"
        ' name of one, such as "softmax-regression" or "sklearn.ensemble:RandomForestClassifier"'
    )
