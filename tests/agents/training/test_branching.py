from __future__ import annotations

import copy

import pytest
import torch

from alrl.agents.policy import Policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.branching import branch, improve_on
from alrl.agents.training.task_groups import task_groups
from alrl.agents.training.training import Trainer
from alrl.agents.training.valued_candidates import ValuedCandidates
from alrl.agents.training_recipes import BranchingRecipe, EvolutionRecipe, LookAheadRecipe
from alrl.envs.candidates import CandidateMixture
from alrl.metadata import FeatureSet
from alrl.recipes import canonical_json, parse

FEATURES = FeatureSet(["confidence", "loop"])
PAID = [feature.name for feature in FEATURES.record].index("entropy")
K = 6
QUICK = BranchingRecipe(epochs=150, learning_rate=1e-2, kl=0.0)


def start(members=1):
    return Policy.untrained(FEATURES, CandidateMixture(count=K), width=16, members=members, seed=1)


def branches(sign=1.0, seed=0):
    """States whose candidates are worth one of their features."""
    dice = torch.Generator().manual_seed(seed)
    candidates = torch.rand(400, K, len(FEATURES.record), generator=dice)
    mask = torch.ones(400, K, dtype=torch.bool)
    mask[::3, -1] = False
    return ValuedCandidates(
        candidates=candidates,
        loop=torch.rand(400, len(FEATURES.loop), generator=dice),
        mask=mask,
        values=sign * candidates[..., PAID].masked_fill(~mask, 0.0),
    )


def moved(recipe, examples, members=1):
    policy = start(members)
    anchor = copy.deepcopy(policy.network)
    optimiser = torch.optim.Adam(policy.network.parameters(), recipe.learning_rate)
    return policy, improve_on(policy, anchor, examples, recipe, 1.0, optimiser)


def agreement(policy, sign=1.0):
    seen = branches(sign, seed=7)
    with torch.no_grad():
        chosen = policy.network(seen.candidates, seen.loop, seen.mask).argmax(1)
    best = seen.values.masked_fill(~seen.mask, -9.0).argmax(1)
    return float((chosen == best).double().mean())


@pytest.mark.parametrize("members", [1, 2])
def test_it_finds_what_the_branches_are_worth(members):
    policy, update = moved(QUICK, branches(), members)
    assert agreement(policy) > 0.85
    assert update.advantage < 0.3
    assert update.advantage_after > 1.0
    assert update.argmax_changed > 0.5


def test_with_the_wrong_sign_it_finds_the_worst():
    policy, _ = moved(QUICK, branches(-1.0))
    assert agreement(policy) < 0.05
    assert agreement(policy, -1.0) > 0.85


def test_of_shuffled_values_nothing_is_learnt_that_holds_elsewhere():
    seen = branches()
    order = torch.randperm(400, generator=torch.Generator().manual_seed(3))
    shuffled = ValuedCandidates(candidates=seen.candidates, loop=seen.loop, mask=seen.mask, values=seen.values[order])
    policy, _ = moved(QUICK.model_copy(update={"epochs": 40}), shuffled)
    assert agreement(policy) < 0.4


def test_a_great_weight_of_the_divergence_keeps_it_where_it_was():
    _, free = moved(QUICK, branches())
    _, kept = moved(QUICK.model_copy(update={"kl": 50.0}), branches())
    assert kept.kl < 0.05 * free.kl


def test_with_a_learning_rate_of_almost_nothing_it_stays_where_it_was():
    _, update = moved(QUICK.model_copy(update={"learning_rate": 1e-12}), branches())
    assert update.argmax_changed == 0
    assert update.kl == pytest.approx(0, abs=1e-6)


def test_branches_are_made_anew_in_every_update_and_the_start_is_left_alone(tiny_env):
    policy = Policy.untrained(tiny_env.observation.build(), CandidateMixture(count=6), width=8)
    before = policy.fingerprint
    recipe = BranchingRecipe(updates=2, every=4, learning_rate=1e-2, expert=LookAheadRecipe(horizon=2, base="policy"))
    drawn = EvolutionRecipe(tasks=2, episodes=1)
    given = []
    result = branch(
        policy,
        tiny_env,
        recipe,
        lambda number: [
            task for each in task_groups(tiny_env, drawn, [], seed=0, generation=number) for task in each.tasks
        ],
        progress=given.append,
    )
    assert len(given) == 2
    assert policy.fingerprint == before != result.fingerprint


def test_a_training_branches_after_it_imitates(tiny_env, tiny_agent):
    branching = {"updates": 1, "tasks": 2, "every": 4, "expert": {"horizon": 1, "base": "policy"}}
    data = tiny_agent.model_dump() | {"reinforcement": None, "branching": branching, "keep": "last"}
    policy = Trainer(agent=parse(TrainedRecipe, data, where="test"), env=tiny_env, workers=1).train("branched")
    assert policy.card["stage"] == "branching"
    assert set(policy.card["validation_gain_over_margin"]) == {"untrained", "imitation", "branching"}


def test_a_recipe_without_branching_has_the_identity_that_it_had(tiny_agent):
    assert "branching" not in canonical_json(tiny_agent)
