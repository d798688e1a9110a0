"""A training that was stopped at any moment and run again ends in the policy that it would have ended in."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.checkpoint import Checkpoint, Work
from alrl.agents.training.training import Trainer
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.recipes import parse

IMITATION = {"rounds": 2, "episodes": 2, "epochs": 2, "expert": {"horizon": 2, "reach": 16, "iterations": 3}}
BRANCHING = {
    "updates": 2,
    "tasks": 2,
    "every": 4,
    "epochs": 2,
    "expert": {"horizon": 2, "iterations": 3, "base": "policy"},
}
EVOLUTION = {"pairs": 2, "generations": 2, "tasks": 2, "episodes": 2, "labels": 4, "features": ["margin", "entropy"],
             "start": {"network": 1.0}}  # fmt: skip
MEMORY = {"warm_up": 16, "batch": 16, "updates": 2, "buffer": 48}
WEIGHTS: dict[str, Any] = {"kind": "weights", "features": ["margin", "entropy-rank"], "scored": "candidates"}
RULES: dict[str, Any] = {"kind": "rule", "rules": ["margin", "random"]}


def learnt(kind: str, **settings: Any) -> dict[str, Any]:
    """96 queries of four episodes, with updates in the middle of episodes."""
    return {"reinforcement": {"kind": kind, "steps": 96, "envs": 4, "learning_rate": 1e-2, **settings}}


TRAININGS: dict[str, tuple[dict[str, Any], dict[str, Any] | None]] = {
    "regression": ({"regression": {"rounds": 2, "episodes": 1, "trees": 5}}, None),
    "search": ({"search": {"population": 4, "generations": 2, "episodes": 2}}, None),
    "bred": ({"imitation": IMITATION, "network": {"width": 8, "members": 2}, "evolution": EVOLUTION}, None),
    "ppo": ({"branching": BRANCHING, **learnt("ppo", rollout=3)}, None),
    "maskable-ppo": (learnt("maskable-ppo", rollout=3), RULES),
    "a2c": (learnt("a2c", rollout=3, scaled_rewards=False), WEIGHTS),
    "dqn": ({"imitation": {**IMITATION, "rounds": 1}, **learnt("dqn", target=8, **MEMORY)}, None),
    "sac": (learnt("sac", **MEMORY), WEIGHTS),
}


class StoppedError(Exception):
    """Somebody stopped the training."""


def trained_with_stops(make: Any, monkeypatch: pytest.MonkeyPatch, *, saves: int) -> tuple[Policy, int]:
    """Return the policy of a training that is stopped after every so many saves, and how often it was."""
    save, stops = Checkpoint.save, 0

    def counted(self: Checkpoint, *content: Any) -> None:
        nonlocal left
        save(self, *content)
        left -= 1
        if not left:
            raise StoppedError

    monkeypatch.setattr(Checkpoint, "save", counted)
    while True:
        left, trainer = saves, make()
        trainer.checkpoint.seconds = 0.0
        try:
            return trainer.train("mine"), stops
        except StoppedError:
            stops += 1


@pytest.mark.parametrize("name", TRAININGS)
def test_a_training_that_is_stopped_again_and_again_ends_as_one_that_is_not(
    name: str, tiny_env: EnvRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tables, action = TRAININGS[name]
    agent = parse(TrainedRecipe, {"kind": "trained", "keep": "last", "network": {"width": 8}, **tables}, where="test")
    env = tiny_env if action is None else parse(EnvRecipe, tiny_env.model_dump() | {"action": action}, where="test")
    whole = Trainer(agent=agent, env=env, seed=3, workers=1).train("mine")
    again, stops = trained_with_stops(
        lambda: Trainer(agent=agent, env=env, seed=3, workers=1, checkpoints=tmp_path / "kept"),
        monkeypatch,
        saves=1 if name in {"search", "regression"} else 4,
    )
    assert stops >= 2
    assert again.fingerprint == whole.fingerprint
    cards = [json.loads(json.dumps(dict(policy.card))) for policy in (whole, again)]
    assert all(card["work"].pop("cpu_seconds") >= 0 for card in cards)
    assert cards[0] == cards[1]


def test_a_training_killed_while_it_saves_goes_on_to_the_same_policy(tiny_env: EnvRecipe, tmp_path: Path) -> None:
    tables = {"imitation": IMITATION, **learnt("ppo", rollout=6)}
    content = {"kind": "trained", "keep": "last", "network": {"width": 8}, **tables}
    (tmp_path / "agent.json").write_text(json.dumps(content))
    (tmp_path / "env.json").write_text(json.dumps(tiny_env.model_dump()))
    script = Path(__file__).with_name("killed_training.py")
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, check=True)
    whole, killed, status = done.stdout.split()
    assert status == "0"
    assert int(killed) >= 5
    policy = load_policy(tmp_path / "policy")
    assert policy.fingerprint == whole
    assert policy.card["stage"] == "ppo"
    assert not (tmp_path / "kept").exists()


def test_what_another_seed_recipe_or_device_left_is_not_gone_on_from(
    tiny_env: EnvRecipe, tiny_agent: TrainedRecipe, tmp_path: Path
) -> None:
    given = {"seed": 0, "device": "cpu"}
    kept = Checkpoint.of(tmp_path, Work(), tiny_agent, tiny_env, **given)  # type: ignore[arg-type]
    kept.save({"round": 1})
    assert Checkpoint.of(tmp_path, Work(), tiny_agent, tiny_env, **given).load() is not None  # type: ignore[arg-type]
    wider = tiny_agent.model_copy(update={"trials": 5})
    others = [(tiny_agent, {**given, "seed": 1}), (tiny_agent, {**given, "device": "cuda"}), (wider, given)]
    for agent, other in others:
        assert Checkpoint.of(tmp_path, Work(), agent, tiny_env, **other).load() is None  # type: ignore[arg-type]


def test_work_goes_on_from_what_was_saved(tmp_path: Path) -> None:
    work = Work(steps=3, scalars={"imitation/loss": 0.1})
    Checkpoint(path=tmp_path / "a.safetensors", work=work).save({"x": [1]}, {"y": torch.arange(3)})
    later = Work(steps=40)
    state = Checkpoint(path=tmp_path / "a.safetensors", work=later).load()
    assert state is not None
    assert (state.values, state.tensors["y"].tolist()) == ({"x": [1]}, [0, 1, 2])
    assert (later.steps, later.scalars) == (3, {"imitation/loss": 0.1})


@pytest.mark.parametrize("content", [b"", b"{}", b"\x80\x04N.", b'\x10\x00\x00\x00\x00\x00\x00\x00{"__metadata__":1}'])
def test_a_file_that_is_no_state_is_refused(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    path.write_bytes(content)
    with pytest.raises(InvalidRecipeError, match="not the state of a training"):
        Checkpoint(path=path).load()


def test_what_is_due_is_due_once_in_so_many_seconds(tmp_path: Path) -> None:
    kept = Checkpoint(path=tmp_path / "a.safetensors", seconds=0.0)
    assert kept.due()
    kept.seconds = 1e6
    assert not kept.due()
    assert not Checkpoint(seconds=0.0).due()
