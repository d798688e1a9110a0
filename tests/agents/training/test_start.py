"""A training that goes on from a policy: what it starts from, what its card says, what is refused."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from alrl.agents.networks.ensemble import Ensemble
from alrl.agents.networks.mixture import Mixture
from alrl.agents.policy import Policy
from alrl.agents.policy_file import save_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.stages import candidates_of
from alrl.agents.training.training import Trainer
from alrl.envs.action_recipe import CandidatesRecipe
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.recipes import parse

IMITATION: dict[str, Any] = {
    "rounds": 1,
    "episodes": 2,
    "epochs": 2,
    "expert": {"horizon": 1, "reach": 16, "iterations": 3},
}
WEIGHED = ["entropy", "neighbour-margin"]


def agent(**tables: Any) -> TrainedRecipe:
    return parse(TrainedRecipe, {"kind": "trained", "keep": "last", "trials": 1, **tables}, where="test")


@pytest.fixture(scope="module")
def imitated(tiny_env: EnvRecipe) -> Policy:
    """An ensemble of two, trained by one round of imitation."""
    recipe = agent(network={"width": 8, "members": 2}, imitation=IMITATION)
    return Trainer(agent=recipe, env=tiny_env, workers=1).train("imitated")


def trained(start: Policy, env: EnvRecipe, **tables: Any) -> Policy:
    return Trainer(agent=agent(**tables), env=env, workers=1, start=start).train("after")


STAGES: dict[str, dict[str, Any]] = {
    "policy iteration": {"imitation": {**IMITATION, "expert": {**IMITATION["expert"], "base": "policy"}}},
    "branching": {"branching": {"updates": 1, "tasks": 4, "every": 4, "expert": {"horizon": 2, "base": "policy"}}},
    "evolution": {
        "evolution": {"features": WEIGHED, "start": {"network": 1.0}, "pairs": 1, "generations": 1, "tasks": 2}
    },
    "ppo": {"reinforcement": {"kind": "ppo", "steps": 64, "envs": 4, "learning_rate": 1e-2}},
    "a2c": {"reinforcement": {"kind": "a2c", "steps": 40, "envs": 4, "learning_rate": 1e-2}},
    "dqn": {"reinforcement": {"kind": "dqn", "steps": 64, "envs": 4, "warm_up": 16, "learning_rate": 1e-2}},
}


@pytest.mark.parametrize("stage", STAGES)
def test_every_stage_goes_on_from_an_imitated_ensemble(stage: str, imitated: Policy, tiny_env: EnvRecipe) -> None:
    before = imitated.fingerprint
    after = trained(imitated, tiny_env, **STAGES[stage])
    gains = after.card["validation_gain_over_margin"]
    assert next(iter(gains)) == "start"
    assert len(gains) == 2
    assert after.card["start"] == imitated.fingerprint == before != after.fingerprint
    network = after.network.prior if isinstance(after.network, Mixture) else after.network
    assert isinstance(network, Ensemble)
    assert len(network.scorers) == 2
    assert after.mixture.described == imitated.mixture.described


def test_the_start_itself_is_compared_with_what_came_of_it(imitated: Policy, tiny_env: EnvRecipe) -> None:
    # A rate of zero moves nothing: both stages gain the same, as an untrained start would gain nothing.
    still = {"reinforcement": {"kind": "ppo", "steps": 16, "envs": 4, "learning_rate": 1e-12}}
    gains = trained(imitated, tiny_env, **still).card["validation_gain_over_margin"]
    assert gains["start"] == pytest.approx(gains["ppo"], abs=1e-9)


def test_evolution_goes_on_from_the_weights_of_a_mixture(imitated: Policy, tiny_env: EnvRecipe) -> None:
    bred = trained(imitated, tiny_env, **STAGES["evolution"])
    assert isinstance(bred.network, Mixture)
    on = {"features": [*WEIGHED, "margin"], "pairs": 1, "generations": 1, "tasks": 2, "spread": 1e-6}
    again = trained(bred, tiny_env, evolution=on)
    assert isinstance(again.network, Mixture)
    assert isinstance(again.network.prior, Ensemble)
    assert again.network.names == ("network", "entropy", "neighbour-margin", "margin")
    first = [*bred.network.weight.tolist(), 0.0]
    assert again.network.weight.tolist() == pytest.approx(first, abs=1e-4)
    with pytest.raises(InvalidRecipeError, match=r"neighbour-margin weighs .* at first; add it to features"):
        trained(bred, tiny_env, evolution={**on, "features": ["entropy"]})


def test_reinforcement_tunes_the_network_of_a_mixture_and_leaves_its_weights(
    imitated: Policy, tiny_env: EnvRecipe
) -> None:
    bred = trained(imitated, tiny_env, **STAGES["evolution"])
    for stage in ("ppo", "branching"):
        tuned = trained(bred, tiny_env, **STAGES[stage])
        assert isinstance(bred.network, Mixture)
        assert isinstance(tuned.network, Mixture)
        assert tuned.network.weight.tolist() == bred.network.weight.tolist()
        pairs = zip(tuned.network.prior.parameters(), bred.network.prior.parameters(), strict=True)
        assert any(not torch.equal(new, old) for new, old in pairs)


def test_a_recipe_names_its_start_and_the_card_what_that_has_seen(
    imitated: Policy, tiny_env: EnvRecipe, tmp_path: Path
) -> None:
    save_policy(imitated, tmp_path / "imitated")
    recipe = agent(start=str(tmp_path / "imitated"), **STAGES["ppo"])
    other = tiny_env.model_copy(update={"data": tiny_env.data.model_copy(update={"synthetic": {"noisy": 2}})})
    after = Trainer(agent=recipe, env=other, workers=1).train("after")
    assert {"synthetic/noisy-0", "synthetic/noisy-1"} < {*after.card["trained_on"], *after.card["validated_on"]}
    assert {*imitated.card["trained_on"]} < {*after.card["trained_on"]}
    assert {*imitated.card["validated_on"]} < {*after.card["validated_on"]}


def test_its_tasks_are_not_those_of_the_start_again(imitated: Policy, tiny_env: EnvRecipe) -> None:
    recipe = agent(**STAGES["policy iteration"])
    first, after = (Trainer(agent=recipe, env=tiny_env, start=start) for start in (None, imitated))
    drawn = [trainer._tasks(trainer.training, 1, 0)[0].split.pool for trainer in (first, after)]
    assert not np.array_equal(drawn[0], drawn[1])


def test_it_is_trained_on_the_candidates_that_the_start_plays_with(imitated: Policy, tiny_env: EnvRecipe) -> None:
    wider = dataclasses.replace(imitated, mixture=CandidateMixture(count=9, margin=1.0, random=0.0))
    assert candidates_of(agent(**STAGES["ppo"]), wider) == CandidatesRecipe(count=9, margin=1.0, random=0.0)
    assert trained(wider, tiny_env, **STAGES["ppo"]).mixture == wider.mixture


def test_a_start_that_does_not_fit_is_refused(imitated: Policy, tiny_env: EnvRecipe) -> None:
    less = parse(
        EnvRecipe, {**tiny_env.model_dump(), "observation": {"features": ["confidence", "loop"]}}, where="test"
    )
    with pytest.raises(InvalidRecipeError, match=r'give an environment with features = \["confidence"'):
        trained(imitated, less, **STAGES["ppo"])
    rules = {"kind": "rule", "rules": ["margin", "random"]}
    ruled = parse(EnvRecipe, {**tiny_env.model_dump(exclude={"action"}), "action": rules}, where="test")
    with pytest.raises(InvalidRecipeError, match="in an environment of kind record"):
        trained(imitated, ruled, **STAGES["ppo"])
    for tables, other in (({"network": {"width": 4}, **STAGES["ppo"]}, "network"), ({"search": {}}, "search")):
        with pytest.raises(InvalidRecipeError, match=f"start and {other} given"):
            agent(start="general", **tables)
    with pytest.raises(PolicyFileError, match="no policy"):
        Trainer(agent=agent(start="nowhere", **STAGES["ppo"]), env=tiny_env)
