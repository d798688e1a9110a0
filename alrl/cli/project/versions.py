"""``alrl project compare``, ``rollback``, ``save``, ``mlflow`` and ``upgrade``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.common import Json, confirm, reporting
from alrl.cli.project.group import Folder, Trust, project

Number = Annotated[int, typer.Argument(min=0, help="A round, from 0.")]


@project.command()
def compare(context: typer.Context, folder: Folder, first: Number, second: Number, machine: Json = False) -> None:
    """Compare two rounds: labels, model, accuracy, and what was learnt and forgotten between them."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.versions import compare as compared
        from alrl.projects.versions import sentences

        document = compared(Project(folder), first, second)
        voice.say("\n".join(sentences(document)))
        voice.result(document)


@project.command()
def rollback(
    context: typer.Context,
    folder: Folder,
    to: Annotated[int, typer.Option(min=0, help="The round to go back to.")],
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    machine: Json = False,
) -> None:
    """Go back to the labels and the model of a round; the log keeps what came after."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.versions import roll_back, round_to_return_to

        opened = Project(folder)
        round_to_return_to(opened.state, to)
        confirm(f"take back all labels since round {to}?", voice, yes=yes)
        done = roll_back(opened, to)
        model = "the model is that of then" if done["model"] else "the model is the same"
        voice.say(f"round {to}: {done['withdrawn']} answers withdrawn, {done['put_back']} put back; {model}")
        voice.result(done)


@project.command()
def save(
    context: typer.Context,
    folder: Folder,
    to: Annotated[Path, typer.Option(help="The .skops file to write.")],
    number: Annotated[
        int | None, typer.Option("--round", min=0, help="Whose model; the last round's if left out.")
    ] = None,
    trust: Trust = None,
    machine: Json = False,
) -> None:
    """Write the fitted classifier of a round as a skops file, which holds no code."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.versions import save_model

        opened = Project(folder, trusted=trust or ())
        chosen = opened.fit().number if number is None else number
        save_model(opened, chosen, to)
        voice.say(f"{to} holds the model of round {chosen}")
        voice.result({"file": str(to), "round": chosen})


@project.command()
def mlflow(
    context: typer.Context,
    folder: Folder,
    to: Annotated[str, typer.Option(help="A tracking server's address, or a folder.")],
    experiment: Annotated[str | None, typer.Option(help="Its name in MLflow; the project's if left out.")] = None,
    machine: Json = False,
) -> None:
    """Write each round as a run of an MLflow experiment; what is there already is left as it is."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.exchange.mlflow import export_rounds

        written = export_rounds(Project(folder), to, experiment=experiment)
        voice.say(f"{len(written)} rounds written to MLflow at {to}")
        voice.result({"to": to, "rounds": written})


@project.command()
def upgrade(context: typer.Context, folder: Folder, machine: Json = False) -> None:
    """Bring a project that an older alrl made to this version's schema; the log of before is kept beside it."""
    with reporting(context, machine) as voice:
        from alrl.projects.upkeep import upgrade as upgraded

        before, now = upgraded(folder)
        kept = f"; the log of before is {folder}/log-schema-{before}.sqlite" if before < now else ""
        voice.say(f"{folder} had schema {before} and has {now}{kept}")
        voice.result({"before": before, "schema": now})
