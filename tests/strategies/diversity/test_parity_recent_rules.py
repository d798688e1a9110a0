"""The same choices as scikit-activeml 1.0.1 on fifty random cases each, given the same chance.

What differs: its MaxHerding takes scikit-learn's gamma, here one over the squared radius; its CLUE and DropQuery are
handed clusters of their own, here compared for a batch of one, whose only cluster is the mean; its DropQuery does not
rescale the features that stay; its McPAL is compared where labels near a record are counted already.
"""

from __future__ import annotations

import dataclasses
from unittest import mock

import numpy as np
import pytest
import torch

from alrl.strategies.diversity.clue import CLUE
from alrl.strategies.diversity.drop_query import DropQuery, _dropped
from alrl.strategies.diversity.falcun import Falcun, nearer
from alrl.strategies.diversity.herding import MaxHerding
from alrl.strategies.mcpal import expected_gain
from alrl.strategies.quire import QUIRE
from alrl.strategies.randomness import gumbel
from alrl.testing.example_view import example_view

CASES = range(50)


def case(seed):
    view = example_view(seed=seed, records=(25,), features=(4,), classes=(2 + seed % 4,), labelled=(4,))
    free = view.available[0].numpy()
    return view, free, np.where(free, np.nan, 0.0)


def said_by(rows, answers):
    """A classifier that says of each row what is given."""
    from skactiveml.base import SkactivemlClassifier

    class Fixed(SkactivemlClassifier):
        def fit(self, X, y, sample_weight=None):
            return self

        def predict_proba(self, X):
            return answers[[int(np.flatnonzero((rows == row).all(1))[0]) for row in X]]

    return Fixed()


@pytest.mark.parametrize("seed", CASES)
def test_max_herding(seed):
    from skactiveml.pool import MaxHerding as Theirs

    view, free, y = case(seed)
    X = view.features[0].double().numpy()
    query = Theirs(metric="rbf", metric_dict={"gamma": 1 / 0.8**2}, random_state=seed)
    picks, utilities = query.query(X, y, batch_size=5, return_utilities=True)
    ours = MaxHerding(radius=0.8)
    for pick, theirs in zip(picks, utilities, strict=True):
        left = view.available[0].numpy()
        # Theirs is a mean over the records that were available before the batch.
        np.testing.assert_allclose(ours.score(view)[0, left] * left.sum() / free.sum(), theirs[left], atol=2e-5)
        view = view.with_selected(torch.tensor([pick]))


@pytest.mark.parametrize("seed", CASES)
def test_falcun_given_the_same_draws(seed):
    from skactiveml.pool import Falcun as Theirs

    view, _, y = case(seed)
    rows, P = view.features[0].double().numpy(), view.probabilities[0].double().numpy()
    query = Theirs(gamma=3, random_state=seed)
    picks, utilities = query.query(rows, y, said_by(rows, P), False, batch_size=4, return_utilities=True)
    uncertainty = 1 - view.margin.double()
    distance = uncertainty
    for pick, theirs in zip(picks, utilities, strict=True):
        left = view.available[0].numpy()
        relevance = ((uncertainty + distance) ** 3)[0, left].numpy()
        np.testing.assert_allclose(relevance / relevance.sum(), theirs[left] / theirs[left].sum(), atol=2e-5)
        if not view.selected.any():
            drawn = (Falcun(gamma=3.0).score(view) - gumbel(view.noise, view.selected.sum(1)))[0, left]
            np.testing.assert_allclose(drawn.exp(), relevance, rtol=1e-4)
        view = view.with_selected(torch.tensor([pick]))
        distance = nearer(view, distance, torch.tensor([[pick]]))


@pytest.mark.parametrize("seed", CASES)
def test_clue_of_one_cluster(seed):
    from skactiveml.pool import Clue

    view, free, y = case(seed)
    rows, P = view.embedding[0].double().numpy(), view.probabilities[0].double().numpy()
    query = Clue(method="entropy", random_state=seed, cluster_algo_dict={"n_init": 1, "random_state": 0})
    picks, utilities = query.query(rows, y, said_by(rows, P), False, batch_size=1, return_utilities=True)
    ours = CLUE().score(view)[0]
    np.testing.assert_allclose(1 - 1 / ours[free].double(), utilities[0][free], atol=1e-5)
    assert int(CLUE().select(view)) == picks[0]


@pytest.mark.parametrize("seed", CASES)
def test_drop_query_given_the_same_drops(seed):
    from skactiveml.pool import DropQuery as Theirs

    view, free, y = case(seed)
    ours, rows = DropQuery(rescaled=False), view.features[0].double().numpy()
    masks = [_dropped(view, turn, 0.75)[0].numpy() for turn in range(3)]

    learner = view.refits

    class Learner(type(said_by(rows, rows))):
        def predict(self, X):
            whole = torch.zeros_like(view.features)
            whole[0, free] = torch.tensor(X, dtype=torch.float32)
            return learner.probabilities_of(view, [whole])[0][0, free].argmax(-1).numpy()

    differ = ours.disagreement(view)[0].numpy()
    predicted = Learner().predict(rows[free])
    changed = [Learner().predict(np.where(mask[free], 0.0, rows[free])) != predicted for mask in masks]
    np.testing.assert_allclose(differ[free], np.mean(changed, 0), atol=1e-6)
    if not (differ[free] > 0.5).any():
        return
    query = Theirs(random_state=seed, n_dropout_samples=3, cluster_algo_dict={"n_init": 1, "random_state": 0})
    drawn = iter([mask[free] for mask in masks])

    class Dice(np.random.RandomState):
        def choice(self, a, *args, **how):
            return next(drawn) if a == [True, False] else super().choice(a, *args, **how)

    with mock.patch("skactiveml.base.check_random_state", return_value=Dice(seed)):
        _, utilities = query.query(rows, y, Learner(), False, batch_size=1, return_utilities=True)
    chosen = np.isfinite(utilities[0])
    assert chosen.tolist() == ((differ > 0.5) & free).tolist()
    np.testing.assert_allclose(1 - 1 / ours.score(view)[0].numpy()[chosen], utilities[0][chosen], atol=1e-5)


@pytest.mark.parametrize("seed", CASES)
def test_expected_gain_of_mcpal(seed):
    from skactiveml.pool import cost_reduction

    counts = np.random.default_rng(seed).gamma(1.0, 2.0, (20, 2 + seed % 4))
    prior = 0.2 + seed / 20
    ours = expected_gain(torch.tensor(counts)[None], torch.ones(1, counts.shape[1]).bool(), prior)
    theirs = cost_reduction(counts, prior=prior, m_max=1)
    np.testing.assert_allclose(ours[0], np.maximum(theirs, 0), atol=1e-9)


@pytest.mark.parametrize("seed", CASES)
def test_quire(seed):
    from skactiveml.pool import Quire as Theirs

    view, free, y = case(seed)
    view = dataclasses.replace(view, labels=torch.tensor(np.random.default_rng(seed).integers(0, 2 + seed % 4, (1, 4))))
    y[view.labelled_index[0].numpy()] = view.labels[0].numpy()
    query = Theirs(classes=list(range(2 + seed % 4)), lmbda=0.5 + seed / 25, random_state=seed)
    _, utilities = query.query(view.features[0].double().numpy(), y, return_utilities=True)
    ours = QUIRE(ridge=0.5 + seed / 25).score(view)[0].numpy()
    np.testing.assert_allclose(ours[free], utilities[0][free], atol=1e-6)
