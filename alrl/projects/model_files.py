"""Models of projects as they are kept and loaded: learners by name, classifiers as skops files that run no code."""

from __future__ import annotations

import io
from collections.abc import Collection
from pathlib import Path
from typing import Any

from alrl.errors import InvalidDataError, InvalidRecipeError, MissingPackageError, ProjectError
from alrl.learners import learners
from alrl.learners.registry import MODEL_FILES
from alrl.projects.models import AUTOMATIC, EstimatorModel, LearnerModel, ProjectModel
from alrl.projects.records.record_file import sha256_of, write_whole
from alrl.recipes.regular_files import read_regular
from alrl.recipes.suggest import unknown

_MOST_BYTES = 256 * 2**20
_ADVICE = "write an unfitted classifier by skops.io.dump"
_PARTS_TRUSTED = ("skrub.",)
"""Modules whose classes are loaded from a skops file without asking: alrl depends on them."""


def describe_model(model: Any, folder: Path) -> dict[str, Any]:
    """Return what the log says of a model, which is written to ``folder`` where it is none by name.

    Args:
        model: the name of a learner, ``auto``, an unfitted scikit-learn classifier, or the path of a skops file.
        folder: where model files are kept, named by their SHA-256.
    """
    if isinstance(model, str | Path) and Path(model).suffix == ".skops":
        if not Path(model).exists():
            raise InvalidDataError(f"there is no file {model} (looked from {Path.cwd()}); {_ADVICE}")
        data = read_regular(Path(model), _MOST_BYTES, error=InvalidDataError, advice=_ADVICE)
    elif isinstance(model, str | Path):
        model = str(model)
        if ":" in model:
            raise InvalidDataError(
                f"model = {model!r} given; a project keeps learners by name, and classifiers as files"
            )
        if Path(model).suffix.lower() in MODEL_FILES:
            raise InvalidDataError(
                f"model = {model!r} given; a project takes no file but .skops, which runs no code, where loading a"
                " pickle (.pkl, .joblib, .pt) does: write the unfitted classifier by"
                f" skops.io.dump(classifier, 'model.skops') and give that, the name of a learner, or {AUTOMATIC}"
            )
        if model != AUTOMATIC and model.replace("_", "-") not in learners():
            known = unknown("learner", model, [*learners(), AUTOMATIC])
            raise InvalidRecipeError(f"{known}; or give a .skops file of an unfitted classifier")
        if model != AUTOMATIC:
            LearnerModel(model)
        return {"kind": "learner" if model != AUTOMATIC else AUTOMATIC, "name": model}
    else:
        from sklearn.base import clone

        EstimatorModel(model)
        buffer = io.BytesIO()
        _skops().dump(clone(model), buffer)
        data = buffer.getvalue()
    part = folder / "new.skops"
    write_whole(part, lambda stream: stream.write(data))
    sha256 = sha256_of(part)
    part.replace(folder / f"{sha256[:16]}.skops")
    return {
        "kind": "skops",
        "name": type(model).__name__ if not isinstance(model, str | Path) else Path(model).name,
        "file": f"{sha256[:16]}.skops",
        "sha256": sha256,
    }


def load_model(described: dict[str, Any], folder: Path, trusted: Collection[str] = ()) -> ProjectModel:
    """Return the model that the log describes; nothing is unpickled.

    Raises ProjectError where the file is gone, was changed, or names types that are not trusted.
    """
    if described["kind"] == "learner":
        return LearnerModel(described["name"])
    if described["kind"] == AUTOMATIC:
        return EstimatorModel(automatic_model(), readable=True)
    file = folder / described["file"]
    if not file.is_file() or sha256_of(file) != described["sha256"]:
        raise ProjectError(f"{file} is gone or was changed; set the model again: alrl project model")
    return EstimatorModel(load_skops(file, trusted))


def load_skops(file: Path, trusted: Collection[str] = ()) -> Any:
    """Return the classifier in a skops file. Raises ProjectError where it names types that are not trusted."""
    skops = _skops()
    wanted = skops.get_untrusted_types(file=file)
    strange = [name for name in wanted if not name.startswith(_PARTS_TRUSTED) and name not in trusted]
    if strange:
        raise ProjectError(
            f"{file.name} names types that alrl does not know to be safe: {', '.join(strange)}; if you trust them, give"
            " each by trusted=[...] or --trust"
        )
    return skops.load(file, trusted=wanted)


def automatic_model() -> Any:
    """Return skrub's TableVectorizer, an imputer, a scaler and LogisticRegression, unfitted."""
    from sklearn.impute import SimpleImputer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    try:
        from skrub import TableVectorizer
    except ImportError:
        raise MissingPackageError(f"the model {AUTOMATIC!r} needs skrub: pip install skrub") from None
    imputer = SimpleImputer(keep_empty_features=True)
    return make_pipeline(TableVectorizer(), imputer, StandardScaler(), LogisticRegression(max_iter=1000))


def _skops() -> Any:
    try:
        import skops.io
    except ImportError:
        raise MissingPackageError('keeping a model needs the extra "models": pip install "alrl[models]"') from None
    return skops.io
