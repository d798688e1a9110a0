"""The page of models and kinds of data: ``python -m docs.generate.models docs/models.md``.

Every cell is tried as the page is written, on small made-up data; a test compares the page with what would be written
now.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import torch
from lightgbm import LGBMClassifier
from scipy import sparse
from sklearn.base import clone
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import make_column_selector, make_column_transformer
from sklearn.ensemble import (
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    VotingClassifier,
)
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression, Perceptron, RidgeClassifier
from sklearn.naive_bayes import GaussianNB
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.svm import SVC, LinearSVC
from xgboost import XGBClassifier

import alrl
from alrl.agents.own_data.features import find_features
from alrl.agents.own_data.records import read_records
from alrl.data.data_set import DataSet
from alrl.data.task import draw_task
from alrl.errors import AlrlError
from alrl.learners.scikit_learn import ScikitLearn
from alrl.loop.simulator import Simulator

_BEGINNING = """# Models and kinds of data

<!-- Written by `python -m docs.generate.models docs/models.md`, which tries every cell; do not edit. -->

What a model eats is apart from what strategies see: the model is given the records as they are, strategies see features
that are found beside that. So a model works with any data that it can be fitted to.

## `query`: a fitted model and records of one's own

A number is a note below; – is data to which the model itself cannot be fitted.

"""

_LOOPS = """
## `simulate`, `evaluate`, studies and environments: a classifier as the learner

A table is given to a classifier as the *frame* it is (columns by name, text, categories, gaps) where the classifier can
be fitted to that; others are given *numbers*, encoded and standardised. Strategies see numbers always. A fit that is
impossible so far predicts shares of the classes until it is possible.

"""

_END = """
Out of scope are regression, several labels a record and sequences; one sentence says so.
`alrl.query(probabilities, features=…)` takes what any other model says, wherever it lives.
"""

_RECORDS, _LABELLED = 60, 30


class Net(torch.nn.Module):
    """A torch module with a method fit, so that it can be tried as the others are."""

    def __init__(self) -> None:
        super().__init__()
        self.layer = torch.nn.LazyLinear(3)

    def fit(self, X: Any, y: Any) -> Net:  # noqa: ARG002 - its numbers are of no matter here
        array = np.asarray(X)
        if array.dtype.kind not in "fiu":
            raise ValueError("a module takes numbers")
        self.forward(torch.as_tensor(array, dtype=torch.float32))
        return self

    def forward(self, X: torch.Tensor) -> torch.Tensor:
        output: torch.Tensor = self.layer(X.flatten(1))
        return output


class Committee(list[Any]):
    """Several models as one list."""

    def fit(self, X: Any, y: Any) -> Committee:
        self[:] = [clone(LogisticRegression(C=C)).fit(X, y) for C in (0.1, 1.0)]
        return self


class Service:
    """A function of records, behind which is a model that nobody sees."""

    def fit(self, X: Any, y: Any) -> Service:
        self.model = None if isinstance(X, list) else len(y)
        return self

    def __call__(self, X: Any) -> list[list[float]]:
        count = X.shape[0] if hasattr(X, "shape") else len(X)
        return np.random.default_rng(0).dirichlet([1, 1, 1], size=count).tolist()  # type: ignore[no-any-return]


_BY_NAME = make_column_transformer(
    (make_pipeline(SimpleImputer(), StandardScaler()), make_column_selector(dtype_include="number")),
    (OneHotEncoder(handle_unknown="ignore"), ["town"]),
)

MODELS: Mapping[str, Callable[[], Any]] = {
    "LogisticRegression": LogisticRegression,
    "RandomForestClassifier": lambda: RandomForestClassifier(3, random_state=0),
    "HistGradientBoostingClassifier": lambda: HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=2),
    "SVC, LinearSVC (no `predict_proba`)": LinearSVC,
    "RidgeClassifier": RidgeClassifier,
    "Perceptron": Perceptron,
    "KNeighborsClassifier": lambda: KNeighborsClassifier(3),
    "GaussianNB": GaussianNB,
    "VotingClassifier": lambda: VotingClassifier([("a", LogisticRegression()), ("b", GaussianNB())], voting="soft"),
    "CalibratedClassifierCV": lambda: CalibratedClassifierCV(SVC(), cv=2),
    "XGBClassifier": lambda: XGBClassifier(n_estimators=2, n_jobs=1),
    "LGBMClassifier": lambda: LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1, min_child_samples=2),
    "pipeline by column names (ColumnTransformer)": lambda: make_pipeline(clone(_BY_NAME), LogisticRegression()),
    "pipeline of text (TfidfVectorizer)": lambda: make_pipeline(TfidfVectorizer(), LogisticRegression()),
    "torch module": Net,
    "list of models (a committee)": Committee,
    "function, a web service behind it (`classes=`)": Service,
    "regressor": lambda: RandomForestRegressor(2),
    "outlier detector": lambda: IsolationForest(n_estimators=2),
}


_NO_LEARNERS = {*list(MODELS)[-6:]}
"""Models that no loop is given as a learner: texts are no table, the rest are no classifiers of scikit-learn's kind."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Kind:
    """A kind of data: pool and labelled records."""

    pool: Any
    labelled: Any


