"""Any fitted model answers a query, or is refused in words that say what to do."""

from __future__ import annotations

import json
import threading
import urllib.request
import warnings
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.cluster import KMeans
from sklearn.datasets import load_wine
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.dummy import DummyClassifier
from sklearn.ensemble import (
    AdaBoostClassifier,
    BaggingClassifier,
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    IsolationForest,
    RandomForestClassifier,
    RandomForestRegressor,
    StackingClassifier,
    VotingClassifier,
)
from sklearn.linear_model import LinearRegression, LogisticRegression, Perceptron, RidgeClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.multiclass import OneVsOneClassifier, OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier
from sklearn.neighbors import KNeighborsClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC
from xgboost import XGBClassifier

import alrl
from alrl.agents.own_data.ensemble_members import members_of
from alrl.agents.own_data.records import read_records
from alrl.agents.query import query
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.strategies import make_strategy

X, Y = load_wine(return_X_y=True)
X = StandardScaler().fit_transform(X)
ORDER = np.random.default_rng(0).permutation(len(X))
LABELLED, POOL = ORDER[:40], ORDER[40:100]
WORDS = np.array(["zinc", "argon", "iron"])


def ask(model: Any, y: Any = None, strategy: str = "general", batch: int = 5, **more: Any) -> list[int]:
    labels = Y[LABELLED] if y is None else y
    return list(
        alrl.query(model, X[POOL], X[LABELLED], labels, strategy=strategy, batch_size=batch, **more)  # type: ignore[arg-type]
    )


class TorchClassifier(ClassifierMixin, BaseEstimator):
    """A torch module with scikit-learn's interface, as skorch gives one."""

    def fit(self, X: NDArray[Any], y: NDArray[Any]) -> TorchClassifier:
        self.classes_ = np.unique(y)
        generator = torch.Generator().manual_seed(0)
        self.module_ = torch.nn.Linear(X.shape[1], len(self.classes_))
        with torch.no_grad():
            self.module_.weight.normal_(generator=generator)
        return self

    def predict_proba(self, X: NDArray[Any]) -> torch.Tensor:
        return self.module_(torch.as_tensor(X, dtype=torch.float32)).softmax(1)

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(self.classes_[self.predict_proba(X).argmax(1)])


MODELS = [
    LogisticRegression(),
    RandomForestClassifier(5, random_state=0),
    HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=2),
    GradientBoostingClassifier(n_estimators=2),
    AdaBoostClassifier(n_estimators=2),
    BaggingClassifier(max_features=5, n_estimators=3, random_state=0),
    VotingClassifier([("a", LogisticRegression()), ("b", RandomForestClassifier(3))], voting="soft"),
    VotingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier()), ("c", RidgeClassifier())]),
    StackingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier())], cv=2),
    OneVsRestClassifier(LogisticRegression()),
    OneVsOneClassifier(LinearSVC()),
    SVC(),
    LinearSVC(),
    RidgeClassifier(),
    Perceptron(),
    KNeighborsClassifier(),
    LinearDiscriminantAnalysis(),
    CalibratedClassifierCV(LinearSVC(), cv=2),
    GridSearchCV(RandomForestClassifier(3), {"max_depth": [2, 3]}, cv=2),
    make_pipeline(StandardScaler(), RandomForestClassifier(3)),
    LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1),
    TorchClassifier(),
]


@pytest.mark.parametrize("labels", ["numbers", "words", "bools"])
@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_models_of_every_kind_are_asked_whatever_their_labels(model: Any, labels: str) -> None:
    y = {"numbers": Y, "words": WORDS[Y], "bools": Y > 0}[labels][LABELLED]
    model.fit(X[LABELLED], y)
    rows = ask(model, y, "general" if labels == "numbers" else "margin")
    assert len(set(rows)) == 5
    # Whatever a label is called, the record of least margin is that of the model's own probabilities.
    if labels != "bools" and hasattr(model, "predict_proba"):
        answers = np.sort(np.asarray(model.predict_proba(X[POOL]).tolist()), 1)
        margin = answers[:, -1] - answers[:, -2]
        assert margin[ask(model, y, "margin", batch=1)[0]] == pytest.approx(margin.min(), abs=1e-6)


def test_xgboost_is_asked_in_its_own_codes_and_told_of_others() -> None:
    model = XGBClassifier(n_estimators=2, n_jobs=1).fit(X[LABELLED], Y[LABELLED])
    assert len(ask(model)) == 5
    with pytest.raises(
        InvalidDataError, match=r"holds \['.*which the model was not fitted on: its classes are \[0, 1, 2"
    ):
        ask(model, WORDS[Y[LABELLED]])


