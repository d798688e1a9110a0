"""``alrl project create``, ``import``, ``export`` and ``backup``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from alrl.cli.common import Json, reporting
from alrl.cli.project.group import Folder, Trust, names, project


@project.command()
def create(  # noqa: PLR0913, PLR0917 - options of a command line, each with its default
    context: typer.Context,
    folder: Folder,
    data: Annotated[Path, typer.Option(help="The records: .csv, .tsv (also .gz), .jsonl or .parquet.")],
    id_: Annotated[str | None, typer.Option("--id", help="Column that names each record.")] = None,
    label: Annotated[str, typer.Option(help="Column of classes, filled in part or not there.")] = "label",
    classes: Annotated[str | None, typer.Option(help="All classes, with commas.")] = None,
    model: Annotated[str, typer.Option(help="A learner's name, auto, or a .skops file.")] = "softmax-regression",
    price_label: Annotated[float, typer.Option(min=0.0, help="Price of a label.")] = 1.0,
    price_hour: Annotated[float, typer.Option(min=0.0, help="Price of an hour of computing.")] = 0.0,
    labels: Annotated[int | None, typer.Option(min=1, help="Labels that may be bought after the first sample.")] = None,
    strategy: Annotated[str, typer.Option(help="A policy or rule: see `alrl list strategies`.")] = "general",
    first: Annotated[
        Literal["random", "cluster", "covering"], typer.Option(help="How records are drawn before there is a model.")
    ] = "random",
    audit: Annotated[
        float, typer.Option(min=0.0, max=0.99, help="Share drawn by chance, so that accuracy is measured without bias.")
    ] = 0.1,
    lease_days: Annotated[float, typer.Option(min=0.0, help="Days until a record is sent to others too.")] = 7.0,
    aggregate: Annotated[Literal["majority", "last"], typer.Option(help="Whose label is believed.")] = "majority",
    drop: Annotated[str | None, typer.Option(help="Columns to leave out, with commas.")] = None,
    seed: Annotated[int, typer.Option(min=0, help="Of all chance.")] = 0,
    trust: Trust = None,
    machine: Json = False,
) -> None:
    """Make a project from a table of records."""
    with reporting(context, machine) as voice:
        from alrl.cli.tables import tell_report
        from alrl.loop.cost import Prices
        from alrl.projects import Project
        from alrl.projects.status import sentences, status_of

        made = Project.create(
            folder,
            pool=data,
            id=id_,
            label=label,
            classes=names(classes),
            model=model,
            prices=Prices(label=price_label, hour=price_hour),
            labels=labels,
            strategy=strategy,
            first=first,
            audit=audit,
            lease_days=lease_days,
            aggregate=aggregate,
            drop=names(drop) or (),
            seed=seed,
            trusted=trust or (),
        )
        tell_report(made.reports[-1])
        status = status_of(made.state, made.log.now)
        voice.say("\n".join(sentences(status)))
        if status["unlabelled"]:
            voice.say(f"next: alrl project next {folder} --batch 20 --to tasks.csv")
        voice.result({**status, "table": made.reports[-1].to_json()})


@project.command("export")
def export_(
    context: typer.Context,
    folder: Folder,
    to: Annotated[Path, typer.Option(help="The .jsonl file to write.")],
    events_only: Annotated[bool, typer.Option("--events-only", help="Leave out records and models.")] = False,
    machine: Json = False,
) -> None:
    """Write every event, and every file, as JSON lines."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.exchange.transfer import export_project

        count = export_project(Project(folder), to, files=not events_only)
        voice.say(f"wrote {count} events to {to}")
        voice.result({"events": count, "file": str(to)})


@project.command("import")
def import_(
    context: typer.Context,
    folder: Folder,
    source: Annotated[Path, typer.Option("--from", help="What `alrl project export` wrote.")],
    machine: Json = False,
) -> None:
    """Make a project from an export: the same events in the same order."""
    with reporting(context, machine) as voice:
        from alrl.projects.exchange.transfer import import_project

        count = import_project(source, folder).state.number
        voice.say(f"{folder} holds {count} events")
        voice.result({"events": count, "folder": str(folder)})


@project.command()
def backup(
    context: typer.Context,
    folder: Folder,
    to: Annotated[Path, typer.Option(help="A new folder.")],
    machine: Json = False,
) -> None:
    """Copy a project, while people go on labelling, to a folder that is a project itself."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.upkeep import back_up

        back_up(Project(folder), to)
        voice.say(f"{to} is a copy of {folder}")
        voice.result({"folder": str(to)})