def kinds() -> dict[str, Kind]:
    """Return records of every kind, 60 of them, half of which are labelled."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(_RECORDS, 4)) + _classes()[:, None]
    gaps = X.copy()
    gaps[::5, 1] = np.nan
    frame = pd.DataFrame(X, columns=["width", "height", "depth", "age"])
    towns = np.array(["Ulm", "Bonn", "Kiel"])[(_classes() + rng.integers(0, 2, _RECORDS)) % 3]
    mixed = pd.DataFrame(gaps, columns=frame.columns).assign(town=pd.Categorical(towns))
    words = np.array(["tin", "oak", "wool"])[_classes()]
    texts = [f"a {word} thing number {place % 7}" for place, word in enumerate(words)]
    every: dict[str, Any] = {
        "numbers": X,
        "numbers with gaps": gaps,
        "frame of numbers": frame,
        "frame with categories and gaps": mixed,
        "sparse": sparse.csr_matrix(np.where(X > 0, X, 0)),
        "texts": texts,
        "images": rng.random((_RECORDS, 8, 8)),
    }
    return {name: Kind(pool=value[_LABELLED:], labelled=value[:_LABELLED]) for name, value in every.items()}


def _classes() -> Any:
    return np.arange(_RECORDS) % 3


def tried(make: Callable[[], Any], kind: Kind) -> str:
    """Return what a query by a model of one kind comes to: works, – where it cannot be fitted, or the words."""
    y = _classes()[:_LABELLED]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            model = make().fit(kind.labelled, y)
        except (ValueError, TypeError, AttributeError, KeyError, IndexError):
            return "–"
        more = {} if hasattr(model, "classes_") or isinstance(model, list) else {"classes": [0, 1, 2]}
        try:
            rows = alrl.query(model, kind.pool, kind.labelled, y, batch_size=3, **more)  # type: ignore[arg-type]
        except AlrlError as error:
            # What the model itself says is not ours to promise.
            return str(error).split(" records: ")[0]
    return "works" if len(set(np.asarray(rows).tolist())) == 3 else "other records"


def _seen(kind: Kind) -> str:
    """Return what strategies see of a kind of data, whatever the model."""
    pool, labelled = read_records(kind.pool, "X_pool"), read_records(kind.labelled, "X_labelled")
    return find_features(pool, labelled, None).source


def given(make: Callable[[], Any], mixed: pd.DataFrame) -> str:
    """Return what a classifier is given in a loop over a table: the frame, or numbers."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = DataSet.read(mixed.assign(kind=_classes().astype(str)), label="kind")
        try:
            simulator = Simulator([draw_task(data, [0])], ScikitLearn(make()), labels=1)
        except AlrlError:
            return "refused: it has not the columns"
    return "frame" if simulator.learner._frames.frames else "numbers"  # type: ignore[attr-defined]


def models_page() -> str:
    """Return the page: every cell is tried now."""
    data, notes = kinds(), dict[str, int]()
    lines = [f"| model | {' | '.join(data)} |", f"|---|{'---|' * len(data)}"]
    for name, make in MODELS.items():
        cells = []
        for kind in data.values():
            answer = tried(make, kind)
            cells.append(answer if answer in {"works", "–"} else f"refused {notes.setdefault(answer, len(notes) + 1)}")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    lines.append(f"| *strategies see* | {' | '.join(map(_seen, data.values()))} |")
    words = [f"{number}. “{answer}”" for answer, number in notes.items()]
    kind = data["frame with categories and gaps"]
    mixed = pd.concat([kind.labelled, kind.pool])
    numbers = mixed.drop(columns="town")
    loops = ["| classifier | table with text, categories and gaps | table of numbers with gaps |", "|---|---|---|"]
    for name, make in MODELS.items():
        if name not in _NO_LEARNERS:
            loops.append(f"| {name} | {given(make, mixed)} | {given(make, numbers)} |")
    return _BEGINNING + "\n".join(lines) + "\n\n" + "\n".join(words) + "\n" + _LOOPS + "\n".join(loops) + "\n" + _END


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(models_page(), encoding="utf-8")
