"""Classifiers that cannot be fitted to the first labels teach nothing until they can, and that is counted and told."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import torch
from lightgbm import LGBMClassifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer
from sklearn.decomposition import PCA
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis
from sklearn.ensemble import (
    GradientBoostingClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
    StackingClassifier,
)
from sklearn.linear_model import LogisticRegression, LogisticRegressionCV, SGDClassifier
from sklearn.model_selection import GridSearchCV
from sklearn.neighbors import KNeighborsClassifier, NearestCentroid
from sklearn.neural_network import MLPClassifier
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC, LinearSVC, NuSVC
from xgboost import XGBClassifier

import alrl
from alrl.envs.loop_recipe import LearnerRecipe
from alrl.errors import InvalidRecipeError, UnfittedLearnerWarning
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.evaluate import evaluate
from alrl.learners import Committee, ScikitLearn, make_learner
from alrl.learners.possible_fit import fit_or_frequencies

LATE = [
    KNeighborsClassifier(5),
    LinearDiscriminantAnalysis(),
    NuSVC(nu=0.6),
    NearestCentroid(),
    CalibratedClassifierCV(LinearSVC(), cv=2),
    LogisticRegressionCV(cv=2, Cs=2, l1_ratios=(0,), use_legacy_attributes=False),
    GridSearchCV(KNeighborsClassifier(), {"n_neighbors": [1, 2]}, cv=2),
    StackingClassifier([("a", LogisticRegression()), ("b", KNeighborsClassifier(1))], cv=2),
    HistGradientBoostingClassifier(max_iter=2, min_samples_leaf=2, early_stopping=True),
    GradientBoostingClassifier(n_estimators=2, n_iter_no_change=1),
    SGDClassifier(early_stopping=True),
    MLPClassifier(early_stopping=True, max_iter=5),
    make_pipeline(PCA(4), LogisticRegression()),
]


@pytest.mark.parametrize("classifier", LATE, ids=lambda each: type(each).__name__)
def test_what_cannot_be_fitted_so_far_predicts_shares_and_is_counted(classifier: Any) -> None:
    with warnings.catch_warnings(record=True) as given:
        warnings.simplefilter("always")
        curves = alrl.simulate("wine", "margin", learner=classifier, labels=24, batch=6, seeds=2)
    assert curves.learner == type(classifier).__name__
    assert curves.unfitted_rounds is not None
    assert (curves.unfitted_rounds >= 1).all()
    if not isinstance(classifier, NuSVC):
        # One label a class: a constant prediction.
        assert curves.accuracy[:, 0].max() < 0.5
    answer = [each for each in given if issubclass(each.category, UnfittedLearnerWarning)]
    assert len(answer) == 1
    assert f"{type(classifier).__name__} on wine: in {curves.unfitted_rounds.sum()} rounds of 2" in str(
        answer[0].message
    )
    if curves.unfitted_rounds.max() < 4:
        assert curves.accuracy[:, -1].mean() > curves.accuracy[:, 0].mean()
    assert "rounds not fitted" in str(curves.table())
    assert curves.take((1,)).unfitted_rounds.tolist() == curves.unfitted_rounds[1:].tolist()
    joined = Comparison([curves.take((0,)), curves.take((1,))]).get("wine", "margin")
    assert joined.unfitted_rounds.tolist() == curves.unfitted_rounds.tolist()


@pytest.mark.parametrize(
    "learner",
    [
        RandomForestClassifier(5),
        "sklearn.ensemble:RandomForestClassifier",
        XGBClassifier(n_estimators=3, n_jobs=1),
        LGBMClassifier(n_estimators=3, min_child_samples=1, verbose=-1, n_jobs=1),
        SVC(),
        make_pipeline(PCA(2), LogisticRegression()),
    ],
    ids=lambda each: each if isinstance(each, str) else type(each).__name__,
)
def test_any_classifier_is_a_learner(learner: Any) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnfittedLearnerWarning)
        one, again = (alrl.simulate("wine", "margin", learner=learner, labels=8, batch=4, seeds=2) for _ in range(2))
    assert one.accuracy[:, -1].mean() > 0.5
    assert one.picks.tolist() == again.picks.tolist()


def test_a_classifier_that_starts_with_a_gap_in_its_codes_is_fitted_to_places() -> None:
    learner = ScikitLearn(XGBClassifier(n_estimators=3, n_jobs=1))
    X = torch.arange(12.0)[None, :, None]
    y = torch.tensor([[0] * 6 + [2] * 6])
    report = learner.fit(X, y, torch.ones(1, 12), torch.ones(1, 3, dtype=torch.bool))
    assert report.fitted is not None
    assert report.fitted.all()
    answer = learner.predict_proba(X)[0]
    assert answer.argmax(1).tolist() == y[0].tolist()
    assert not answer[:, 1].any()


def test_shares_are_those_of_the_weights() -> None:
    learner = ScikitLearn(KNeighborsClassifier(9))
    X, y = torch.tensor([[[0.0], [1.0], [2.0], [3.0]]]), torch.tensor([[1, 1, 1, 2]])
    report = learner.fit(X, y, torch.ones(1, 4), torch.ones(1, 3, dtype=torch.bool))
    assert report.fitted is not None
    assert not report.fitted.any()
    assert learner.predict_proba(X)[0, 0].tolist() == [0.0, 0.75, 0.25]


@pytest.mark.parametrize(
    ("learner", "message"),
    [
        (SVC(kernel="nope"), "The 'kernel' parameter of SVC must be"),
        (KNeighborsClassifier(-1), "n_neighbors"),
        (
            make_pipeline(PCA(40), LogisticRegression()),
            "Pipeline cannot be fitted, to many records neither: n_components",
        ),
        (
            "sklearn.naive_bayes:CategoricalNB",
            "CategoricalNB cannot be fitted, to many records neither: Negative values",
        ),
        (
            LogisticRegression(class_weight={"a": 1, "b": 2, "c": 3}),
            "classes as 0, 1, ... in their order, which is how class_weight has to name them",
        ),
        (
            make_pipeline(ColumnTransformer([("scale", StandardScaler(), ["alcohol"])]), LogisticRegression()),
            "it is given records as arrays of numbers, for there is no table",
        ),
        ("sklearn.linear_model:LinearRegression", "LinearRegression is no classifier"),
        ("os:system", '"os:system" is no class of a learner, and os holds none'),
        ("sklearn.svm:SVCC", 'unknown class in sklearn.svm "SVCC"'),
        ("sklearn.semi_supervised:SelfTrainingClassifier", "SelfTrainingClassifier lacks a part"),
        ("pathlib:Path", "derive the class from it"),
        (RandomForestClassifier, "learner <class .* given; give a learner, an unfitted classifier"),
        (7, "learner 7 given; give a learner"),
        (None, "learner None given"),
    ],
    ids=lambda each: None if isinstance(each, str) else type(each).__name__,
)
def test_what_can_never_be_fitted_is_refused(learner: Any, message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        alrl.simulate("wine", "margin", learner=learner, labels=4, seeds=1)


def test_settings_go_to_the_class_that_is_named() -> None:
    made = make_learner("sklearn.ensemble:RandomForestClassifier", n_estimators=7)
    assert isinstance(made, ScikitLearn)
    assert made.estimator.n_estimators == 7
    recipe = LearnerRecipe(kind="sklearn.ensemble:RandomForestClassifier", n_estimators=7)  # type: ignore[call-arg]
    assert recipe.build().label == "RandomForestClassifier"
    result = evaluate(
        "margin",
        data=["wine"],
        against=["random"],
        labels=6,
        seeds=2,
        learner="sklearn.neighbors:KNeighborsClassifier",
        params={"n_neighbors": 4},
    )
    assert result.unfitted_rounds == {"wine": 1.0}
    assert any("rounds a run in which KNeighborsClassifier could not be fitted" in line for line in result.lines)


def test_a_committee_is_fitted_where_a_member_is() -> None:
    committee = Committee(member=ScikitLearn(CalibratedClassifierCV(LinearSVC(), cv=2)), members=3, seed=1)
    X, classes = torch.arange(8.0)[None, :, None], torch.ones(1, 2, dtype=torch.bool)
    report = committee.fit(X, torch.tensor([[0, 0, 0, 0, 1, 1, 1, 1]]), torch.ones(1, 8), classes)
    assert report.fitted.tolist() == [True]
    report = committee.fit(X[:, 3:5], torch.tensor([[0, 1]]), torch.ones(1, 2), classes)
    assert report.fitted.tolist() == [False]


class OddError(Exception):
    """Of no kind that Python has, as those of LightGBM and some of pandas."""


class Choosy(LogisticRegression):
    def fit(self, X, y):
        raise OddError("not these")


def test_a_classifier_may_raise_whatever_it_likes():
    X, y = np.array([[0.0], [1.0], [2.0]], dtype=np.float32), np.array([0, 1, 1])
    fit = fit_or_frequencies(Choosy(), X, y, np.ones(3, dtype=np.float32))
    assert fit.model is None
    assert isinstance(fit.error, OddError)
