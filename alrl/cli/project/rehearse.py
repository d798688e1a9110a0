"""``alrl project rehearse``."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.common import Json, reporting
from alrl.cli.project.group import Folder, project


@project.command()
def rehearse(  # noqa: PLR0913, PLR0917 - options of a command line, each with its default
    context: typer.Context,
    folder: Folder,
    data: Annotated[Path, typer.Option(help="A table whose label column is full.")],
    label: Annotated[str, typer.Option(help="The column of classes.")],
    id_: Annotated[str | None, typer.Option("--id", help="Column that names each record.")] = None,
    batches: Annotated[int, typer.Option(min=1, help="Batches that are asked for.")] = 8,
    batch: Annotated[int, typer.Option(min=1, help="Records of each.")] = 15,
    strategy: Annotated[str, typer.Option(help="A policy or rule.")] = "general",
    model: Annotated[str, typer.Option(help="A learner's name, auto, or a .skops file.")] = "softmax-regression",
    audit: Annotated[float, typer.Option(min=0.0, max=0.99, help="Share drawn by chance.")] = 0.1,
    seed: Annotated[int, typer.Option(min=0, help="Of all chance.")] = 0,
    machine: Json = False,
) -> None:
    """Play a project with two simulated annotators, one slow and one who errs, and show what was true."""
    with reporting(context, machine) as voice:
        from alrl.cli.tables import tell_report
        from alrl.projects.rehearsal import rehearse as played
        from alrl.projects.status import sentences, status_of

        result = played(
            folder, data, label=label, id=id_, batches=batches, batch=batch, seed=seed, strategy=strategy,
            model=model, audit=audit,
        )  # fmt: skip
        table = dataclasses.replace(result.project.reports[-1], classes=dict(result.classes))
        tell_report(table)
        status = status_of(result.project.state, result.project.log.now)
        voice.say("\n".join([*result.sentences(), *sentences(status)]))
        voice.result({**status, "true_accuracy": list(result.accuracy), "table": table.to_json()})
