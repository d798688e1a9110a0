from __future__ import annotations

import copy
import zipfile

import gymnasium
import numpy as np
import pytest
import torch
from sb3_contrib import RecurrentPPO
from stable_baselines3 import A2C, DQN, PPO
from stable_baselines3.common.vec_env import VecNormalize
from torch import nn
from typer.testing import CliRunner

import alrl
from alrl import recipes
from alrl.cli import app
from alrl.envs.env import ActiveLearningEnv
from alrl.envs.recipe import EnvRecipe, load_env_recipe
from alrl.envs.sb3 import ActiveLearningVecEnv
from alrl.errors import AlrlError, InvalidQueryError, InvalidRecipeError, PolicyFileError
from alrl.evaluation.evaluate import evaluate
from alrl.strategies import Strategy, make_strategy
from alrl.testing import check_strategy

TINY = {
    "data": {"sets": ["synthetic/tiny-0"]},
    "budget": {"labels": 6},
    "action": {"candidates": {"count": 8}},
    "observation": {"features": ["confidence", "loop"]},
}


def tiny(**tables) -> EnvRecipe:
    return recipes.parse(EnvRecipe, {**TINY, **tables}, where="test.toml")


def last_allowed(seen):
    return seen["mask"] * np.arange(seen["mask"].shape[1])


def made_for_a_test() -> Strategy:
    return alrl.strategy_of(lambda seen: seen["mask"], env=tiny(), name="mine")


class Agent(nn.Module):
    """As CleanRL writes them: no forward, an actor of one array."""

    def __init__(self, inputs, actions):
        super().__init__()
        self.actor = nn.Linear(inputs, actions)


@pytest.fixture(scope="module")
def trained():
    return PPO("MultiInputPolicy", ActiveLearningVecEnv(tiny(), num_envs=2), n_steps=4, batch_size=8, device="cpu")


def test_it_plays_in_a_simulation_what_it_plays_in_the_environment(trained):
    recipe = tiny()
    env, played = ActiveLearningEnv(recipe), []
    for seed in range(2):
        task = env.game.source.draw([seed])
        observation, _ = env.reset(options={"task": task})
        for _ in range(6):
            action, _ = trained.predict(observation, deterministic=True)
            played.append(int(task.split.pool[env.game.candidates[0, int(action)]]))
            observation, *_ = env.step(action)
    strategy = alrl.strategy_of(trained, env=recipe)
    curves = alrl.simulate("synthetic/tiny-0", strategy, labels=6, seeds=2, split=recipe.data.split.model_dump())
    assert curves.picks.ravel().tolist() == played
    assert strategy.name == "PPO"


def test_a_model_is_shown_observations_scaled_as_in_its_training(trained, tmp_path):
    """Statistics stand for those of a training: what matters is that they are applied, and kept as they were."""
    recipe = tiny()
    scaled = VecNormalize(ActiveLearningVecEnv(recipe, num_envs=2), norm_obs_keys=["candidates"])
    scaled.obs_rms["candidates"].mean[:] = 0.5
    scaled.obs_rms["candidates"].var[:] = 0.01
    model = PPO("MultiInputPolicy", scaled, n_steps=4, batch_size=8, device="cpu")
    model.policy.load_state_dict(trained.policy.state_dict())
    model.save(tmp_path / "ppo.zip")
    own = alrl.strategy_of(model, env=recipe)
    given = alrl.strategy_of(tmp_path / "ppo.zip", env=recipe, normalise=scaled, trust=True)
    frozen = copy.deepcopy(scaled)
    scaled.obs_rms["candidates"].mean[:] = 0.0
    by_hand = alrl.strategy_of(
        lambda seen: model.predict(frozen.normalize_obs(dict(seen)), deterministic=True), env=recipe, name="by hand"
    )
    expected = alrl.simulate("synthetic/tiny-0", by_hand, labels=6, seeds=8).picks
    for strategy in (own, given):
        assert (alrl.simulate("synthetic/tiny-0", strategy, labels=6, seeds=8).picks == expected).all()
    bare = alrl.strategy_of(model.policy, env=recipe)
    assert (alrl.simulate("synthetic/tiny-0", bare, labels=6, seeds=8).picks != expected).any()
    with pytest.raises(InvalidRecipeError, match="give a VecNormalize"):
        alrl.strategy_of(model.policy, env=recipe, normalise=1.0)


