"""The page on classes of one's own runs as it stands."""

from __future__ import annotations

import re
import runpy
import sys
from pathlib import Path

import pytest

import alrl
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe, load_agent_recipe
from alrl.agents.training.training import Trainer
from alrl.envs.recipe import load_env_recipe
from alrl.errors import ContractError, PolicyFileError

PAGE = Path(__file__).parents[2] / "docs" / "extending.md"
BLOCK = re.compile(r"```(?:python|toml)\n# (\S+)\n(.*?)```", re.DOTALL)


@pytest.fixture
def mine(tmp_path, monkeypatch):
    for name, text in BLOCK.findall(PAGE.read_text()):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    yield tmp_path
    for name in [name for name in sys.modules if name.startswith("mine_")]:
        del sys.modules[name]


def test_what_the_page_shows_keeps_the_contracts_and_trains(mine):
    assert len(list(mine.rglob("*.py")) + list(mine.rglob("*.toml"))) == 8
    runpy.run_path(str(mine / "check.py"))
    env, agent = load_env_recipe("mine"), load_agent_recipe("agents/mine.toml")
    assert isinstance(agent, TrainedRecipe)
    trainer = Trainer(agent=agent, env=env, workers=1)
    policy = trainer.train("mine")
    assert policy.card["stage"] == "algorithm"
    assert policy.fingerprint != trainer.untrained().fingerprint
    assert policy.fingerprint == Trainer(agent=agent, env=env, workers=1).train("mine").fingerprint
    save_policy(policy, "mine")
    assert load_policy("mine").fingerprint == policy.fingerprint
    curves = alrl.simulate("iris", load_policy("mine"), labels=3, seeds=2)
    assert curves.picks.shape == (2, 3)
    # Where nothing is imported yet, a file runs nothing of itself.
    for name in [name for name in sys.modules if name.startswith("mine_")]:
        del sys.modules[name]
    with pytest.raises(PolicyFileError, match="import its module first, or load with trust=True"):
        load_policy("mine")
    assert load_policy("mine", trust=True).fingerprint == policy.fingerprint


@pytest.mark.parametrize("algorithm", ["ppo", "dqn"])
def test_libraries_train_a_network_of_ones_own(mine, algorithm):
    (mine / "agents" / "theirs.toml").write_text(
        '[agent]\nkind = "trained"\nkeep = "last"\n[agent.network]\nkind = "mine_network:Above"\n'
        f'[agent.reinforcement]\nkind = "{algorithm}"\nsteps = 64\nenvs = 8\n'
        + ("warm_up = 8\n" if algorithm == "dqn" else "rollout = 4\n")
    )
    trainer = Trainer(agent=load_agent_recipe("agents/theirs.toml"), env=load_env_recipe("mine"), workers=1)
    assert trainer.train().fingerprint != trainer.untrained().fingerprint


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ("return scores.masked_fill(~mask, -torch.inf)[..., None]", r"forward gives scores .* a tensor \(2, 3, 1\)"),
        ("return scores", "scores are finite within the mask .* minus infinity outside"),
        ("return scores * torch.nan", "scores are finite within the mask"),
    ],
)
def test_a_network_that_does_not_score_candidates_is_refused_before_it_is_trained(mine, changed, message):
    file = mine / "mine_network.py"
    file.write_text(file.read_text().replace("return scores.masked_fill(~mask, -torch.inf)", changed))
    trainer = Trainer(agent=load_agent_recipe("agents/mine.toml"), env=load_env_recipe("mine"), workers=1)
    with pytest.raises(ContractError, match=message):
        trainer.train()


def test_a_network_says_of_itself_what_a_policy_file_keeps(mine):
    file = mine / "mine_network.py"
    file.write_text(file.read_text().replace('"width": self.width}', '"width": self.width, "slope": 0.5}'))
    trainer = Trainer(agent=load_agent_recipe("agents/mine.toml"), env=load_env_recipe("mine"), workers=1)
    with pytest.raises(ContractError, match=r"Above: described has slope = 0\.5; a policy file keeps whole numbers"):
        trainer.train()
