"""``alrl reproduce``, ``alrl verify`` and ``alrl repair``: is a run what it was?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, reporting
from alrl.cli.exit_codes import Exit

Run = Annotated[Path, typer.Argument(metavar="RUN", help="Folder that a run wrote.", autocompletion=complete.runs)]


@app.command()
def reproduce(
    context: typer.Context,
    folder: Run,
    cell: Annotated[
        list[str] | None,
        typer.Option(metavar="ID", help="A cell's id or its beginning; repeatable. Every cell if left out."),
    ] = None,
    data: Annotated[
        Path | None,
        typer.Option(file_okay=False, help="Folder of tables of your own that are no longer where they were."),
    ] = None,
    tolerance: Annotated[
        float,
        typer.Option(min=0.0, help="Points of mean AUBC within which another machine or other packages agree."),
    ] = 1.0,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Play cells of a run again and compare them with what was stored, bit for bit. Nothing is written."""
    with reporting(context, machine) as voice:
        from alrl.studies.reproduce import reproduce as again

        reproduced = []
        for each in again(folder, cell, data=data, tolerance=tolerance / 100):
            voice.say(each.summary)
            reproduced.append(each)
        same, agreeing = sum(result.same for result in reproduced), sum(result.agrees for result in reproduced)
        also = f" {agreeing - same} more agree within {tolerance:g} points, elsewhere." if agreeing > same else ""
        voice.say(f"{same} of {len(reproduced)} cells gave the same bits.{also}")
        counts = {"cells": len(reproduced), "same": same, "agreeing": agreeing}
        voice.result({**counts, "found": [result.to_json() for result in reproduced]})
        if agreeing < len(reproduced):
            raise typer.Exit(Exit.DIFFERENT)


@app.command()
def verify(context: typer.Context, folder: Run, machine: Json = False) -> None:
    """Check every cell and policy of a run against its checksum. Nothing is played and nothing written."""
    with reporting(context, machine) as voice:
        from alrl.studies.verify import verify as verified

        result = verified(folder)
        for line in result.lines:
            voice.say(line)
        if result.faults:
            voice.say(f"`alrl repair {folder}` keeps what is sound; run the study again after it.")
        voice.result(result.to_json())
        if result.faults:
            raise typer.Exit(Exit.DIFFERENT)


@app.command()
def repair(context: typer.Context, folder: Run, machine: Json = False) -> None:
    """Keep the sound cells of a damaged run; the damaged file stays beside the new one."""
    with reporting(context, machine) as voice:
        from alrl.studies.store.repair import repair as repaired

        result = repaired(folder)
        for each in result.dropped:
            voice.say(f"Dropped {each.name}: {each.fault}.")
        voice.say(
            f"{result.kept} cells kept, {len(result.dropped)} dropped."
            + (f" The damaged file is {result.damaged}; run the study again." if result.damaged else "")
        )
        dropped = [{"id": each.id, "fault": each.fault} for each in result.dropped]
        place = None if result.damaged is None else str(result.damaged)
        voice.result({"kept": result.kept, "dropped": dropped, "damaged_file": place})
