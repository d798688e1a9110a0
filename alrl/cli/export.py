"""``alrl export``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, reporting


@app.command()
def export(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder that a run wrote.", autocompletion=complete.runs)
    ],
    to: Annotated[
        Literal["csv", "parquet"],
        typer.Option(help="Kind of file."),
    ] = "csv",
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the files; RUN/export if left out.")
    ] = None,
    machine: Json = False,
) -> None:
    """Write what a run stored for other tools: curves one row a label, cells with time, memory and traceback."""
    with reporting(context, machine) as voice:
        from alrl.studies.export import export_files

        written = [str(path) for path in export_files(folder, out or folder / "export", to)]
        voice.say("wrote " + ", ".join(written))
        voice.result({"written": written})
