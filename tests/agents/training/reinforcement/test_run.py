"""Every algorithm on the vector environment: it learns, it respects masks, global generators stay as they were."""

from __future__ import annotations

import random
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from alrl.agents.policy import Policy
from alrl.agents.reinforcement_recipes import LEARNS, ReinforcementRecipe
from alrl.agents.training.reinforcement.run import improve, minibatch
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.recipes import parse

KINDS = {each.model_fields["kind"].default: each for each in get_args(get_args(ReinforcementRecipe)[0])}
LOGGED = {
    "ppo": {"train/value_loss", "train/approx_kl"},
    "maskable-ppo": {"train/value_loss", "train/approx_kl"},
    "a2c": {"train/value_loss"},
    "dqn": {"train/loss", "rollout/exploration_rate"},
}


def settings_of(kind: str) -> Any:
    """96 queries of four episodes."""
    more = {"warm_up": 16, "batch": 16, "updates": 2, "target": 8} if kind == "dqn" else {}
    return KINDS[kind](steps=96, envs=4, learning_rate=1e-3, **more)


@pytest.fixture
def start(tiny_env: EnvRecipe) -> Policy:
    return Policy.untrained(tiny_env.observation.build(), tiny_env.action.candidates.build(), width=8)


def test_all_algorithms_are_tested() -> None:
    assert set(KINDS) == set(LEARNS) == {*LOGGED, "sac"}
    assert {kind for kind, actions in LEARNS.items() if "record" in actions} == set(LOGGED)


@pytest.mark.parametrize("kind", LOGGED)
def test_it_trains_logs_and_leaves_the_global_generators_as_they_were(
    kind: str, start: Policy, tiny_env: EnvRecipe, tmp_path: Path
) -> None:
    before = start.fingerprint
    states = torch.get_rng_state(), random.getstate(), np.random.get_state()[1].tolist()  # noqa: NPY002
    seen: list[tuple[int, float | None]] = []
    better = improve(
        start,
        tiny_env,
        settings_of(kind),
        seed=0,
        log=tmp_path,
        progress=lambda steps, mean: seen.append((steps, mean)),
    )
    assert torch.equal(torch.get_rng_state(), states[0])
    assert (random.getstate(), np.random.get_state()[1].tolist()) == states[1:]  # noqa: NPY002
    assert start.fingerprint == before != better.fingerprint
    assert all(parameter.requires_grad for parameter in better.network.parameters())
    assert seen[0] == (4, None)
    assert seen[-1][0] >= 96
    assert isinstance(seen[-1][1], float)
    events = EventAccumulator(str(tmp_path / f"{kind}_1"))
    events.Reload()
    assert {"rollout/ep_rew_mean", *LOGGED[kind]} <= set(events.Tags()["scalars"])


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("kind", ["ppo", "maskable-ppo", "a2c"])
def test_a_training_that_diverges_says_so(kind: str, start: Policy, tiny_env: EnvRecipe) -> None:
    hot = settings_of(kind).model_copy(update={"learning_rate": 1e9})
    with pytest.raises(InvalidRecipeError, match=r"has diverged.*lower learning_rate"):
        improve(start, tiny_env, hot, seed=0)
    with pytest.raises(InvalidRecipeError, match="minibatch"):
        parse(KINDS["ppo"], {"minibatch": 1}, where="test")


@pytest.mark.parametrize("kind", LOGGED)
def test_the_seed_decides_the_weights(kind: str, start: Policy, tiny_env: EnvRecipe) -> None:
    first, again, other = (improve(start, tiny_env, settings_of(kind), seed=seed).fingerprint for seed in (0, 0, 1))
    assert first == again != other


@pytest.mark.parametrize("kind", LOGGED)
def test_where_candidates_run_out_none_is_played_that_the_mask_forbids(
    kind: str, start: Policy, tiny_env: EnvRecipe
) -> None:
    # The environment refuses such an action. Of twelve records, eight of which are bought, six candidates are not left.
    split = tiny_env.data.split.model_copy(update={"max_pool": 12})
    data = tiny_env.data.model_copy(update={"split": split})
    improve(start, tiny_env.model_copy(update={"data": data}), settings_of(kind), seed=0)


@pytest.mark.parametrize(("steps", "size"), [(2048, 512), (1920, 480), (96, 96), (7, 7), (1021, 1)])
def test_minibatches_divide_the_queries(steps: int, size: int) -> None:
    assert minibatch(steps) == size
