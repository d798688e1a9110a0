"""Classifiers that eat frames are given the rows of the table, whatever strategies see of them."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pytest
import torch
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

import alrl
from alrl.data.data_set import DataSet
from alrl.data.task import draw_task
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.evaluation.evaluate import evaluate
from alrl.learners import make_learner
from alrl.learners.possible_fit import fit_or_frequencies
from alrl.learners.scikit_learn import ScikitLearn
from alrl.loop.simulator import Simulator


def towns(records: int = 120) -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.normal(40, 10, records), "town": rng.choice(["Ulm", "Bonn", "Kiel"], records)})
    table["kind"] = np.where(table["town"] == "Ulm", "yes", "no")
    table.loc[::7, "age"] = np.nan
    return table


class Witness(ClassifierMixin, BaseEstimator):
    """Predicts by the town alone, and keeps what it was given."""

    given: list[Any] = []  # noqa: RUF012 - clones share it

    def fit(self, X, y):
        self.given.append(X)
        self.classes_ = np.unique(y)
        self.share_ = {town: np.mean(y[np.asarray(X["town"] == town)] == self.classes_[-1]) for town in ("Ulm", "Bonn")}
        return self

    def predict_proba(self, X):
        self.given.append(X)
        last = np.array([np.nan_to_num(self.share_.get(town, 0.5), nan=0.5) for town in X["town"]])
        return np.column_stack([1 - last, last])


def named() -> Any:
    encode = ColumnTransformer([("town", OneHotEncoder(handle_unknown="ignore"), ["town"])])
    return make_pipeline(encode, LogisticRegression())


@pytest.mark.parametrize("library", [pd.DataFrame, pl.from_pandas], ids=["pandas", "polars"])
def test_rows_are_those_of_the_records_in_the_order_that_the_loop_asks_for(library):
    table = library(towns())
    data = DataSet.read(table, label="kind")
    tasks = [draw_task(data, [seed]) for seed in (0, 1)]
    Witness.given.clear()
    simulator = Simulator(tasks, ScikitLearn(Witness()), labels=4)
    pool = Witness.given[-1]
    assert list(pool.columns) == ["age", "town"]
    assert type(pool) is type(table)
    expected = towns().drop(columns="kind").iloc[tasks[1].split.pool]
    pd.testing.assert_frame_equal(
        pd.DataFrame({name: list(pool[name]) for name in pool.columns}),
        pd.DataFrame({name: list(expected[name]) for name in pool.columns}),
    )
    assert simulator.view.features.shape[2] == data.n_features
    simulator.step(torch.tensor([[3], [5]]))
    assert simulator.outcome("test").accuracy.min() > 0.5


@pytest.mark.parametrize("strategy", ["margin", "general", "core-set"])
def test_a_pipeline_that_names_its_columns_is_played(strategy):
    curves = alrl.simulate(towns(60), strategy, label="kind", learner=named(), labels=4, seeds=2)
    assert curves.accuracy[:, -1].min() > (0.6 if strategy == "core-set" else 0.95)


def test_of_numbers_alone_a_pipeline_that_names_its_columns_is_given_the_frame_and_others_are_not():
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.standard_normal((60, 2)), columns=["width", "height"])
    y = np.where(table["width"] > 0, "wide", "narrow")
    scaled = ColumnTransformer([("width", StandardScaler(), ["width"])])
    curves = alrl.simulate((table, y), "margin", learner=make_pipeline(scaled, LogisticRegression()), seeds=2, labels=9)
    assert curves.accuracy[:, -1].min() > 0.8
    plain, framed = (alrl.simulate((X, y), "margin", learner=LogisticRegression(), seeds=2, labels=5)
                     for X in (table.to_numpy(), table))  # fmt: skip
    assert np.array_equal(plain.accuracy, framed.accuracy)


def test_gaps_and_categories_reach_who_takes_them_and_are_encoded_for_others():
    data = DataSet.read(towns(), label="kind")
    for classifier, eats in ((HistGradientBoostingClassifier(max_iter=2), True), (RandomForestClassifier(2), False)):
        frame = data.frame.assign(town=data.frame["town"].astype("category"))
        read = DataSet.read(frame.assign(kind=towns()["kind"]), label="kind")
        learner = ScikitLearn(classifier)
        learner.read_tasks([draw_task(read, [0])])
        assert bool(learner._frames.frames) is eats


def test_a_committee_hands_the_tasks_on():
    trees = ColumnTransformer([("town", OneHotEncoder(handle_unknown="ignore"), ["town"])])
    member = ScikitLearn(make_pipeline(trees, RandomForestClassifier(5)))
    committee = make_learner("committee", member=member, members=2)
    curves = alrl.simulate(towns(60), "bald", label="kind", learner=committee, labels=6, seeds=1)
    assert curves.accuracy[0, -1] > 0.7


def test_evaluate_plays_frames():
    data = DataSet.read(towns(60), label="kind")
    result = evaluate("margin", data=[data], against=["random"], learner=named(), labels=3, seeds=2)
    assert result.comparison.learner == "Pipeline"


def test_records_that_a_contamination_adds_have_no_row():
    foreign = [{"kind": "out-of-domain", "share": 0.2}]
    with pytest.raises(InvalidRecipeError, match="Pipeline cannot be fitted"):
        alrl.simulate(towns(60), "margin", label="kind", learner=named(), labels=2, seeds=1, contamination=foreign)
    noisy = [{"kind": "label-noise", "rate": 0.2}]
    alrl.simulate(towns(60), "margin", label="kind", learner=named(), labels=2, seeds=1, contamination=noisy)


def test_features_that_are_those_of_no_record_are_refused():
    task = draw_task(DataSet.read(towns(60), label="kind"), [0])
    learner = ScikitLearn(named())
    learner.read_tasks([task])
    X = task.standardised()[0][:2].copy()
    X[1] += 1
    with pytest.raises(InvalidDataError, match="none of its rows"):
        learner._frames.find(X)


def test_whole_weights_repeat_records_where_a_classifier_takes_none():
    X, y = np.array([[0.0], [1.0], [2.0]], dtype=np.float32), np.array([0, 1, 1])
    weight = np.array([3, 1, 2], dtype=np.float32)
    pipeline = make_pipeline(StandardScaler(with_mean=False, with_std=False), LogisticRegression())
    repeated = LogisticRegression().fit(np.repeat(X, [3, 1, 2], 0), np.repeat(y, [3, 1, 2]))
    fit = fit_or_frequencies(pipeline, X, y, weight)
    np.testing.assert_allclose(fit.predict(X, 2), repeated.predict_proba(X), atol=1e-6)


def test_a_solver_that_ended_at_its_last_iteration_has_not_converged():
    rng = np.random.default_rng(0)
    X, y = rng.standard_normal((60, 3)).astype(np.float32), np.arange(60) % 2
    ones = np.ones(60, dtype=np.float32)
    for classifier, converged in (
        (LogisticRegression(), True),
        (LogisticRegression(max_iter=1), False),
        (make_pipeline(StandardScaler(), LogisticRegression(max_iter=1)), False),
        (HistGradientBoostingClassifier(max_iter=2), True),
        (RandomForestClassifier(2), True),
    ):
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            assert fit_or_frequencies(classifier, X, y, ones).converged is converged
