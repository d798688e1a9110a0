"""The loops of other libraries with data and models as people have them there."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from modAL.models import ActiveLearner, Committee
from scipy import sparse
from skactiveml.classifier import SklearnClassifier
from sklearn.compose import ColumnTransformer
from sklearn.ensemble import RandomForestClassifier, VotingClassifier
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import OneHotEncoder
from sklearn.svm import LinearSVC
from small_text import PoolBasedActiveLearner, SklearnClassifierFactory, SklearnDataset

from alrl.adapters import ToModAL, ToScikitActiveml, ToSmallText
from alrl.agents.players import find_strategy
from alrl.agents.query import query
from alrl.errors import InvalidDataError

NAMES = ("margin", "general", "core-set")


@pytest.mark.parametrize("name", NAMES)
def test_modal_with_a_sparse_matrix(name, case):
    X, labelled, pool = sparse.csr_matrix(case.X), case.first, case.pool(case.first)
    learner = ActiveLearner(case.model(), ToModAL(name), X_training=X[labelled], y_training=case.y[labelled])
    rows, _ = learner.query(X[pool], n_instances=3)
    parts = (X[pool], X[labelled], case.y[labelled])
    assert rows.tolist() == query(find_strategy(name), learner.estimator, *parts, batch_size=3).tolist()


def people(records=60):
    rng = np.random.default_rng(0)
    table = pd.DataFrame({"age": rng.normal(40, 9, records), "city": rng.choice(["Lima", "Oslo"], records)})
    table.loc[2, "age"] = np.nan
    return table, np.where((table["age"].fillna(40) > 42) ^ (table["city"] == "Oslo"), "yes", "no")


def pipeline(model):
    encode = ColumnTransformer([("n", SimpleImputer(), ["age"]), ("c", OneHotEncoder(), ["city"])])
    return make_pipeline(encode, model)


@pytest.mark.parametrize("name", [*NAMES, "vote-entropy", "mean-kl"])
def test_modal_with_frames_of_text_and_gaps_and_votes_of_pipelines(name):
    table, y = people()
    votes = VotingClassifier(
        [("a", pipeline(LogisticRegression())), ("b", pipeline(RandomForestClassifier(3, random_state=0)))],
        voting="soft",
    )
    learner = ActiveLearner(votes, ToModAL(name), X_training=table[:20], y_training=y[:20])
    rows, _ = learner.query(table[20:], n_instances=3)
    assert len(set(rows.tolist())) == 3


def committee(case, name, holding, **more):
    """Four fitted learners, of which some have seen other records, and one other classes."""
    rng = np.random.default_rng(1)
    learners = []
    for number in range(4):
        rows = np.concatenate([case.first, rng.choice(len(case.X), 4)])
        rows = rows[case.y[rows] < 2] if number == 3 else rows
        fitted = case.model().fit(case.X[rows], case.y[rows])
        kept = {"X_training": case.X[rows], "y_training": case.y[rows]} if holding else {}
        learners.append(ActiveLearner(fitted, **kept))
    return Committee(learners, ToModAL(name, **more))


@pytest.mark.parametrize("holding", [True, False])
@pytest.mark.parametrize("name", [*NAMES, "vote-entropy", "mean-kl", "bald"])
def test_a_committee_of_fitted_learners_queries(name, holding, case):
    pool = case.pool(case.first)
    rows, _ = committee(case, name, holding).query(case.X[pool], n_instances=3)
    assert len(set(rows.tolist())) == 3


def test_a_committee_queries_what_its_members_disagree_about(case):
    pool = case.pool(case.first)
    made = committee(case, "mean-kl", True)
    answer = made.vote_proba(case.X[pool])
    mean = answer.mean(1, keepdims=True)
    disagreement = np.where(answer > 0, answer * np.log(np.where(answer > 0, answer, 1) / mean), 0).sum(-1).mean(1)
    rows, _ = made.query(case.X[pool])
    assert disagreement[rows[0]] == pytest.approx(disagreement.max(), rel=1e-4)


def test_a_learner_that_is_fitted_need_hold_no_records(case):
    learner = ActiveLearner(LinearSVC().fit(case.X[case.first], case.y[case.first]), ToModAL("general"))
    assert len(learner.query(case.X[case.pool(case.first)], n_instances=3)[0]) == 3
    with pytest.raises(InvalidDataError, match="LogisticRegression is not fitted"):
        ActiveLearner(LogisticRegression(), ToModAL("margin")).query(case.X)


@pytest.mark.filterwarnings("ignore::DeprecationWarning:small_text")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seen", [(0, 1), (0, 2), (1, 2)])
def test_small_text_begins_with_classes_missing(name, seen, case):
    data = SklearnDataset(case.X, np.zeros(len(case.X), dtype=int), target_labels=np.arange(3))
    factory = SklearnClassifierFactory(case.model(), num_classes=3)
    learner = PoolBasedActiveLearner(factory, ToSmallText(name), data)
    first = case.first[np.isin(case.y[case.first], seen)]
    learner.initialize_data(first, case.y[first])
    for _ in range(2):
        rows = learner.query(num_samples=4)
        assert len(set(rows.tolist())) == 4
        learner.update(case.y[rows])


@pytest.mark.filterwarnings("ignore::DeprecationWarning:small_text")
@pytest.mark.parametrize("name", NAMES)
def test_small_text_with_a_wide_sparse_matrix(name):
    rng = np.random.default_rng(2)
    y = rng.integers(2, size=50)
    words = [" ".join(f"w{label}x{word}" for word in rng.integers(300, size=12)) for label in y]
    X = TfidfVectorizer().fit_transform(words)
    assert X.shape[1] > 256
    data = SklearnDataset(X, np.zeros(50, dtype=int), target_labels=np.arange(2))
    learner = PoolBasedActiveLearner(SklearnClassifierFactory(LogisticRegression(), 2), ToSmallText(name), data)
    first = np.concatenate([np.flatnonzero(y == label)[:4] for label in (0, 1)])
    learner.initialize_data(first, y[first])
    assert len(set(learner.query(num_samples=5).tolist())) == 5


@pytest.mark.filterwarnings("ignore:Since the 'base_estimator' could not be fitted:UserWarning")  # its own
@pytest.mark.filterwarnings("ignore:The 'base_estimator' could not be fitted")
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("labels", [0, 1, 6])
def test_scikit_activeml_with_words_for_labels_and_few_of_them(name, labels, case):
    words = np.array(["pink", "red", "white"])[case.y]
    y = np.full(len(case.X), None, dtype=object)
    y[case.first[:labels]] = words[case.first[:labels]]
    clf = SklearnClassifier(case.model(), classes=["pink", "red", "white"], missing_label=None)
    with np.errstate(all="ignore"):
        rows = ToScikitActiveml(name, missing_label=None).query(case.X, y, clf=clf, batch_size=3)
    assert len(set(rows.tolist())) == 3
