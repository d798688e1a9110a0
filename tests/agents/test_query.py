"""Query on one's own data and fitted classifier."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.base import ClassifierMixin
from sklearn.calibration import CalibratedClassifierCV
from sklearn.datasets import load_wine
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.naive_bayes import GaussianNB
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC

from alrl.agents.players import find_strategy
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy
from alrl.agents.query import query
from alrl.errors import InvalidDataError, InvalidQueryError, PoolExhaustedWarning
from alrl.geometry import exact_neighbours, geometry, neighbour_index
from alrl.strategies import make_strategy
from alrl.strategies.diversity.herding import UHerding

NAMES = np.array(["barolo", "grignolino", "barbera"])


class Case:
    """Wine with string labels: 15 labelled records, the others in the pool."""

    def __init__(self) -> None:
        X, y = load_wine(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        order = np.random.default_rng(0).permutation(len(X))
        self.X_labelled: NDArray[Any] = X[order[:15]]
        self.y_labelled: NDArray[Any] = NAMES[y[order[:15]]]
        self.X_pool: NDArray[Any] = X[order[15:]]

    def fitted(self, model: Any) -> Any:
        return model.fit(self.X_labelled, self.y_labelled)


@pytest.fixture
def case() -> Case:
    return Case()


MODELS = [
    LogisticRegression(),
    RandomForestClassifier(20, random_state=0),
    CalibratedClassifierCV(SVC(), cv=2, ensemble=False),
    GaussianNB(),
    make_pipeline(StandardScaler(), LogisticRegression(C=0.1)),
]


@pytest.mark.parametrize("model", MODELS, ids=lambda model: type(model).__name__)
def test_rows_of_the_pool_are_chosen(model: ClassifierMixin, case: Case, wild: Policy) -> None:
    rows = wild.query(case.fitted(model), case.X_pool, case.X_labelled, case.y_labelled, batch_size=10)
    assert rows.shape == (10,)
    assert rows.dtype == np.int64
    assert len(set(rows.tolist())) == 10
    assert 0 <= rows.min() <= rows.max() < len(case.X_pool)


def test_untrained_the_row_of_smallest_margin_is_chosen(case: Case, untrained: Policy) -> None:
    model = case.fitted(LogisticRegression())
    chances = np.sort(model.predict_proba(case.X_pool), 1)
    margins = chances[:, -1] - chances[:, -2]
    rows = untrained.query(model, case.X_pool, case.X_labelled, case.y_labelled, batch_size=6)
    assert rows.tolist() == np.argsort(margins)[:6].tolist()


def test_a_rule_queries_too(case: Case, untrained: Policy) -> None:
    model = case.fitted(LogisticRegression())
    parts = (case.X_pool, case.X_labelled, case.y_labelled)
    assert query(make_strategy("margin"), model, *parts)[0] == untrained.query(model, *parts)[0]
    assert len(query(make_strategy("core-set"), model, *parts, batch_size=4)) == 4


def test_the_same_seed_chooses_the_same_rows(case: Case, wild: Policy) -> None:
    model = case.fitted(LogisticRegression())
    parts = (case.X_pool, case.X_labelled, case.y_labelled)
    chosen = [query(make_strategy("random"), model, *parts, batch_size=9, seed=seed).tolist() for seed in (4, 4, 5)]
    assert chosen[0] == chosen[1] != chosen[2]
    first, again = (wild.query(model, *parts, batch_size=9, seed=4).tolist() for _ in range(2))
    assert first == again


def test_a_batch_larger_than_the_pool_is_the_whole_pool(case: Case, wild: Policy) -> None:
    model = case.fitted(LogisticRegression())
    with pytest.warns(PoolExhaustedWarning, match="batch_size = 50 given, and 7 records are left to query: all of"):
        rows = wild.query(model, case.X_pool[:7], case.X_labelled, case.y_labelled, batch_size=50)
    assert sorted(rows.tolist()) == list(range(7))


def test_constant_and_duplicate_columns_and_rows_are_no_hindrance(case: Case, wild: Policy) -> None:
    def widened(X: NDArray[Any]) -> NDArray[Any]:
        return np.concatenate([X, X[:, :1], np.full((len(X), 1), 7.0)], 1)

    pool = np.concatenate([widened(case.X_pool)[:5]] * 3)
    model = LogisticRegression().fit(widened(case.X_labelled), case.y_labelled)
    rows = wild.query(model, pool, widened(case.X_labelled), case.y_labelled, batch_size=15)
    assert sorted(rows.tolist()) == list(range(15))


def test_what_is_left_of_the_budget_may_be_told(case: Case, wild: Policy) -> None:
    model = case.fitted(LogisticRegression())
    rows = wild.query(model, case.X_pool, case.X_labelled, case.y_labelled, batch_size=3, labels_left=3)
    assert len(rows) == 3


def test_the_shipped_policy_picks_these_records_of_wine(case: Case) -> None:
    model = case.fitted(LogisticRegression())
    policy, given = load_policy("general"), (model, case.X_pool, case.X_labelled, case.y_labelled)
    assert policy.query(*given).tolist() == [159]
    # Weights for five lie between those for one and for ten.
    assert policy.query(*given, batch_size=5).tolist() == [159, 21, 77, 105, 59]
    assert policy.query(*given, batch_size=10).tolist() == [159, 105, 21, 77, 59, 86, 113, 81, 68, 26]


class LargeCase:
    """Four overlapping classes, up to 40 labelled records and a pool of 3000."""

    def __init__(self) -> None:
        random = np.random.default_rng(2)
        centres, self.y = random.normal(size=(4, 10)), random.integers(4, size=3040)
        X = centres[self.y] + 1.2 * random.normal(size=(3040, 10))
        self.X_pool, self.X_labelled = X[40:], X[:40]

    def chosen(self, policy: Policy, seed: int = 0, budget: int = 40) -> list[list[int]]:
        """Batches of ten for ever more labels."""
        batches = []
        for labelled in range(10, budget + 1, 3):
            X, y = self.X_labelled[:labelled], self.y[:labelled]
            model = LogisticRegression().fit(X, y)
            batches.append(policy.query(model, self.X_pool, X, y, batch_size=10, seed=seed).tolist())
        return batches


@pytest.fixture
def limited(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Pools of more than 1000 records are large, and nobody looks up the neighbours of all their records."""
    monkeypatch.setattr(geometry, "EXACT_RECORDS", 1000)
    monkeypatch.setattr(neighbour_index, "indexed_neighbours", None)
    return monkeypatch


