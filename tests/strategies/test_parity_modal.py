"""The same rankings as modAL 0.4.2.1, on sixty random cases each.

What differs: modAL's margin is small where unsure and its query takes the smallest, ours is its negative; its ranked
batch begins with the record nearest to all others where nothing is labelled, ours with the least confident.
"""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest

from alrl.strategies.diversity.information_density import InformationDensity
from alrl.strategies.diversity.ranked_batch import RankedBatch
from alrl.strategies.query_by_committee import ConsensusEntropy, VoteEntropy
from alrl.strategies.uncertainty_sampling import Entropy, LeastConfidence, Margin
from alrl.testing.example_view import example_view

CASES = range(60)


def case(seed):
    """One episode of 25 records, four of them labelled, and which are not."""
    view = example_view(seed=seed, records=(25,), features=(4,), classes=(2 + seed % 4,), labelled=(4,))
    return view, view.available[0].numpy()


def ranking(score):
    return np.argsort(-np.asarray(score, dtype=np.float64), kind="stable").tolist()


def tied_ranking(score):
    """The same where scores that differ by rounding alone are ties, the first of them first: votes make many."""
    return ranking(np.asarray(score, dtype=np.float64).round(5))


@pytest.mark.parametrize("seed", CASES)
def test_uncertainties(seed):
    from modAL import uncertainty

    view, _ = case(seed)
    p = view.probabilities[0].double().numpy()
    theirs = {
        LeastConfidence(): uncertainty._proba_uncertainty(p),
        Margin(): -uncertainty._proba_margin(p),
        Entropy(): uncertainty._proba_entropy(p),
    }
    for strategy, expected in theirs.items():
        assert ranking(strategy.score(view)[0]) == ranking(expected)
        np.testing.assert_allclose(strategy.score(view)[0], expected, atol=1e-6)


@pytest.mark.parametrize("seed", CASES)
def test_query_by_committee(seed):
    from modAL import disagreement

    view, _ = case(seed)
    members = view.members[0].double().numpy()

    class Committee:
        classes_ = np.arange(members.shape[2])

        def __len__(self):
            return len(members)

        def vote(self, X):
            return members.argmax(-1).T

        def predict_proba(self, X):
            return members.mean(0)

    committee = Committee()
    X = np.zeros((members.shape[1], 1))
    expected = disagreement.vote_entropy(committee, X)
    np.testing.assert_allclose(VoteEntropy().score(view)[0], expected, atol=1e-6)
    assert tied_ranking(VoteEntropy().score(view)[0]) == tied_ranking(expected)
    expected = disagreement.consensus_entropy(committee, X)
    np.testing.assert_allclose(ConsensusEntropy().score(view)[0], expected, atol=1e-6)
    assert ranking(ConsensusEntropy().score(view)[0]) == ranking(expected)


@pytest.mark.parametrize("seed", CASES)
def test_information_density(seed):
    from modAL.density import information_density

    view, _ = case(seed)
    p = view.probabilities[0].double().numpy()
    density = information_density(view.features[0].double().numpy())
    expected = -(p * np.log(p)).sum(1) * density
    np.testing.assert_allclose(InformationDensity().score(view)[0], expected, rtol=1e-5)
    assert ranking(InformationDensity().score(view)[0]) == ranking(expected)


@pytest.mark.parametrize("seed", CASES)
def test_ranked_batch(seed):
    from modAL.batch import ranked_batch

    view, free = case(seed)
    X = view.features[0].double().numpy()
    unsure = 1 - view.probabilities[0].double().numpy().max(1)
    classifier = SimpleNamespace(on_transformed=False, X_training=X[~free], transform_without_estimating=None)
    result, _ = ranked_batch(classifier, X[free], unsure[free], n_instances=6, metric="euclidean", n_jobs=None)
    assert RankedBatch().select(view, 6)[0].tolist() == np.flatnonzero(free)[result].tolist()
