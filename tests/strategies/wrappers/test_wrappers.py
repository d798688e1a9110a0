"""Epsilon-greedy, class balance and sub-sampling, over any strategy."""

from __future__ import annotations

import dataclasses

import pytest
import torch
from scipy import stats

from alrl.errors import InvalidRecipeError
from alrl.strategies import make_strategy
from alrl.strategies.diversity.typiclust import TypiClust
from alrl.strategies.uncertainty_sampling import Margin
from alrl.strategies.wrappers.class_balanced import ClassBalanced, counts
from alrl.strategies.wrappers.epsilon_greedy import EpsilonGreedy
from alrl.strategies.wrappers.power import Power
from alrl.strategies.wrappers.subsampled import Subsampled, subview
from alrl.testing.example_view import example_view
from alrl.testing.rearrange import tensors


def shuffled(view, seed):
    random = torch.Generator().manual_seed(seed)
    return dataclasses.replace(view, noise=torch.rand(view.noise.shape, generator=random))


@pytest.mark.parametrize("kind", [EpsilonGreedy, ClassBalanced, Subsampled, Power])
def test_a_wrapper_needs_what_its_base_needs(kind):
    assert kind(base="entropy").needs == frozenset()
    assert kind(base="bald").needs == {"members"}
    assert kind(base=EpsilonGreedy(base="badge")).needs == {"embedding"}
    assert make_strategy(kind.name, base="information-density", settings={"beta": 2.0}).inner.beta == 2


@pytest.mark.parametrize("count", [1, 4])
def test_without_epsilon_the_base_chooses(count):
    view = example_view(seed=2)
    assert (
        EpsilonGreedy(base="core-set", epsilon=0)
        .select(view, count)
        .equal(make_strategy("core-set").select(view, count))
    )


@pytest.mark.parametrize("count", [1, 3])
def test_epsilon_is_the_share_of_random_records(count):
    # Twenty records, of which margin would take the first ones.
    view = example_view(records=(20,), classes=(2,), labelled=(0,))
    p = torch.linspace(0.5, 0.9, 20)
    view = dataclasses.replace(view, probabilities=torch.stack([p, 1 - p], 1)[None])
    others = 0
    for seed in range(700):
        picks = EpsilonGreedy(epsilon=0.4).select(shuffled(view, seed), count)[0]
        others += int((picks >= count).sum())
    # A random record is one of the others 20 - count times of 20; what it displaces is seldom one of them.
    assert others / (700 * count) == pytest.approx(0.4 * (1 - count / 20), abs=0.06)


def test_with_epsilon_one_every_record_is_as_likely():
    view = example_view(records=(8,), labelled=(2,))
    picks = torch.zeros(8)
    for seed in range(700):
        picks[EpsilonGreedy(epsilon=1.0).select(shuffled(view, seed), 2)[0]] += 1
    assert stats.chisquare(picks[view.available[0]]).pvalue > 0.001
    assert not picks[view.labelled[0]].any()


def test_it_is_ordered_as_its_base_is():
    assert EpsilonGreedy(base="margin").ordered
    assert not EpsilonGreedy(base=TypiClust()).ordered
    assert not Subsampled(base="weighted-kmeans").ordered


@pytest.mark.parametrize("epsilon", [-0.1, 1.1, float("nan")])
def test_an_epsilon_that_is_no_probability_is_refused(epsilon):
    with pytest.raises(InvalidRecipeError, match="it must be from 0 to 1"):
        EpsilonGreedy(epsilon=epsilon)


def test_the_class_with_fewest_labels_comes_first(view_of):
    view = view_of(
        probabilities=[[0.9, 0.1], [0.45, 0.55], [0.3, 0.7], [0.8, 0.2], [0.6, 0.4], [0.1, 0.9]],
        labelled=[0, 5, 3],
        labels=[0, 0, 0],
    )
    assert counts(view).tolist() == [[3, 0]]
    # The second class has none: its records by margin, each counted as it is taken, then whatever has fewest.
    assert ClassBalanced().select(view, 3).tolist() == [[1, 2, 4]]
    assert ClassBalanced().score(view)[0, [1, 2, 4]].tolist() == pytest.approx([1 / 2, 1 / 4, 1 / 3 - 3])


