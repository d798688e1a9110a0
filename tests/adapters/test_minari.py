"""Episodes of the expert and of margin sampling, written for offline reinforcement learning and read back."""

from __future__ import annotations

import re

import gymnasium
import minari
import numpy as np
import pytest

from alrl.adapters.minari import export_to_minari, main, play_episodes
from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidRecipeError

QUICK = LookAhead(horizon=2, reach=8, iterations=5)


def test_an_episode_is_what_a_single_environment_plays():
    (first, second) = play_episodes("wine-batch", player="margin", episodes=2, seed=5)
    assert (first.seed, second.seed) == (5, 6)
    assert first.terminations.sum() == first.terminations[-1] == 1
    env = gymnasium.make("alrl/wine-batch-v0")
    observation, _ = env.reset(seed=6)
    for step, action in enumerate(second.actions):
        # Margin sampling: of the candidates the one of smallest margin.
        margin = np.where(observation["mask"] > 0, observation["candidates"][:, 2], np.inf)
        assert margin[action] == margin.min()
        np.testing.assert_allclose(second.observations["candidates"][step], observation["candidates"], atol=1e-5)
        observation, reward, ended, _, _ = env.step(action)
        assert second.rewards[step] == pytest.approx(reward, abs=1e-6)
    assert ended
    np.testing.assert_allclose(second.observations["loop"][-1], observation["loop"], atol=1e-5)


def test_the_expert_sees_further_than_margin():
    returns = {}
    for player in ("margin", "look-ahead"):
        played = play_episodes("breast-cancer-short.toml", player=player, episodes=8, expert=QUICK)
        returns[player] = np.mean([episode.rewards.sum() for episode in played])
    assert returns["look-ahead"] > returns["margin"]


@pytest.fixture(autouse=True)
def short_recipe(tmp_path, monkeypatch):
    (tmp_path / "breast-cancer-short.toml").write_text(
        "# A few labels of breast cancer: what tests play\n"
        '[data]\nsets = ["breast_cancer"]\n[budget]\nlabels = 6\n[action]\ncandidates = { count = 8 }\n'
    )
    monkeypatch.chdir(tmp_path)


def test_a_dataset_is_read_back_as_it_was_written(tmp_path, monkeypatch):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    made = export_to_minari("wine-batch", "alrl/wine-batch/margin-v0", player="margin", episodes=3, seed=2)
    read = minari.load_dataset("alrl/wine-batch/margin-v0")
    assert (read.total_episodes, read.total_steps) == (made.total_episodes, made.total_steps) == (3, 90)
    assert read.spec.env_spec.id == "alrl/wine-batch-v0"
    played = play_episodes("wine-batch", player="margin", episodes=3, seed=2)
    for written, episode in zip(played, read.iterate_episodes(), strict=True):
        np.testing.assert_array_equal(episode.actions, written.actions)
        np.testing.assert_allclose(episode.rewards, written.rewards)
        for name, array in written.observations.items():
            np.testing.assert_array_equal(episode.observations[name], array)
        assert episode.terminations.tolist() == written.terminations.tolist()
        assert not np.any(episode.truncations)
    env = read.recover_environment()
    assert env.observation_space == read.observation_space
    assert env.action_space == read.action_space


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"player": "oracle"}, "player = 'oracle' given; allowed are look-ahead, margin"),
        ({"player": "margin", "episodes": 0}, "episodes = 0 given; give at least 1"),
    ],
)
def test_what_cannot_be_played_is_refused(settings, message):
    with pytest.raises(InvalidRecipeError, match=message):
        play_episodes("wine-batch", **{"episodes": 1, **settings})


@pytest.mark.parametrize(
    ("recipe", "dataset", "message"),
    [
        ("wine-batch", "margin", "dataset 'margin' given; a name ends with its version"),
        ("wine-batch", "alrl/there-v0", "there is a dataset 'alrl/there-v0' in .*; give the next version, or delete"),
        ("breast-cancer-short.toml", "alrl/mine-v0", "'breast-cancer-short.toml' given; .* put it into a folder envs/"),
        ("wine-bath", "alrl/mine-v0", 'unknown environment "wine-bath"; did you mean "wine-batch"'),
        ("rule", "alrl/mine-v0", 'actions of kind "rule" given'),
    ],
)
def test_what_cannot_be_written_is_told_in_a_line_before_anything_is_played(
    tmp_path, monkeypatch, capsys, recipe, dataset, message
):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    monkeypatch.setattr(ActiveLearningVectorEnv, "step", lambda *_: pytest.fail("an episode was played"))
    (tmp_path / "datasets" / "alrl" / "there-v0" / "data").mkdir(parents=True)
    assert main([recipe, dataset, "--episodes", "1"]) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert re.match(f"error: .*{message}", error)


def test_the_command_writes_a_dataset(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("MINARI_DATASETS_PATH", str(tmp_path / "datasets"))
    assert main(["wine-batch", "alrl/mine-v0", "--player", "margin", "--episodes", "2"]) == 0
    assert capsys.readouterr().out.startswith("2 episodes, 60 steps: ")
