"""Columns that a model does not look at change no pick; a table given to a model of texts is told so."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
from sklearn.compose import ColumnTransformer, make_column_selector
from sklearn.ensemble import RandomForestClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import alrl
from alrl.errors import InvalidDataError, InvalidQueryError, InvalidRecipeError

RNG = np.random.default_rng(0)
TABLE = pd.DataFrame(RNG.normal(size=(80, 3)), columns=list("abc"))
Y = np.where(TABLE.a + TABLE.b > 0, "p", "q")
WITH_ID = TABLE.assign(id=RNG.permutation(80) * 100.0)


def picks(model: Any, table: Any, labelled: Any = None) -> list[int]:
    known = table[:15] if labelled is None else labelled
    return list(alrl.query(model, table[15:], known, Y[:15], strategy="general", batch_size=4).tolist())


@pytest.mark.parametrize(
    "columns",
    [["a", "b"], [0, 1], slice(0, 2), slice("a", "b"), [True, True, False, False], make_column_selector("^[ab]$")],
    ids=["names", "places", "slice of places", "slice of names", "mask", "selector"],
)
def test_a_column_that_a_model_leaves_out_is_no_feature(columns):
    def model(table, chosen):
        scale = ColumnTransformer([("scale", StandardScaler(), chosen)])
        return make_pipeline(scale, LogisticRegression()).fit(table[:15], Y[:15])

    two = TABLE[["a", "b"]]
    assert picks(model(WITH_ID, columns), WITH_ID) == picks(model(two, ["a", "b"]), two)


def test_the_pipeline_that_a_search_has_chosen_selects_too():
    pipeline = make_pipeline(ColumnTransformer([("scale", StandardScaler(), ["a", "b"])]), LogisticRegression())
    search = GridSearchCV(pipeline, {"logisticregression__C": [1.0]}, cv=2)
    two = TABLE[["a", "b"]]
    assert picks(search.fit(WITH_ID[:15], Y[:15]), WITH_ID) == picks(search.fit(two[:15], Y[:15]), two)


def test_columns_that_no_member_of_a_committee_knows_are_no_features():
    members = [LogisticRegression(), RandomForestClassifier(5, random_state=0)]
    committee = [member.fit(TABLE[:15], Y[:15]) for member in members]
    assert picks(committee, WITH_ID) == picks(committee, TABLE) == picks(committee, WITH_ID, TABLE[:15])


TEXTS = ["good film", "bad film", "fine play", "poor play", "good play", "bad play"] * 3


@pytest.mark.parametrize(
    ("pool", "labelled", "message"),
    [
        (pd.DataFrame({"text": TEXTS}), [], r"X_pool is a table of the column 'text'; give .* as X_pool\['text'\]"),
        (pl.DataFrame({"text": TEXTS}), [], r"as X_pool\['text'\]"),
        (pd.DataFrame({"text": TEXTS, "n": 1}), [], r"table of columns \['text', 'n'\]"),
        (np.array(TEXTS).reshape(-1, 1), [], r"X_pool is a table; give the texts alone, as X_pool\[:, 0\]"),
        ([*TEXTS, None], TEXTS[:4], "X_pool holds text and 1 records without any, the first in row 18"),
        ([*TEXTS, float("nan")], TEXTS[:4], "X_pool holds text and 1 records without any"),
        (np.array([*TEXTS, None], dtype=object), TEXTS[:4], "X_pool holds text and 1 records without any"),
        (pd.Series([*TEXTS, pd.NA], dtype=object), TEXTS[:4], "X_pool holds text and 1 records without any"),
    ],
    ids=["frame", "polars", "two columns", "array", "None", "NaN", "objects", "series"],
)  # fmt: skip
def test_what_is_given_to_a_model_of_texts_is_told_in_its_words(pool, labelled, message):
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(TEXTS[:4], ["+", "-", "+", "-"])
    with pytest.raises(InvalidDataError, match=message):
        alrl.query(model, pool, labelled, ["+", "-", "+", "-"][: len(labelled)])


def test_a_matrix_for_the_labelled_rows_is_told_by_its_shape():
    with pytest.raises(
        InvalidQueryError, match=r"labelled is a matrix of shape \(20, 3\); give the row numbers"
    ) as error:
        alrl.query(np.full((50, 2), 0.5), labelled=RNG.normal(size=(20, 3)))
    assert len(str(error.value)) < 200


class Elsewhere:
    """A model that follows nobody's interface: no parameters, and lists of probabilities in an order of its own."""

    classes_ = ("q", "p")

    def __init__(self, model: Any) -> None:
        self.model = model

    def fit(self, X: Any, y: Any) -> Elsewhere:
        return self

    def predict_proba(self, X: Any) -> list[list[float]]:
        return np.asarray(self.model.predict_proba(X), dtype=np.float32)[:, ::-1].tolist()  # type: ignore[no-any-return]


def test_a_model_that_follows_no_interface_is_asked_in_the_order_of_its_classes():
    numbers = TABLE.to_numpy()
    model = LogisticRegression().fit(numbers[:15], Y[:15])
    assert picks(Elsewhere(model), numbers) == picks(model, numbers)
    unnamed = Elsewhere(model)
    unnamed.classes_ = None  # type: ignore[assignment]
    rows = alrl.query(unnamed, numbers[15:], numbers[:15], Y[:15], classes=["q", "p"], batch_size=4)
    assert rows.tolist() == picks(model, numbers)


@pytest.mark.parametrize(
    "change",
    [np.asfortranarray, np.asmatrix, pd.DataFrame, lambda X: np.repeat(X, 2, 0)[::2], lambda X: X.astype(object)],
    ids=["Fortran", "matrix", "frame", "strided", "objects"],
)
@pytest.mark.filterwarnings("ignore:the matrix subclass:PendingDeprecationWarning")
def test_arrays_of_any_make_give_the_same_picks(change):
    numbers = TABLE.to_numpy()
    numbers.setflags(write=False)
    model = LogisticRegression().fit(numbers[:15], Y[:15])
    rows = alrl.query(model, change(numbers[15:]), numbers[:15], Y[:15], strategy="general", batch_size=4)
    assert rows.tolist() == picks(model, numbers)


class _OfTheFirst:
    """A model of a table that is no pipeline: by the sign of the column a, whatever its unit."""

    classes_ = np.array(["p", "q"])

    def __init__(self, unit: float) -> None:
        self.unit = unit

    def predict_proba(self, table: pd.DataFrame) -> Any:
        chance = 1 / (1 + np.exp(-table["a"].to_numpy() / self.unit))
        return np.column_stack([chance, 1 - chance])


@pytest.mark.parametrize("unit", [2.0**-40, 1e-8, 1e-12, 1e12])
def test_a_table_of_numbers_and_words_is_the_same_in_every_unit(unit):
    words = TABLE.assign(word=np.array(["red", "green", "blue"])[np.arange(80) % 3])
    there = words.assign(a=words["a"] * unit)
    assert picks(_OfTheFirst(unit), there) == picks(_OfTheFirst(1.0), words)


@pytest.mark.parametrize("strategy", [None, 3])
def test_what_names_no_strategy_is_told_what_does(strategy):
    model = LogisticRegression().fit(TABLE[:15], Y[:15])
    with pytest.raises(InvalidRecipeError, match=f"strategy = {strategy} given; give the name of a strategy"):
        alrl.query(model, TABLE[15:], TABLE[:15], Y[:15], strategy=strategy)