def test_a_decision_function_ranks_as_the_distance_from_the_boundary() -> None:
    two = LABELLED[Y[LABELLED] < 2]
    model = LinearSVC().fit(X[two], Y[two])
    rows = alrl.query(model, X[POOL], X[two], Y[two], strategy="margin", batch_size=5)
    assert rows.tolist() == np.abs(model.decision_function(X[POOL])).argsort()[:5].tolist()


def test_a_hard_vote_is_a_share_of_votes() -> None:
    parts = [("a", LogisticRegression()), ("b", KNeighborsClassifier(1)), ("c", LinearDiscriminantAnalysis())]
    model = VotingClassifier(parts).fit(X[LABELLED], Y[LABELLED])
    votes = np.stack([each.predict(X[POOL]) for each in model.estimators_])
    split = (votes != votes[0]).any(0)
    rows = ask(model, strategy="margin", batch=int(split.sum()))
    assert sorted(rows) == np.flatnonzero(split).tolist()


class OnlyPredicts:
    classes_ = np.array([0, 1, 2])

    def predict(self, X: NDArray[Any]) -> NDArray[Any]:
        return np.asarray(X[:, 0] > 0, dtype=int)


def test_a_model_that_only_predicts_is_one_that_is_always_sure() -> None:
    assert len(set(ask(OnlyPredicts(), strategy="core-set"))) == 5
    assert len(set(ask(OnlyPredicts()))) == 5
    model = OnlyPredicts()
    model.classes_ = None  # type: ignore[assignment]
    with pytest.raises(InvalidDataError, match="OnlyPredicts has only predict"):
        ask(model)


def test_pairs_of_classes_are_refused() -> None:
    model = SVC(decision_function_shape="ovo").fit(X[LABELLED], Y[LABELLED])
    with pytest.raises(
        InvalidDataError, match=r'SVC decides between pairs of classes.*decision_function_shape = "ovr"'
    ):
        ask(model)


@pytest.fixture
def service() -> Iterator[str]:
    """A web service of this machine that answers records with class probabilities."""
    model = LogisticRegression().fit(X[LABELLED], Y[LABELLED])

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            records = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            body = json.dumps(model.predict_proba(records).tolist()).encode()
            self.send_response(200)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *given: Any) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_function_that_asks_a_web_service_is_a_model(service: str) -> None:
    def model(records: NDArray[Any]) -> Any:
        wanted = urllib.request.Request(service, json.dumps(records.tolist()).encode(), method="POST")  # noqa: S310
        with urllib.request.urlopen(wanted, timeout=30) as answer:  # noqa: S310
            return json.load(answer)

    here = LogisticRegression().fit(X[LABELLED], Y[LABELLED])
    assert ask(model) == ask(here)


def test_what_the_service_itself_raises_passes() -> None:
    def model(records: NDArray[Any]) -> Any:
        raise ConnectionError("the service is down")

    with pytest.raises(ConnectionError, match="the service is down"):
        ask(model)


def test_a_function_whose_columns_have_no_names_is_told_them() -> None:
    here = LogisticRegression().fit(X[LABELLED], WORDS[Y[LABELLED]])
    words = WORDS[Y[LABELLED]]
    # Sorted, as scikit-learn sorts, they are guessed right where every class is labelled.
    assert ask(here.predict_proba, words) == ask(here, words)
    two = LABELLED[Y[LABELLED] < 2]
    with pytest.raises(InvalidDataError, match=r"no classes_ and gives 3 columns, .* classes=\[\.\.\.\]"):
        alrl.query(here.predict_proba, X[POOL], X[two], WORDS[Y[two]])
    rows = alrl.query(here.predict_proba, X[POOL], X[two], WORDS[Y[two]], classes=here.classes_.tolist())
    assert len(rows) == 1


def test_columns_that_are_named_by_classes_go_by_their_names() -> None:
    here = LogisticRegression().fit(X[LABELLED], WORDS[Y[LABELLED]])

    def model(records: NDArray[Any]) -> pd.DataFrame:
        return pd.DataFrame(here.predict_proba(records), columns=here.classes_)[["zinc", "iron", "argon"]]

    words = WORDS[Y[LABELLED]]
    assert ask(model, words) == ask(here, words)