def test_a_zip_is_loaded_for_who_trusts_it_alone(trained, tmp_path, monkeypatch):
    file = tmp_path / "mine.zip"
    trained.save(file)
    with pytest.raises(PolicyFileError, match="loading it runs whatever code"):
        alrl.strategy_of(file, env=tiny())
    strategy = alrl.strategy_of(file, env=tiny(), trust=True)
    ours, its = (
        alrl.simulate("synthetic/tiny-1", each, labels=4, seeds=2)
        for each in (strategy, alrl.strategy_of(trained, env=tiny()))
    )
    assert strategy.name == "mine"
    assert (ours.picks == its.picks).all()
    assert alrl.strategy_of(tmp_path / "mine", env=tiny(), trust=True).name == "mine"
    with pytest.raises(PolicyFileError, match=r"has candidates \(32, 26\), loop \(13,\), mask \(32,\): name its own"):
        alrl.strategy_of(file, env="digits", trust=True)
    for content in (b"no zip", _zip_of_nothing(tmp_path)):
        (tmp_path / "other.zip").write_bytes(content)
        with pytest.raises(PolicyFileError, match=r"other\.zip: no .*model.save wrote"):
            alrl.strategy_of(tmp_path / "other.zip", env=tiny(), trust=True)
    with pytest.raises(PolicyFileError, match="no such file"):
        alrl.strategy_of(tmp_path / "none.zip", env=tiny(), trust=True)
    monkeypatch.setenv("ALRL_NO_CODE", "1")
    with pytest.raises(PolicyFileError, match="holds pickles"):
        alrl.strategy_of(file, env=tiny(), trust=True)


def _zip_of_nothing(folder):
    with zipfile.ZipFile(folder / "nothing.zip", "w") as archive:
        archive.writestr("readme.txt", "nothing")
    return (folder / "nothing.zip").read_bytes()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (lambda _: None, "the model answered None; give an action a state, or a score for each action"),
        (lambda _: "first", "the model answered 'first'"),
        (lambda seen: seen["mask"] * np.nan, "scored an action that is allowed with NaN"),
        (lambda seen: seen["loop"][:, 0], r"torch.float32 of shape \(2,\) for 2 states; give numbers \(2,\)"),
        (
            lambda seen: np.full(len(seen["mask"]), 999),
            "the model answered action 999; those of its environment are 0 to 7",
        ),
        (
            lambda seen: np.full(len(seen["mask"]), -1),
            "the model answered action -1; those of its environment are 0 to 7",
        ),
    ],
)
def test_what_is_no_answer_is_named(answer, message):
    with pytest.raises(InvalidQueryError, match=message):
        alrl.simulate("synthetic/tiny-0", alrl.strategy_of(answer, env=tiny()), labels=2, seeds=2)


def test_deep_q_modules_and_functions_play_too():
    recipe = tiny()
    deep = DQN("MultiInputPolicy", ActiveLearningVecEnv(recipe), device="cpu", buffer_size=100)
    space = ActiveLearningEnv(recipe).observation_space
    inputs = sum(int(np.prod(part.shape)) for part in space.values())
    agent = Agent(inputs, 8)
    module = nn.Linear(inputs, 8)
    spread = lambda seen: torch.distributions.Categorical(logits=torch.from_numpy(last_allowed(seen)))  # noqa: E731
    for model, flatten in ((deep, False), (agent, True), (module, True), (spread, False)):
        strategy = alrl.strategy_of(model, env=recipe, flatten=flatten)
        assert alrl.simulate("synthetic/tiny-0", strategy, labels=4, batch=2, seeds=2).picks.min() >= 0


def test_a_model_of_another_environment_is_told_which_observations_it_was_trained_on(trained):
    with pytest.raises(InvalidRecipeError, match=r"PPO was trained on observations .* the environment has .* name its"):
        alrl.strategy_of(trained, env="digits")


def test_a_model_with_a_memory_is_refused(tmp_path):
    model = RecurrentPPO("MultiInputLstmPolicy", ActiveLearningVecEnv(tiny()), n_steps=8, batch_size=8, device="cpu")
    model.save(tmp_path / "recurrent.zip")
    for given in (model, model.policy, tmp_path / "recurrent.zip"):
        with pytest.raises(InvalidRecipeError, match=r"has a memory: its predict returns a state.*without memory"):
            alrl.strategy_of(given, env=tiny(), trust=True)

    class Remembers:
        def predict(self, seen, deterministic):
            return np.zeros(len(seen["mask"]), dtype=int), seen["loop"]

    with pytest.raises(InvalidRecipeError, match="Remembers has a memory"):
        alrl.simulate("iris", alrl.strategy_of(Remembers(), env=tiny()), labels=2, seeds=1)


def test_a_model_of_flattened_observations_is_told_its_sizes_too(tmp_path):
    made = gymnasium.wrappers.FlattenObservation(ActiveLearningEnv(tiny()))
    model = PPO("MlpPolicy", made, n_steps=8, batch_size=8, device="cpu")
    model.save(tmp_path / "flat.zip")
    for given in (model, tmp_path / "flat.zip"):
        strategy = alrl.strategy_of(given, env=tiny(), flatten=True, trust=True)
        assert alrl.simulate("synthetic/tiny-0", strategy, labels=3, seeds=2).picks.min() >= 0
        with pytest.raises(AlrlError, match=r"array \(\d+,\); the environment has candidates .* say flatten"):
            alrl.strategy_of(given, env=tiny(), trust=True)
    with pytest.raises(InvalidRecipeError, match=r"array \(\d+,\); the environment has array \(877,\): name its own$"):
        alrl.strategy_of(model, env="digits", flatten=True)


