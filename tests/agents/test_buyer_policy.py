"""A policy that buys: its numbers, what it starts as, its file, and that it plays as the environment showed it."""

from __future__ import annotations

import dataclasses
import hashlib
import json
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save

from alrl.agents.buyer_policy import buy, returns
from alrl.agents.networks.buyer import Buyer
from alrl.agents.policy import Policy
from alrl.agents.policy_file import _description_sha256, load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.untrained import untrained
from alrl.agents.training.validation import played_as
from alrl.data.task import Task
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.loop.simulator import Simulator
from alrl.recipes import parse
from alrl.strategies import make_strategy

SIZES = [1, 3, 6]
ACTION = {"kind": "rule", "rules": ["random", "margin"], "sizes": SIZES, "stop": True}
MASKABLE: dict[str, Any] = {"kind": "maskable-ppo", "steps": 64, "envs": 8}


def env_of(action: dict[str, Any], **tables: Any) -> EnvRecipe:
    data = {"synthetic": {"tiny": 3}, "split": {"pool": 0.4, "validation": 0.3, "test": 0.3}}
    base = {"data": data, "budget": {"labels": 14}, "reward": {"kind": "net-value", "value": 50.0}}
    return parse(EnvRecipe, {**base, "action": action, **tables}, where="test")


def agent(**tables: Any) -> TrainedRecipe:
    given = {"network": {"width": 8}, "reinforcement": MASKABLE, **tables}
    return parse(TrainedRecipe, {"kind": "trained", **given}, where="test")


ENV = env_of(ACTION, cost={"label": 0.3, "record_epoch": 1e-3})


def tasks() -> list[Task]:
    source = Game(ENV).source
    return [source.draw([0, number], name) for number, name in enumerate(ENV.data.names)]


def begun(seed: int = 0) -> Policy:
    return untrained(agent(), ENV, seed=seed, name="buyer")


def wild() -> Policy:
    """A policy whose sizes and end depend on what it sees."""
    policy, generator = begun(), torch.Generator().manual_seed(8)
    with torch.no_grad():
        for parameter in policy.network.parameters():
            parameter.add_(torch.randn(parameter.shape, generator=generator))
    return policy


def played(policy: Policy) -> tuple[torch.Tensor, list[int]]:
    """Money that is left of what was gained on the validation part, by ``buy`` in a simulator; labels of each round."""
    simulator = Simulator(tasks(), ENV.learner.build(), **ENV.loop_settings)
    active = torch.ones(3, dtype=torch.bool)
    begin, paid = simulator.outcome("validation").accuracy.double(), simulator.cost.money
    sizes: list[int] = []
    while True:
        picks = buy(policy, simulator.view)
        active = active & (picks >= 0).any(1)
        if not bool(active.any()):
            break
        sizes += (picks >= 0).sum(1)[active].tolist()
        simulator.step(picks, active)
    gained = simulator.outcome("validation").accuracy.double() - begin
    return 50.0 * gained - (simulator.cost.money - paid), sizes


def test_before_training_all_labels_are_bought_one_by_one_as_margin_sampling_does() -> None:
    policy = begun()
    simulator = Simulator(tasks(), ENV.learner.build(), **ENV.loop_settings)
    for _ in range(4):
        picks = buy(policy, simulator.view)
        assert picks.shape == (3, 6)
        assert picks[:, :1].equal(make_strategy("margin").select(simulator.view))
        assert (picks[:, 1:] == -1).all()
        simulator.step(picks)
    assert played(policy)[1] == [1] * 3 * 14


def test_what_it_buys_in_a_loop_of_ones_own_is_what_the_environment_pays_it_for() -> None:
    policy = wild()
    money, sizes = played(policy)
    assert len(set(sizes)) > 1
    assert sum(sizes) < 3 * 14
    torch.testing.assert_close(returns(policy, ENV, tasks()), money, rtol=0, atol=1e-4)


def test_by_lot_sizes_and_stop_are_drawn_as_often_as_they_are_likely() -> None:
    policy = begun()
    network: Any = policy.network
    rows, loop = torch.zeros(4000, 2, network.scorer.record), torch.zeros(4000, network.scorer.loop)
    mask, allowed = torch.ones(4000, 2, dtype=torch.bool), torch.ones(4000, 7, dtype=torch.bool)
    # The second size is not allowed.
    allowed[:, 2:4] = False
    coin = torch.rand(4000, generator=torch.Generator().manual_seed(0))
    assert set(network.choose(rows, loop, mask, allowed, coin).tolist()) == {0}
    network.stochastic.fill_(True)
    drawn = torch.bincount(network.choose(rows, loop, mask, allowed, coin), minlength=7) / 4000
    chances = torch.tensor([0.0, -torch.inf, 0.0, -1.0]).softmax(0)
    assert drawn[[0, 2, 4, 6]].tolist() == pytest.approx(chances.tolist(), abs=0.025)
    assert drawn[[1, 3, 5]].tolist() == [0.0] * 3
    ends = network.choose(rows[:2], loop[:2], mask[:2], allowed[:2], torch.tensor([0.0, 1 - 2.0**-24]))
    assert ends.tolist() == [0, 6]


