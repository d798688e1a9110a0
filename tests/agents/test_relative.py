"""Networks that see candidates beside each other: trained, kept in files, refused where a file claims wrongly."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import torch

from alrl.agents.networks.buyer import Buyer
from alrl.agents.networks.ensemble import Ensemble
from alrl.agents.networks.mixture import Mixture
from alrl.agents.networks.set_scorer import SetScorer
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy, shipped_policies
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.agents.training.untrained import check, untrained
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.recipes import parse
from alrl.strategies import make_strategy
from alrl.testing import check_strategy, example_view

FEATURES = FeatureSet(DEFAULT_GROUPS)
of_members = pytest.mark.parametrize("members", [1, 3])


def made(members: int, *, relative: bool = True, wild: bool = True) -> Policy:
    """A policy of random weights everywhere, unless it is not to be ``wild``."""
    policy = Policy.untrained(FEATURES, CandidateMixture(count=32), width=8, members=members, relative=relative)
    generator = torch.Generator().manual_seed(3)
    if wild:
        with torch.no_grad():
            for parameter in policy.network.parameters():
                parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return policy


def edited(folder: Path, change: Mapping[str, Any]) -> Path:
    """The folder after a change of what its file says of the network, as one of the format without a SHA-256 of it."""
    content = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    content["network"] = {key: value for key, value in (content["network"] | change).items() if value is not None}
    content["format"] = 1
    (folder / "policy.json").write_text(json.dumps(content), encoding="utf-8")
    return folder


@of_members
def test_untrained_it_plays_as_margin_does(members: int) -> None:
    view = example_view(seed=3)
    assert made(members, wild=False).select(view, 4).equal(make_strategy("margin").select(view, 4))


@of_members
def test_it_keeps_the_contract_of_strategies(members: int) -> None:
    check_strategy(made(members))


@of_members
def test_a_loaded_policy_scores_as_the_saved_one(members: int, tmp_path: Path) -> None:
    policy, view = made(members), example_view(seed=5)
    loaded = load_policy(save_policy(policy, tmp_path / "it"))
    assert loaded.network.described["relative"] is True
    assert loaded.fingerprint == policy.fingerprint
    for given, expected in zip(loaded.score_candidates(view), policy.score_candidates(view), strict=True):
        assert given.equal(expected)
    plain = made(members, relative=False).score_candidates(view)[1]
    assert not plain.equal(policy.score_candidates(view)[1])


def test_one_that_buys_is_loaded_as_it_was_saved(tmp_path: Path) -> None:
    policy = made(1)
    assert isinstance(policy.network, SetScorer)
    buyer = Buyer(policy.network, sizes=(1, 5))
    loaded = load_policy(save_policy(dataclasses.replace(policy, network=buyer), tmp_path / "it")).network
    assert isinstance(loaded, Buyer)
    generator = torch.Generator().manual_seed(0)
    rows = torch.rand(2, 4, len(FEATURES.record), generator=generator)
    loop, mask = torch.rand(2, len(FEATURES.loop), generator=generator), torch.ones(2, 4, dtype=torch.bool)
    assert loaded.logits(rows, loop, mask).equal(buyer.logits(rows, loop, mask))


@of_members
@pytest.mark.parametrize("shown", [None, False, 0])
def test_a_file_that_does_not_tell_it_is_refused(members: int, shown: Any, tmp_path: Path) -> None:
    folder = edited(save_policy(made(members), tmp_path / "it"), {"relative": shown})
    with pytest.raises(PolicyFileError, match="the weights do not fit the network that policy"):
        load_policy(folder)


@of_members
@pytest.mark.parametrize(
    ("shown", "message"), [(True, "the weights do not fit the network that policy"), ("yes", "incomplete or malformed")]
)
def test_a_file_that_claims_it_wrongly_is_refused(members: int, shown: Any, message: str, tmp_path: Path) -> None:
    folder = edited(save_policy(made(members, relative=False), tmp_path / "it"), {"relative": shown})
    with pytest.raises(PolicyFileError, match=message):
        load_policy(folder)


@of_members
def test_a_file_without_the_key_is_read_as_before(members: int, tmp_path: Path) -> None:
    policy, view = made(members, relative=False), example_view(seed=5)
    folder = save_policy(policy, tmp_path / "it")
    assert "relative" not in json.loads((folder / "policy.json").read_text(encoding="utf-8"))["network"]
    assert load_policy(folder).select(view, 4).equal(policy.select(view, 4))


@pytest.mark.parametrize("name", shipped_policies())
def test_what_is_shipped_is_read(name: str) -> None:
    network: Any = load_policy(name).network
    network = network.prior if isinstance(network, Mixture) else network
    parts = network.scorers if isinstance(network, Ensemble) else [network]
    for part in parts:
        assert isinstance(part, SetScorer)
        assert part.relative == network.described.get("relative", False)


def recipe(**tables: Any) -> TrainedRecipe:
    imitation = {"rounds": 1, "episodes": 2, "epochs": 3, "expert": {"horizon": 1, "reach": 16, "iterations": 3}}
    given: dict[str, Any] = {"kind": "trained", "network": {"width": 8, "relative": True}, "imitation": imitation}
    return parse(TrainedRecipe, given | tables, where="test")


def test_a_recipe_asks_for_it(tiny_env: EnvRecipe) -> None:
    network = untrained(recipe(network={"relative": True, "members": 2}), tiny_env, seed=0, name="it").network
    assert isinstance(network, Ensemble)
    assert [member.relative for member in network.scorers] == [True, True]
    plain = untrained(recipe(network={}), tiny_env, seed=0, name="it").network
    assert isinstance(plain, SetScorer)
    assert not plain.relative


def test_what_it_is_to_do_without_it_does_not_see_beside_the_others_either(tiny_env: EnvRecipe) -> None:
    wanted = recipe(network={"relative": True, "without": ["entropy", "budget-spent"]})
    network = untrained(wanted, tiny_env, seed=0, name="it").network
    assert isinstance(network, SetScorer)
    names = [feature.name for feature in (*FEATURES.record, *FEATURES.loop, *FEATURES.record)]
    assert [names[column] for column in network.blind] == ["entropy", "budget-spent", "entropy"]


@pytest.mark.parametrize("kind", [None, "ppo", "dqn"])
def test_it_is_trained_as_any_other(kind: str | None, tiny_env: EnvRecipe, tmp_path: Path) -> None:
    steps = {} if kind is None else {"reinforcement": {"kind": kind, "steps": 64, "envs": 4}}
    policy = Trainer(agent=recipe(**steps, keep="last"), env=tiny_env, seed=0).train("it")
    assert isinstance(policy.network, SetScorer)
    assert policy.network.relative
    start = untrained(recipe(), tiny_env, seed=0, name="it")
    view = example_view(seed=5)
    assert not policy.score_candidates(view)[1].equal(start.score_candidates(view)[1])
    assert load_policy(save_policy(policy, tmp_path / "it")).fingerprint == policy.fingerprint


def test_what_is_searched_for_has_no_such_setting(tiny_env: EnvRecipe) -> None:
    search = {"kind": "random", "features": ["margin"], "population": 2, "generations": 1, "episodes": 1}
    wanted = parse(TrainedRecipe, {"kind": "trained", "network": {"relative": True}, "search": search}, where="test")
    with pytest.raises(InvalidRecipeError, match="members, start, without and relative have no meaning for weights"):
        check(wanted, tiny_env)