def test_a_torch_module_gives_logits_or_probabilities_and_is_left_as_it_was() -> None:
    torch.manual_seed(0)
    logits = torch.nn.Sequential(torch.nn.Linear(13, 3), torch.nn.Dropout(0.5)).train()
    probabilities = torch.nn.Sequential(logits, torch.nn.Softmax(1))
    assert ask(logits) == ask(probabilities) == ask(logits)
    assert logits.training
    pool, labelled = torch.from_numpy(X[POOL]), torch.from_numpy(X[LABELLED])
    rows = alrl.query(logits, pool, labelled, torch.from_numpy(Y[LABELLED]), strategy="general", batch_size=5)
    assert list(rows) == ask(logits)
    with pytest.raises(InvalidDataError, match="the model cannot predict these records: mat1 and mat2"):
        ask(torch.nn.Linear(4, 3))
    with pytest.raises(InvalidDataError, match="Sequential has no classes_ and gives 1 columns"):
        ask(torch.nn.Sequential(torch.nn.Linear(13, 1), torch.nn.Sigmoid()))


def test_several_models_are_a_committee() -> None:
    models = [LogisticRegression(C=C).fit(X[LABELLED], Y[LABELLED]) for C in (0.01, 1.0)]
    rows = ask(models, strategy="mean-kl")
    answers = np.stack([each.predict_proba(X[POOL]) for each in models])
    disagreement = (answers * np.log(answers / answers.mean(0))).sum(-1).mean(0)
    assert rows == disagreement.argsort()[::-1][:5].tolist()
    two = LABELLED[Y[LABELLED] < 2]
    blind = LogisticRegression().fit(X[two], Y[two])
    assert len(ask([*models, blind], strategy="vote-entropy")) == 5
    with pytest.raises(InvalidDataError, match="an empty list of models"):
        ask([])


ENSEMBLES = [
    RandomForestClassifier(5, random_state=0),
    BaggingClassifier(n_estimators=4, max_features=6, random_state=0),
    VotingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier())], voting="soft"),
    CalibratedClassifierCV(LinearSVC(), cv=3),
    GridSearchCV(RandomForestClassifier(4, random_state=0), {"max_depth": [2]}, cv=2),
    make_pipeline(StandardScaler(), BaggingClassifier(n_estimators=3, random_state=0)),
]


@pytest.mark.parametrize("words", [False, True])
@pytest.mark.parametrize("model", ENSEMBLES, ids=lambda model: type(model).__name__)
def test_the_members_of_an_ensemble_are_found_where_it_keeps_them(model: Any, words: bool) -> None:
    y = WORDS[Y[LABELLED]] if words else Y[LABELLED] + 1
    model.fit(X[LABELLED], y)
    members = members_of(model, read_records(X[POOL], "X_pool"), model.classes_)
    assert members is not None
    np.testing.assert_allclose(members.mean(0), model.predict_proba(X[POOL]), atol=1e-12)
    assert len(ask(model, y, "vote-entropy")) == 5


@pytest.mark.parametrize(
    "model", [OneVsRestClassifier(LogisticRegression()), OneVsOneClassifier(LinearSVC()), GradientBoostingClassifier()]
)
def test_parts_of_one_decision_are_no_committee(model: Any) -> None:
    model.fit(X[LABELLED], Y[LABELLED])
    assert members_of(model, read_records(X[POOL], "X_pool"), model.classes_) is None
    with pytest.raises((InvalidDataError, InvalidRecipeError, ValueError), match=r"members|committee"):
        ask(model, strategy="bald")


def test_a_class_that_the_model_has_not_seen_gets_probability_zero_and_the_reverse_is_no_hindrance() -> None:
    two = LABELLED[Y[LABELLED] < 2]
    model = LogisticRegression().fit(X[two], Y[two])
    assert len(set(ask(model))) == 5
    whole = LogisticRegression().fit(X[LABELLED], Y[LABELLED])
    assert len(alrl.query(whole, X[POOL], X[two], Y[two], batch_size=5)) == 5


@pytest.mark.parametrize("name", ["general", "margin", "random", "core-set", "badge", "entropy"])
def test_a_model_of_one_class_begins_like_any_other(name: str) -> None:
    one = DummyClassifier().fit(X[LABELLED], np.full(40, "zinc"))
    assert len(set(ask(one, np.full(40, "zinc"), name))) == 5


