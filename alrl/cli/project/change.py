"""``alrl project grow``, ``classes``, ``model``, ``restart`` and ``erase``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.common import Json, confirm, reporting
from alrl.cli.project.group import Folder, Trust, names, project


@project.command()
def grow(
    context: typer.Context,
    folder: Folder,
    data: Annotated[Path, typer.Option(help="New records, with the same columns.")],
    machine: Json = False,
) -> None:
    """Add records to the pool."""
    with reporting(context, machine) as voice:
        from alrl.cli.tables import tell_report
        from alrl.projects import Project

        grown = Project(folder)
        count = grown.grow(data)
        tell_report(grown.reports[-1])
        voice.say(f"{count} records added")
        voice.result({"added": count, "table": grown.reports[-1].to_json()})


@project.command()
def classes(
    context: typer.Context,
    folder: Folder,
    add: Annotated[str, typer.Option(help="New classes, with commas.")],
    machine: Json = False,
) -> None:
    """Add classes."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project

        every = Project(folder).add_classes(names(add) or [])
        voice.say(f"classes: {', '.join(every)}")
        voice.result({"classes": every})


@project.command()
def model(
    context: typer.Context,
    folder: Folder,
    to: Annotated[str, typer.Option(help="A learner's name, auto, or a .skops file.")],
    trust: Trust = None,
    machine: Json = False,
) -> None:
    """Change the model; the labels stay, and the next round is fitted by it."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project

        described = Project(folder, trusted=trust or ()).set_model(to)
        voice.say(f"model: {described['name']}")
        voice.result(described)


@project.command()
def restart(
    context: typer.Context,
    folder: Folder,
    promising: Annotated[
        bool,
        typer.Option("--promising", help="Keep the best of several first samples, told by their labels."),
    ] = False,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    trust: Trust = None,
    machine: Json = False,
) -> None:
    """Begin anew from another first sample: labels are set aside, and the log keeps them."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.first_samples import first_samples, keep_promising

        opened = Project(folder, trusted=trust or ())
        if promising:
            voice.say("\n".join(sample.sentence() for sample in first_samples(opened)))
            confirm("keep the first of these, and set the labels of the others aside?", voice, yes=yes)
            samples, aside = keep_promising(opened)
            voice.say(f"first sample {samples[0].batch} is kept, {aside} labels set aside")
            voice.result({"kept": samples[0].batch, "set_aside": aside, "samples": [vars(each) for each in samples]})
            return
        count = len(opened.state.labels)
        confirm(f"set {count} labels aside and begin anew?", voice, yes=yes)
        voice.say(f"{opened.restart()} labels set aside; next: alrl project next {folder} --to tasks.csv")
        voice.result({"set_aside": count})


@project.command()
def erase(
    context: typer.Context,
    folder: Folder,
    record: Annotated[list[str], typer.Option("--id", help="The record of the person; repeatable.")],
    machine: Json = False,
) -> None:
    """Remove records and their answers for good, and say what cannot be removed."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.upkeep import erase as erased

        remarks = erased(Project(folder), record)
        voice.say("\n".join(remarks))
        voice.result({"erased": record, "remarks": remarks})