def test_a_policy_picks_nearly_all_that_it_would_if_it_knew_all_neighbours(limited: pytest.MonkeyPatch) -> None:
    case, policy = LargeCase(), load_policy("general")
    sampled = case.chosen(policy)
    limited.setattr(geometry, "EXACT_RECORDS", 20_000)
    exact = case.chosen(policy)
    shared = [len(set(one) & set(other)) for one, other in zip(sampled, exact, strict=True)]
    assert np.mean(shared) >= 9.5
    assert min(shared) >= 8


def test_with_a_sample_as_large_as_the_pool_a_policy_picks_the_same(limited: pytest.MonkeyPatch) -> None:
    case, policy = LargeCase(), load_policy("general")
    limited.setattr(exact_neighbours, "_SAMPLE", 4000)
    sampled = case.chosen(policy, budget=20)
    limited.setattr(geometry, "EXACT_RECORDS", 20_000)
    assert sampled == case.chosen(policy, budget=20)


def test_the_same_seed_chooses_the_same_rows_of_a_large_pool(limited: pytest.MonkeyPatch, wild: Policy) -> None:
    first, again, other = (LargeCase().chosen(wild, seed, budget=16) for seed in (1, 1, 2))
    assert first == again != other


def with_value(value: Any, dtype: Any = float) -> NDArray[Any]:
    X = Case().X_pool.astype(dtype)
    X[3, 1] = value
    return X


