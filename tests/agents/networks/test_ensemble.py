"""Ensembles: the mean score of members trained apart, saved and loaded as one policy."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from alrl.agents.networks.ensemble import Ensemble
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.imitation import fit
from alrl.agents.training.valued_candidates import ValuedCandidates
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.recipes import parse
from alrl.strategies import make_strategy
from alrl.testing import example_view


def of_members(members: int) -> Policy:
    return Policy.untrained(FeatureSet(DEFAULT_GROUPS), CandidateMixture(count=32), width=8, members=members)


def trained(policy: Policy, losses: list[float] | None = None) -> Policy:
    """Of states whose best candidate is the one with the largest second feature."""
    given: list[float] = [] if losses is None else losses
    draw = torch.Generator().manual_seed(1)
    candidates = torch.rand(300, 6, len(policy.features.record), generator=draw)
    examples = ValuedCandidates(
        candidates=candidates,
        loop=torch.rand(300, len(policy.features.loop), generator=draw),
        mask=torch.ones(300, 6, dtype=torch.bool),
        values=candidates[..., 1],
    )
    made, _ = fit(
        policy,
        examples,
        examples,
        epochs=5,
        learning_rate=1e-2,
        weight_decay=1e-3,
        temperature=1.5,
        generator=torch.Generator().manual_seed(0),
        progress=lambda _, value: given.append(value),
    )
    return made


def scores_of(network: Any, seed: int = 0) -> torch.Tensor:
    draw, features = torch.Generator().manual_seed(seed), FeatureSet(DEFAULT_GROUPS)
    candidates = torch.rand(4, 5, len(features.record), generator=draw)
    loop = torch.rand(4, len(features.loop), generator=draw)
    mask = torch.arange(5) < torch.tensor([5, 3, 1, 4])[:, None]
    with torch.no_grad():
        scores: torch.Tensor = network(candidates, loop, mask)
    return scores


def test_an_untrained_ensemble_plays_as_margin_does() -> None:
    view = example_view(seed=3)
    assert of_members(3).select(view, 4).equal(make_strategy("margin").select(view, 4))


def test_members_begin_with_weights_of_their_own_and_score_together_by_their_mean() -> None:
    policy = trained(of_members(3))
    assert isinstance(policy.network, Ensemble)
    each = [scores_of(member) for member in policy.network.scorers]
    assert not each[0].equal(each[1])
    assert not each[1].equal(each[2])
    torch.testing.assert_close(scores_of(policy.network), torch.stack(each).mean(0))
    assert scores_of(policy.network).isfinite().sum(1).tolist() == [5, 3, 1, 4]


def test_members_that_were_trained_on_other_states_each_see_them_in_their_own_way() -> None:
    network = trained(of_members(3)).network
    assert isinstance(network, Ensemble)
    assert scores_of(network).equal(torch.stack([scores_of(member) for member in network.scorers]).mean(0))
    network.scorers[1].mean += 0.5
    assert scores_of(network).equal(torch.stack([scores_of(member) for member in network.scorers]).mean(0))


def test_every_member_is_trained_and_tells_its_epochs() -> None:
    losses: list[float] = []
    start = of_members(2)
    policy = trained(start, losses)
    assert len(losses) == 2 * 5
    assert losses[4] < losses[0]
    assert losses[9] < losses[5]
    assert scores_of(start.network).equal(scores_of(of_members(2).network))
    assert not scores_of(policy.network).equal(scores_of(start.network))


def test_the_first_member_is_what_a_policy_of_one_would_be() -> None:
    alone, together = trained(of_members(1)), trained(of_members(2))
    assert isinstance(together.network, Ensemble)
    assert scores_of(together.network.scorers[0]).equal(scores_of(alone.network))


def test_a_loaded_ensemble_is_the_saved_one(tmp_path: Path) -> None:
    policy = trained(of_members(2))
    result = load_policy(save_policy(policy, tmp_path / "both"))
    assert scores_of(result.network).equal(scores_of(policy.network))
    assert result.fingerprint == policy.fingerprint


def test_weights_of_fewer_members_than_told_are_refused(tmp_path: Path) -> None:
    policy = trained(of_members(2))
    folder = save_policy(policy, tmp_path / "both")
    content = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    content["network"]["members"] = 3
    content["format"] = 1
    (folder / "policy.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(PolicyFileError, match="weights of 2 members given"):
        load_policy(folder)


def test_members_need_imitation_to_differ_and_may_be_tuned_after_it() -> None:
    recipe = {"kind": "trained", "network": {"members": 3}, "reinforcement": {"kind": "ppo"}}
    with pytest.raises(InvalidRecipeError, match="members differ by what imitation makes of them: add"):
        parse(TrainedRecipe, recipe, where="test")
    assert parse(TrainedRecipe, {**recipe, "imitation": {}}, where="test").network.members == 3
