from __future__ import annotations

import pytest
import torch

from alrl.data.sources import load_data_set
from alrl.data.synthetic import synthetic
from alrl.data.task import draw_task
from alrl.errors import InvalidQueryError
from alrl.learners import SoftmaxRegression
from alrl.learners.committee import Committee
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.play import play


class Counting(SoftmaxRegression):
    """Says how often it was asked."""

    wanted = 0

    def embed(self, X):
        type(self).wanted += 1
        return X * 2

    def predict_members(self, X):
        raise AssertionError("nobody needs the members")


def simulator(learner, episodes=2, labels=6):
    data = load_data_set("synthetic/tiny-0")
    return Simulator([draw_task(data, [seed]) for seed in range(episodes)], learner, labels=labels)


def test_nothing_is_computed_that_nobody_needs():
    Counting.wanted = 0
    played_on = simulator(Counting())
    assert played_on.view.embedding is None
    assert played_on.view.members is None
    assert Counting.wanted == 0


def test_what_is_needed_is_computed_once_a_loop():
    Counting.wanted = 0
    played_on = simulator(Counting())
    played_on.provide(["embedding"])
    for loop in range(1, 4):
        assert played_on.view.embedding.equal(played_on.view.features * 2)
        assert played_on.view.members is None
        assert Counting.wanted == loop
        played_on.step(torch.tensor([[30 + loop], [40 + loop]]))


def test_a_view_that_is_there_already_gets_what_is_asked_for_later():
    played_on = simulator(Committee(members=3))
    assert played_on.view.members is None
    played_on.provide(["members"])
    members = played_on.view.members
    assert members.shape == (2, 3, *played_on.view.probabilities.shape[1:])
    torch.testing.assert_close(members.mean(1), played_on.view.probabilities)
    played_on.provide(["embedding"])
    assert played_on.view.members.equal(members)
    assert played_on.view.embedding is not None


def test_an_episode_that_stands_still_keeps_what_it_had():
    played_on = simulator(Committee(members=3))
    played_on.provide(["members"])
    before = played_on.view.members
    played_on.step(torch.tensor([[31], [41]]), torch.tensor([True, False]))
    after = played_on.view.members
    assert after[1].equal(before[1])
    assert not after[0].equal(before[0])


def test_a_restart_with_a_wider_task_gives_wider_fields():
    played_on = simulator(Committee(members=2))
    played_on.provide(["members", "embedding"])
    assert played_on.view.members is not None
    wide = draw_task(synthetic("mixed", 3), [0])
    played_on.restart([1], [wide])
    view = played_on.view
    assert view.members.shape[2:] == view.probabilities.shape[1:]
    assert view.embedding.shape[:2] == view.exists.shape


def test_an_unknown_need_is_refused():
    with pytest.raises(InvalidQueryError, match=r"'labels'.*allowed: embedding, .*, members, refits"):
        simulator(SoftmaxRegression()).provide(["labels"])


@pytest.mark.parametrize("name", ["vote-entropy", "bald", "batch-bald"])
def test_a_committee_strategy_plays_with_a_committee_and_says_so_without_one(name):
    played = play(simulator(Committee(members=3)), make_strategy(name), labels=6, batch=3)
    assert (played.picks >= 0).all()
    with pytest.raises(InvalidQueryError, match=f'{name} needs a committee of at least 2 .* has 1.*"committee"'):
        play(simulator(SoftmaxRegression()), make_strategy(name), labels=6)


@pytest.mark.parametrize("name", ["badge", "typiclust", "probcover", "contrastive", "discriminative"])
def test_an_episode_alone_plays_what_it_plays_among_others(name):
    data = load_data_set("synthetic/tiny-0")
    several = play(simulator(SoftmaxRegression(), episodes=3), make_strategy(name), labels=6, batch=3)
    alone = Simulator([draw_task(data, [1])], SoftmaxRegression(), labels=6)
    assert play(alone, make_strategy(name), labels=6, batch=3).picks[0].equal(several.picks[1])


def test_a_view_without_what_is_needed_says_how_to_ask():
    view = simulator(SoftmaxRegression()).view
    with pytest.raises(InvalidQueryError, match=r'simulator.provide\(\["embedding"\]\)'):
        make_strategy("badge").select(view)
    with pytest.raises(InvalidQueryError, match=r'simulator.provide\(\["members"\]\)'):
        make_strategy("bald").select(view)
