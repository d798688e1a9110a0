"""Bandits over rules and ALBL: their arithmetic, what they are paid, and how they play."""

from __future__ import annotations

import dataclasses
import math
import re
from pathlib import Path

import pytest
import torch

from alrl.agents.query import query
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.evaluation.simulate import simulate
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.meta.albl import ALBL, exp4p, importance_weighted_accuracy, least_probability, rule_probabilities
from alrl.strategies.meta.bandits import EXP3, UCB, Thompson, probabilities, quantiles, upper_bounds
from alrl.strategies.meta.base import REWARDS, answers, make_rules
from alrl.strategies.play import play
from alrl.strategies.uncertainty_sampling import Margin
from alrl.testing.example_view import example_view
from alrl.testing.learning_checks import with_labels

NAMES = ("albl", "exp3", "ucb", "thompson")


def simulator(seeds, labels=12, data="synthetic/mixed-0"):
    return Simulator([draw_task(load_data_set(data), [seed]) for seed in seeds], SoftmaxRegression(), labels=labels)


def test_exp3_after_a_reward_of_one():
    memory = EXP3(rules=["margin", "random"]).learnt(
        torch.zeros(1, 2, 1, dtype=torch.float64), torch.tensor([0]), torch.tensor([1.0])
    )
    assert float(probabilities(memory[..., 0], 0.1)[0, 0]) == pytest.approx(0.52248127, abs=1e-8)


def test_ucb1_bounds():
    memory = torch.tensor([[[2.0, 0.6], [1.0, 0.2]]], dtype=torch.float64)
    memory = UCB(rules=["margin", "random"]).learnt(memory, torch.tensor([0]), torch.tensor([0.9]))
    bounds = upper_bounds(memory[..., 0], memory[..., 1])
    assert bounds[0].tolist() == pytest.approx([1.461351, 1.865109], abs=1e-6)


def test_ucb_plays_every_rule_before_one_twice():
    strategy, view, seen = UCB(rules=["margin", "core-set", "random"]), example_view(seed=0), []
    for _ in range(3):
        seen.append(strategy.chosen(view))
        picks = strategy.select(view, 1)
        later = with_labels(view, picks)
        strategy, view = strategy.after(view, picks, later), later
    # The third episode has enough records for three rounds; the first too.
    assert all(sorted(row) == [0, 1, 2] for row in torch.stack(seen, 1).tolist())


def test_thompson_draws_from_beta_posteriors():
    level = (torch.arange(20000, dtype=torch.float64) + 0.5)[None] / 20000
    result = quantiles(torch.full_like(level, 3.0), torch.full_like(level, 5.0), level)
    assert float(result.mean()) == pytest.approx(3 / 8, abs=1e-4)
    assert float(result.var()) == pytest.approx(15 / (64 * 9), abs=1e-4)


def test_thompson_counts_successes_and_failures():
    memory = Thompson(rules=["margin", "random"]).learnt(
        torch.zeros(1, 2, 2, dtype=torch.float64), torch.tensor([1]), torch.tensor([0.75])
    )
    assert memory.tolist() == [[[0.0, 0.0], [0.75, 0.25]]]


def test_exp4p_by_hand():
    budget = torch.tensor([50.0], dtype=torch.float64)
    least = least_probability(2, budget)
    assert float(least) == pytest.approx(math.sqrt(math.log(2) / 100))
    # One query, advised by the first rule alone, which had probability one half; reward 0.4.
    start = torch.zeros(1, 2, dtype=torch.float64)
    reward = torch.tensor([[[0.4 / 0.5, 0.0]]], dtype=torch.float64)
    grown = exp4p(start, reward, torch.tensor([[True]]), least, 0.1, budget)
    bonus = math.sqrt(math.log(2 / 0.1) / 100) / 0.5
    half = float(least) / 2
    assert grown[0].tolist() == pytest.approx([half * (0.8 + bonus), half * bonus])
    chance = rule_probabilities(grown, least)[0]
    share = 1 / (1 + math.exp(-half * 0.8))
    assert float(chance[0]) == pytest.approx((1 - 2 * float(least)) * share + float(least))
    assert float(chance.sum()) == pytest.approx(1)


def test_albl_weighs_what_it_bought_by_its_probability():
    view = example_view(seed=3, records=(9,), classes=(3,), labelled=(2,))
    view = dataclasses.replace(view, spent=torch.tensor([0]), budget=torch.tensor([5]))
    strategy = ALBL(rules=["margin", "random"])
    margin = Margin().select(view, 1)
    later = with_labels(view, margin)
    learnt = strategy.after(view, margin, later)
    # Margin's record has probability 1/2 from margin and 1/2 of one in seven from random.
    expected = 1 / (0.5 + 0.5 / 7)
    assert learnt.importance[0].tolist() == pytest.approx([0, 0, expected])
    right = later.predicted[0, margin[0, 0]] == later.labels[0, 2]
    assert float(importance_weighted_accuracy(later, learnt.importance)) == pytest.approx(
        min(1.0, expected * float(right) / (9 * 5))
    )


