"""The first labels: one of each class, or any."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from alrl.data.data_set import DataSet
from alrl.data.first_sample import draw_first_sample
from alrl.data.sources import load_data_set
from alrl.data.split import draw_split
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError
from alrl.learners import NearestCentroid
from alrl.loop.annotators import DelayedAnnotator, NoisyAnnotator
from alrl.loop.simulator import Simulator


@pytest.fixture(scope="module")
def split():
    y = np.repeat([0, 1, 2], [60, 30, 10])
    return draw_split(DataSet.from_arrays(np.zeros((100, 1)), y), [0])


def test_one_per_class_draws_a_record_of_every_class_in_order(split):
    for seed in range(20):
        first = draw_first_sample(split, [seed])
        assert split.data_set.y[split.pool[first]].tolist() == [0, 1, 2]


def test_one_per_class_draws_each_record_of_a_class_sometimes(split):
    rare = {int(draw_first_sample(split, [seed])[2]) for seed in range(200)}
    assert rare == set(np.flatnonzero(split.data_set.y[split.pool] == 2).tolist())


def test_random_draws_distinct_positions_of_the_pool(split):
    first = draw_first_sample(split, [4], kind="random", size=50)
    assert sorted(first.tolist()) == list(range(50))


def test_random_may_miss_classes(split):
    samples = [draw_first_sample(split, [seed], kind="random", size=2) for seed in range(30)]
    assert all(len(np.unique(split.data_set.y[split.pool[first]])) < 3 for first in samples)
    assert len({tuple(first) for first in samples}) > 20


def test_the_same_seed_gives_the_same_sample(split):
    assert np.array_equal(draw_first_sample(split, [9, 2]), draw_first_sample(split, [9, 2]))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"kind": "random"}, r"size None cannot be drawn; give a size of 1 to 50"),
        ({"kind": "covering", "size": 3}, r"candidates = None given .* 'covering' and 'promising' take 2 or more"),
        ({"kind": "random", "size": 3, "candidates": 2}, r"candidates = 2 given .*'random'"),
        ({"kind": "promising", "size": 3, "candidates": 1}, r"candidates = 1 given"),
        ({"kind": "promising", "size": 11, "candidates": 5}, r"give a size of 1 to 10, .* shared among the candidates"),
        ({"kind": "random", "size": 0}, r"size 0 cannot be drawn"),
        ({"kind": "random", "size": 51}, r"size 51 cannot be drawn; give a size of 1 to 50, the records of the pool"),
        ({"size": 5}, r"size = 5 has no meaning .*'one-per-class'"),
        ({"kind": "stratified"}, r"kind 'stratified' is unknown; use one of 'one-per-class', 'random', 'cluster'"),
    ],
)
def test_samples_that_make_no_sense_are_refused(split, options, message):
    with pytest.raises(InvalidRecipeError, match=message):
        draw_first_sample(split, [0], **options)


@pytest.fixture(scope="module")
def clusters():
    """Three tight clusters of 40, 20 and 10 records, 35 of them in the pool."""
    centre = np.repeat([[0.0, 0.0], [9.0, 0.0], [0.0, 9.0]], [40, 20, 10], axis=0)
    X = centre + np.random.default_rng(0).normal(size=(70, 2)) * 0.3
    return draw_split(DataSet.from_arrays(X, np.arange(70) % 2), [0])


def where(split, first):
    return sorted(tuple(np.round(row / 9).astype(int).tolist()) for row in split.data_set.X[split.pool[first]])


def test_a_sample_by_clusters_has_the_most_typical_record_of_each(clusters):
    for seed in range(4):
        first = draw_first_sample(clusters, [seed], kind="cluster", size=3)
        assert where(clusters, first) == [(0, 0), (0, 1), (1, 0)]
        X = clusters.data_set.X[clusters.pool]
        X = (X - X.mean(0)) / X.std(0)
        for place in first:
            near = np.linalg.norm(X - X[place], axis=1) < 1
            spread = [np.sort(np.linalg.norm(X[near] - row, axis=1))[1:21].mean() for row in X[near]]
            assert np.linalg.norm(X[near][np.argmin(spread)] - X[place]) < 1e-9


def test_of_several_samples_the_one_that_covers_the_pool_is_kept(clusters):
    one, best = (
        [
            np.linalg.norm(X[:, None] - X[draw_first_sample(clusters, [seed], **how)], axis=2).min(1).mean()
            for seed in range(12)
        ]
        for X in [clusters.data_set.X[clusters.pool]]
        for how in ({"kind": "random", "size": 3}, {"kind": "covering", "size": 3, "candidates": 20})
    )
    assert np.mean(best) < 0.5 * np.mean(one)


PROMISING = {"kind": "promising", "size": 4, "candidates": 3}


def begun(seed, annotator=None, data="wine"):
    task = draw_task(load_data_set(data), [seed], first=PROMISING)
    return task, Simulator([task], NearestCentroid(), labels=20, annotator=annotator)


def test_of_several_samples_the_one_that_tells_the_others_is_kept_and_all_are_paid():
    for seed in range(6):
        task, loop = begun(seed)
        assert len(set(task.first.tolist())) == 12
        kept = loop.view.labelled_index[0].tolist()
        samples = task.first.reshape(3, 4).tolist()
        scores = []
        for sample in samples:
            X, y = task.standardised()[0][task.split.pool], task.split.data_set.y[task.split.pool]
            stored = sorted({int(y[place]) for place in sample})
            centroid = np.stack([X[[p for p in sample if y[p] == label]].mean(0) for label in stored])
            rest = [place for other in samples if other is not sample for place in other]
            answer = [stored[int(np.linalg.norm(centroid - X[place], axis=1).argmin())] for place in rest]
            scores.append(sum(int(a == y[place]) for a, place in zip(answer, rest, strict=True)))
        assert kept == samples[int(np.argmax(scores))]
        assert loop.first_counts().tolist() == [4]
        assert loop.view.spent.tolist() == [8]
        assert loop.cost.labels.tolist() == [12.0]


def test_the_choice_knows_no_label_that_was_not_paid():
    task, loop = begun(0)
    y = task.split.data_set.y.copy()
    hidden = np.setdiff1d(np.arange(len(y)), task.split.pool[task.first])
    y[hidden] = np.random.default_rng(1).permutation(y[hidden])
    changed = DataSet.from_arrays(task.split.data_set.X, y)
    other = dataclasses.replace(task, split=dataclasses.replace(task.split, data_set=changed))
    again = Simulator([other], NearestCentroid(), labels=20)
    assert again.view.labelled_index.equal(loop.view.labelled_index)


def test_the_choice_believes_what_the_annotator_says():
    for annotator in (NoisyAnnotator(rate=0.5), DelayedAnnotator(annotator=NoisyAnnotator(rate=0.5))):
        pairs = [(begun(seed)[1].view, begun(seed, annotator)[1].view) for seed in range(8)]
        assert any(not given.labelled_index.equal(misled.labelled_index) for given, misled in pairs)


def test_a_sample_is_chosen_for_each_episode_by_itself():
    tasks = [begun(seed)[0] for seed in (1, 2)]
    tasks.append(draw_task(load_data_set("iris"), [3]))
    together = Simulator(tasks, NearestCentroid(), labels=20)
    for place, task in enumerate(tasks):
        alone = Simulator([task], NearestCentroid(), labels=20)
        size = int(alone.first_counts()[0])
        assert together.view.labelled_index[place, :size].equal(alone.view.labelled_index[0])
        assert int(together.view.spent[place]) == int(alone.view.spent[0])
