"""``alrl run``."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Device, Json, NoCode, Voice, Workers, reporting
from alrl.cli.exit_codes import Exit
from alrl.cli.tables import tell_tables

if TYPE_CHECKING:
    from alrl.studies.runner import Ran


@app.command()
def run(  # noqa: PLR0913, PLR0917 - options of a command line, each with its default
    context: typer.Context,
    study: Annotated[str, typer.Argument(help="A study: its name or its file.", autocompletion=complete.studies)],
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the results; runs/STUDY if left out.")
    ] = None,
    workers: Workers = None,
    device: Device = "cpu",
    executor: Annotated[
        str,
        typer.Option(help="Engine that plays cells: loky, dask, ray or slurm.", autocompletion=complete.executors),
    ] = "loky",
    address: Annotated[
        str | None, typer.Option(help="Of a running cluster of that engine; this machine if left out.")
    ] = None,
    option: Annotated[
        list[str] | None,
        typer.Option(metavar="KEY=VALUE", help="A setting of the engine, such as slurm_partition=cpu; repeatable."),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Count the cells and estimate the time; play and write nothing.")
    ] = False,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Run a study and report it. Run again, it plays only what is missing."""
    with reporting(context, machine, stores=not dry_run) as voice:
        engine: dict[str, Any] = {"executor": executor, "address": address, "options": settings(option or ())}
        folder = out or Path("runs") / Path(study).stem
        if dry_run:
            estimate(voice, study, folder, workers=workers, device=device, **engine)
        else:
            play(voice, study, folder, workers=workers, device=device, **engine)


def settings(given: Sequence[str]) -> dict[str, str]:
    """Return ``KEY=VALUE`` options as a dictionary. Raises InvalidRecipeError for one without ``=``."""
    from alrl.errors import InvalidRecipeError

    for each in given:
        if "=" not in each:
            raise InvalidRecipeError(f"option {each!r} given; write KEY=VALUE, such as slurm_partition=cpu")
    return dict(each.split("=", 1) for each in given)


def estimate(voice: Voice, study: str, folder: Path, **settings: Any) -> None:
    """Say how many cells there are to play, and about how long it takes."""
    from alrl.studies.estimate import estimate as estimated
    from alrl.studies.loading import load_study
    from alrl.studies.runner import Runner

    with voice.bars() as bars:
        estimated_work = estimated(Runner(study=load_study(study), folder=folder, bars=bars, **settings))
    voice.say(estimated_work.summary)
    voice.result(estimated_work.to_json())


def play(voice: Voice, study: str, folder: Path, **settings: Any) -> None:
    """Run and report; raises typer.Exit with the status of failed cells if some failed."""
    from alrl.reports.pages.progress import write_progress
    from alrl.studies.loading import load_study
    from alrl.studies.runner import Runner

    recipe = load_study(study)
    voice.say(recipe.title)
    tell_tables(recipe.sources.values())
    with voice.bars() as bars:
        device, executor = settings.get("device", "cpu"), settings.get("executor", "loky")
        flags = "".join(
            f" --{name} {value}"
            for name, value, usual in (("device", device, "cpu"), ("executor", executor, "loky"))
            if value != usual
        )
        watch = partial(write_progress, folder, recipe.title)
        command = f"alrl run {study}{flags}"
        ran = Runner(study=recipe, folder=folder, command=command, bars=bars, watch=watch, **settings).run()
    for line in (*ran.hiding, *ran.replayed):
        voice.say(line)
    voice.say(f"{ran.cells} cells, {ran.played} played now, {ran.failed} failed, {ran.seconds:.0f} s.")
    document = {"folder": str(folder), "cells": ran.cells, "played": ran.played, "failed": ran.failed}
    document["seconds"] = round(ran.seconds, 3)
    if ran.failed:
        voice.result({**document, "failures": _tell_failures(voice, folder, ran)})
        raise typer.Exit(Exit.FAILED_CELLS)
    voice.result({**document, **_report(voice, folder, settings.get("workers"))})


def _tell_failures(voice: Voice, folder: Path, ran: Ran) -> dict[str, str]:
    from alrl.studies.store.store import RESULTS, Store

    with Store(folder / RESULTS, read_only=True) as store:
        failed = {cell.id: cell for cell in store.cells(ran.ids) if not cell.finished}
    for key, cell in failed.items():
        last = (cell.traceback or "").strip().rpartition("\n")[2]
        voice.say(f"  {key[:12]} {cell.spec['agent']} on {cell.spec.get('data_set', '?')}: {last}")
    voice.say(
        f"Run again to try these cells again; `alrl report {folder} --incomplete` reports the others,"
        f" `alrl export {folder}` writes the tracebacks into cells.csv."
    )
    return {key: cell.traceback or "" for key, cell in failed.items()}


def _report(voice: Voice, folder: Path, workers: int | None) -> dict[str, Any]:
    from alrl.reports.report import report
    from alrl.reports.tables.aubc import area_table

    with voice.bars() as bars:
        # Soon done; `alrl report` and `alrl bundle` draw the figures for a paper too.
        files = report(folder, workers=workers, paper=False, bars=bars)
    for summary in files.summaries:
        voice.show(area_table(summary).to_rich())
    if files.page is not None:
        voice.say(f"Page:    {files.page.resolve()}")
    voice.say(
        f"Figures: {(folder / 'figures').resolve()} ({len(files.figures)} files); for print: alrl report {folder}"
    )
    voice.say(f"Tables:  {', '.join(path.name for path in files.tables)}; curves: {files.curves.name}")
    for note in files.notes:
        voice.say(f"Note:    {note}")
    return {
        "page": None if files.page is None else str(files.page),
        "tables": [str(path) for path in files.tables],
        "curves": str(files.curves),
        **({"notes": list(files.notes)} if files.notes else {}),
    }