def test_rewards_read_what_was_bought_and_said():
    before = example_view(seed=1, records=(12,), classes=(3,))
    picks = before.available.to(torch.uint8).argsort(dim=1, descending=True, stable=True)[:, :4]
    after = with_labels(before, picks)
    wrong = before.predicted.gather(1, picks) != answers(after, picks)
    assert float(REWARDS["surprise"](before, picks, after)) == pytest.approx(float(wrong.float().mean()))
    free = after.available[0]
    moved = (before.predicted != after.predicted)[0, free].float().mean()
    assert float(REWARDS["change"](before, picks, after)) == pytest.approx(float(moved))
    share = torch.bincount(after.predicted[0, free], minlength=3) / free.sum()
    entropy = float(torch.special.entr(share).sum() / math.log(3))
    assert float(REWARDS["class-entropy"](before, picks, after)) == pytest.approx(entropy, abs=1e-6)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("batch", [1, 3])
def test_an_episode_is_played_as_if_it_were_alone(name, batch):
    together = play(simulator(range(4)), make_strategy(name), labels=12, batch=batch)
    for seed in range(4):
        alone = play(simulator([seed]), make_strategy(name), labels=12, batch=batch)
        assert alone.picks[0].equal(together.picks[seed])


def learnt_over(simulator, strategy, loops):
    for _ in range(loops):
        view = simulator.view
        picks = strategy.select(view, 1)
        simulator.step(picks)
        strategy = strategy.after(view, picks, simulator.view)
    return strategy


@pytest.mark.parametrize("name", NAMES)
def test_where_an_episode_begins_anew_nothing_is_remembered(name):
    played, fresh, anew = simulator([0, 1]), simulator([2]), make_strategy(name)
    strategy = learnt_over(played, make_strategy(name), 6)
    played.restart([0], [draw_task(load_data_set("synthetic/mixed-0"), [2])])
    for _ in range(5):
        view, picks = played.view, strategy.select(played.view, 1)
        assert picks[0].equal(anew.select(fresh.view, 1)[0])
        own = fresh.view
        played.step(picks)
        fresh.step(picks[:1])
        strategy, anew = strategy.after(view, picks, played.view), anew.after(own, picks[:1], fresh.view)
    assert strategy.memory[0].equal(anew.memory[0])


@pytest.mark.parametrize("name", ["exp3", "ucb", "thompson"])
def test_the_rule_that_is_paid_is_followed_more(name):
    strategy, view = make_strategy(name, rules=["margin", "random"]), example_view(seed=0, records=(9,))
    memory, plays = strategy.known(view), torch.zeros(2)
    for loop in range(300):
        noise = torch.rand(1, 9, generator=torch.Generator().manual_seed(loop))
        arm = strategy.arm(memory, dataclasses.replace(view, noise=noise))
        plays[arm] += 1
        memory = strategy.learnt(memory, arm, (arm == 1).double())
    assert plays[1] > 2 * plays[0] > 0


def test_it_plays_in_simulate_by_its_name():
    curves = simulate("iris", "albl", labels=6, seeds=3)
    again = simulate("iris", make_strategy("albl"), labels=6, seeds=[2, 1])
    assert curves.picks.shape == (3, 6)
    assert (curves.picks[[2, 1]] == again.picks).all()


def test_a_strategy_that_learnt_from_others_is_refused():
    learnt = learnt_over(simulator([0, 1]), make_strategy("ucb"), 2)
    watched = simulator([0])
    watched.step(torch.tensor([[int(watched.view.available[0].to(torch.uint8).argmax())]]))
    with pytest.raises(InvalidQueryError, match="has learnt from 2 episodes and is to play 1"):
        learnt.select(watched.view, 1)


@pytest.mark.parametrize(
    ("name", "settings", "message"),
    [
        ("exp3", {"rules": []}, "give a list"),
        ("exp3", {"rules": "margin"}, "give a list"),
        ("exp3", {"rules": ["marign"]}, 'did you mean "margin"'),
        ("ucb", {"rules": ["margin", "margin"]}, "is given twice"),
        ("ucb", {"rules": ["margin", "exp3"]}, "exp3 learns from round to round"),
        ("albl", {"rules": [{"beta": 2.0}]}, "names no strategy"),
        ("thompson", {"reward": "suprise"}, 'did you mean "surprise"'),
        ("exp3", {"gamma": 0.0}, "gamma = 0.0 given"),
        ("ucb", {"width": -1.0}, "width = -1.0 given"),
        ("thompson", {"failures": 0.0}, "failures = 0.0 given"),
        ("albl", {"delta": 2.0}, "delta = 2.0 given"),
        ("subsampled", {"base": "ucb"}, "ucb learns from round to round"),
    ],
)
def test_what_cannot_be_is_refused(name, settings, message):
    with pytest.raises(InvalidRecipeError, match=message):
        make_strategy(name, **settings)


def test_a_single_query_cannot_learn():
    with pytest.raises(InvalidRecipeError, match="which a query by itself cannot tell it"):
        query(make_strategy("exp3"), None, [[0.0]], [[1.0]], [0])


def test_a_rule_may_have_settings():
    made = make_rules(["margin", {"strategy": "information-density", "beta": 2.0}], where="x")
    assert [rule.name for rule in made] == ["margin", "information-density"]
    assert made[1].beta == 2.0


def test_the_examples_of_the_docs_run():
    text = (Path(__file__).parents[3] / "docs" / "meta-strategies.md").read_text(encoding="utf-8")
    names = {}
    for block in re.findall(r"(?ms)^```python\n(.*?)^```$", text):
        exec(block, names)  # noqa: S102
    assert names["curves"].picks.shape == (5, 10)
    assert names["simulator"].view.spent.tolist() == [5] * 8
