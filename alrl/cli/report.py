"""``alrl report``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, reporting


@app.command()
def report(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder that a run wrote.", autocompletion=complete.runs)
    ],
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Report an unfinished study, marked as such.")
    ] = False,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Write page, figures and tables of a run; no cell is played again."""
    with reporting(context, machine) as voice:
        from alrl.reports.report import report as write

        with voice.bars() as bars:
            files = write(folder, allow_incomplete=incomplete, workers=None, bars=bars)
        if files.page is not None:
            voice.say(f"Page: {files.page.resolve()}")
        for note in files.notes:
            voice.say(f"Note: {note}")
        voice.result(
            {
                "page": None if files.page is None else str(files.page),
                "figures": [str(path) for path in files.figures],
                "tables": [str(path) for path in files.tables],
                "curves": str(files.curves),
                "notes": list(files.notes),
            }
        )