def test_a_record_of_several_likeliest_classes_counts_for_an_equal_part_of_each(view_of):
    view = view_of(probabilities=[[0.4, 0.4, 0.2], [0.2, 0.4, 0.4], [1.0, 0.0, 0.0]], labelled=[2], labels=[0])
    # Half of one label against none.
    assert ClassBalanced().select(view, 2).tolist() == [[1, 0]]
    assert ClassBalanced().score(view)[0, 0] == pytest.approx(1 / 2 - 1 / 2)
    assert counts(view.with_selected(torch.tensor([1]))).tolist() == [[1, 0.5, 0.5]]


def test_classes_take_turns_in_a_batch(view_of):
    first = [[0.9 - n / 20, 0.1 + n / 20] for n in range(6)]
    view = view_of(probabilities=[*first, *[row[::-1] for row in first]])
    predicted = view.predicted[0, ClassBalanced().select(view, 8)[0]]
    assert predicted.bincount().tolist() == [4, 4]
    assert all(pair.unique().numel() == 2 for pair in predicted.view(4, 2))


def test_a_subsample_is_chosen_from_by_the_base_alone(view_of):
    p = [[0.5 + n / 100, 0.5 - n / 100] for n in range(40)]
    first = torch.zeros(40)
    for seed in range(400):
        view = shuffled(view_of(probabilities=p), seed)
        score = Subsampled(records=10).score(view)[0]
        inside = score > score.min()
        assert int(inside.sum()) in {9, 10}
        picks = Subsampled(records=10).select(view, 10)[0]
        assert picks.equal(picks.sort().values)
        first[picks[0]] += 1
    # The best of ten random records of forty: the first of all a quarter of the time.
    assert float(first[0]) / 400 == pytest.approx(0.25, abs=0.07)


def test_with_room_for_the_whole_pool_the_base_chooses():
    view = example_view(seed=3)
    for name in ("margin", "core-set", "badge", "batch-bald"):
        small = Subsampled(base=name, records=12).select(view, 4)
        assert small.equal(make_strategy(name).select(view, 4))


def test_a_batch_larger_than_the_sample_goes_on_at_random():
    view = example_view(seed=3, records=(12,), labelled=(2,))
    drawn = Subsampled(records=4).select(view, 4)[0].tolist()
    picks = Subsampled(records=4).select(view, 12)[0].tolist()
    assert picks[:4] == drawn
    assert len(set(picks[:10])) == 10
    assert picks[10:] == [-1, -1]


def test_a_sample_of_none_is_refused():
    with pytest.raises(InvalidRecipeError, match="records = 0 given; give at least 1"):
        Subsampled(records=0)


def test_a_view_of_some_records_holds_theirs():
    view = example_view(seed=1, padding=1)
    view = dataclasses.replace(view, silent=view.noise > 0.9, price=view.noise, times_queried=view.labelled.long())
    kept = view.known | (view.noise > 0.5)
    small, position = subview(view, kept)
    assert small.exists.sum(1).equal((kept & view.exists).sum(1))
    for episode in range(3):
        own = kept[episode] & view.exists[episode]
        size = int(own.sum())
        for name in ("features", "probabilities", "embedding", "noise", "labelled", "silent", "price", "times_queried"):
            part = getattr(small, name)[episode, :size]
            assert part.equal(getattr(view, name)[episode, own]), name
        assert small.members[episode, :, :size].equal(view.members[episode][:, own])
        place = small.labelled_index[episode, view.labelled_mask[episode]]
        assert position[episode, place].equal(view.labelled_index[episode, view.labelled_mask[episode]])
    assert Margin().score(small)[0, 0] == Margin().score(view)[0, position[0, 0]]
    assert tensors(small).keys() == tensors(view).keys()
