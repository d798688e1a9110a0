"""``alrl tune``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, TrainedAgent, TrainingEnv, Workers, reporting


@app.command()
def tune(
    context: typer.Context,
    agent: TrainedAgent,
    env: TrainingEnv,
    search: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KEY=RANGE",
            help="A key of the agent's table and its values: LOW..HIGH, LOW..HIGH:log or A,B,C; repeatable. If left"
            " out, how imitation fits.",
        ),
    ] = None,
    trials: Annotated[int, typer.Option(min=1, help="Trainings, each with other settings.")] = 20,
    seed: Annotated[int, typer.Option(min=0, help="Seed of the search and of every training.")] = 0,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the trials; runs/tuning/AGENT if left out.")
    ] = None,
    workers: Workers = None,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Search hyperparameters of a training by Optuna, on its validation data sets alone; go on where it was left."""
    with reporting(context, machine, stores=True) as voice:
        from alrl.agents.training.tuning import DEFAULT, inline
        from alrl.agents.training.tuning import tune as searched

        folder = out or Path("runs") / "tuning" / Path(agent).stem

        def progress(number: int, gain: float) -> None:
            voice.say(f"trial {number}: {100 * gain:+.2f} points over margin sampling")

        tuned = searched(
            agent, env, folder, search=search or DEFAULT, trials=trials, seed=seed, workers=workers, progress=progress
        )
        voice.say(f"Best of {tuned.trials} trials, {100 * tuned.gain:+.2f} points; in a study's [train.NAME] table:")
        voice.say(f"change = {inline(tuned.change)}")
        voice.say(f"Wrote {folder}.")
        voice.result(
            {
                "change": dict(tuned.change),
                "gain_over_margin": tuned.gain,
                "trials": tuned.trials,
                "folder": str(folder),
            }
        )
