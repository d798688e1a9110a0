"""The guard: where a state is unlike those of training a rule chooses, elsewhere the policy, and which is told."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path

import pytest
import torch

from alrl.agents.guard.guard import Guard
from alrl.agents.guard.training_ranges import TrainingRanges
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import FileRecipe, TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidQueryError, InvalidRecipeError, PolicyFileError
from alrl.evaluation.simulate import simulate
from alrl.metadata.feature_set import Observation
from alrl.strategies import make_strategy
from alrl.testing import check_strategy, example_view


def ranges_of(policy: Policy, *, low: float = -2.0, high: float = 2.0) -> TrainingRanges:
    """Every feature from ``low`` to ``high`` in training."""
    ends = torch.tensor([low, low, high, high])[:, None]
    records, loop = len(policy.features.record), len(policy.features.loop)
    return TrainingRanges(states=7, record=ends.expand(-1, records).clone(), loop=ends.expand(-1, loop).clone())


def guarded(policy: Policy, ranges: TrainingRanges, **settings: object) -> Policy:
    """With a guard that fires where a feature is unusual."""
    given: dict[str, object] = {"limit": 0.0, "quantile": 0.99, **settings}
    return dataclasses.replace(policy, guard=Guard(ranges=ranges, **given))  # type: ignore[arg-type]


def test_where_nothing_is_unusual_the_policy_chooses(wild: Policy) -> None:
    view = example_view(seed=2)
    watched: list[torch.Tensor] = []
    policy = guarded(wild, ranges_of(wild)).watched(watched)
    assert torch.equal(policy.select(view, 3), wild.select(view, 3))
    assert torch.equal(policy.score(view), wild.score(view))
    assert [fired.tolist() for fired in watched] == [[False] * 3] * 4


@pytest.mark.parametrize("fallback", ["margin", "random"])
def test_where_everything_is_unusual_the_fallback_chooses(fallback: str, wild: Policy) -> None:
    policy = guarded(wild, ranges_of(wild, low=5.0, high=6.0), fallback=fallback)
    for seed in range(4):
        view = example_view(seed=seed)
        assert torch.equal(policy.select(view, 4), make_strategy(fallback).select(view, 4))
    ours, rule = (simulate("wine", each, labels=8, batch=3, seeds=3) for each in (policy, fallback))
    assert ours.picks.tolist() == rule.picks.tolist()
    assert ours.picks.tolist() != simulate("wine", wild, labels=8, batch=3, seeds=3).picks.tolist()
    assert ours.guarded_share.tolist() == [1.0] * 3
    assert rule.guarded is None


def test_each_episode_is_guarded_by_itself(wild: Policy) -> None:
    view = example_view(seed=3, records=(12, 12), labelled=(3,))
    view = dataclasses.replace(view, spent=torch.tensor([0, 9]), budget=torch.tensor([10, 10]))
    ranges = ranges_of(wild)
    column = [feature.name for feature in wild.features.loop].index("budget-spent")
    ranges.loop[:, column] = torch.tensor([0.0, 0.0, 0.5, 0.5])
    watched: list[torch.Tensor] = []
    picks = guarded(wild, ranges).watched(watched).select(view, 2)
    assert [fired.tolist() for fired in watched] == [[False, True]] * 2
    assert torch.equal(picks[0], wild.select(view, 2)[0])
    assert torch.equal(picks[1], make_strategy("margin").select(view, 2)[1])


def test_a_guarded_policy_keeps_the_contract_of_strategies(wild: Policy) -> None:
    check_strategy(guarded(wild, ranges_of(wild, high=0.4), limit=0.1))


def test_the_limit_is_the_quantile_of_the_states_of_training(wild: Policy) -> None:
    generator = torch.Generator().manual_seed(0)
    records, loop = len(wild.features.record), len(wild.features.loop)
    seen = [
        Observation(
            candidates=torch.rand(50, 4, records, generator=generator),
            loop=torch.rand(50, loop, generator=generator),
            mask=torch.ones(50, 4, dtype=torch.bool),
        )
        for _ in range(20)
    ]
    ranges = TrainingRanges.of(seen)
    fired = {}
    for quantile in (0.5, 0.9, 1.0):
        guard = Guard.of(ranges, seen, quantile=quantile)
        fired[quantile] = float(torch.cat([guard.triggers(each) for each in seen]).float().mean())
        assert fired[quantile] <= 1 - quantile
    assert fired[0.5] > 0.3
    far = dataclasses.replace(seen[0], loop=seen[0].loop + 2)
    assert Guard.of(ranges, seen, quantile=1.0).triggers(far).all()
    nobody = dataclasses.replace(far, mask=torch.zeros_like(far.mask))
    assert not Guard.of(ranges, seen, quantile=1.0).triggers(nobody).any()
    with pytest.raises(InvalidRecipeError, match="quantile = 0 given"):
        Guard.of(ranges, seen, quantile=0)


def test_a_training_notes_the_ranges_and_makes_the_guard(
    tiny_env: EnvRecipe, tiny_agent: TrainedRecipe, tmp_path: Path
) -> None:
    plain = tiny_agent.model_copy(update={"reinforcement": None})
    wanted = TrainedRecipe.model_validate({**plain.model_dump(), "guard": {"quantile": 0.9, "fallback": "random"}})
    bare = Trainer(agent=plain, env=tiny_env, workers=1).train("mine")
    policy = Trainer(agent=wanted, env=tiny_env, workers=1).train("mine")
    assert bare.guard is None
    assert policy.guard is not None
    assert policy.weights() == bare.weights()
    assert policy.fingerprint != bare.fingerprint
    assert (policy.guard.quantile, policy.guard.fallback) == (0.9, "random")
    given = policy.card["feature_ranges"]
    assert bare.card["feature_ranges"] == given
    assert given["states"] == 8 * len(policy.card["trained_on"])
    for scope, features in (("record", policy.features.record), ("loop", policy.features.loop)):
        assert list(given[scope]) == [feature.name for feature in features]
        for feature in features:
            least, low, high, most = given[scope][feature.name]
            assert feature.low - 1e-4 <= least <= low <= high <= most <= feature.high + 1e-4
    loaded = load_policy(save_policy(policy, tmp_path / "guarded"))
    assert loaded.fingerprint == policy.fingerprint
    assert loaded.guard.summary == policy.guard.summary
    assert "random chooses where more than" in loaded.guard.summary
    view = example_view(seed=4)
    assert torch.equal(loaded.select(view, 3), policy.select(view, 3))
    recipe = FileRecipe(kind="policy", policy=str(tmp_path / "guarded"), guard=False)
    assert recipe.build().fingerprint == bare.fingerprint
    assert recipe.model_copy(update={"guard": True}).build().fingerprint == policy.fingerprint


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it["card"]["feature_ranges"]["record"].pop("margin"), "no range of the feature 'margin'"),
        (
            lambda it: it["card"]["feature_ranges"]["loop"].update({"pool-margin": [0, 1, 0.5, 1]}),
            "'pool-margin'",
        ),
        (
            lambda it: it["card"]["feature_ranges"]["loop"].update({"pool-margin": [0, "x", 1, 1]}),
            "'pool-margin'",
        ),
        (lambda it: it["card"].pop("feature_ranges"), "it needs feature_ranges in the card"),
        (lambda it: it["guard"].update(fallback="entropy"), "falls back to 'entropy' given"),
        (lambda it: it["guard"].update(limit=float("nan")), "NaN given; numbers are finite"),
        (lambda it: it["guard"].update(limit="all"), "limit all"),
        (lambda it: it.update(guard=3), "incomplete or malformed"),
    ],
)
def test_an_edited_guard_is_refused(change: object, message: str, wild: Policy, tmp_path: Path) -> None:
    folder = save_policy(guarded(wild, ranges_of(wild)), tmp_path)
    content = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    change(content)  # type: ignore[operator]
    content["format"] = 1
    (folder / "policy.json").write_text(json.dumps(content), encoding="utf-8")
    with pytest.raises(PolicyFileError, match=message):
        load_policy(folder)


def test_a_feature_out_of_its_bounds_is_an_error_with_a_guard_too(wild: Policy) -> None:
    view = example_view(seed=2)
    broken = dataclasses.replace(view, probabilities=torch.full_like(view.probabilities, torch.nan))
    with pytest.raises(InvalidQueryError, match="the feature 'top-probability' of a candidate is nan"):
        guarded(wild, ranges_of(wild)).select(broken)
