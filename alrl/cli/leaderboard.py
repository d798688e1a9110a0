"""``alrl submit`` and ``alrl leaderboard``."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, Player, Workers, reporting
from alrl.cli.exit_codes import Exit

Suite = Annotated[str, typer.Option(help="What is played: alrl/suite-v1, or the TOML file of a suite of your own.")]
_SUITE = "alrl/suite-v1"


@app.command()
def submit(
    context: typer.Context,
    agent: Player,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the submission, new or begun before.")],
    suite: Suite = _SUITE,
    name: Annotated[str | None, typer.Option(help="What the board calls it; its own name if left out.")] = None,
    sign: Annotated[
        Path | None, typer.Option(dir_okay=False, help="A private SSH key that signs the manifest; unsigned without.")
    ] = None,
    workers: Workers = None,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Play a leaderboard's suite with an agent and write a folder that a board can verify. Again, it goes on."""
    with reporting(context, machine, stores=True) as voice:
        from alrl.leaderboard import submit as submitted

        with voice.bars() as bars:
            result = submitted(agent, out, suite=suite, name=name, sign=sign, workers=workers, bars=bars)
        signed = "signed" if result.signed else "unsigned"
        voice.say(f"{result.ran.cells} cells, {result.ran.played} played now, {result.ran.seconds:.0f} s.")
        voice.say(f"{result.name} ({result.identity[:12]}), {signed}: {result.folder.resolve()}")
        voice.result(
            {
                "folder": str(result.folder),
                "agent": result.name,
                "identity": result.identity,
                "cells": result.ran.cells,
                "played": result.ran.played,
                "signed": result.signed,
            }
        )


@app.command()
def leaderboard(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(help="Folder whose submissions, at any depth, are to be on the board.")],
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Of the board; FOLDER/board if left out.")] = None,
    suite: Suite = _SUITE,
    seed: Annotated[
        int | None,
        typer.Option(min=0, help="Draws the cells that are played again; fresh if left out, and printed."),
    ] = None,
    signers: Annotated[
        Path | None,
        typer.Option(dir_okay=False, help="Allowed signers, as ssh-keygen reads them: whose signature has a name."),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Run the classes of others that submissions name, to play them again.")
    ] = False,
    workers: Workers = None,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Verify submissions by their sums and by playing a sample of each again; write a page and tables of what holds."""
    with reporting(context, machine) as voice:
        from alrl.leaderboard import leaderboard as made

        with voice.bars() as bars:
            board = made(folder, out, suite=suite, seed=seed, trust=trust, signers=signers, workers=workers, bars=bars)
        for table in board.standings:
            voice.show(table.to_rich())
        for name, why in board.rejected:
            voice.say(f"Rejected {name}: {why}")
        voice.say(f"{len(board.accepted)} on the board, {len(board.rejected)} rejected; --seed {board.seed}.")
        page = None if board.files is None else board.files.page
        if page is not None:
            voice.say(f"Page: {page.resolve()}")
        voice.result(
            {
                "folder": str(board.folder),
                "page": None if page is None else str(page),
                "seed": board.seed,
                "accepted": [each.name for each in board.accepted],
                "rejected": dict(board.rejected),
            }
        )
        if board.rejected:
            raise typer.Exit(Exit.DIFFERENT)
