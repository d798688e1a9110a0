"""``alrl explain``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, reporting


@app.command()
def explain(
    context: typer.Context,
    folder: Annotated[
        Path, typer.Argument(metavar="RUN", help="Folder that a run wrote.", autocompletion=complete.runs)
    ],
    strategy: Annotated[
        str | None, typer.Option(metavar="NAME", help="What is explained; what the study is about if left out.")
    ] = None,
    against: Annotated[
        str | None, typer.Option(metavar="NAME", help="What it is held against; the study's reference if left out.")
    ] = None,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Say where a strategy lost, at which labels, and to which kind of record. No cell is played again."""
    with reporting(context, machine) as voice:
        from alrl.reports.explain import explain as explained

        explanations = explained(folder, strategy=strategy, against=against)
        for explanation in explanations:
            voice.say(explanation.text())
        voice.result({"explained": [explanation.to_json() for explanation in explanations]})
