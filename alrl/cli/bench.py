"""``alrl bench``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.app import app
from alrl.cli.common import told
from alrl.cli.exit_codes import Exit


@app.command()
def bench(
    context: typer.Context,
    quick: Annotated[
        bool, typer.Option("--quick", help="A few seconds, to see that it runs; numbers mean little.")
    ] = False,
    only: Annotated[str | None, typer.Option(metavar="W1,W2", help="These workloads alone, and nothing else.")] = None,
    recipes: Annotated[
        bool, typer.Option("--recipes", help="The environment recipes alone, and their section of the page.")
    ] = False,
    repeats: Annotated[int | None, typer.Option(min=1, help="Repeats of each measurement.")] = None,
    numbers: Annotated[Path, typer.Option(help="File of the numbers, as JSON.")] = Path("runs/bench.json"),
    page: Annotated[
        Path | None,
        typer.Option(help="File of the page; docs/benchmarks.md for the whole, its section with --recipes, else none."),
    ] = None,
) -> None:
    """Measure the loop's speed beside a hand-written scikit-learn loop, and that it learns the same. Minutes."""
    with told(context):
        from alrl.experiments.bench.command import main

        given: list[str] = [*(["--quick"] if quick else []), *(["--recipes"] if recipes else [])]
        for name, value in (("--only", only), ("--repeats", repeats), ("--json", numbers), ("--page", page)):
            given += [] if value is None else [name, str(value)]
        status = main(given)
        if status == 1:
            raise typer.Exit(Exit.DIFFERENT)
        if status:
            raise typer.Exit(Exit.INPUT)
