"""Each algorithm reaches the optimum of an environment of which it is known; broken ones do not.

A state has six candidates of random features, one or more of them forbidden; what is paid is one feature of the
candidate chosen. The best policy takes the largest of it. The start takes the smallest margin, which tells nothing.
"""

from __future__ import annotations

import numpy as np
import pytest
import torch
from gymnasium import spaces
from stable_baselines3.common.vec_env import VecEnv

from alrl.agents.networks.set_scorer import SetScorer
from alrl.agents.policy import Policy
from alrl.agents.reinforcement_recipes import A2CRecipe, DQNRecipe, MaskablePPORecipe, PPORecipe
from alrl.agents.training.reinforcement.preparation import Sample, movement, normalised, sharpness
from alrl.agents.training.reinforcement.run import improve
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import EnvRecipe
from alrl.metadata import FeatureSet
from alrl.recipes import parse

FEATURES = FeatureSet(["confidence", "loop"])
NAMES = [feature.name for feature in FEATURES.record]
PAID, K, LENGTH = NAMES.index("probability-mean") if "probability-mean" in NAMES else NAMES.index("entropy"), 6, 8
F, G = len(FEATURES.record), len(FEATURES.loop)


class KnownOptimum(VecEnv):
    """Pays ``unit`` times the feature of the candidate chosen; episodes of eight steps."""

    def __init__(self, envs: int, *, unit: float = 1.0) -> None:
        space = spaces.Dict(
            {
                "candidates": spaces.Box(-1, 1, (K, F), np.float32),
                "loop": spaces.Box(-1, 1, (G,), np.float32),
                "mask": spaces.Box(0, 1, (K,), np.float32),
            }
        )
        self.unit, self.dice, self.render_mode = unit, np.random.default_rng(0), None
        super().__init__(envs, space, spaces.Discrete(K))
        self.age = np.zeros(envs, dtype=int)

    def _drawn(self):
        candidates = self.dice.random((self.num_envs, K, F)).astype(np.float32)
        mask = np.ones((self.num_envs, K), np.float32)
        mask[np.arange(self.num_envs), self.dice.integers(K, size=self.num_envs)] = 0
        return {
            "candidates": candidates * mask[..., None],
            "loop": self.dice.random((self.num_envs, G)).astype(np.float32),
            "mask": mask,
        }

    def reset(self):
        self.age[:] = 0
        self.seen = self._drawn()
        return self.seen

    def step_async(self, actions):
        self.actions = np.asarray(actions)

    def step_wait(self):
        rows = np.arange(self.num_envs)
        assert (self.seen["mask"][rows, self.actions] > 0).all()
        paid = self.unit * self.seen["candidates"][rows, self.actions, PAID]
        self.age += 1
        done = self.age >= LENGTH
        self.seen = self._drawn()
        last = {name: value.copy() for name, value in self.seen.items()}
        infos = [
            {"terminal_observation": {name: value[i] for name, value in last.items()}, "TimeLimit.truncated": False}
            if done[i]
            else {}
            for i in rows
        ]
        self.age[done] = 0
        return self.seen, paid.astype(np.float32), done, infos

    def action_masks(self):
        return self.seen["mask"] > 0

    def close(self):
        pass

    def get_attr(self, attr_name, indices=None):
        return [getattr(self, attr_name)] * self.num_envs

    def set_attr(self, attr_name, value, indices=None):
        setattr(self, attr_name, value)

    def env_method(self, method_name, *args, indices=None, **kwargs):
        return list(self.action_masks())

    def has_attr(self, attr_name):
        return attr_name == "action_masks"

    def env_is_wrapped(self, wrapper_class, indices=None):
        return [False] * self.num_envs

    def seed(self, seed=None):
        self.dice = np.random.default_rng(seed)
        return [seed] * self.num_envs


@pytest.fixture(scope="module")
def env():
    return parse(EnvRecipe, {"data": {"synthetic": {"tiny": 1}}, "budget": {"labels": LENGTH}}, where="test")


