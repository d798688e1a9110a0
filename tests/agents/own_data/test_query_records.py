"""Records of every kind are queried as people hold them; what strategies see is found, or is what they say it is."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from lightgbm import LGBMClassifier
from numpy.typing import NDArray
from scipy import sparse
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_digits, load_wine
from sklearn.decomposition import PCA
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from xgboost import XGBClassifier

import alrl
from alrl.agents.own_data.features import find_features
from alrl.agents.own_data.pool_and_labelled import read_pair
from alrl.agents.own_data.records import read_records
from alrl.errors import InvalidDataError, InvalidQueryError

START = pd.Timestamp("2020-01-01")
RULES = ("general", "margin", "random", "core-set", "badge", "typiclust")


def rows(*given: Any, **more: Any) -> list[Any]:
    return list(alrl.query(*given, **{"strategy": "general", "batch_size": 4} | more))  # type: ignore[arg-type]


def wine() -> tuple[NDArray[Any], NDArray[Any], NDArray[Any]]:
    """Pool, labelled records and their labels."""
    X, y = load_wine(return_X_y=True)
    order = np.random.default_rng(0).permutation(len(X))
    return X[order[30:110]], X[order[:30]], y[order[:30]]


def people(records: int = 90) -> pd.DataFrame:
    """A table as people have one: text, categories, dates, bools and gaps."""
    rng = np.random.default_rng(1)
    table = pd.DataFrame(
        {
            "age": rng.normal(40, 10, records).round(),
            "city": rng.choice(["Paris", "Lima", "Oslo"], records),
            "joined": [START + pd.Timedelta(days=int(d)) for d in rng.integers(999, size=records)],
            "member": rng.integers(2, size=records).astype(bool),
            "note": rng.choice(["likes tea", "likes coffee", "wants a refund", "asks for help"], records),
        }
    )
    table.loc[3, "age"], table.loc[5, "city"] = np.nan, None
    return table


def answers(table: pd.DataFrame) -> NDArray[Any]:
    return np.where(table["age"].fillna(40) + 9 * (table["city"] == "Lima") > 42, "yes", "no")


def encoder() -> ColumnTransformer:
    numbers = make_pipeline(SimpleImputer(), StandardScaler())
    return ColumnTransformer([("n", numbers, ["age"]), ("c", OneHotEncoder(handle_unknown="ignore"), ["city"])])


def pipeline() -> Pipeline:
    return make_pipeline(encoder(), LogisticRegression())


@pytest.mark.parametrize("rule", RULES)
def test_a_pipeline_by_column_names_is_given_its_frame(rule: str) -> None:
    table = people()
    pool, labelled = table[30:], table[:30]
    model = pipeline().fit(labelled, answers(labelled))
    ids = rows(model, pool, labelled, answers(labelled), strategy=rule)
    assert len(set(ids)) == 4
    assert set(ids) <= set(pool.index)


def test_the_pipelines_own_encoder_is_what_strategies_see() -> None:
    table = people()
    model = pipeline().fit(table[:30], answers(table[:30]))
    for wrapped in (
        model,
        GridSearchCV(pipeline(), {}, cv=2).fit(table[:30], answers(table[:30])),
        VotingClassifier([("a", pipeline()), ("b", pipeline())]).fit(table[:30], answers(table[:30])),
    ):
        result = find_features(*read_pair(table[30:], table[:30], wrapped), wrapped)
        assert result.source == "the model's own encoder"
        np.testing.assert_allclose(result.values[:60], model[:-1].transform(table[30:]))


@pytest.mark.parametrize("rule", ["vote-entropy", "bald", "mean-kl", "consensus-entropy"])
def test_a_vote_of_pipelines_is_a_committee(rule: str) -> None:
    table = people()
    votes = [("a", pipeline()), ("b", make_pipeline(encoder(), RandomForestClassifier(3, random_state=0)))]
    model = VotingClassifier(votes, voting="soft").fit(table[:30], answers(table[:30]))
    assert len(set(rows(model, table[30:], table[:30], answers(table[:30]), strategy=rule))) == 4


@pytest.mark.parametrize("rule", RULES)
def test_a_frame_that_the_model_encodes_by_itself_is_encoded_by_skrub(rule: str) -> None:
    table = people()

    def model(frame: pd.DataFrame) -> NDArray[Any]:
        lima = np.asarray((frame["city"] == "Lima").to_numpy(), dtype=float)
        return np.stack([1 - 0.9 * lima, 0.9 * lima], 1)

    ids = rows(model, table[30:], table[:30], answers(table[:30]), strategy=rule, classes=["no", "yes"])
    assert len(set(ids)) == 4
    result = find_features(*read_pair(table[30:], table[:30]), model)
    assert result.source == "skrub's TableVectorizer"
    assert np.isfinite(result.values).all()
    again = find_features(*read_pair(table[30:], table[:30]), model)
    np.testing.assert_array_equal(result.values, again.values)


def test_polars_frames_give_the_positions_of_what_pandas_frames_give() -> None:
    table = people()
    model = pipeline().fit(table[:30], answers(table[:30]))

    def wanted(frame: pl.DataFrame) -> Any:
        return model.predict_proba(table.iloc[frame["row"].to_list()])

    theirs = pl.DataFrame({**{name: table[name].tolist() for name in table}, "row": range(90)})
    result = rows(wanted, theirs[30:], theirs[:30], answers(table[:30]), strategy="margin", classes=["no", "yes"])
    ours = table.assign(row=range(90))

    def asked_ours(frame: pd.DataFrame) -> Any:
        return model.predict_proba(frame)

    expected = rows(asked_ours, ours[30:], ours[:30], answers(table[:30]), strategy="margin", classes=["no", "yes"])
    assert [30 + row for row in result] == expected
    lazy = rows(wanted, theirs[30:].lazy(), theirs[:30], answers(table[:30]), strategy="margin", classes=["no", "yes"])
    assert lazy == result


@pytest.mark.parametrize("unit", [1e-12, 1e-30, 1e12])
def test_picks_do_not_change_with_the_unit_of_measurement(unit: float) -> None:
    pool, labelled, y = wine()
    model, in_units = (
        make_pipeline(StandardScaler(), LogisticRegression()).fit(labelled * each, y) for each in (1, unit)
    )
    assert rows(in_units, pool * unit, labelled * unit, y) == rows(model, pool, labelled, y)


def test_columns_go_by_their_names_whatever_their_order() -> None:
    pool, labelled, y = wine()
    names = [f"c{number}" for number in range(13)]
    before, after = pd.DataFrame(labelled, columns=names), pd.DataFrame(pool, columns=names)
    shuffled = list(np.random.default_rng(2).permutation(names))
    for model in (
        make_pipeline(StandardScaler(), LogisticRegression()),
        RandomForestClassifier(5, random_state=0),
        XGBClassifier(n_estimators=2, n_jobs=1),
        LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1),
    ):
        model.fit(before, y)
        for rule in ("general", "core-set"):
            expected = rows(model, after, before, y, strategy=rule)
            assert rows(model, after[shuffled], before, y, strategy=rule) == expected
            assert rows(model, after, before[shuffled], y, strategy=rule) == expected
            assert rows(model, after[shuffled].assign(name="x"), before.assign(name="x"), y, strategy=rule) == expected
            assert rows(model, pl.from_dict(dict(after.items())), before, y, strategy=rule) == expected


def test_columns_that_the_other_or_the_model_lacks_are_told() -> None:
    pool, labelled, y = wine()
    names = [f"c{number}" for number in range(13)]
    before, after = pd.DataFrame(labelled, columns=names), pd.DataFrame(pool, columns=names)
    model = make_pipeline(StandardScaler(), LogisticRegression()).fit(before, y)
    with pytest.raises(InvalidDataError, match=r"X_pool lacks the columns \['c3'\] \(1 in all\); it has \['c0'"):
        rows(model, after.drop(columns="c3"), before, y)

    def anyone(frame: Any) -> Any:
        return np.full((len(frame), 3), 1 / 3)

    with pytest.raises(InvalidDataError, match=r"X_pool has the columns \['id'\], which X_labelled lacks"):
        rows(anyone, after.assign(id=1), before, y)
    with pytest.raises(InvalidDataError, match=r"X_pool lacks the columns \['id'\]"):
        rows(anyone, after, before.assign(id=1), y)
    with pytest.raises(InvalidDataError, match="X_pool has 12 features and X_labelled 13; give both the same columns"):
        rows(anyone, pool[:, 1:], labelled, y)
    with pytest.raises(InvalidDataError, match="X_pool holds text and X_labelled numbers; give both alike"):
        rows(anyone, ["some", "text"], labelled, y)
    with pytest.raises(InvalidDataError, match="X_pool has two columns 'c0'"):
        rows(anyone, pd.concat([after, after[["c0"]]], axis=1), before, y)


def test_frames_fitted_by_place_are_given_by_place() -> None:
    pool, labelled, y = wine()
    before, after = (pd.DataFrame(X, columns=[f"c{at}" for at in range(13)]) for X in (labelled, pool))
    for model in (RandomForestClassifier(5, random_state=0), LGBMClassifier(n_estimators=2, verbose=-1, n_jobs=1)):
        model.fit(labelled, y)
        assert rows(model, after, before, y) == rows(model, pool, labelled, y)


@pytest.mark.parametrize("rule", RULES)
def test_a_sparse_matrix_is_queried_as_it_is(rule: str) -> None:
    pool, labelled, y = wine()
    model = LogisticRegression(max_iter=5000).fit(labelled, y)
    dense = rows(model, pool, labelled, y, strategy=rule)
    for kind in (sparse.csr_matrix, sparse.csc_matrix, sparse.coo_array, sparse.csr_array):
        assert rows(model, kind(pool), kind(labelled), y, strategy=rule) == dense
    assert rows(model, sparse.csr_matrix(pool), labelled, y, strategy=rule) == dense


def text(records: int = 60) -> tuple[list[str], NDArray[Any]]:
    rng = np.random.default_rng(3)
    topics = [[f"{topic}{word}" for word in range(40)] for topic in ("ship", "bird", "coin")]
    y = rng.integers(3, size=records)
    return [" ".join(rng.choice(topics[label] + topics[(label + 1) % 3][:20], 12)) for label in y], y


@pytest.mark.parametrize("rule", RULES)
def test_text_is_queried_as_lists_arrays_and_series(rule: str) -> None:
    words, y = text()
    model = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words[:15], y[:15])
    expected = rows(model, words[15:], words[:15], y[:15], strategy=rule)
    for kind in (np.array, lambda each: np.array(each, dtype=object), pd.Series, pl.Series, tuple):
        assert rows(model, kind(words[15:]), kind(words[:15]), y[:15], strategy=rule) == expected


def test_text_of_a_model_without_a_pipeline_is_seen_by_its_words() -> None:
    words, y = text()
    inner = make_pipeline(TfidfVectorizer(), LogisticRegression()).fit(words[:15], y[:15])
    result = find_features(*read_pair(words[15:], words[:15]), inner.predict_proba)
    assert result.source in {"TF-IDF", "100 principal directions of TF-IDF"}
    assert len(rows(inner.predict_proba, words[15:], words[:15], y[:15])) == 4
    assert find_features(read_records(["!", "?", ""], "X_pool"), None, None).values.shape[0] == 3


def test_wide_sparse_matrices_are_seen_in_principal_directions_and_equal_rows_stay_equal() -> None:
    wide = sparse.random(80, 30_000, density=0.001, format="csr", random_state=0)
    twice = sparse.vstack([wide, wide[[5, 5, 7]]], format="csr")
    result = find_features(read_records(twice, "X_pool"), None, None)
    assert result.source == "82 principal directions of the sparse matrix"
    assert (result.values[[80, 81, 82]] == result.values[[5, 5, 7]]).all()
    model = LogisticRegression().fit(twice[:20], np.arange(20) % 2)
    assert len(rows(model, twice[20:], twice[:20], np.arange(20) % 2)) == 4


def test_a_missing_value_in_a_sparse_matrix_counts_as_none() -> None:
    pool, labelled, y = wine()
    gaps = sparse.csr_matrix(pool)
    gaps.data[3] = np.nan
    model = XGBClassifier(n_estimators=2, n_jobs=1).fit(sparse.csr_matrix(labelled), y)
    assert len(rows(model, gaps, sparse.csr_matrix(labelled), y)) == 4
    gaps.data[3] = np.inf
    with pytest.raises(InvalidDataError, match="X_pool holds 1 values that are infinite"):
        rows(model, gaps, sparse.csr_matrix(labelled), y)


@pytest.mark.parametrize("frame", [False, True])
@pytest.mark.parametrize("rule", RULES)
def test_models_that_take_gaps_are_given_them(rule: str, frame: bool) -> None:
    pool, labelled, y = wine()
    pool[3, 1] = labelled[2, 4] = np.nan
    given = (pd.DataFrame(pool), pd.DataFrame(labelled)) if frame else (pool, labelled)
    for model in (
        HistGradientBoostingClassifier(max_iter=3, min_samples_leaf=2),
        XGBClassifier(n_estimators=2, n_jobs=1),
        make_pipeline(SimpleImputer(), StandardScaler(), LogisticRegression()),
    ):
        model.fit(given[1], y)
        assert len(set(rows(model, *given, y, strategy=rule))) == 4


def test_a_gap_is_seen_as_the_mean_of_its_column() -> None:
    result = find_features(read_records([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]], "X_pool"), None, None)
    assert result.values.tolist() == [[1.0, 0.0], [3.0, 0.0], [2.0, 0.0]]


def test_a_model_that_takes_no_gaps_says_so() -> None:
    pool, labelled, y = wine()
    pool[3, 1] = np.nan
    model = LogisticRegression(max_iter=5000).fit(labelled, y)
    with pytest.raises(InvalidDataError, match=r"X_pool holds 1 missing values \(NaN\), which the model cannot take"):
        rows(model, pool, labelled, y, strategy="random")


@pytest.mark.parametrize("value", [1e200, -1e151])
def test_a_number_whose_square_overflows_is_refused_as_in_a_data_set(value: float) -> None:
    pool, labelled, y = wine()
    model = LogisticRegression(max_iter=5000).fit(labelled, y)
    pool[7, 2] = value
    match = r"X_pool holds 1 values that are larger than 1e\+150 \(squares overflow\), in 1 columns \(2\); rescale"
    with pytest.raises(InvalidDataError, match=match):
        rows(model, pool, labelled, y)
    with pytest.raises(InvalidDataError, match=r"columns \(c2\); rescale"):
        rows(model, *(pd.DataFrame(X).add_prefix("c") for X in (pool, labelled)), y)


@pytest.mark.parametrize(
    "kind",
    [
        lambda X: X.tolist(),
        lambda X: X.astype(object),
        torch.from_numpy,
        lambda X: np.ma.masked_array(X, mask=False),
        np.asfortranarray,
        lambda X: X[::-1][::-1],
        lambda X: pd.DataFrame(X).astype("Float64"),
        pl.from_numpy,
    ],
    ids=["list", "object", "tensor", "masked", "fortran", "view", "nullable", "polars"],
)
def test_the_same_numbers_are_the_same_records_however_they_are_held(kind: Any) -> None:
    pool, labelled, y = wine()
    model = RandomForestClassifier(5, random_state=0).fit(labelled, y)
    assert rows(model, kind(pool), kind(labelled), y) == rows(model, pool, labelled, y)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.int64, np.uint8, bool])
def test_numbers_of_every_precision_are_records(dtype: Any) -> None:
    pool, labelled, y = wine()
    pool, labelled = ((X - X.min(0)).astype(dtype) for X in (pool, labelled))
    model = RandomForestClassifier(5, random_state=0).fit(labelled, y)
    assert len(set(rows(model, pool, labelled, y))) == 4


def test_images_are_given_as_they_are_and_seen_by_their_pixels() -> None:
    images, y = load_digits(return_X_y=True)
    images = images[:90].reshape(-1, 8, 8)

    def model(X: NDArray[Any]) -> NDArray[Any]:
        assert X.shape[1:] == (8, 8)
        first = np.clip(X[:, 3, 3] / 16, 0, 1)
        return np.stack([first, 1 - first], 1)

    assert len(rows(model, images[20:], images[:20], y[:20] % 2)) == 4
    colour = np.repeat(images[:, None], 3, 1)
    net = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(192, 2))
    assert len(rows(net, torch.from_numpy(colour[20:]), torch.from_numpy(colour[:20]), y[:20] % 2)) == 4
    with pytest.raises(InvalidDataError, match=r"X_pool holds records of shape \(8, 8\) and X_labelled of \(3, 8, 8\)"):
        rows(model, images[20:], colour[:20], y[:20] % 2)
    large = np.random.default_rng(0).normal(size=(30, 40, 40))
    assert find_features(read_records(large, "X_pool"), None, None).source.startswith("29 principal directions")


def test_features_may_be_said_to_be_others() -> None:
    pool, labelled, y = wine()
    model = RandomForestClassifier(5, random_state=0).fit(labelled, y)
    parts = (model, pool, labelled, y)
    first = rows(*parts, strategy="core-set", features=(pool[:, :1], labelled[:, :1]))
    assert first != rows(*parts, strategy="core-set")
    assert rows(*parts, strategy="core-set", features=lambda X: X[:, :1]) == first
    fitted = PCA(2).fit(pool)
    expected = rows(*parts, strategy="core-set", features=(fitted.transform(pool), fitted.transform(labelled)))
    assert rows(*parts, strategy="core-set", features=fitted) == expected
    assert len(rows(*parts, strategy="core-set", features=PCA(2))) == 4
    frames = (model, *(pd.DataFrame(X).add_prefix("c") for X in (pool, labelled)), y)
    assert rows(*frames, strategy="core-set", features=["c0"]) == first
    objects = [{"row": row} for row in range(len(pool))]

    def shown(records: list[dict[str, int]]) -> NDArray[Any]:
        return np.full((len(records), 3), 1 / 3)

    assert len(rows(shown, objects, [{}] * 30, y, features=(pool, labelled))) == 4


@pytest.mark.parametrize(
    ("features", "message"),
    [
        ((np.zeros((3, 2)), np.zeros((30, 2))), "features of X_pool: 3 rows given for 80 records"),
        (np.zeros((80, 2)), "features are those of the pool alone; give a pair"),
        ((np.full((80, 2), np.inf), np.zeros((30, 2))), "features of X_pool holds 160 values that are infinite"),
        (["nobody"], "X_pool"),
        ("c0", r"features = 'c0' given; give a list of columns, such as \['c0'\]"),
        (lambda X: np.zeros(len(X)), r"features of X_pool has shape \(80,\)"),
        (([{}] * 80, [{}] * 30), "are no matrix of numbers"),
    ],
)
def test_features_that_do_not_fit_are_refused(features: Any, message: str) -> None:
    pool, labelled, y = wine()
    model = RandomForestClassifier(2).fit(labelled, y)
    frames = (pd.DataFrame(pool), pd.DataFrame(labelled)) if isinstance(features, list) else (pool, labelled)
    with pytest.raises(InvalidDataError, match=message):
        rows(model, *frames, y, features=features)


def test_a_transformer_that_cannot_read_the_records_is_told_as_one() -> None:
    table = people()
    model = pipeline().fit(table[:30], answers(table[:30]))
    with pytest.raises(InvalidDataError, match=r"StandardScaler, given as features=, cannot read .*TableVectorizer"):
        rows(model, table[30:], table[:30], answers(table[:30]), features=StandardScaler())


@pytest.mark.parametrize(
    ("X", "error", "message"),
    [
        ([], InvalidQueryError, "X_pool is empty"),
        (np.empty((0, 13)), InvalidQueryError, "X_pool is empty"),
        (sparse.csr_matrix((0, 13)), InvalidQueryError, "X_pool is empty"),
        (pd.DataFrame(columns=["a"]), InvalidQueryError, "X_pool is empty"),
        (
            np.zeros(13),
            InvalidDataError,
            r"X_pool has shape \(13,\); expected \(records, features\): X.reshape\(-1, 1\)",
        ),
        (np.array(3.0), InvalidDataError, r"X_pool has shape \(\)"),
        (np.float64(3), InvalidDataError, "X_pool is a float64; give an array"),
        (7, InvalidDataError, "X_pool is a int; give an array"),
        ("text", InvalidDataError, "X_pool is a str; give an array"),
        ((row for row in [[1.0]]), InvalidDataError, "X_pool is a generator; give an array"),
        ([[1.0, 2.0], [3.0]], InvalidDataError, "lists of unequal length; alrl learns one class a record"),
        (np.ones((3, 13)) * 1j, InvalidDataError, "X_pool holds complex numbers"),
        (pd.Series(["a", None]), InvalidDataError, "X_pool holds text and 1 records without any"),
        (
            [{"a": 1}],
            InvalidDataError,
            r"of type dict, of which alrl makes no features by itself; give features=|alike",
        ),
    ],
    ids=lambda value: None if isinstance(value, str) else type(value).__name__,
)
def test_what_are_no_records_is_refused(X: Any, error: type[Exception], message: str) -> None:
    _, labelled, y = wine()

    def model(records: Any) -> NDArray[Any]:
        return np.full((len(records), 3), 1 / 3)

    with pytest.raises(error, match=message):
        rows(model, X, labelled, y)


def test_the_index_of_a_frame_names_its_records() -> None:
    pool, labelled, y = wine()
    frames = pd.DataFrame(pool, index=[f"id-{row}" for row in range(80)]), pd.DataFrame(labelled)
    model = RandomForestClassifier(5, random_state=0).fit(labelled, y)
    places = rows(model, pool, labelled, y)
    assert rows(model, *frames, y) == [f"id-{row}" for row in places]
    many = frames[0].set_index(pd.MultiIndex.from_arrays([["a"] * 80, range(80)]))
    assert rows(model, many, frames[1], y) == [("a", row) for row in places]
    with pytest.raises(InvalidDataError, match=r"the index of X_pool holds labels more than once.*reset_index"):
        rows(model, frames[0].set_index(pd.Index([1] * 80)), frames[1], y)


@pytest.mark.parametrize(
    "kind",
    [
        list,
        tuple,
        lambda y: np.array(y)[:, None],
        lambda y: np.array(y, dtype=float),
        lambda y: np.array(y, dtype=object),
        lambda y: pd.Series(y, index=range(100, 130)),
        lambda y: pd.Series(y).astype("category"),
        lambda y: pd.DataFrame({"y": y}),
        pl.Series,
        torch.tensor,
    ],
    ids=["list", "tuple", "column", "floats", "objects", "series", "category", "frame", "polars", "tensor"],
)
def test_labels_of_every_kind_go_by_their_places(kind: Any) -> None:
    pool, labelled, y = wine()
    model = RandomForestClassifier(5, random_state=0).fit(labelled, y)
    assert rows(model, pool, labelled, kind(y.tolist())) == rows(model, pool, labelled, y)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda y: y[:-1], r"y_labelled has shape \(29,\); expected \(30,\), one label a labelled record"),
        (lambda y: np.eye(3)[y], "several columns a record; alrl learns one class a record"),
        (lambda y: [[label] * (label + 1) for label in y], "several labels a record"),
        (lambda y: [None, *y[1:]], "y_labelled holds 1 missing labels, the first in row 0"),
        (lambda y: np.where(y == 0, np.nan, y), "missing labels"),
        (lambda y: pd.Series(y, dtype="Int64").where(y > 0), "missing labels"),
        (lambda y: y + 0.5, "numbers that are no classes, as in regression; alrl learns one class a record"),
        (lambda y: sparse.csr_matrix(np.eye(3)[y]), "sparse matrix of several labels a record"),
        (lambda y: y + 9, r"y_labelled holds \[.*which the model was not fitted on: its classes are \[0, 1, 2\]"),
    ],
)
def test_labels_that_are_none_are_refused(change: Any, message: str) -> None:
    pool, labelled, y = wine()
    model = RandomForestClassifier(2).fit(labelled, y)
    with pytest.raises(InvalidDataError, match=message):
        rows(model, pool, labelled, change(y))


def test_labels_in_another_order_than_their_records_are_told() -> None:
    pool, labelled, y = wine()
    model = RandomForestClassifier(2).fit(labelled, y)
    labels = pd.Series(y).sample(frac=1, random_state=0)
    with pytest.raises(InvalidDataError, match="index of X_labelled in another order"):
        rows(model, pd.DataFrame(pool), pd.DataFrame(labelled), labels)


@pytest.mark.parametrize("value", [5, 5.0, np.int64(5), np.float64(5.0), np.uint8(5), torch.tensor(5)])
def test_a_batch_size_is_any_whole_number(value: Any) -> None:
    pool, labelled, y = wine()
    model = RandomForestClassifier(2).fit(labelled, y)
    assert len(rows(model, pool, labelled, y, batch_size=value, seed=value, labels_left=value)) == 5


@pytest.mark.parametrize("name", ["batch_size", "seed", "labels_left"])
@pytest.mark.parametrize("value", [None, 2.5, "5", float("nan"), float("inf"), True, [5], -1])
def test_what_is_no_whole_number_is_refused(name: str, value: Any) -> None:
    pool, labelled, y = wine()
    model = RandomForestClassifier(2).fit(labelled, y)
    if (name, value) == ("labels_left", None):
        return
    with pytest.raises(InvalidQueryError, match=f"{name} = .* given; it must be (a whole number, )?at least"):
        rows(model, pool, labelled, y, **{name: value})


LONG = 2**60
"""The floats around it are 128 and 256 apart."""


def identified(place: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Pool and labelled records of two features, long identifiers in the column ``place``."""
    X = np.random.default_rng(0).integers(0, 9, (60, 3))
    X[:, place] = LONG + np.arange(60)
    return X[20:], X[:20]


