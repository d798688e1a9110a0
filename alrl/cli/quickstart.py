"""``alrl quickstart``."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.app import app
from alrl.cli.common import Json, Workers, reporting
from alrl.cli.run import play


@app.command()
def quickstart(
    context: typer.Context,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the results.")] = Path("runs/quickstart"),
    workers: Workers = None,
    machine: Json = False,
) -> None:
    """Train a query policy, then compare it with rules on real data that it never saw. A minute or two."""
    with reporting(context, machine, stores=True) as voice:
        started = time.perf_counter()
        play(voice, "quickstart", out, workers=workers)
        voice.say(f"Done in {time.perf_counter() - started:.0f} s. TensorBoard: tensorboard --logdir {out}/tensorboard")