ALGORITHMS = {
    "ppo": PPORecipe(steps=8_000, envs=64, learning_rate=3e-3, rollout=8, epochs=8, clip=0.2, discount=0.5),
    "maskable-ppo": MaskablePPORecipe(
        steps=8_000, envs=64, learning_rate=3e-3, rollout=8, epochs=8, clip=0.2, discount=0.5
    ),
    "a2c": A2CRecipe(steps=24_000, envs=64, learning_rate=3e-3, rollout=4, discount=0.5),
    "dqn": DQNRecipe(
        steps=12_000, envs=64, learning_rate=3e-3, warm_up=512, batch=128, updates=4, discount=0.5, target=512
    ),
}


def trained(env, settings, unit=1.0, **kwargs):
    start = Policy.untrained(FEATURES, CandidateMixture(count=K), width=16, seed=1)
    playing = KnownOptimum(settings.envs, unit=unit)
    return improve(start, env, settings, seed=0, environment=playing, **kwargs)


def agreement(policy, *, best=True):
    """Share of fresh states in which the best candidate, or the worst, is chosen."""
    seen = KnownOptimum(500)
    states = {name: torch.as_tensor(value) for name, value in seen.reset().items()}
    mask = states["mask"] > 0
    with torch.no_grad():
        chosen = policy.network(states["candidates"], states["loop"], mask).argmax(1)
    paid = states["candidates"][..., PAID]
    wanted = paid.masked_fill(~mask, -1.0).argmax(1) if best else paid.masked_fill(~mask, 2.0).argmin(1)
    return float((chosen == wanted).double().mean())


@pytest.mark.parametrize("kind", ALGORITHMS)
def test_it_reaches_the_optimum(env, kind):
    given = []
    policy = trained(env, ALGORITHMS[kind], moved=given.append)
    assert agreement(policy) > 0.85
    assert given[0]["argmax_changed"] > 0.5
    assert given[0]["kl"] > 0.05


def test_rewards_a_thousand_times_smaller_are_learnt_as_well(env):
    assert agreement(trained(env, ALGORITHMS["ppo"], unit=1e-3)) > 0.85


def test_of_negated_rewards_it_learns_the_opposite(env):
    policy = trained(env, ALGORITHMS["ppo"], unit=-1.0)
    assert agreement(policy) < 0.05
    assert agreement(policy, best=False) > 0.85


def test_with_a_learning_rate_of_almost_nothing_it_stays_where_it_was(env):
    given = []
    policy = trained(
        env, ALGORITHMS["ppo"].model_copy(update={"learning_rate": 1e-12, "steps": 1024}), moved=given.append
    )
    assert given[0]["argmax_changed"] == 0
    assert agreement(policy) < 0.4


def made_up(seed=0):
    dice = torch.Generator().manual_seed(seed)
    mask = torch.ones(40, K, dtype=torch.bool)
    mask[:, -1] = False
    return Sample(
        candidates=torch.rand(40, K, F, generator=dice), loop=torch.rand(40, G, generator=dice) + 5, mask=mask
    )


def scorer():
    return SetScorer(record=F, loop=G, margin_column=FEATURES.margin_column, width=8)


def test_a_scorer_without_scales_of_its_own_takes_those_of_the_states():
    result = normalised(scorer(), made_up())
    assert float(result.mean[F:].mean()) == pytest.approx(5.5, abs=0.1)
    # One that has its own keeps them.
    assert normalised(result, made_up(1)) is result


def test_the_likeliest_candidate_gets_the_certainty_that_is_asked_for():
    network, sample = scorer(), made_up()
    factor = sharpness(network, sample, 0.6)
    sure = torch.softmax(sample.scores(network) * factor, 1).amax(1).mean()
    assert float(sure) == pytest.approx(0.6, abs=0.05)
    assert sharpness(network, sample, None) == 1


def test_what_has_not_moved_says_so():
    network = scorer()
    given = movement(network, network, made_up(), 1.0)
    assert given["argmax_changed"] == 0
    assert given["kl"] == pytest.approx(0, abs=1e-6)
    assert given["entropy_before"] == given["entropy_after"] > 0
