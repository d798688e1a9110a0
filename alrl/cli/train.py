"""``alrl train``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.app import app
from alrl.cli.common import Device, Json, NoCode, TrainedAgent, TrainingEnv, Workers, reporting


@app.command()
def train(  # noqa: PLR0913, PLR0917 - each is an option
    context: typer.Context,
    agent: TrainedAgent,
    env: TrainingEnv,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training; other seeds give other policies.")] = 0,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the policy; runs/policies/AGENT-SEED if left out.")
    ] = None,
    start: Annotated[
        str | None,
        typer.Option(help="Policy that training goes on from, a shipped one or a folder; the recipe's if left out."),
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the policy in tables; AGENT-SEED if left out.")] = None,
    workers: Workers = None,
    device: Device = "cpu",
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Train a selection policy and write it as JSON and safetensors, with TensorBoard curves beside it.

    A training that was interrupted goes on from what it kept in the policy's folder when it is run again: to the same
    policy. What was kept is deleted once the policy is written.
    """
    with reporting(context, machine, stores=True) as voice:
        from alrl.agents.policy_file import load_policy, save_policy
        from alrl.agents.recipe import TrainedRecipe, load_agent_recipe
        from alrl.agents.training.tensorboard import forget
        from alrl.agents.training.training import Trainer
        from alrl.agents.training.validation import gains_by_stage
        from alrl.envs.recipe import load_env_recipe
        from alrl.errors import InvalidRecipeError
        from alrl.numerics.backend import usable_device

        usable_device(device)
        recipe = load_agent_recipe(agent)
        if not isinstance(recipe, TrainedRecipe):
            raise InvalidRecipeError(f"agent {agent!r} is of kind {recipe.kind!r}; only kind 'trained' can be trained")
        name = name or f"{Path(agent).stem}-{seed}"
        folder = out or Path("runs") / "policies" / name
        with voice.bars() as bars:
            trainer = Trainer(
                agent=recipe,
                env=load_env_recipe(env),
                seed=seed,
                start=None if start is None else load_policy(start),
                workers=workers,
                device=device,
                log=folder / "tensorboard",
                checkpoints=folder / "checkpoints",
                bars=bars,
            )
            if not trainer.checkpoint.begun:
                forget(folder / "tensorboard")
            policy = trainer.train(name)
        save_policy(policy, folder)
        trainer.checkpoint.remove()
        voice.say(f"On the validation data sets: {gains_by_stage(policy.card)}")
        voice.say(f"Kept: {policy.card['stage']}. Wrote {folder}; load it with alrl.load_policy({str(folder)!r}).")
        voice.result({"policy": str(folder), "name": name, "card": dict(policy.card)})
