"""``alrl reproduce``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, reporting
from alrl.cli.exit_codes import Exit


@app.command()
def reproduce(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder that a run wrote.", autocompletion=complete.runs)
    ],
    cell: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A cell's id or its beginning; repeatable. Every cell if left out."),
    ] = None,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Play cells of a run again and compare them with what was stored, bit for bit. Nothing is written."""
    with reporting(context, machine) as voice:
        from alrl.studies.reproduce import reproduce as again

        reproduced = []
        for each in again(folder, cell):
            voice.say(each.summary)
            reproduced.append(each)
        same = sum(each.same for each in reproduced)
        voice.say(f"{same} of {len(reproduced)} cells gave the same bits.")
        voice.result({"cells": len(reproduced), "same": same, "found": [each.to_json() for each in reproduced]})
        if same < len(reproduced):
            raise typer.Exit(Exit.DIFFERENT)