def test_nothing_need_be_labelled_for_a_model_from_elsewhere() -> None:
    model = LogisticRegression().fit(X[LABELLED], Y[LABELLED])
    for nothing in ([], None, np.empty((0, 13))):
        for strategy in ("general", "margin", "typiclust"):
            assert len(alrl.query(model, X[POOL], nothing, [], strategy=strategy, batch_size=3)) == 3


class Given(ClassifierMixin, BaseEstimator):
    """Says what it was told to say."""

    classes_ = np.array([0, 1, 2])

    def __init__(self, answers: Any) -> None:
        self.answers = answers

    def predict_proba(self, X: NDArray[Any]) -> Any:
        return self.answers(X)


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        (lambda X: np.full((len(X), 3), np.nan), "predict_proba gave 180 values that are not finite"),
        (lambda X: np.full((len(X), 3), 0.5), "sum to 1.5 to 1.5; probabilities of classes sum to 1: normalise them"),
        (lambda X: np.tile([1.5, -0.5, 0.0], (len(X), 1)), "rows from -0.5 to 1.5 that sum to 1 to 1"),
        (lambda X: np.full((len(X), 2), 0.5), r"gave shape \(100, 2\) and it has 3 classes; expected \(100, 3\)"),
        (lambda X: np.full(len(X), 0.5), r"gave shape \(60,\) for 60 records; expected \(records, classes\)"),
        (lambda X: np.full((3, 3), 1 / 3), r"gave shape \(3, 3\) for 60 records"),
        (lambda X: [["a", "b", "c"]] * len(X), "predict_proba gave no numbers"),
        (lambda X: [np.full((len(X), 2), 0.5)] * 3, "several outputs a record; alrl learns one class a record"),
    ],
)
def test_probabilities_that_are_none_are_refused(answers: Any, message: str) -> None:
    with pytest.raises(InvalidDataError, match=message):
        ask(Given(answers))


def test_half_precision_and_lists_are_probabilities() -> None:
    model = LogisticRegression().fit(X[LABELLED], Y[LABELLED])
    for answers in (lambda X: model.predict_proba(X).tolist(), lambda X: model.predict_proba(X).astype(np.float16)):
        assert len(ask(Given(answers))) == 5


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (LogisticRegression(), "LogisticRegression is not fitted; fit it to the labelled records first"),
        (make_pipeline(StandardScaler(), LogisticRegression()), "Pipeline is not fitted"),
        (GridSearchCV(LogisticRegression(), {}), "GridSearchCV is not fitted"),
        (XGBClassifier(), "XGBClassifier is not fitted|cannot predict"),
        (LGBMClassifier(), "LGBMClassifier is not fitted|cannot predict"),
        (LogisticRegression, "the class LogisticRegression given; give a fitted object of it"),
        (LinearRegression().fit(X, Y), "LinearRegression is a regressor; alrl learns one class a record"),
        (RandomForestRegressor(2).fit(X, Y), "RandomForestRegressor is a regressor; alrl learns one class a record"),
        (
            OneVsRestClassifier(LogisticRegression()).fit(X, np.eye(3)[Y].astype(int)),
            "OneVsRestClassifier was fitted to several labels a record; alrl learns one class a record",
        ),
        (
            MultiOutputClassifier(LogisticRegression()).fit(X, np.stack([Y, Y], 1)),
            "MultiOutputClassifier has several outputs a record; alrl learns one class a record",
        ),
        (RandomForestClassifier(2).fit(X, np.stack([Y, Y], 1)), "several outputs a record; alrl learns one class"),
        (StandardScaler().fit(X), "StandardScaler is no model: it has neither predict_proba"),
        (IsolationForest(n_estimators=2).fit(X), "IsolationForest finds outliers, no classes"),
        (None, "NoneType is no model"),
        ("m.skops", "model = 'm.skops' given; a query takes the fitted model itself, not its name or file"),
        (KMeans(2, n_init=1).fit(X), "KMeans finds clusters, no classes; give a classifier"),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_what_is_no_fitted_classifier_is_refused(model: Any, message: str) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with pytest.raises(InvalidDataError, match=message):
            ask(model)


def test_scores_and_features_come_along_if_asked_for() -> None:
    model = LogisticRegression().fit(X[LABELLED], Y[LABELLED])
    wanted = query(make_strategy("margin"), model, X[POOL], X[LABELLED], Y[LABELLED], batch_size=4, return_scores=True)
    assert wanted.records.tolist() == ask(model, strategy="margin", batch=4)  # type: ignore[union-attr]
    assert wanted.scores.argsort()[::-1][:4].tolist() == wanted.records.tolist()  # type: ignore[union-attr]
    assert wanted.features.shape == (60, 13)  # type: ignore[union-attr]
    general = alrl.load_policy("general").query(model, X[POOL], X[LABELLED], Y[LABELLED], return_scores=True)
    assert general.scores.argmax() == general.records[0]
    assert np.isneginf(general.scores).any()


