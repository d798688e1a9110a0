"""Shared parts of the commands: how they speak, to people and to machines, and how they fail."""

from __future__ import annotations

import json
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from alrl.cli import complete
from alrl.cli.exit_codes import Exit
from alrl.cli.faults import blame
from alrl.errors import AlrlError

if TYPE_CHECKING:
    from alrl.progress import Bars

Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one for each core if left out.")]
Device = Annotated[str, typer.Option(help="Where loops are computed: cpu, cuda or cuda:N.")]
TrainedAgent = Annotated[
    str,
    typer.Argument(help="An agent recipe of kind 'trained': its name or its file.", autocompletion=complete.agents),
]
TrainingEnv = Annotated[
    str,
    typer.Option(
        help="The environment recipe to train on: its name or its file.", autocompletion=complete.environments
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output; all else goes to standard error.")
]

_WIDTH = 120
"""Of a log or a pipe, which has no width of its own."""


def terminal(*, stderr: bool = False) -> Console:
    """Return a console on one of the two outputs, as it is now."""
    console = Console(stderr=stderr)
    return console if console.is_terminal else Console(stderr=stderr, width=_WIDTH)


def speaks_unicode() -> bool:
    """Return whether standard output takes every character."""
    return "utf" in (getattr(sys.stdout, "encoding", None) or "utf-8").lower()


class Voice:
    """Output of a command: to standard output, or, when a machine listens there, to standard error."""

    def __init__(self, machine: bool) -> None:
        self.machine = machine
        self.console = terminal(stderr=machine)

    def say(self, text: str) -> None:
        """Print a line as it is: no markup in it, and not broken, so that a path can be copied."""
        self.console.print(text, markup=False, highlight=False, soft_wrap=True)

    def show(self, thing: Any) -> None:
        """Print a table."""
        self.console.print(thing)

    def bars(self) -> Bars:
        """Return progress bars."""
        from alrl.progress import Bars

        return Bars(console=self.console)

    def result(self, document: Any) -> None:
        """Print the result for a machine; people have read it already."""
        if self.machine:
            typer.echo(json.dumps(document, indent=1, ensure_ascii=not speaks_unicode(), allow_nan=False, default=str))


@contextmanager
def reporting(context: typer.Context, machine: bool = False) -> Iterator[Voice]:
    """Turn what goes wrong into a message and an exit status; with ``--debug`` errors pass as they are."""
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _show_warning
            yield Voice(machine)
    except typer.Exit:
        raise
    except KeyboardInterrupt:
        _fail("interrupted: what was finished is kept; the same command goes on from there", machine)
        raise typer.Exit(Exit.INTERRUPTED) from None
    except (AlrlError, OSError) as error:
        if context.obj:
            raise
        _fail(str(error), machine, kind=type(error).__name__)
        raise typer.Exit(Exit.INPUT) from None
    except Exception as error:
        if context.obj:
            raise
        _fail(f"unexpected {type(error).__name__}: {error}; {blame(error)}", machine, kind=type(error).__name__)
        raise typer.Exit(Exit.UNEXPECTED) from None


def _show_warning(message: Warning | str, *_: object, **__: object) -> None:
    """Print a warning as a sentence, without the line of code that Python adds."""
    terminal(stderr=True).print(f"[yellow]warning:[/] {escape(str(message))}", highlight=False, soft_wrap=True)


def _fail(text: str, machine: bool, kind: str = "Interrupted") -> None:
    if machine:
        document = {"error": {"kind": kind, "message": text}}
        typer.echo(json.dumps(document, ensure_ascii=not speaks_unicode()), err=True)
        return
    Console(stderr=True, highlight=False).print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)
