"""The command ``alrl`` itself; each subcommand has a module of its own."""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from alrl import __version__
from alrl.cli.common import terminal

app = typer.Typer(
    name="alrl",
    help="Active learning as a Gymnasium environment, with a learned agent as the querying strategy.",
    epilog="Begin with: alrl quickstart. Every subcommand has --help.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)


def _version(wanted: bool) -> None:
    if wanted:
        terminal().print(f"alrl {__version__}")
        raise typer.Exit


@app.callback()
def main(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 - its callback answers it
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version and leave.")
    ] = False,
    debug: Annotated[bool, typer.Option("--debug", help="Show the traceback of an error.")] = False,
) -> None:
    """Active learning as a Gymnasium environment, with a learned agent as the querying strategy."""
    context.obj = debug
    for stream in (sys.stdout, sys.stderr):
        # A terminal that cannot show a character shows its number.
        if isinstance(stream, io.TextIOWrapper) and "utf" not in stream.encoding.lower():
            stream.reconfigure(errors="backslashreplace")
