"""What each kind of action does: masks, sizes, stop, restart, rules, weights; the budget is never exceeded."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from alrl.envs.actions import Setting, Turn, action_kinds
from alrl.envs.actions.layout import Layout
from alrl.envs.actions.weights import quantiles
from alrl.envs.candidates import CandidateMixture
from alrl.envs.env import ActiveLearningEnv
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.metadata import FeatureSet
from alrl.testing.example_view import example_view

FIRST = 4
"""Records of the first sample: the task has four classes."""
SIZED = {"candidates": {"count": 4}, "sizes": [1, 3], "stop": True, "restart": True}
RULES = {"kind": "rule", "rules": ["margin", "random", "typiclust"]}
WEIGHTS = {"kind": "weights", "features": ["margin", "flip-rate"], "candidates": {"count": 6}}


def setting(**given):
    return Setting(features=FeatureSet(["confidence", "loop"]), mixture=CandidateMixture(count=3), **given)


def turn(*, wanted, left, may_restart=True, filled=0):
    def one(value, dtype=torch.long):
        return torch.tensor([value], dtype=dtype)

    return Turn(
        view=example_view(records=(4,), labelled=(1,)),
        filled=one(filled),
        wanted=one(wanted),
        left=one(left),
        may_restart=one(may_restart, torch.bool),
    )


def masked(layout, **given):
    return layout.mask(torch.tensor([[True, True, False]]), turn(**given))[0].int().tolist()


def test_these_are_all():
    assert set(action_kinds()) == {"record", "rule", "weights"}


def test_numbers_are_choices_of_each_size_then_stop_then_restart():
    layout = Layout(3, setting(sizes=(1, 5), stop=True, restart=True))
    assert [layout.name(number) for number in range(layout.count)] == [
        "choice 0, batch of 1",
        "choice 1, batch of 1",
        "choice 2, batch of 1",
        "choice 0, batch of 5",
        "choice 1, batch of 5",
        "choice 2, batch of 5",
        "stop",
        "restart",
    ]
    # Between two batches; with fewer left than the larger size; while a batch of five is filled; no budget to restart.
    assert masked(layout, wanted=0, left=9) == [1, 1, 0, 1, 1, 0, 1, 1]
    assert masked(layout, wanted=0, left=4) == [1, 1, 0, 0, 0, 0, 1, 1]
    assert masked(layout, wanted=5, left=9, filled=2) == [0, 0, 0, 1, 1, 0, 1, 1]
    assert masked(layout, wanted=0, left=9, may_restart=False) == [1, 1, 0, 1, 1, 0, 1, 0]


def test_what_numbers_say():
    layout = Layout(3, setting(sizes=(1, 5), stop=True, restart=True))
    masked(layout, wanted=0, left=9)

    def answer(number):
        choice = layout.read(torch.tensor([number]), torch.tensor([True]))
        return [int(each) for each in (choice.choice, choice.size, choice.stop, choice.restart)]

    assert [answer(number) for number in (1, 4, 6, 7)] == [[1, 1, 0, 0], [1, 5, 0, 0], [0, 1, 1, 0], [0, 1, 0, 1]]
    # While a batch is filled its size is settled: a learner without masks cannot go wrong.
    masked(layout, wanted=5, left=9, filled=1)
    assert answer(1) == answer(4) == [1, 5, 0, 0]
    for number in (2, 5, 8, -1):
        with pytest.raises(InvalidQueryError, match=f"episode 0: action {number}.* is not allowed here"):
            answer(number)


@pytest.mark.parametrize("sizes", [(), (0, 1), (3, 1), (2, 2)])
def test_sizes_that_are_none_are_refused(sizes):
    with pytest.raises(InvalidRecipeError, match=r"sizes = .* given; give at least one size, each once"):
        setting(sizes=sizes)


def test_the_first_pick_of_a_batch_says_its_size(recipe):
    env = ActiveLearningEnv(recipe(budget={"labels": 9}, action=SIZED))
    _, info = env.reset(seed=1)
    assert info["action_mask"].tolist() == [True] * 10
    spent = []
    # One; three, of which two picks name another size; one; three.
    for action in (0, 4, 0, 1, 2, 7, 7, 7):
        *_, info = env.step(action)
        spent.append(int(info["spent"]))
    assert spent == [1, 1, 1, 4, 5, 5, 5, 8]
    # One label is left: a batch of three is masked, and cut short by who does not mind.
    assert info["action_mask"].tolist() == [True] * 4 + [False] * 4 + [True, False]
    *_, over, _, info = env.step(4)
    assert over
    assert info["spent"] == 9


def test_stop_ends_the_episode_and_lets_an_unfinished_batch_go(recipe):
    env = ActiveLearningEnv(recipe(budget={"labels": 9}, action=SIZED))
    env.reset(seed=1)
    env.step(0)
    env.step(4)
    _, reward, over, _, info = env.step(8)
    assert over
    assert reward == 0
    assert info["spent"] == 1
    assert int(env.game.simulator.view.labelled.sum()) == FIRST + 1
    with pytest.raises(InvalidQueryError, match="the episode is over"):
        env.step(0)


def test_restart_draws_another_first_sample_and_all_labels_stay_charged(recipe):
    budget = {"labels": 9, "first": "random", "first_size": 3}
    env = ActiveLearningEnv(recipe(budget=budget, action=SIZED, cost={"label": 2.0}, reward={"kind": "net-value"}))
    _, info = env.reset(seed=1)
    first = env.game.simulator.view.labelled.clone()
    env.step(0)
    _, _, _, _, info = env.step(4)
    before = info["score"]
    _, reward, over, _, info = env.step(9)
    assert not over
    # The one label bought and the new first sample are charged; the pick that was not bought is not.
    assert info["spent"] == 4
    view = env.game.simulator.view
    assert int(view.labelled.sum()) == 3
    assert not view.labelled.equal(first)
    assert reward == pytest.approx(100 * float(info["score"] - before) - 3 * 2.0, abs=1e-4)
    assert float(env.game.simulator.cost.labels[0]) == 3 + 1 + 3
    assert env.game.view.selected.sum() == 0
    # Of the five labels left another restart takes three, then none is possible.
    *_, info = env.step(9)
    assert info["spent"] == 7
    assert not info["action_mask"][9]
    with pytest.raises(InvalidQueryError, match=r"action 9 \(restart\) is not allowed here"):
        env.step(9)


def test_first_samples_of_restarts_differ_and_are_the_seeds_own(recipe):
    env = ActiveLearningEnv(
        recipe(budget={"labels": 20, "first": "random", "first_size": 3}, action={**SIZED, "stop": False})
    )

    def samples():
        env.reset(seed=4)
        result = []
        for _ in range(3):
            result.append(tuple(env.game.simulator.view.labelled[0].nonzero()[:, 0].tolist()))
            env.step(8)
        return result

    once = samples()
    assert len(set(once)) == 3
    assert samples() == once


@pytest.mark.parametrize("action", [SIZED, {**RULES, "sizes": [1, 3, 4], "stop": True}, {**WEIGHTS, "sizes": [2, 5]}])
@settings(max_examples=3)
@given(seed=st.integers(0, 10_000))
def test_whatever_is_played_the_budget_is_not_exceeded(recipe_of, chooser, action, seed):
    env = ActiveLearningVectorEnv(recipe_of(budget={"labels": 7}, action=action), num_envs=2, autoreset_mode="SameStep")
    choose = chooser(env)
    _, info = env.reset(seed=seed)
    for step in range(12):
        actions = np.array([choose(info["action_mask"][index], seed, step, index) for index in range(2)])
        _, _, ended, _, info = env.step(actions)
        assert (info["spent"] <= 7).all()
        labelled = env.game.simulator.view.labelled.sum(1)
        assert (labelled <= 7 + FIRST).all()
        if ended.any():
            assert (info["final_info"]["spent"][ended] <= 7).all()


def test_a_rule_plays_its_whole_batch(recipe):
    budget = {"labels": 9, "batch": 3}
    env = ActiveLearningEnv(recipe(budget=budget, action=RULES, reward={"against": "margin"}))
    observation, info = env.reset(seed=1)
    assert observation["candidates"].shape == (3, 26)
    assert env.action_space.n == 3
    picks = env.game.actions.rules[0].select(env.game.simulator.view, 3)[0]
    column = [feature.name for feature in env.game.features.record].index("margin")
    # A row describes the batch that the rule would query.
    assert observation["candidates"][0, column] == pytest.approx(
        float(env.game.simulator.view.margin[0, picks].mean()), abs=1e-6
    )
    rewards, over = [], False
    while not over:
        _, reward, over, _, info = env.step(0)
        rewards.append(reward)
    # Margin's batches are those of the margin run.
    assert rewards == [0, 0, 0]
    assert info["spent"] == 9
    assert picks.tolist() == env.game.simulator.view.labelled_index[0, FIRST : FIRST + 3].tolist()


def test_rules_differ_and_sizes_are_kept(recipe):
    env = ActiveLearningEnv(recipe(budget={"labels": 12}, action={**RULES, "sizes": [2, 4]}))
    spent = []
    _, info = env.reset(seed=1)
    wanted = env.game.actions.rules[2].select(env.game.simulator.view, 4)[0].tolist()
    for action in (5, 1, 3, 2):
        *_, info = env.step(action)
        spent.append(int(info["spent"]))
    assert spent == [4, 6, 10, 12]
    assert env.game.simulator.view.labelled_index[0, FIRST : FIRST + 4].tolist() == wanted


def test_a_rule_that_asks_a_committee_needs_one(recipe):
    with pytest.raises(InvalidRecipeError, match="kind rule need a learner that provides members"):
        recipe(action={"kind": "rule", "rules": ["margin", "bald"]})
    learner = {"kind": "committee", "members": 3}
    env = ActiveLearningEnv(
        recipe(action={"kind": "rule", "rules": ["margin", "bald"]}, learner=learner, budget={"labels": 2})
    )
    env.reset(seed=0)
    assert env.step(1)[4]["spent"] == 1


def test_weights_of_minus_one_on_the_margin_are_margin_sampling(recipe):
    env = ActiveLearningEnv(recipe(budget={"labels": 9, "batch": 3}, action=WEIGHTS, reward={"against": "margin"}))
    observation, info = env.reset(seed=1)
    assert observation["candidates"].shape == (5, 26)
    assert info["action_mask"].tolist() == [True, True]
    rewards = [env.step(np.array([-1.0, 0.0]))[1] for _ in range(3)]
    assert rewards == [0, 0, 0]


def test_weights_of_the_candidates_pick_among_them(recipe):
    env = ActiveLearningEnv(recipe(budget={"labels": 8, "batch": 4}, action={**WEIGHTS, "scored": "candidates"}))
    env.reset(seed=1)
    offered = env.game.candidates[0].tolist()
    margin = env.game.simulator.view.margin[0]
    env.step(np.array([1.0, 0.0]))
    bought = env.game.simulator.view.labelled_index[0, FIRST:].tolist()
    assert bought == sorted(offered, key=lambda record: -float(margin[record]))[:4]


def test_switches_of_weights(recipe):
    action = {**WEIGHTS, "sizes": [1, 2, 4], "stop": True, "restart": True}
    env = ActiveLearningEnv(recipe(budget={"labels": 13}, action=action))
    _, info = env.reset(seed=1)
    assert env.action_space.shape == (5,)
    assert info["action_mask"].tolist() == [True] * 5
    spent = []
    # Thirds of the range are the sizes; beyond the range counts as its end; then one restart for four labels.
    for row in ([0, 0, -0.4, 0, 0], [0, 0, 0.3, 0.9, 0], [0, 0, 7.0, 0, 0.9], [0, 0, -1, 0, 0.95]):
        *_, info = env.step(np.array(row, dtype=np.float32))
        spent.append(int(info["spent"]))
    assert spent == [1, 3, 7, 11]
    assert info["action_mask"].tolist() == [True] * 4 + [False]
    _, _, over, _, info = env.step(np.array([0, 0, 1, 0.95, 1.0], dtype=np.float32))
    assert over
    assert info["spent"] == 11


def test_weights_that_are_no_numbers_are_refused(recipe):
    env = ActiveLearningEnv(recipe(action=WEIGHTS))
    env.reset(seed=1)
    with pytest.raises(InvalidQueryError, match="episode 0: weights that are not finite given"):
        env.step(np.array([np.nan, 0.0]))
    with pytest.raises(InvalidQueryError, match=r"actions of shape \(1, 3\) given; expected \(1, 2\)"):
        env.step(np.zeros(3))


def test_quantiles_are_of_the_rows_that_there_are():
    values = torch.tensor([[[5.0], [1.0], [9.0], [3.0]], [[1.0], [2.0], [3.0], [4.0]]])
    mask = torch.tensor([[True, True, False, True], [False] * 4])
    assert quantiles(values, mask)[..., 0].tolist() == [[1, 1, 3, 3, 5], [0, 0, 0, 0, 0]]


@pytest.mark.parametrize(
    ("action", "message"),
    [
        ({"kind": "rule"}, "rules"),
        ({"kind": "rule", "rules": ["margin"]}, "name at least two strategies, each once"),
        ({"kind": "rule", "rules": ["margin", "margn"]}, 'did you mean "margin"?'),
        ({**RULES, "candidates": {"count": 3}}, "candidates have no meaning for kind rule; leave them out"),
        ({"kind": "weights", "features": []}, "name at least one feature, each once"),
        ({"kind": "weights", "features": ["marginn"]}, 'did you mean "margin"?'),
        ({**WEIGHTS, "scored": "all"}, 'scored = \'all\' given; allowed: "pool", "candidates"'),
        ({"sizes": [1, 7]}, "a batch of 7 given for a budget of 6 labels; give smaller sizes"),
        ({"kind": "record", "candidate": 3}, 'unknown key "candidate"; did you mean "candidates"?'),
        ({"kind": "rule", "ruls": ["margin", "random"]}, 'unknown key "ruls"; did you mean "rules"?'),
    ],
)
def test_what_an_action_cannot_be_is_refused(recipe, action, message):
    with pytest.raises(InvalidRecipeError) as error:
        recipe(action=action)
    assert message in str(error.value)


def test_a_batch_costs_less_than_as_many_loops_of_one(recipe):
    """The size of a batch can be learnt: retraining is charged, so the return of the same labels depends on it."""
    returns = []
    for size in (0, 1):
        env = ActiveLearningEnv(
            recipe(
                budget={"labels": 8},
                cost={"label": 0.0, "record_epoch": 0.01},
                action={"kind": "rule", "rules": ["margin", "random"], "sizes": [1, 8]},
                reward={"kind": "net-value", "value": 1e-6},
            )
        )
        env.reset(seed=0)
        total, over = 0.0, False
        while not over:
            _, reward, over, _, info = env.step(2 * size)
            total += reward
        assert info["spent"] == 8
        returns.append(total)
    assert returns[0] < 3 * returns[1] < 0


def test_a_restart_with_several_first_samples_charges_them_all(recipe):
    budget = {"labels": 14, "first": "promising", "first_size": 2, "first_candidates": 3}
    env = ActiveLearningEnv(recipe(budget=budget, action={**SIZED, "sizes": [1]}, reward={"against": "margin"}))
    _, info = env.reset(seed=1)
    # The two samples that are not kept are charged at the beginning, all three of a restart.
    assert info["spent"] == 4
    *_, info = env.step(5)
    assert info["spent"] == 10
    assert int(env.game.simulator.view.labelled.sum()) == 2
    # Four labels are left for six records.
    assert info["action_mask"].tolist() == [True] * 5 + [False]
    _, _, over, _, _ = env.step(4)
    assert over