@pytest.mark.parametrize(
    ("changed", "error", "message"),
    [
        ({"batch_size": 0}, InvalidQueryError, "batch_size = 0 given; it must be at least 1"),
        ({"labels_left": 0}, InvalidQueryError, "labels_left = 0 given; it must be at least 1"),
        ({"seed": -1}, InvalidQueryError, "seed = -1 given; it must be at least 0"),
        ({"X_pool": np.empty((0, 13))}, InvalidQueryError, "X_pool is empty; there is nothing left to query"),
        ({"X_pool": []}, InvalidQueryError, "X_pool is empty; there is nothing left to query"),
        ({"X_pool": with_value(np.nan)}, InvalidDataError, "X_pool holds 1 missing values .* the model cannot take"),
        (
            {"X_pool": with_value(np.inf)},
            InvalidDataError,
            r"X_pool holds 1 values that are infinite, in 1 columns \(1\)",
        ),
        (
            {"X_pool": with_value(-np.inf)},
            InvalidDataError,
            r"X_pool holds 1 values that are infinite, in 1 columns \(1\)",
        ),
        ({"X_pool": with_value("red", object)}, InvalidDataError, "the model cannot predict these records: could not"),
        ({"X_pool": np.zeros((4, 2))}, InvalidDataError, "X_pool has 2 features and X_labelled 13; give both the same"),
        ({"X_pool": np.zeros(13)}, InvalidDataError, r"X_pool has shape \(13,\); expected \(records, features\)"),
        ({"y_labelled": ["barolo"]}, InvalidDataError, r"y_labelled has shape \(1,\); expected \(15,\), one label a"),
        ({"y_labelled": ["merlot"] * 15}, InvalidDataError, r"y_labelled holds \['merlot'\], which the model was not"),
        ({"model": LogisticRegression()}, InvalidDataError, "LogisticRegression is not fitted; fit it to"),
        ({"model": LinearSVC()}, InvalidDataError, "LinearSVC is not fitted; fit it to"),
    ],
)
def test_bad_input_is_refused_with_what_to_do(
    changed: dict[str, Any], error: type[Exception], message: str, case: Case, untrained: Policy
) -> None:
    given = {
        "model": case.fitted(LogisticRegression()),
        "X_pool": case.X_pool,
        "X_labelled": case.X_labelled,
        "y_labelled": case.y_labelled,
        **changed,
    }
    with pytest.raises(error, match=message):
        untrained.query(**given)


def test_columns_that_the_model_was_not_fitted_to_are_refused(case: Case, untrained: Policy) -> None:
    model = case.fitted(LogisticRegression())
    with pytest.raises(InvalidDataError, match="the model cannot predict these records: X has 4 features"):
        untrained.query(model, case.X_pool[:, :4], case.X_labelled[:, :4], case.y_labelled)


@pytest.mark.parametrize("name", ["general", "margin", "random", "core-set"])
def test_a_model_of_one_class_is_a_beginning_like_any_other(name: str, case: Case) -> None:
    one = np.full(15, "barolo")
    model = RandomForestClassifier(5).fit(case.X_labelled, one)
    rows = query(find_strategy(name), model, case.X_pool, case.X_labelled, one, batch_size=5)
    assert len(set(rows.tolist())) == 5


def test_probabilities_that_are_none_are_refused(case: Case, untrained: Policy) -> None:
    class Broken(GaussianNB):
        def predict_proba(self, X: Any) -> Any:
            return super().predict_proba(X) * np.nan

    with pytest.raises(InvalidDataError, match=r"values that are not finite; expected finite values of shape \(163, 3"):
        untrained.query(case.fitted(Broken()), case.X_pool, case.X_labelled, case.y_labelled)


def test_a_member_without_a_word_of_its_own_is_refused(case: Case) -> None:
    class Committee(GaussianNB):
        def predict_members(self, X: Any) -> Any:
            answer = self.predict_proba(X)
            return [answer, np.where(np.arange(len(answer))[:, None] == 1, np.nan, answer)]

    model = case.fitted(Committee())
    with pytest.raises(InvalidDataError, match="a member of the model gives probabilities that are NaN or infinite"):
        query(make_strategy("bald"), model, case.X_pool, case.X_labelled, case.y_labelled)


@pytest.mark.parametrize(
    ("name", "advice"),
    [
        ("uherding", r"give strategy=UHerding\(temperature=1\)"),
        ("bald", "give a list of several models"),
        ("expected-error-reduction", "choose a strategy that needs none"),
    ],
)
def test_a_strategy_that_needs_what_a_query_lacks_says_what_works_there(case: Case, name: str, advice: str) -> None:
    model = case.fitted(LogisticRegression())
    with pytest.raises(InvalidQueryError, match=f"{name} needs .* which a query by itself does not have; {advice}"):
        query(make_strategy(name), model, case.X_pool, case.X_labelled, case.y_labelled)


def test_herding_with_a_temperature_is_queried(case: Case) -> None:
    model = case.fitted(LogisticRegression())
    rows = query(UHerding(temperature=1), model, case.X_pool, case.X_labelled, case.y_labelled, batch_size=5)
    assert len(set(rows.tolist())) == 5
