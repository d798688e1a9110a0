"""``alrl bundle``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, reporting


@app.command()
def bundle(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder that a run wrote.", autocompletion=complete.runs)
    ],
    out: Annotated[Path | None, typer.Option(dir_okay=False, help="The archive; RUN.zip if left out.")] = None,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Write one archive of a run for a paper: data, code, versions, tables, figures and a script that checks them."""
    with reporting(context, machine) as voice:
        from alrl.reports.bundle import bundle as write

        written = write(folder, out)
        voice.say(
            f"Wrote {written}: unpack it, and run reproduce.sh in its folder {written.name.removesuffix('.zip')}."
        )
        voice.result({"archive": str(written)})
