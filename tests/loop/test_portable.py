"""What an accelerator would compute, by torch alone, is what compiled code computes."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.evaluation.simulate import simulate
from alrl.learners import Committee, make_learner
from alrl.loop.simulator import Simulator
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.numerics.backend import portable
from alrl.strategies import make_strategy


def simulators(names, learner="softmax-regression", labels=8):
    """One on compiled code and one on torch alone, after the same queries."""
    made = []
    for _ in range(2):
        tasks = [draw_task(load_data_set(name), [number]) for number, name in enumerate(names)]
        made.append(lambda tasks=tasks: Simulator(tasks, make_learner(learner), labels=labels))
    here = made[0]()
    with portable():
        there = made[1]()
    for _ in range(3):
        picks = make_strategy("margin").select(here.view, 2)
        here.step(picks)
        with portable():
            there.step(picks)
    return here, there


@pytest.mark.parametrize(
    "learner", ["softmax-regression", "multilayer-perceptron", "nearest-centroid", Committee(members=2)]
)
def test_the_loop_is_the_same(learner):
    here, there = simulators(("iris", "wine", "breast_cancer"), learner)
    with portable():
        seen = there.view
        score = there.outcome("test")
        distance, near = seen.distance_to_known, seen.geometry.neighbours
    assert (here.view.probabilities - seen.probabilities).abs().max() < 2e-3
    assert here.view.labels.equal(seen.labels)
    assert here.view.noise.equal(seen.noise)
    assert torch.allclose(here.view.trajectory.flips.sum(1), seen.trajectory.flips.sum(1), atol=3)
    assert torch.allclose(here.view.distance_to_known, distance, atol=1e-4)
    assert torch.allclose(here.view.geometry.neighbours[0], near[0], atol=1e-4)
    assert (here.outcome("test").accuracy - score.accuracy).abs().max() < 0.05
    assert (here.outcome("test").balanced_accuracy - score.balanced_accuracy).abs().max() < 0.08


def test_observations_are_the_same():
    here, there = simulators(("iris", "wine", "breast_cancer"))
    features, index = FeatureSet(DEFAULT_GROUPS), torch.arange(20)[None].expand(3, -1)
    seen = features.observe(here.view, index)
    with portable():
        other = features.observe(there.view, index)
    assert (seen.loop - other.loop).abs().max() < 0.02
    assert (seen.candidates - other.candidates).abs().mean() < 0.01
    assert seen.mask.equal(other.mask)


@pytest.mark.parametrize("name", ["iris", "digits"])
@pytest.mark.parametrize("strategy", ["random", "core-set", "general"])
def test_a_simulation_is_the_same(name, strategy):
    here = simulate(name, strategy, labels=6, batch=2, seeds=3)
    with portable():
        there = simulate(name, strategy, labels=6, batch=2, seeds=3)
    assert (here.picks == there.picks).mean() > 0.7
    assert np.abs(here.accuracy - there.accuracy).mean() < 0.02


def test_a_look_ahead_is_the_same():
    here, there = simulators(("iris", "wine"))
    candidates = torch.tensor([[5, 9, -1], [3, 8, 1]])
    candidates = candidates.masked_fill(here.view.labelled.gather(1, candidates.clamp_min(0)), -1)
    value = LookAhead(horizon=2).value(here, candidates)
    with portable():
        other = LookAhead(horizon=2).value(there, candidates)
    assert torch.allclose(value, other, atol=0.05)


def test_the_environment_runs():
    with portable():
        env = ActiveLearningVectorEnv("wine-batch", num_envs=3)
        observation, info = env.reset(seed=0)
        for _ in range(12):
            observation, rewards, *_, info = env.step(info["action_mask"].argmax(1))
    assert np.isfinite(observation["candidates"]).all()
    assert np.isfinite(rewards).all()


@pytest.mark.parametrize("picks", [[[999]], [[-5]]])
def test_a_bad_pick_is_told(picks):
    from alrl.errors import InvalidQueryError

    with portable():
        simulator = Simulator([draw_task(load_data_set("iris"), [0])], make_learner("softmax-regression"), labels=2)
        with pytest.raises(InvalidQueryError, match=r"a pick of"):
            simulator.step(torch.tensor(picks))
        with pytest.raises(InvalidQueryError, match=r"labelled already"):
            simulator.step(simulator.view.labelled_index[:, :1])
