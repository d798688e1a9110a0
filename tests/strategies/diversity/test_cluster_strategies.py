"""k-means, and the strategies that choose from clusters."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from alrl.errors import InvalidRecipeError
from alrl.strategies.diversity.cluster_margin import ClusterMargin, in_turns
from alrl.strategies.diversity.clustering import kmeans
from alrl.strategies.diversity.typiclust import TypiClust
from alrl.strategies.diversity.weighted_kmeans import WeightedKMeans
from alrl.strategies.uncertainty_sampling import Margin
from alrl.testing.example_view import example_view

POINTS = [[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [5.0, 5.0]]


@pytest.mark.parametrize("seed", range(5))
def test_kmeans_ends_where_no_step_of_scikit_learns_leads_further(seed):
    random = np.random.default_rng(seed)
    X = np.concatenate([random.normal(centre, 1, size=(30, 3)) for centre in ((0, 0, 0), (9, 0, 0), (0, 9, 9))])
    weight = random.uniform(0.1, 2, size=90)
    view = example_view(seed=seed, records=(90,), labelled=(0,))
    label, centre = kmeans(view, torch.tensor(X)[None], torch.tensor(weight)[None], torch.tensor([3]))
    theirs = KMeans(3, init=centre[0].astype(float), n_init=1, max_iter=300).fit(X, sample_weight=weight)
    np.testing.assert_allclose(theirs.cluster_centers_, centre[0], atol=1e-4)
    assert theirs.labels_.tolist() == label[0].tolist()


def test_kmeans_leaves_out_what_weighs_nothing():
    view = example_view(records=(5,), labelled=(0,))
    X = torch.tensor([[[0.0], [1.0], [500.0], [10.0], [11.0]]])
    label, centre = kmeans(view, X, torch.tensor([[1.0, 3.0, 0.0, 1.0, 1.0]]), torch.tensor([2]))
    assert label[0, 2] == -1
    assert sorted(centre[0, :, 0].tolist()) == [0.75, 10.5]


def test_kmeans_of_duplicates_ends_with_empty_clusters():
    view = example_view(records=(6,), labelled=(0,))
    label, _ = kmeans(view, torch.ones(1, 6, 2), torch.ones(1, 6), torch.tensor([4]))
    assert np.unique(label).size == 1


def test_known_typicality(view_of):
    # One cluster, since nothing is labelled and one record is asked for; the score is t / (1 + t).
    score = TypiClust(neighbours=2).score(view_of(features=POINTS))[0]
    assert (score / (1 - score)).tolist() == pytest.approx([1, 0.828427, 0.828427, 0.156174], abs=1e-6)
    assert TypiClust(neighbours=2).select(view_of(features=POINTS)).tolist() == [[0]]


def test_the_largest_clusters_without_a_label_come_first(view_of):
    groups = [[0.0, 0.1, 0.3], [10.0, 10.1, 10.2, 10.4], [20.0, 20.1], [30.0, 30.2, 30.3, 30.5, 30.9]]
    view = view_of(features=[[x] for group in groups for x in group], labelled=[8])
    # Three asked for beside the labelled one: four clusters. Of each the record of least mean distance to the others.
    assert TypiClust().select(view, 3)[0].tolist() in [[11, 4, 1], [11, 5, 1]]
    score = TypiClust().score(view.with_selected(torch.tensor([1])))[0]
    assert score[view.available[0]].isfinite().all()


def test_clusters_with_a_label_come_after_those_without(view_of):
    view = view_of(features=[[0.0], [0.1], [0.2], [0.3], [50.0]], labelled=[1])
    assert TypiClust().select(view)[0].tolist() == [4]


def test_weighted_kmeans_takes_the_record_nearest_to_each_centre(view_of):
    # Two groups of unsure records; a sure one lies exactly between them and weighs nothing.
    view = view_of(
        features=[[0.0], [1.0], [3.0], [20.0], [21.0], [23.0], [11.0]],
        probabilities=[[0.5, 0.5]] * 6 + [[1.0, 0.0]],
    )
    assert sorted(WeightedKMeans(beta=3).select(view, 2)[0].tolist()) == [1, 4]


def test_of_records_equally_near_to_a_centre_the_one_of_more_noise_is_taken(view_of):
    noise, equal = [0.1, 0.9, 0.4, 0.3, 0.2, 0.8], [[0.0]] * 3 + [[9.0]] * 3
    view = view_of(features=equal, probabilities=[[0.5, 0.5]] * 6, noise=noise)
    assert sorted(WeightedKMeans().select(view, 2)[0].tolist()) == [1, 5]


def test_weights_draw_the_centres_towards_the_unsure(view_of):
    rows = [[0.0], [4.0], [10.0]]
    even = view_of(features=rows * 2, probabilities=[[0.6, 0.4]] * 6, labelled=[3, 4, 5])
    drawn = view_of(features=rows * 2, probabilities=[[0.9, 0.1], [0.9, 0.1], [0.5, 0.5]] * 2, labelled=[3, 4, 5])
    for view, centre in ((even, 14 / 3), (drawn, (4 * 0.2 + 10) / 1.4)):
        weight = (1 - view.margin) * view.available
        assert kmeans(view, view.embedding, weight, torch.tensor([1]))[1][0, 0, 0] == pytest.approx(centre, rel=1e-5)


@pytest.mark.parametrize("strategy", [WeightedKMeans(), ClusterMargin()])
def test_a_batch_of_one_is_the_record_of_smallest_margin(strategy):
    view = example_view(seed=3)
    assert strategy.select(view).equal(Margin().select(view))


@pytest.mark.parametrize("strategy", [WeightedKMeans(), ClusterMargin(), TypiClust()])
@pytest.mark.parametrize("case", ["duplicates", "even", "certain"])
def test_degenerate_pools_give_distinct_records(strategy, case):
    view = example_view(case=case, records=(12, 9), labelled=(2, 5))
    picks = strategy.select(view, 11)
    for episode in range(2):
        free = view.available[episode].nonzero()[:, 0].tolist()
        assert sorted(picks[episode, : len(free)].tolist()) == free
        assert (picks[episode, len(free) :] == -1).all()


def test_cluster_margin_takes_small_clusters_first(view_of):
    # Clusters of three, one and two candidates, and a sure record that is no candidate.
    view = view_of(
        features=[[0.0], [0.1], [0.2], [10.0], [20.0], [20.1], [10.05]],
        probabilities=[[p, 1 - p] for p in (0.5, 0.51, 0.52, 0.53, 0.54, 0.55, 0.99)],
    )
    assert ClusterMargin(candidates=2, cluster_size=2.0).select(view, 3).tolist() == [[3, 4, 0]]


def test_turns_go_round_until_every_record_is_taken():
    assert in_turns(np.array([1, 1, 1, 2, 3, 3])).tolist() == [3, 4, 0, 5, 1, 2]
    assert in_turns(np.array([], dtype=np.int64)).tolist() == []


@pytest.mark.parametrize(
    ("kind", "settings"),
    [
        (TypiClust, {"neighbours": 0}),
        (TypiClust, {"clusters": 0}),
        (WeightedKMeans, {"beta": 0.5}),
        (ClusterMargin, {"candidates": 0}),
        (ClusterMargin, {"cluster_size": 0.5}),
    ],
)
def test_settings_that_make_no_sense_are_refused(kind, settings):
    with pytest.raises(InvalidRecipeError, match=f"{kind.name}: .* given"):
        kind(**settings)