@pytest.mark.parametrize(
    ("flatten", "message"),
    [
        (
            True,
            r"Linear could not answer when it was shown one array \(2, 877\): mat1.*flatten=False if it takes the",
        ),
        (
            False,
            r"Linear could not answer when it was shown candidates \(2, 32, 26\), loop .*flatten=True if it takes one",
        ),
    ],
)
def test_a_module_of_other_sizes_is_told_what_it_was_shown(flatten, message):
    strategy = alrl.strategy_of(nn.Linear(3, 16), env="digits", flatten=flatten)
    with pytest.raises(InvalidQueryError, match=message):
        alrl.simulate("iris", strategy, labels=2, seeds=2)


def test_a_zip_of_noise_that_depends_on_the_state_is_loaded(tmp_path):
    recipe = load_env_recipe("weights")
    model = A2C("MultiInputPolicy", ActiveLearningVecEnv(recipe), use_sde=True, device="cpu")
    model.save(tmp_path / "sde.zip")
    own, read = (
        alrl.simulate("iris", alrl.strategy_of(each, env=recipe, trust=True), labels=3, seeds=2).picks
        for each in (model, tmp_path / "sde.zip")
    )
    assert (own == read).all()


def test_a_forbidden_choice_is_the_first_allowed_one():
    """A pool of few records: candidates run out, and the model goes on naming the last."""
    stubborn = alrl.strategy_of(lambda seen: np.full(len(seen["mask"]), 7), env=tiny())
    rest = {"pool": 0.1, "validation": 0.1, "test": 0.8}
    curves = alrl.simulate("synthetic/tiny-0", stubborn, labels=5, seeds=2, split=rest)
    assert (np.sort(curves.picks, 1)[:, 1:] > np.sort(curves.picks, 1)[:, :-1]).all()


def test_the_contract_of_strategies_holds():
    check_strategy(alrl.strategy_of(lambda seen: seen["mask"], env=tiny()))


def test_scores_may_be_booleans():
    plain, true = (
        alrl.simulate("synthetic/tiny-0", alrl.strategy_of(answer, env=tiny()), labels=3, seeds=2).picks
        for answer in (lambda seen: seen["mask"], lambda seen: seen["mask"] > 0)
    )
    assert np.array_equal(plain, true)


@pytest.mark.parametrize("name", ["rule", "weights"])
def test_other_kinds_of_actions_are_played(name):
    recipe = load_env_recipe(name)
    space = recipe.actions().space
    # Minus one weighs every feature down; of rules, the first is followed.
    answer = np.zeros(1, dtype=int) if name == "rule" else np.full((1, *space.shape), -1.0)
    strategy = alrl.strategy_of(lambda seen: answer.repeat(len(seen["mask"]), 0), env=recipe)
    curves = alrl.simulate("iris", strategy, labels=6, seeds=2)
    if name == "rule":
        first = recipe.action.model_extra["rules"][0]
        assert (curves.picks == alrl.simulate("iris", first, labels=6, seeds=2).picks).all()


def test_what_no_strategy_can_play_is_refused():
    with pytest.raises(InvalidRecipeError, match="sizes, stop"):
        alrl.strategy_of(last_allowed, env="net-value")
    with pytest.raises(InvalidRecipeError, match="give a model with predict"):
        alrl.strategy_of(7, env=tiny())
    wrong = alrl.strategy_of(lambda _: np.zeros(3), env=tiny())
    with pytest.raises(InvalidQueryError, match="give numbers"):
        alrl.simulate("iris", wrong, labels=2, seeds=2)


def test_it_is_evaluated_and_named_in_recipes():
    result = evaluate(made_for_a_test(), data=["iris"], labels=4, seeds=2)
    assert [(each.rule, each.difference) for each in result.comparisons] == [("margin", 0.0)]
    assert make_strategy(f"{__name__}:made_for_a_test").name == "mine"
    with pytest.raises(InvalidRecipeError, match='"os:system" is no class of a strategy, and os holds none'):
        make_strategy("os:system")


def test_the_command_line_loads_a_zip_on_trust_alone(trained, tmp_path):
    file = str(tmp_path / "mine.zip")
    trained.save(file)
    recipe = tmp_path / "tiny.toml"
    recipe.write_text(
        'data = { sets = ["synthetic/tiny-0"] }\nobservation = { features = ["confidence", "loop"] }\n'
        "action = { candidates = { count = 8 } }\n"
    )
    wanted = ["evaluate", file, "--data", "iris", "--labels", "3", "--seeds", "2"]
    for more, answers in ((["--env", str(recipe)], "runs whatever"), ([], "give --env")):
        refused = CliRunner().invoke(app, [*wanted, *more])
        assert refused.exit_code != 0
        assert answers in " ".join(refused.output.split())
    assert CliRunner().invoke(app, [*wanted, "--env", str(recipe), "--trust"]).exit_code == 0
