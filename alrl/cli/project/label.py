"""``alrl project next``, ``take``, ``release`` and ``withdraw``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from alrl.cli.common import Json, reporting
from alrl.cli.project.group import Folder, Trust, project


@project.command("next")
def next_(  # noqa: PLR0913, PLR0917 - options of a command line, each with its default
    context: typer.Context,
    folder: Folder,
    to: Annotated[str, typer.Option(help="The file of tasks to write: .csv, .tsv, .jsonl; or labelstudio:URL.")],
    batch: Annotated[int, typer.Option(min=1, help="Records to ask about.")] = 20,
    strategy: Annotated[str | None, typer.Option(help="A policy or rule; the project's own if left out.")] = None,
    annotator: Annotated[str | None, typer.Option(help="Who will answer; anybody if left out.")] = None,
    audit: Annotated[float | None, typer.Option(min=0.0, max=0.99, help="Share drawn by chance.")] = None,
    relabel: Annotated[
        bool, typer.Option("--relabel", help="Labelled records too, where a second label helps more than a first.")
    ] = False,
    reasons: Annotated[bool, typer.Option("--reasons", help="Show what the model predicts.")] = False,
    trust: Trust = None,
    machine: Json = False,
) -> None:
    """Choose the records to ask about next, and write them to a file, or send them to Label Studio.

    People fill in the file's label column. A Label Studio's key is read from the variable LABEL_STUDIO_API_KEY.
    """
    with reporting(context, machine) as voice:
        from alrl.errors import InvalidDataError
        from alrl.projects import Project
        from alrl.projects.exchange.label_studio import SCHEME, Server, push_tasks
        from alrl.projects.exchange.task_files import check_new, write_tasks
        from alrl.projects.relabelling import relabel_or_new

        asking: dict[str, Any] = {"strategy": strategy, "annotator": annotator, "audit": audit}
        opened = Project(folder, trusted=trust or ())
        if relabel and to.startswith(SCHEME):
            raise InvalidDataError("--relabel writes files; Label Studio is sent first labels alone")
        if to.startswith(SCHEME):
            server = Server.of(to)
            tasks, number = push_tasks(opened, server, batch, reasons=reasons, **asking)
            voice.say(
                f"{len(tasks)} records in {server.address}/projects/{number}, most wanted first; label them, then:"
                f" alrl project take {folder} {to}"
            )
            voice.result({"address": server.address, "number": number, "records": tasks.to_dict("records")})
            return
        check_new(Path(to))
        tasks = relabel_or_new(opened, batch, annotator=annotator) if relabel else opened.ask(batch, **asking)
        write_tasks(opened, tasks, Path(to), reasons=reasons)
        label = opened.state.settings["label"]
        voice.say(
            f"{len(tasks)} records in {to}; fill in the column {label!r}, then: alrl project take {folder} {to}"
            " --annotator NAME"
        )
        voice.result({"file": to, "records": tasks.to_dict("records")})


@project.command()
def take(
    context: typer.Context,
    folder: Folder,
    source: Annotated[
        str, typer.Argument(metavar="FILE", help="Answers: .csv, .tsv, .jsonl or .parquet; or labelstudio:URL.")
    ],
    annotator: Annotated[str | None, typer.Option(help="Who answered, where the file does not say.")] = None,
    leave_out: Annotated[bool, typer.Option("--leave-out", help="Take the other rows where some are wrong.")] = False,
    correct: Annotated[
        bool, typer.Option("--correct", help="An answer that was corrected or set aside since counts anew.")
    ] = False,
    machine: Json = False,
) -> None:
    """Take answers: partial, late or twice, of any number of annotators; each is written once."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project
        from alrl.projects.exchange.label_studio import SCHEME, Server, take_annotations
        from alrl.projects.exchange.task_files import take_file

        how = {"leave_out": leave_out, "correct": correct}
        opened = Project(folder)
        if source.startswith(SCHEME):
            taken = take_annotations(opened, Server.of(source), **how)
        else:
            taken = take_file(opened, Path(source), annotator=annotator, **how)
        for who, receipt in taken.receipts.items():
            voice.say(f"{who}: {receipt.sentence()}")
        if taken.empty:
            voice.say(f"{taken.empty} have no answer yet")
        for line in taken.left_out:
            voice.say(f"left out: {line}")
        voice.result(
            {
                "annotators": {who: vars(receipt) for who, receipt in taken.receipts.items()},
                "empty": taken.empty,
                "left_out": list(taken.left_out),
            }
        )


@project.command()
def release(
    context: typer.Context,
    folder: Folder,
    record: Annotated[list[str] | None, typer.Option("--id", help="A record; repeatable. All if left out.")] = None,
    machine: Json = False,
) -> None:
    """Let records that were sent out be sent to others; answers to them are still taken."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project

        count = Project(folder).release(record)
        voice.say(f"{count} records may be sent to others")
        voice.result({"released": count})


@project.command()
def withdraw(
    context: typer.Context,
    folder: Folder,
    record: Annotated[str, typer.Option("--id", help="The record.")],
    annotator: Annotated[str, typer.Option(help="Whose answer.")],
    machine: Json = False,
) -> None:
    """Take back an annotator's answer to a record."""
    with reporting(context, machine) as voice:
        from alrl.projects import Project

        Project(folder).withdraw(record, annotator=annotator)
        voice.say(f"{annotator}'s answer to {record} is taken back; the log keeps that it was given")
        voice.result({"withdrawn": record, "annotator": annotator})
