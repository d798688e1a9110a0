"""Every bad input that DESIGN promises to answer, through the public entry points: a message, or a stated result."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

import alrl
from alrl.agents.policy import Policy
from alrl.agents.recipe import load_agent_recipe
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import load_env_recipe
from alrl.errors import (
    ConstantColumnWarning,
    InvalidDataError,
    InvalidQueryError,
    InvalidRecipeError,
    PoolExhaustedWarning,
)
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.strategies import strategies
from alrl.studies.loading import load_study

RECORDS = 60
POLICY = Policy.untrained(FeatureSet(DEFAULT_GROUPS), CandidateMixture(count=8), width=8)
PLAYERS: list[Any] = [*sorted(strategies()), POLICY]


def data() -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    rng = np.random.default_rng(0)
    y = np.arange(RECORDS) % 3
    return rng.normal(size=(RECORDS, 4)) + y[:, None], y


def with_value(value: Any, dtype: Any = float) -> tuple[NDArray[Any], NDArray[np.int64]]:
    X, y = data()
    X = X.astype(dtype)
    X[4, 2] = value
    return X, y


BAD = {
    "NaN": (with_value(np.nan), r"X holds 1 values that are NaN or infinite, in 1 columns \(2\); impute them"),
    "infinity": (with_value(np.inf), "X holds 1 values that are NaN or infinite"),
    "minus infinity": (with_value(-np.inf), "X holds 1 values that are NaN or infinite"),
    "too large": (with_value(1e200), "squares overflow.*rescale those columns"),
    "object dtype": (with_value("red", object), "X has dtype object; a loop needs numbers: encode categories"),
    "one class": ((data()[0], np.ones(RECORDS)), r"y holds one class only \('1'\); a classifier needs at least two"),
    "missing class": ((data()[0], [None] + ["a"] * (RECORDS - 1)), "y holds 1 missing classes"),
    "no records": ((np.empty((0, 4)), []), "X is empty"),
    "other lengths": ((data()[0], [0, 1]), "X has 60 records and y has 2"),
}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("entry", [alrl.load_data_set, lambda pair: alrl.simulate(pair, "margin", labels=2, seeds=1)])
def test_data_that_cannot_be_used_is_refused(name: str, entry: Any) -> None:
    given, message = BAD[name]
    with pytest.raises(InvalidDataError, match=message):
        entry(given)


def mine(text: str, folder: Path) -> Path:
    rows = "\n".join(f"{number / 2},{text if number == 2 else number},{number % 2}" for number in range(20))
    (folder / "mine.csv").write_text(f"a,b,class\n{rows}\n", encoding="utf-8")
    return folder / "mine.csv"


@pytest.mark.parametrize("text", ["", "nan", "?"])
def test_a_missing_value_of_a_file_is_the_mean_and_marked(text: str, tmp_path: Path) -> None:
    data_set = alrl.load_data_set(mine(text, tmp_path))
    assert data_set.feature_names == ("a", "b", "b is missing")
    assert data_set.X[2].tolist() == [1.0, pytest.approx(188 / 19), 1.0]


@pytest.mark.parametrize(("text", "message"), [("inf", "values that are infinite"), ("-1e200", "squares overflow")])
def test_a_file_with_a_value_that_cannot_be_used_says_so(text: str, message: str, tmp_path: Path) -> None:
    with pytest.raises(InvalidDataError, match=f"column 'b' of mine holds .*{message}"):
        alrl.load_data_set(mine(text, tmp_path))


def odd(name: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    X, y = data()
    if name == "constant columns":
        X[:, 1:] = 5.0
    elif name == "all constant":
        X[:] = 5.0
    elif name == "duplicate columns":
        X = np.concatenate([X, X, X], 1)
    elif name == "duplicate rows":
        X = np.repeat(X[:6], 10, 0)
        y = np.repeat(y[:6], 10)
    elif name == "class of one record":
        y = np.where(np.arange(RECORDS) == 0, 3, y)
    return X, y


@pytest.mark.parametrize("strategy", PLAYERS, ids=lambda it: it if isinstance(it, str) else "policy")
@pytest.mark.parametrize(
    "name", ["constant columns", "all constant", "duplicate columns", "duplicate rows", "class of one record"]
)
@pytest.mark.filterwarnings("ignore::alrl.errors.ConstantColumnWarning")
def test_odd_data_is_played_to_the_end(name: str, strategy: Any) -> None:
    curves = alrl.simulate(odd(name), strategy, learner="committee", labels=6, batch=3, seeds=2)
    assert np.isfinite(curves.accuracy).all()
    assert all(len(set(row)) == 6 and min(row) >= 0 for row in curves.picks.tolist())


def test_a_constant_column_changes_nothing_and_is_named() -> None:
    X, y = data()
    wider = np.concatenate([X, np.full((RECORDS, 1), 3.0)], 1)
    first = alrl.simulate((X, y), "margin", labels=6, seeds=2)
    with pytest.warns(ConstantColumnWarning, match=f"data: 1 column has .* left out: column {X.shape[1]}$"):
        second = alrl.simulate((wider, y), "margin", labels=6, seeds=2)
    assert first.picks.tolist() == second.picks.tolist()


@pytest.mark.parametrize("strategy", PLAYERS, ids=lambda it: it if isinstance(it, str) else "policy")
def test_a_batch_larger_than_the_pool_takes_the_pool_and_says_so(strategy: Any) -> None:
    with pytest.warns(PoolExhaustedWarning, match="ran out after 27 of 40 labels in 1 of 1 episodes"):
        curves = alrl.simulate(data(), strategy, learner="committee", labels=40, batch=40, seeds=1)
    taken = curves.picks[0][curves.picks[0] >= 0]
    assert len(set(taken.tolist())) == len(taken) == RECORDS // 2 - 3


def fitted() -> tuple[Any, NDArray[np.float64], NDArray[np.int64]]:
    X, y = data()
    return LogisticRegression().fit(X[:20], y[:20]), X, y


def test_an_empty_pool_is_told() -> None:
    model, X, y = fitted()
    with pytest.raises(InvalidQueryError, match="X_pool is empty; there is nothing left to query"):
        POLICY.query(model, X[:0], X[:20], y[:20])


def test_a_class_that_is_not_among_the_labels_is_played() -> None:
    model, X, y = fitted()
    seen = np.flatnonzero(y[:20] < 2)
    rows = POLICY.query(model, X[20:], X[seen], y[seen], batch_size=5)
    assert len(set(rows.tolist())) == 5


def test_a_label_that_the_model_does_not_know_is_a_class_of_probability_zero() -> None:
    model, X, y = fitted()
    rows = POLICY.query(model, X[20:], X[:20], np.where(y[:20] == 2, 9, y[:20]), batch_size=5)
    assert len(set(rows.tolist())) == 5


RECIPES = {
    "env": (
        load_env_recipe,
        "[data]\nsets = ['iris']\n[budget]\nlables = 3\n",
        r'budget\.lables: unknown key, did you mean "labels"\?; allowed: ',
    ),
    "env type": (load_env_recipe, "[data]\nsets = ['iris']\n[budget]\nlabels = '3'\n", 'budget.labels: "3" given'),
    "env data": (load_env_recipe, "[data]\n", "no data set is named"),
    "agent": (
        load_agent_recipe,
        "[agent]\nkind = 'trained'\n[agent.reinforcement]\nkind = 'ppo'\nstep = 3\n",
        r'agent\.reinforcement\.step: unknown key, did you mean "steps"',
    ),
    "agent kind": (load_agent_recipe, "[agent]\nkind = 'rul'\n", 'did you mean "rule"'),
    "agent strategy": (load_agent_recipe, "[agent]\nkind = 'rule'\nstrategy = 'margn'\n", "margin"),
    "agent argument": (load_agent_recipe, "[agent]\nkind = 'rule'\nstrategy = 'margin'\nwide = 1\n", "wide"),
    "agent untrained": (
        load_agent_recipe,
        "[agent]\nkind = 'trained'\n",
        "neither imitation, branching, evolution, reinforcement, algorithm, regression nor search is given",
    ),
    "study": (
        load_study,
        "title = 'x'\ndata = ['iris']\nagents = ['margin']\nhypotesis = ''\n",
        'hypotesis: unknown key, did you mean "hypothesis"',
    ),
    "no TOML": (load_study, "title =\n", "not valid TOML"),
}


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_that_does_not_fit_says_where_and_what_is_allowed(name: str, tmp_path: Path) -> None:
    load, text, message = RECIPES[name]
    path = tmp_path / "mine.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InvalidRecipeError, match=message) as raised:
        load(path)
    assert "mine.toml" in str(raised.value)
