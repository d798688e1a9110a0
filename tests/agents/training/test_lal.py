"""LAL: a forest of arrays that says what scikit-learn's says, is trained by our simulator, is kept and plays."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from safetensors.torch import load_file, save_file
from sklearn.ensemble import RandomForestRegressor

from alrl.agents.networks.forest import ForestScorer
from alrl.agents.policy import Policy
from alrl.agents.policy_file import _description_sha256, load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe, load_agent_recipe
from alrl.agents.training.imitation import fit
from alrl.agents.training.lal import fit_forest, gains
from alrl.agents.training.training import Trainer
from alrl.agents.training.valued_candidates import ValuedCandidates
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.evaluation.simulate import simulate
from alrl.recipes import parse
from alrl.testing import example_view


def examples(states: int = 40, seed: int = 0) -> ValuedCandidates:
    """Made up: a candidate is worth its first feature, and a state more or less of everything."""
    generator = torch.Generator().manual_seed(seed)
    candidates = torch.rand(states, 5, 3, generator=generator)
    mask = torch.rand(states, 5, generator=generator) > 0.2
    mask[:, 0] = True
    values = candidates[..., 0] + 10 * torch.rand(states, 1, generator=generator)
    return ValuedCandidates(
        candidates=candidates * mask[..., None],
        loop=torch.rand(states, 2, generator=generator),
        mask=mask,
        values=values * mask,
    )


def test_the_arrays_say_what_the_forest_says() -> None:
    rng = np.random.default_rng(0)
    X, y = rng.random((300, 5)).astype(np.float32), rng.random(300)
    forest = RandomForestRegressor(7, min_samples_leaf=3, random_state=0).fit(X, y)
    given = torch.from_numpy(rng.random((4, 6, 3)).astype(np.float32))
    loop = torch.from_numpy(rng.random((4, 2)).astype(np.float32))
    mask = torch.ones(4, 6, dtype=torch.bool)
    mask[1, 2] = False
    joined = torch.cat([given, loop[:, None].expand(-1, 6, -1)], -1).flatten(0, 1).numpy()
    score = ForestScorer.of(forest)(given, loop, mask)
    np.testing.assert_allclose(score[mask], forest.predict(joined)[mask.flatten().numpy()], rtol=1e-6)
    assert score[1, 2] == -torch.inf


def test_gains_are_those_beyond_the_mean_of_the_state() -> None:
    given = examples()
    result = torch.from_numpy(gains(given))
    assert result.sum(1).abs().max() < 1e-5
    assert (result[~given.mask] == 0).all()
    assert result[given.mask].abs().max() < 1


def test_the_forest_finds_what_a_candidate_is_worth() -> None:
    seen, new = examples(200), examples(100, seed=1)
    forest = fit_forest(seen, trees=20, leaf=3, seed=0)
    chosen = forest(new.candidates, new.loop, new.mask).argmax(1)
    best = new.candidates[..., 0].masked_fill(~new.mask, -1).argmax(1)
    # By chance one in four.
    assert (chosen == best).float().mean() > 0.8
    again = fit_forest(seen, trees=20, leaf=3, seed=0)
    assert all(value.equal(again.state_dict()[name]) for name, value in forest.state_dict().items())


@pytest.fixture(scope="module")
def env() -> EnvRecipe:
    data: dict[str, Any] = {
        "data": {
            "synthetic": {"mixed": 7, "categorical": 1},
            "split": {"pool": 0.4, "validation": 0.4, "test": 0.2, "max_pool": 150, "max_validation": 400},
        },
        "budget": {"labels": 20},
        "action": {"candidates": {"count": 12}},
    }
    return parse(EnvRecipe, data, where="test")


def recipe(**regression: Any) -> TrainedRecipe:
    data: dict[str, Any] = {
        "kind": "trained",
        "candidates": {"count": 32},
        "regression": {"episodes": 4, "every": 3, "trees": 30, "leaf": 20, **regression},
    }
    return parse(TrainedRecipe, data, where="test")


@pytest.fixture(scope="module")
def policy(env: EnvRecipe) -> Policy:
    return Trainer(agent=recipe(episodes=8), env=env, workers=1).train("lal")


def test_it_beats_random_on_families_that_it_did_not_see(policy: Policy) -> None:
    """Twelve tasks of two families of which none was trained on; eight paired seeds each.

    Five seeds of training were ahead by .018 to .026 on average, and on 8 to 10 of the 12.
    """
    assert not [name for name in policy.card["trained_on"] if "crowded" in name or "heavy" in name]
    ahead = []
    for data in (f"synthetic/{family}-{number}" for family in ("crowded", "heavy-tailed") for number in range(6)):
        lal, random = (simulate(data, each, labels=20, seeds=8).aubc for each in (policy, "random"))
        ahead.append((lal - random).mean())
    assert np.mean(ahead) > 0.008
    assert sum(each > 0 for each in ahead) >= 6


def test_it_is_kept_without_code_and_plays_the_same(policy: Policy, tmp_path: Path) -> None:
    folder = save_policy(policy, tmp_path / "lal")
    assert sorted(path.name for path in folder.iterdir()) == ["policy.json", "weights.safetensors"]
    content = json.loads((folder / "policy.json").read_text())
    assert content["network"]["kind"] == "forest"
    assert content["card"]["stage"] == "regression"
    loaded, view = load_policy(folder), example_view(seed=1)
    assert loaded.fingerprint == policy.fingerprint
    assert loaded.score(view).equal(policy.score(view))
    assert loaded.select(view, 3).equal(policy.select(view, 3))


def test_an_episode_is_played_as_if_it_were_alone(policy: Policy) -> None:
    both = simulate("iris", policy, labels=6, seeds=3).picks
    alone = [simulate("iris", policy, labels=6, seeds=[seed]).picks[0] for seed in range(3)]
    assert (both == np.stack(alone)).all()


def test_in_further_rounds_the_forest_plays(env: EnvRecipe) -> None:
    small = env.model_copy(update={"data": env.data.model_copy(update={"synthetic": {"tiny": 2}})})
    rounds = [
        Trainer(agent=recipe(rounds=count, episodes=1, every=6, trees=5), env=small, workers=1).train("lal").network
        for count in (1, 2)
    ]
    assert rounds[0].state_dict()["value"].shape != rounds[1].state_dict()["value"].shape


def sign(folder: Path, **changed: Any) -> None:
    """Change ``policy.json`` and set its SHA-256 right, as a stranger would."""
    content = {**json.loads((folder / "policy.json").read_text()), **changed}
    content["description_sha256"] = _description_sha256(content)
    (folder / "policy.json").write_text(json.dumps(content))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"left": 10**6}, "left points outside"),
        ({"feature": -1}, "feature points outside"),
        ({"value": float("nan")}, "value holds weights that are not finite"),
        ({"threshold": None}, "the arrays of a forest are feature, threshold"),
    ],
)
def test_arrays_that_are_no_forest_are_refused(
    changed: dict[str, Any], message: str, policy: Policy, tmp_path: Path
) -> None:
    folder = save_policy(policy, tmp_path / "lal")
    kept = load_file(folder / "weights.safetensors")
    for name, value in changed.items():
        if value is None:
            del kept[name]
        else:
            kept[name][0, 0] = value
    save_file(kept, folder / "weights.safetensors")
    sign(folder, sha256=hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest())
    with pytest.raises(PolicyFileError, match=message):
        load_policy(folder)


@pytest.mark.parametrize(
    ("described", "message"),
    [
        ({"kind": "forest", "inputs": 3, "steps": 2}, "a forest of 3 inputs given"),
        ({"kind": "jungle"}, "this version of alrl knows 'set-scorer', 'ensemble', 'buyer', 'forest'"),
    ],
)
def test_a_description_that_does_not_fit_is_refused(
    described: dict[str, Any], message: str, policy: Policy, tmp_path: Path
) -> None:
    folder = save_policy(policy, tmp_path / "lal")
    sign(folder, network=described)
    with pytest.raises(PolicyFileError, match=message):
        load_policy(folder)


def test_the_shipped_recipe_regresses_and_nothing_else() -> None:
    shipped = load_agent_recipe("lal")
    assert isinstance(shipped, TrainedRecipe)
    assert shipped.regression is not None
    with pytest.raises(InvalidRecipeError, match="regression stands alone"):
        parse(TrainedRecipe, {"kind": "trained", "regression": {}, "imitation": {}}, where="test")


def test_a_forest_is_not_trained_by_imitation(policy: Policy) -> None:
    with pytest.raises(InvalidRecipeError, match="a forest cannot be trained by imitation"):
        fit(
            policy,
            examples(),
            examples(),
            epochs=1,
            learning_rate=1e-3,
            weight_decay=0.0,
            temperature=1.0,
            generator=torch.Generator(),
        )
