"""The examples run, and do what they say."""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import torch
import yaml

ROOT = Path(__file__).parents[2]
SHORT = {"env": "alrl/wine-batch-v0", "num_envs": 4, "rollout": 30, "steps": 240, "epochs": 1}


def example(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", ROOT / "examples" / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    # A dataclass looks its module up by name.
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


def test_the_loop_in_one_file_gains_what_alrl_gains(capsys):
    areas = example("active_learning").main(seeds=3, simulated=8)
    assert areas["margin, by hand"] > areas["random, by hand"]
    assert areas["margin, by alrl"] > areas["random, by alrl"]
    assert abs(areas["margin, by hand"] - areas["margin, by alrl"]) < 0.03
    assert "general, by alrl" in capsys.readouterr().out


def test_one_file_of_ppo_plays_every_episode_to_its_end_and_prints_the_gain_over_margin(capsys):
    module = example("ppo")
    module.main(module.Settings(**SHORT, data="wine,iris", paired_seeds=2))
    printed = capsys.readouterr().out
    assert "8 episodes; mean return of the first tenth " in printed
    assert "ppo: AUBC in points, 30 queries, 2 paired seeds" in printed
    assert "95 % interval" in printed
    for data in ("wine", "iris"):
        assert re.search(rf"{data} +margin +[\d.]+ +[\d.]+ +[+-][\d.]+ +[+-][\d.]+ to [+-][\d.]+", printed)


def test_one_file_of_ppo_plays_by_its_own_seed_and_touches_no_other_stream():
    module, before = example("ppo"), torch.get_rng_state()
    network, returns = module.train(module.Settings(**SHORT, seed=1))
    assert torch.equal(torch.get_rng_state(), before)
    assert np.isfinite(returns).all()
    torch.rand(3)
    again, same = module.train(module.Settings(**SHORT, seed=1))
    assert same == returns
    assert all(torch.equal(*pair) for pair in zip(network.parameters(), again.parameters(), strict=True))
    assert module.train(module.Settings(**SHORT, seed=2))[1] != returns


def test_an_update_makes_actions_of_greater_advantage_likelier():
    module, random = example("ppo"), torch.Generator().manual_seed(0)
    network = module.Scorer(3, random)
    seen = {
        "candidates": torch.eye(2).repeat(50, 8, 1, 1),
        "loop": torch.zeros(50, 8, 1),
        "mask": torch.ones(50, 8, 2),
    }
    action = torch.arange(50)[:, None].expand(50, 8) % 2
    with torch.no_grad():
        choice, value = network({name: each.flatten(0, 1) for name, each in seen.items()})
    steps = {
        **seen,
        "action": action,
        "logp": choice.log_prob(action.flatten()).view(50, 8),
        "value": value.view(50, 8),
        "reward": action.float(),
        "ended": torch.ones(50, 8, dtype=torch.bool),
    }
    before = choice.probs[0, 1]
    optimiser = torch.optim.Adam(network.parameters(), lr=3e-3)
    module.update(network, optimiser, steps, torch.zeros(8), module.Settings(), random)
    after, _ = network({name: each[0] for name, each in seen.items()})
    assert after.probs[0, 1] > before + 0.02


def test_the_rl_zoo_trains_in_an_environment(tmp_path):
    settings = ["n_envs:2", "n_steps:8", "batch_size:16", "n_epochs:1"]
    command = [sys.executable, "-m", "rl_zoo3.train", "--gym-packages", "alrl", "--algo", "ppo"]
    command += ["--env", "alrl/breast-cancer-v0", "--conf-file", str(ROOT / "examples" / "zoo-ppo.yml")]
    command += ["--n-timesteps", "16", "--eval-freq", "-1", "--log-folder", str(tmp_path), "--seed", "1"]
    command += ["--num-threads", "1", "--device", "cpu", "-params", *settings]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (saved,) = tmp_path.glob("ppo/*/alrl-breast-cancer-v0.zip")
    assert saved.stat().st_size > 10_000
    # The settings are those of the file that is shipped.
    (used,) = tmp_path.glob("ppo/*/alrl-breast-cancer-v0/config.yml")
    assert "MultiInputPolicy" in used.read_text(encoding="utf-8")


def test_the_zoos_file_names_environments_that_there_are():
    import gymnasium

    shipped = yaml.safe_load((ROOT / "examples" / "zoo-ppo.yml").read_text(encoding="utf-8"))
    named = [name for name in shipped if name != "default"]
    assert "alrl/breast-cancer-v0" in named
    for name in named:
        assert name in gymnasium.registry
        assert shipped[name]["policy"] == "MultiInputPolicy"


def test_docstrings_become_rows_of_unit_length():
    module = example("docstring_embeddings")
    rows = module.embed(["the sum of a series", "the sum of squares", "a matrix and a series", "a matrix sum"] * 20, 2)
    assert rows.shape == (80, 2)
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, rtol=1e-5)