class Wrapper(ClassifierMixin, BaseEstimator):
    """Keeps what it has learnt in an attribute without an underscore, as many wrappers do, and names no classes."""

    def __init__(self, strength: float = 1.0) -> None:
        self.strength = strength

    def fit(self, X: Any, y: Any) -> Wrapper:
        self.inner = LogisticRegression(C=self.strength).fit(X, y)
        return self

    def predict_proba(self, X: Any) -> Any:
        return self.inner.predict_proba(X)


def test_a_wrapper_that_keeps_its_model_by_a_plain_name_is_fitted_once_it_is() -> None:
    with pytest.raises(InvalidDataError, match="Wrapper is not fitted; fit it to the labelled records first"):
        ask(Wrapper())
    fitted = Wrapper().fit(X[LABELLED], Y[LABELLED])
    assert ask(fitted) == ask(LogisticRegression().fit(X[LABELLED], Y[LABELLED]))


def test_a_booster_of_its_own_interface_may_be_asked_by_a_function() -> None:
    model = LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1).fit(X[LABELLED], Y[LABELLED])
    with pytest.raises(InvalidDataError, match=r"if these are probabilities, give the function itself: model\.predict"):
        ask(model.booster_)
    assert ask(model.booster_.predict, classes=[0, 1, 2]) == ask(model)


@pytest.mark.parametrize(
    ("classes", "strange", "named"), [(WORDS, "iron ", "'iron'"), (WORDS, "Iron", "'iron'"), (np.arange(3), "2", "2")]
)
def test_a_label_that_differs_in_writing_alone_is_no_class_of_its_own(
    classes: NDArray[Any], strange: str, named: str
) -> None:
    y = classes[Y[LABELLED]]
    model = LogisticRegression().fit(X[LABELLED], y)
    labels: list[Any] = y.tolist()
    labels[int(np.flatnonzero(Y[LABELLED] == 2)[0])] = strange
    with pytest.raises(InvalidDataError, match=f"'{strange}', which differs from the class {named} in writing alone"):
        ask(model, labels)
    # Whoever means it says so.
    assert len(ask(model, labels, classes=[*classes.tolist(), strange])) == 5


@pytest.mark.parametrize(
    ("labelled", "classes", "message"),
    [
        (([0, 1], ["yes", "no"]), None, r"labelled holds \['yes', 'no'\], and the columns are of the classes \[0, 1"),
        (([0, 1], [1, 3]), None, r"labelled holds \[3\], .* name the columns' classes by classes="),
        (([0, 1], [0, 1]), WORDS, r"labelled holds \[0, 1\], and the columns are of the classes \['zinc'"),
        (([0, 1], ["zinc", "Argon"]), WORDS, "labelled holds 'Argon', which differs from the class 'argon'"),
    ],
)
def test_labels_of_probabilities_are_those_of_the_columns(labelled: Any, classes: Any, message: str) -> None:
    chances = LogisticRegression().fit(X[LABELLED], Y[LABELLED]).predict_proba(X)
    with pytest.raises(InvalidDataError, match=message):
        alrl.query(chances, labelled=labelled, classes=classes, strategy="badge")


def test_probabilities_of_one_class_alone_are_told_how_to_be_two() -> None:
    with pytest.raises(InvalidDataError, match=r"np\.column_stack\(\[1 - p, p\]\) of two classes"):
        alrl.query(np.linspace(0, 1, 9), strategy="margin")


def test_a_model_that_names_a_class_twice_is_refused() -> None:
    model = LogisticRegression().fit([[0.0], [1.0], [2.0]], ["a", "b", "c"])
    model.classes_ = np.array(["a", "b", "b"])
    with pytest.raises(InvalidDataError, match=r"classes_ = \['a', 'b', 'b'\], which names 'b' twice"):
        query(make_strategy("margin"), model, [[0.5], [1.5]], [[0.0], [2.0]], ["a", "b"])
    with pytest.raises(InvalidDataError, match=r"classes = \['a', 'a'\], which names 'a' twice"):
        query(make_strategy("margin"), lambda X: np.full((len(X), 2), 0.5), [[0.5]], [[0.0]], ["a"], classes=["a", "a"])