@pytest.mark.parametrize(
    "given",
    [
        lambda X: X,
        lambda X: X.astype(np.uint64),
        lambda X: X.tolist(),
        sparse.csr_matrix,
        torch.as_tensor,
        lambda X: np.ma.masked_array(X, mask=X == 3),
        lambda X: X[:, None],
    ],
    ids=["int64", "uint64", "lists", "sparse", "tensor", "masked", "images"],
)
def test_integers_of_an_array_that_one_float_would_stand_for_are_refused(given: Any) -> None:
    pool, _ = identified(1)
    with pytest.raises(
        InvalidDataError, match=r"X_pool holds different integers .* in columns \[1\]; leave identifiers out"
    ):
        read_records(given(pool), "X_pool")
    read_records(given(pool * [1, 256, 1]), "X_pool")


@pytest.mark.parametrize("kind", ["int64", "gaps", "polars", "polars with gaps", "few labelled"])
def test_integers_of_a_frame_that_no_float_holds_are_words(kind: str) -> None:
    pool, labelled = (pd.DataFrame(each, columns=["id", "a", "b"]) for each in identified(0))
    if kind == "few labelled":
        labelled["id"] = np.arange(20)
    if kind == "gaps":
        pool["id"] = pool["id"].astype("Int64").mask(pool["id"] == LONG + 30)
    given: list[Any] = [pool, labelled]
    if kind.startswith("polars"):
        given = [pl.DataFrame({name: each[name].to_numpy() for name in each}) for each in (pool, labelled)]
    if kind.endswith("with gaps"):
        given[0] = given[0].with_columns(pl.when(pl.col("id") != LONG + 30).then(pl.col("id")).alias("id"))
    seen = find_features(read_records(given[0], "X_pool"), read_records(given[1], "X_labelled"), None)
    assert seen.source == "skrub's TableVectorizer"
    other = [read_records(each, "X").value for each in (pool[["a", "b"]], labelled[["a", "b"]])]
    assert (seen.values[:, :2] == np.concatenate(other)).all()
    assert len(np.unique(seen.values[:, 2:], axis=0)) == 60
