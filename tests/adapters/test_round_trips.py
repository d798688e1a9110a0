"""Ours as theirs as ours again gives the same picks; theirs as ours gives what theirs gives."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from modAL import disagreement, uncertainty
from skactiveml import pool as skactiveml_pool
from small_text import BreakingTies, LeastConfidence, PredictionEntropy

import alrl.adapters
from alrl.adapters import FromModAL, FromScikitActiveml, FromSmallText, ToModAL, ToScikitActiveml, ToSmallText
from alrl.agents.query import query
from alrl.errors import InvalidDataError, InvalidQueryError, InvalidRecipeError, MissingPackageError
from alrl.evaluation.simulate import simulate
from alrl.strategies import make_strategy
from alrl.testing.example_view import example_view

CASES = range(4)


def view_of(seed):
    return example_view(seed=seed, records=(30, 22), features=(4,), classes=(3,), labelled=(6,), padding=2)


def back(name):
    """A strategy of ours there and back, through each library."""
    yield FromModAL(function=ToModAL(name), needs=make_strategy(name).needs)
    yield FromScikitActiveml(query_strategy=ToScikitActiveml(name))
    yield FromSmallText(query_strategy=ToSmallText(name))


@pytest.mark.parametrize("name", ["margin", "entropy", "least-confidence"])
@pytest.mark.parametrize("count", [1, 4])
def test_there_and_back(name, count):
    for seed in CASES:
        view = view_of(seed)
        ours = make_strategy(name).select(view, count)
        for strategy in back(name):
            assert strategy.select(view, count).tolist() == ours.tolist()


@pytest.mark.parametrize(("name", "batch"), [("margin", 1), ("core-set", 1), ("core-set", 3)])
def test_there_and_back_a_loop_long(name, batch):
    # A pool in a simulator is scaled as a query scales it, so that distances are the same.
    ours = simulate("wine", name, labels=6, batch=batch, seeds=2)
    for strategy in back(name):
        assert (simulate("wine", strategy, labels=6, batch=batch, seeds=2).picks == ours.picks).all()


def test_a_committee_goes_there_and_back():
    for seed in CASES:
        view = view_of(seed)
        assert FromModAL(function=disagreement.vote_entropy_sampling, needs=frozenset({"members"})).select(
            view
        ).shape == (2, 1)
        theirs = FromModAL(function=disagreement.consensus_entropy_sampling, needs=frozenset({"members"}))
        assert theirs.select(view).equal(make_strategy("consensus-entropy").select(view))
        wanted = skactiveml_pool.QueryByCommittee(method="KL_divergence")
        theirs = FromScikitActiveml(query_strategy=wanted, needs=frozenset({"members"}))
        assert theirs.select(view).equal(make_strategy("mean-kl").select(view))


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [
        ("margin", FromModAL(function=uncertainty.margin_sampling)),
        ("entropy", FromModAL(function=uncertainty.entropy_sampling)),
        ("least-confidence", FromModAL(function=uncertainty.uncertainty_sampling)),
        ("margin", FromScikitActiveml(query_strategy=skactiveml_pool.UncertaintySampling(method="margin_sampling"))),
        ("entropy", FromScikitActiveml(query_strategy=skactiveml_pool.UncertaintySampling(method="entropy"))),
        ("core-set", FromScikitActiveml(query_strategy=skactiveml_pool.CoreSet())),
        ("margin", FromSmallText(query_strategy=BreakingTies())),
        ("entropy", FromSmallText(query_strategy=PredictionEntropy())),
        ("least-confidence", FromSmallText(query_strategy=LeastConfidence())),
    ],
    ids=lambda value: getattr(value, "name", value),
)
def test_theirs_pick_what_ours_of_the_name_pick(ours, theirs):
    for seed in CASES:
        view = view_of(seed)
        expected = make_strategy(ours).select(view, 3)
        assert theirs.select(view, 1).equal(expected[:, :1])
        assert [set(row) for row in theirs.select(view, 3).tolist()] == [set(row) for row in expected.tolist()]
        assert theirs.score(view).argmax(1).equal(expected[:, 0])


def test_their_chance_comes_from_the_stream():
    strategy = FromScikitActiveml(query_strategy=skactiveml_pool.RandomSampling())
    view = view_of(0)
    assert strategy.select(view, 5).equal(strategy.select(view, 5))
    assert not strategy.select(view, 5).equal(strategy.select(view_of(1), 5))


def test_a_batch_larger_than_the_pool_is_the_pool():
    view = example_view(seed=0, records=(6, 9), labelled=(5, 9))
    for strategy in back("margin"):
        picks = strategy.select(view, 4)
        assert picks.shape == (2, 4)
        assert (picks >= 0).sum(1).tolist() == [1, 0]


def test_a_batch_that_is_begun_is_not_queried_again():
    view = view_of(2)
    view = view.with_selected(make_strategy("margin").select(view)[:, 0])
    for strategy in back("margin"):
        assert strategy.select(view, 2).equal(make_strategy("margin").select(view, 2))


def test_modal_committees_tell_ours_what_their_members_say(case):
    from modAL.models import ActiveLearner, Committee

    rng = np.random.default_rng(0)
    members = [
        ActiveLearner(case.model(), X_training=case.X[rows], y_training=case.y[rows])
        for rows in (np.concatenate([case.first, rng.choice(len(case.X), 5)]) for _ in range(4))
    ]
    committee = Committee(members, ToModAL("mean-kl"))
    committee.X_training, committee.y_training = case.X[case.first], case.y[case.first]
    pool = case.pool(case.first)
    picked, _ = committee.query(case.X[pool])
    answer = np.stack([member.predict_proba(case.X[pool]) for member in members])
    mean = answer.mean(0)
    assert picked[0] == (answer * np.log(answer / mean)).sum(-1).mean(0).argmax()


def test_a_forest_is_a_committee(case):
    from sklearn.ensemble import RandomForestClassifier

    forest = RandomForestClassifier(20, random_state=0).fit(case.X[case.first], case.y[case.first])
    pool = case.pool(case.first)
    rows = query(make_strategy("vote-entropy"), forest, case.X[pool], case.X[case.first], case.y[case.first])
    votes = np.stack([tree.predict(case.X[pool]) for tree in forest.estimators_])
    share = np.stack([(votes == label).mean(0) for label in range(3)])
    entropy = -(share * np.log(np.where(share, share, 1))).sum(0)
    assert entropy[rows[0]] == pytest.approx(entropy.max())


def activeml(case):
    from skactiveml.classifier import SklearnClassifier

    y = np.full(len(case.X), np.nan)
    y[case.first] = case.y[case.first]
    return y, SklearnClassifier(case.model(), classes=[0, 1, 2])


def test_utilities_are_scikit_activemls(case):
    y, clf = activeml(case)
    strategy = ToScikitActiveml("margin")
    rows, utilities = strategy.query(case.X, y, clf=clf, batch_size=3, return_utilities=True)
    assert utilities.shape == (3, len(case.X))
    assert np.isnan(utilities[:, case.first]).all()
    assert (np.nanargmax(utilities, 1) == rows).all()
    assert np.isnan(utilities[1, rows[0]])
    theirs = skactiveml_pool.UncertaintySampling(method="margin_sampling")
    _, expected = theirs.query(case.X, y, clf=clf, return_utilities=True)
    np.testing.assert_allclose(utilities[0] + 1, expected[0], atol=1e-5)


def test_candidates_are_scikit_activemls(case):
    y, clf = activeml(case)
    strategy, some = ToScikitActiveml("margin"), case.pool(case.first)[10:30]
    rows, utilities = strategy.query(case.X, y, clf=clf, candidates=some, batch_size=2, return_utilities=True)
    assert set(rows) <= set(some)
    assert (~np.isnan(utilities[0])).sum() == len(some)
    given, scores = strategy.query(case.X, y, clf=clf, candidates=case.X[some], batch_size=2, return_utilities=True)
    assert (some[given] == rows).all()
    assert scores.shape == (2, 20)


def test_the_same_random_state_chooses_the_same(case):
    y, clf = activeml(case)
    chosen = [ToScikitActiveml("random", random_state=seed).query(case.X, y, clf=clf)[0] for seed in (1, 1, 2)]
    assert chosen[0] == chosen[1] != chosen[2]


def test_scikit_learn_can_clone_it():
    from sklearn.base import clone

    assert clone(ToScikitActiveml("entropy", labels_left=7)).get_params()["labels_left"] == 7


def test_what_is_missing_is_named(monkeypatch):
    monkeypatch.delitem(sys.modules, "alrl.adapters.to_small_text", raising=False)
    monkeypatch.setitem(sys.modules, "small_text.query_strategies.strategies", None)
    with pytest.raises(MissingPackageError, match=r'ToSmallText needs small-text, .* pip install "small-text"'):
        _ = alrl.adapters.ToSmallText


def test_what_learns_is_refused():
    for made in (ToModAL, ToSmallText):
        with pytest.raises(InvalidRecipeError, match="learns from round to round"):
            made("exp3")


def test_a_learner_without_labels_is_told_so(case):
    from modAL.models import ActiveLearner

    learner = ActiveLearner(case.model())
    with pytest.raises(InvalidDataError, match="LogisticRegression is not fitted"):
        ToModAL("margin")(learner, case.X)


def test_a_model_asked_about_other_records_says_so():
    def strange(classifier, X, n_instances):
        return classifier.predict_proba(X + 1.0)

    with pytest.raises(InvalidDataError, match="records that are not in the pool"):
        FromModAL(function=strange).select(view_of(0))


def test_a_batch_of_none_is_refused():
    with pytest.raises(InvalidQueryError, match="batch of 0 records"):
        FromModAL(function=uncertainty.margin_sampling).select(view_of(0), 0)