def test_the_same_seed_buys_the_same_by_lot_and_the_environment_pays_for_it() -> None:
    (_, likeliest), (name, policy) = played_as("ppo", begun())
    assert name == "ppo by lot"
    assert policy.fingerprint != likeliest.fingerprint
    money, sizes = played(policy)
    assert set(sizes) == set(SIZES)
    assert played(policy)[1] == sizes != played(likeliest)[1]
    torch.testing.assert_close(returns(policy, ENV, tasks()), money, rtol=0, atol=1e-4)


def test_a_policy_that_stops_at_once_is_paid_nothing() -> None:
    policy = begun()
    network: Any = policy.network
    with torch.no_grad():
        network.purchase[-1].bias[-1] = 9.0
    assert returns(policy, ENV, tasks()).tolist() == [0.0] * 3


def test_sizes_that_exceed_what_is_left_are_not_chosen() -> None:
    policy = begun()
    network: Any = policy.network
    with torch.no_grad():
        network.purchase[-1].bias[2] = 9.0
    # Six and six, then the two that are left, one by one.
    assert sorted(played(policy)[1]) == [1] * 6 + [6] * 6


def test_its_probabilities_are_those_of_size_or_stop_shared_out_among_the_rows() -> None:
    network: Any = wild().network
    generator = torch.Generator().manual_seed(0)
    rows, loop = (torch.rand(shape, generator=generator) for shape in ((5, 2, network.scorer.record), (5, 13)))
    loop = torch.rand(5, network.scorer.loop, generator=generator)
    mask = torch.ones(5, 2, dtype=torch.bool)
    mask[0, 1] = False
    chances = network.logits(rows, loop, mask).softmax(1)
    each = chances[:, :-1].unflatten(1, (3, 2))
    scores = network(rows, loop, mask).softmax(1)
    torch.testing.assert_close(each / each.sum(2, keepdim=True), scores[:, None].expand(-1, 3, -1))
    assert (each[0, :, 1] == 0).all()
    # The order of the rows says nothing.
    turned = network.logits(rows.flip(1), loop, mask.flip(1)).softmax(1)
    torch.testing.assert_close(turned[:, :-1].unflatten(1, (3, 2)).flip(2), each)
    torch.testing.assert_close(turned[:, -1], chances[:, -1])


def test_a_saved_policy_buys_the_same_and_a_wrong_file_is_refused(tmp_path: Path) -> None:
    _, (_, policy) = played_as("ppo", wild())
    loaded = load_policy(save_policy(policy, tmp_path / "buyer"))
    assert loaded.fingerprint == policy.fingerprint
    assert isinstance(loaded.network, Buyer)
    assert played(loaded)[1] == played(policy)[1]
    network: Any = policy.network
    for wrong in (torch.tensor([3, 1, 6]), torch.tensor([0, 3, 6]), torch.tensor([1.0, 3.0, 6.0])):
        network.sizes = wrong
        with pytest.raises(PolicyFileError, match="sizes"):
            load_policy(save_policy(policy, tmp_path / "wrong"))


def test_a_file_of_before_is_read_by_the_old_name_of_its_buffer(tmp_path: Path) -> None:
    policy = begun()
    network: Any = policy.network
    network.stochastic.fill_(True)
    folder = save_policy(policy, tmp_path / "buyer")
    weights = load_file(folder / "weights.safetensors")
    weights["by_lot"] = weights.pop("stochastic")
    (folder / "weights.safetensors").write_bytes(save(weights))
    content = json.loads((folder / "policy.json").read_text())
    content["sha256"] = hashlib.sha256(save(weights)).hexdigest()
    content["description_sha256"] = _description_sha256(content)
    (folder / "policy.json").write_text(json.dumps(content))
    loaded: Any = load_policy(folder).network
    assert bool(loaded.stochastic)


def test_a_policy_that_only_chooses_records_does_not_buy(untrained: Policy) -> None:
    simulator = Simulator(tasks(), ENV.learner.build(), **ENV.loop_settings)
    with pytest.raises(InvalidRecipeError, match="only chooses records"):
        buy(untrained, simulator.view)
    mixed = dataclasses.replace(begun(), mixture=untrained.mixture)
    with pytest.raises(InvalidRecipeError, match="it is to name rules"):
        buy(mixed, simulator.view)


@pytest.mark.parametrize(
    ("given", "action", "message"),
    [
        (agent(reinforcement={"kind": "ppo"}), ACTION, "learnt by maskable-ppo alone"),
        (agent(guard={}), ACTION, "which cannot stop"),
        (agent(network={"start": "none"}), ACTION, "have no meaning for a policy that buys"),
        (agent(), {**ACTION, "sizes": [2, 4]}, "a smallest batch of 2 given"),
        (agent(), {**ACTION, "stop": False}, "or of kind rule with stop and sizes"),
        (agent(), {**ACTION, "restart": True}, "restart = True"),
        (agent(), {"kind": "record", "sizes": SIZES, "stop": True}, "cannot be trained on actions of kind record"),
    ],
)
def test_what_cannot_be_learnt_is_refused(given: TrainedRecipe, action: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        untrained(given, env_of(action), seed=0, name="buyer")
