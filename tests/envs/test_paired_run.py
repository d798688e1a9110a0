"""A paired return is the agent's own minus that of the whole margin run, whatever the agent does."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.paired_run import PairedRun
from alrl.envs.vector_env import ActiveLearningVectorEnv

BUDGET = {"labels": 12, "batch": 3}


def both(recipe, actions, seed=3, **tables):
    """Sums of rewards, plain and paired, of the same actions."""
    returns = []
    for against in ("nothing", "margin"):
        reward = {**tables.get("reward", {}), "against": against}
        env = ActiveLearningEnv(recipe(**{**tables, "budget": BUDGET, "reward": reward}))
        env.reset(seed=seed)
        total, over = 0.0, False
        for action in actions:
            assert not over
            _, reward_now, over, _, info = env.step(action)
            total += reward_now
        assert over
        assert info["true_return"] == pytest.approx(total, abs=1e-5)
        returns.append(total)
    return returns


def whole_margin_run(recipe, seed=3, **tables):
    """The return of margin sampling itself in batches of three: the first candidate is the least margin."""
    env = ActiveLearningEnv(recipe(**{**tables, "budget": BUDGET, "action": {"candidates": {"count": 8}}}))
    env.reset(seed=seed)
    total, over = 0.0, False
    while not over:
        _, reward, over, _, _ = env.step(0)
        total += reward
    return total


REWARDS = [
    {"kind": "gain"},
    {"kind": "area"},
    {"kind": "net-value", "value": 10.0},
    {"kind": "target", "share": 0.97},
]


@pytest.mark.parametrize("reward", REWARDS, ids=lambda each: each["kind"])
@pytest.mark.parametrize(
    "actions",
    [
        # Number 24 is stop; 0 to 7 are batches of 1, 8 to 15 of 2, 16 to 23 of 5.
        [24],
        [3, 24],
        [19, 19, 19, 19, 19, 24],
        [10, 10, 2, 24],
        [19, 19, 24],
    ],
    ids=["at once", "after one", "after five", "after two and one", "within a batch"],
)
def test_wherever_the_agent_stops_the_margin_run_is_taken_off_whole(recipe, reward, actions):
    tables = {"action": {"candidates": {"count": 8}, "sizes": [1, 2, 5], "stop": True}, "reward": reward}
    plain, paired = both(recipe, actions, **tables)
    assert plain - paired == pytest.approx(whole_margin_run(recipe, reward=reward), abs=1e-4)


def test_wherever_it_begins_again_too(recipe):
    tables = {"action": {"candidates": {"count": 8}, "restart": True}, "reward": {"kind": "gain"}}
    # The task has four classes: a restart takes 4 of the 12 labels.
    plain, paired = both(recipe, [0, 1, 2, 8, *[0] * 5], **tables)
    assert plain - paired == pytest.approx(whole_margin_run(recipe), abs=1e-5)


def test_episodes_that_end_apart_are_settled_apart(recipe):
    def played(num_envs, seed):
        env = ActiveLearningVectorEnv(
            recipe(
                budget={"labels": 6},
                action={"candidates": {"count": 4}, "stop": True},
                reward={"against": "margin", "kind": "area"},
            ),
            num_envs=num_envs,
            autoreset_mode="SameStep",
        )
        env.reset(seed=seed)
        return env

    together = played(3, 0)
    apart = [played(1, seed) for seed in range(3)]
    chance = np.random.default_rng(0)
    for _ in range(12):
        # Number 4 is stop.
        actions = chance.integers(0, 5, 3)
        _, rewards, ended, _, _ = together.step(actions)
        for index, env in enumerate(apart):
            _, alone, over, _, _ = env.step(actions[index : index + 1])
            assert alone[0] == pytest.approx(rewards[index], abs=1e-6)
            assert over[0] == ended[index]


def test_a_run_that_goes_on_from_the_agents_first_fit_is_one_that_begins_by_itself(recipe):
    """In episodes that begin together, and in those that begin while others play."""
    game = ActiveLearningVectorEnv(recipe(budget=BUDGET, reward={"against": "margin"}), num_envs=3)
    game.reset(seed=5)
    tasks = [game._draws.next(episode) for episode in (0, 2)]
    game.game.replace([0, 2], tasks)
    run, agent = game.game._rival, game.game.simulator
    alone = PairedRun(agent.tasks, 3, game.game._new_simulator, game.game.reward, "accuracy")
    everyone = torch.ones(3, dtype=torch.bool)
    for spent in (3, 12):
        assert run.keep_pace(torch.full((3,), spent), everyone).equal(
            alone.keep_pace(torch.full((3,), spent), everyone)
        )
        assert run.simulator.view.probabilities.equal(alone.simulator.view.probabilities)
        assert run.standing.score.equal(alone.standing.score)
