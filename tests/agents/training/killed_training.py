"""Trains undisturbed, and in processes that are killed where they would put their third file in place, till one ends.

``python killed_training.py FOLDER`` with ``agent.json`` and ``env.json`` there: the policy of the processes is saved in
``FOLDER/policy``; the fingerprint of the other, how many were killed, and the status of the last are printed.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from pathlib import Path

from alrl.agents.policy_file import save_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.envs.recipe import EnvRecipe
from alrl.recipes import parse


def trainer_of(folder: Path, checkpoints: Path | None) -> Trainer:
    agent = parse(TrainedRecipe, json.loads((folder / "agent.json").read_text()), where="test")
    env = parse(EnvRecipe, json.loads((folder / "env.json").read_text()), where="test")
    return Trainer(agent=agent, env=env, seed=3, workers=1, checkpoints=checkpoints)


def train(folder: Path) -> None:
    trainer = trainer_of(folder, folder / "kept")
    trainer.checkpoint.seconds = 0.0
    save_policy(trainer.train("mine"), folder / "policy")
    trainer.checkpoint.remove()


def killed_at(saves: int) -> None:
    """Let this process be killed where it would put its third file in its place."""
    replace, done = Path.replace, 0

    def counted(self: Path, target: Path) -> Path:
        nonlocal done
        done += 1
        if done == saves:
            os.kill(os.getpid(), signal.SIGKILL)
        return replace(self, target)

    Path.replace = counted  # type: ignore[method-assign,assignment]


if __name__ == "__main__":
    # Whatever is compiled is there before the processes begin.
    whole = trainer_of(Path(sys.argv[1]), None).train("mine").fingerprint
    killed, ended = 0, False
    while not ended:
        child = os.fork()
        if child == 0:
            killed_at(3)
            train(Path(sys.argv[1]))
            os._exit(0)
        _, status = os.waitpid(child, 0)
        ended = not os.WIFSIGNALED(status)
        killed += not ended
    print(whole, killed, os.waitstatus_to_exitcode(status))
