from __future__ import annotations

import pytest
import torch

from alrl.data.data_set import DataSet
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidQueryError
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.play import Played, play


def simulator(labels, episodes=2, data=None):
    data = data or load_data_set("synthetic/tiny-0")
    return Simulator([draw_task(data, [seed]) for seed in range(episodes)], SoftmaxRegression(), labels=labels)


@pytest.mark.parametrize(("labels", "batch"), [(1, 1), (6, 1), (6, 2), (7, 3), (4, 9)])
def test_curves_have_a_value_after_every_label(labels, batch):
    played = play(simulator(labels), make_strategy("margin"), labels=labels, batch=batch)
    assert played.accuracy.shape == played.balanced_accuracy.shape == (2, labels + 1)
    assert played.picks.shape == (2, labels)
    assert played.picks.dtype == torch.int64
    assert all(len(set(row)) == labels for row in played.picks.tolist())


def test_between_two_refits_the_older_learner_holds():
    watched = simulator(7)
    scores, picks = [watched.outcome("test").accuracy], []
    for size in (3, 3, 1):
        chosen = make_strategy("margin").select(watched.view, size)
        watched.step(chosen)
        scores.append(watched.outcome("test").accuracy)
        picks.append(chosen)
    played = play(simulator(7), make_strategy("margin"), labels=7, batch=3)
    assert played.picks.equal(torch.cat(picks, 1))
    # After 0, 1, 2 labels the first fit; after 3, 4, 5 the second; after 6 the third; after 7 the last.
    expected = [scores[0], scores[0], scores[0], scores[1], scores[1], scores[1], scores[2], scores[3]]
    assert played.accuracy.equal(torch.stack(expected, 1))


@pytest.mark.parametrize(
    ("labels", "batch", "sizes"), [(7, 3, [3, 3, 1]), (6, 3, [3, 3]), (2, 5, [2]), (3, 1, [1] * 3)]
)
def test_the_labels_bought_are_those_asked_for(labels, batch, sizes):
    played_on, given = simulator(9), []
    play(played_on, make_strategy("random"), labels=labels, batch=batch, progress=given.append)
    assert given == sizes
    assert played_on.view.spent.tolist() == [labels, labels]


@pytest.mark.parametrize("part", ["validation", "test"])
def test_scores_are_of_the_part_asked_for(part):
    watched = simulator(3)
    first = watched.outcome(part)
    played = play(simulator(3), make_strategy("margin"), labels=3, part=part)
    other = play(simulator(3), make_strategy("margin"), labels=3, part="test" if part == "validation" else "validation")
    assert played.accuracy[:, 0].equal(first.accuracy)
    assert played.balanced_accuracy[:, 0].equal(first.balanced_accuracy)
    assert played.picks.equal(other.picks)
    assert not played.accuracy.equal(other.accuracy)


def test_where_the_pool_runs_out_the_curve_goes_on_level():
    data = DataSet.from_arrays([[float(n), n % 5] for n in range(16)], [0, 1] * 8)
    played = play(simulator(20, episodes=1, data=data), make_strategy("margin"), labels=10, batch=4)
    # Eight records in the pool, two of them labelled at the start.
    assert sorted(played.picks[0].tolist())[:5] == [-1, -1, -1, -1, played.picks[0, :6].min()]
    assert played.picks[0, 6:].tolist() == [-1] * 4
    assert played.accuracy[0, 8:].unique().numel() == 1


def test_the_area_is_that_of_the_protocol():
    accuracy = torch.tensor([[0.5, 0.7, 0.8, 0.85]])
    played = Played(accuracy=accuracy, balanced_accuracy=accuracy, picks=torch.zeros(1, 3, dtype=torch.long))
    assert float(played.area) == pytest.approx(0.725)


@pytest.mark.parametrize("settings", [{"labels": 0}, {"labels": 3, "batch": 0}])
def test_fewer_than_one_is_refused(settings):
    with pytest.raises(InvalidQueryError, match="= 0 given; it must be at least 1"):
        play(simulator(3), make_strategy("margin"), **settings)
