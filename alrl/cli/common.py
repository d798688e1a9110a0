"""Shared parts of the commands: how they speak, to people and to machines, and how they fail."""

from __future__ import annotations

import errno
import json
import os
import signal
import sys
import threading
import warnings
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape

from alrl.cli import complete
from alrl.cli.exit_codes import Exit
from alrl.cli.faults import blame
from alrl.errors import AlrlError, InvalidRecipeError, ProjectError
from alrl.recipes.modules import NO_CODE

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
Player = Annotated[
    str,
    typer.Argument(
        help="A policy's folder, a shipped policy, a rule, an agent's recipe, or a class, package.module:Class.",
        autocompletion=complete.policies,
    ),
]
Params = Annotated[
    list[str] | None,
    typer.Option(
        "--param",
        metavar="NAME=VALUE",
        help="A setting of the learner, such as n_estimators=50; a value is a number, true, false or text; repeatable.",
    ),
]
Json = Annotated[
    bool, typer.Option("--json", help="One JSON document on standard output; all else goes to standard error.")
]


def _refuse_code(context: typer.Context, wanted: bool) -> None:
    if wanted:
        # In the environment, whence worker processes have it too.
        before = os.environ.get(NO_CODE, "")
        os.environ[NO_CODE] = "1"
        context.call_on_close(lambda: os.environ.update({NO_CODE: before}))


NoCode = Annotated[
    bool,
    typer.Option(
        "--no-code",
        help="Refuse every package.module:Class that a file names, as ALRL_NO_CODE=1 in the environment does.",
        callback=_refuse_code,
        expose_value=False,
    ),
]

_WIDTH = 120
_FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES, errno.EPERM}
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


def read_params(given: Iterable[str] | None) -> dict[str, Any]:
    """Return settings given as ``NAME=VALUE``.

    Raises InvalidRecipeError for one without a name or a value, or given twice.

    >>> read_params(["n_estimators=50", "criterion=entropy", "bootstrap=false", "max_depth=null"])
    {'n_estimators': 50, 'criterion': 'entropy', 'bootstrap': False, 'max_depth': None}
    """
    settings: dict[str, Any] = {}
    for each in given or ():
        name, equals, text = each.partition("=")
        if not equals or not name.strip().isidentifier() or name.strip() in settings:
            twice = " twice" if name.strip() in settings else ""
            raise InvalidRecipeError(f"--param {each} given{twice}; write each once as NAME=VALUE, say n_estimators=50")
        try:
            settings[name.strip()] = json.loads({"True": "true", "False": "false", "None": "null"}.get(text, text))
        except ValueError:
            settings[name.strip()] = text
    return settings


class _TerminatedError(KeyboardInterrupt):
    """SIGTERM, which ends a command as Ctrl-C does: files are closed, workers are ended."""


@contextmanager
def _terminable() -> Iterator[None]:
    """Let SIGTERM raise in the block, where this is the main thread and nothing else handles it."""
    usual = threading.current_thread() is threading.main_thread() and signal.getsignal(signal.SIGTERM) == signal.SIG_DFL
    if not usual:
        yield
        return

    def end(*_: object) -> None:
        # Once: a second one, while workers are being ended, must not break that off.
        signal.signal(signal.SIGTERM, signal.SIG_IGN)
        raise _TerminatedError

    signal.signal(signal.SIGTERM, end)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, signal.SIG_DFL)


def confirm(question: str, voice: Voice, *, yes: bool) -> None:
    """Return if the user agrees, or has with ``--yes``; else end the command.

    Raises ProjectError where nobody answers.
    """
    if yes:
        return
    try:
        agreed = typer.confirm(question, err=voice.machine)
    except typer.Abort:
        raise ProjectError("nobody answered, and nothing was changed; --yes agrees beforehand") from None
    if not agreed:
        raise typer.Exit


@contextmanager
def reporting(context: typer.Context, machine: bool = False, *, stores: bool = False) -> Iterator[Voice]:
    """Turn what goes wrong into a message and an exit status; with ``--debug`` errors pass as they are.

    A command that ``stores`` what it finishes goes on from there when it is given again, and says so.
    """
    kept = "what was finished is kept"
    after = f"{kept}; the same command goes on from there" if stores else "the same command begins anew"
    try:
        with warnings.catch_warnings(), _terminable():
            warnings.showwarning = _shown_once()
            # Few labels of many classes are what a loop begins with.
            warnings.filterwarnings("ignore", "The number of unique classes is greater than 50%")
            yield Voice(machine)
    except typer.Exit:
        raise
    except _TerminatedError:
        _fail(f"terminated: {after}", machine, kind="Terminated")
        raise typer.Exit(Exit.TERMINATED) from None
    except KeyboardInterrupt:
        _fail(f"interrupted: {after}", machine)
        raise typer.Exit(Exit.INTERRUPTED) from None
    except (AlrlError, OSError, MemoryError) as error:
        if context.obj:
            raise
        _fail(_reason(error, kept=f"; {kept}" if stores else ""), machine, kind=type(error).__name__)
        raise typer.Exit(Exit.INPUT) from None
    except Exception as error:
        if context.obj:
            raise
        _fail(f"unexpected {type(error).__name__}: {error}; {blame(error)}", machine, kind=type(error).__name__)
        raise typer.Exit(Exit.UNEXPECTED) from None


def _reason(error: Exception, *, kept: str) -> str:
    if isinstance(error, MemoryError):
        return f"out of memory ({error}); take fewer records, fewer seeds at a time (block) or fewer --workers"
    if isinstance(error, OSError) and not isinstance(error, AlrlError) and error.errno in _FULL:
        where = f" ({error.filename})" if error.filename else ""
        if not where and error.errno == errno.ENOSPC:
            where = " (of a folder, or of /dev/shm, which worker processes share: --workers 1 needs none)"
        return f"{error.strerror}{where}: free space, or choose another folder{kept}"
    return str(error)


def _shown_once() -> Callable[..., None]:
    """Return what prints a warning as a sentence, without Python's line of code: each once, however often it comes."""
    seen = set[str]()

    def show(message: Warning | str, *_: object, **__: object) -> None:
        if str(message) not in seen:
            seen.add(str(message))
            terminal(stderr=True).print(f"[yellow]warning:[/] {escape(str(message))}", highlight=False, soft_wrap=True)

    return show


def _fail(text: str, machine: bool, kind: str = "Interrupted") -> None:
    if machine:
        document = {"error": {"kind": kind, "message": text}}
        typer.echo(json.dumps(document, ensure_ascii=not speaks_unicode()), err=True)
        return
    Console(stderr=True, highlight=False).print(f"[bold red]error:[/] {escape(text)}", soft_wrap=True)
