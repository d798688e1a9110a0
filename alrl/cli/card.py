"""``alrl card``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, Player, Workers, reporting


@app.command()
def card(
    context: typer.Context,
    agent: Player,
    against: Annotated[
        list[str] | None,
        typer.Option(
            help="A rule shown beside it, in grey; repeatable. The study's if left out.", autocompletion=complete.agents
        ),
    ] = None,
    seeds: Annotated[int | None, typer.Option(min=2, help="Paired seeds; the study's if left out.")] = None,
    study: Annotated[
        str, typer.Option(help="Study whose conditions are the capabilities.", autocompletion=complete.studies)
    ] = "capabilities",
    out: Annotated[
        Path, typer.Option(file_okay=False, help="Folder of all cards: what one has played, no other plays again.")
    ] = Path("runs/card"),
    workers: Workers = None,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Show what a policy or rule can do: its gain over margin in ten circumstances, as a table and a radar."""
    with reporting(context, machine, stores=True) as voice:
        from alrl.reports.capability_card import capability_card
        from alrl.studies.loading import load_study

        with voice.bars() as bars:
            written = capability_card(
                agent, load_study(study), against=against, seeds=seeds, folder=out, workers=workers, bars=bars
            )
        voice.show(written.table.to_rich())
        if written.left_out:
            voice.say(f"Left out, for {agent} was trained on them or on relatives: {', '.join(written.left_out)}.")
        for path in written.files:
            voice.say(str(path))
        files, left_out = [str(path) for path in written.files], list(written.left_out)
        voice.result({"files": files, "played": written.played, "left_out": left_out})
