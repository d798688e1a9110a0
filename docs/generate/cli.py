"""The page ``docs/cli.md``, made from the commands themselves: ``python -m docs.generate.cli``."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, get_args, get_origin, get_type_hints

from typer.models import ArgumentInfo

from alrl.cli import app
from alrl.cli.app import main
from alrl.cli.exit_codes import Exit

_HEAD = """# Command line

Made by `python -m docs.generate.cli`; a test holds it to what the commands say of themselves.

Every command takes `--help`. Options of `alrl` itself stand before the command: `alrl --debug run headline`.
Completion for your shell: `alrl --install-completion`.

With `--json` a command prints one JSON document to standard output; progress and words for people go to standard error,
and so does an error, as `{"error": {"kind": ..., "message": ...}}`.

## Exit status

| status | meaning |
|---|---|
"""
_ENGINES = """
## Engines

`alrl run STUDY --executor ENGINE` plays the same cells elsewhere; the table is the same to the last bit on machines
of one kind. The driver alone writes the results. Where the workers run, alrl and the data sets have to be installed.

| engine | extra | without `--address` | with |
|---|---|---|---|
| `loky` | – | processes of this machine | – |
| `dask` | `dask` | a local cluster | `tcp://host:8786`, a scheduler |
| `ray` | `ray` | Ray on this machine | `ray://host:10001`, or `auto` on a node of the cluster |
| `slurm` | `slurm` | jobs by `sbatch`, from a login node | `local`: the jobs as processes of this machine |

Settings of submitit are given one by one: `--option slurm_partition=cpu --option timeout_min=120`.
"""


@dataclass(frozen=True, kw_only=True)
class _Parameter:
    argument: bool
    name: str
    """As it is typed."""
    metavar: str
    """Of its value; empty for a flag."""
    required: bool
    meaning: str


def page() -> str:
    """Return the page, in Markdown."""
    statuses = "".join(f"| {each.value} | {each.meaning} |\n" for each in Exit)
    commands = {
        each.name or str(each.callback.__name__): each.callback for each in app.registered_commands if each.callback
    }
    sections = [_section("alrl", "COMMAND ...", main)]
    sections += [_section(f"alrl {name}", "", commands[name]) for name in sorted(commands)]
    for group in app.registered_groups:
        grouped = {
            each.name or str(each.callback.__name__): each.callback
            for each in (group.typer_instance.registered_commands if group.typer_instance else ())
            if each.callback
        }
        sections += [_section(f"alrl {group.name} {name}", "", grouped[name]) for name in grouped]
    return _HEAD + statuses + "".join(sections) + _ENGINES


def _section(title: str, more: str, command: Callable[..., Any]) -> str:
    parameters = list(_parameters(command))
    words = [each.name if each.required else f"[{each.name}]" for each in parameters if each.argument]
    usage = " ".join([title, *words, "[OPTIONS]", more]).strip()
    rows = "".join(f"| {_typed(each)} | {each.meaning} |\n" for each in parameters)
    table = f"| argument or option | meaning |\n|---|---|\n{rows}"
    return f"\n## {title}\n\n{command.__doc__}\n\n```sh\n{usage}\n```\n\n{table}"


def _typed(parameter: _Parameter) -> str:
    return f"`{parameter.name} {parameter.metavar}`" if parameter.metavar else f"`{parameter.name}`"


def _parameters(command: Callable[..., Any]) -> Iterator[_Parameter]:
    """Yield what a command takes, from the signature that Typer reads too."""
    hints = get_type_hints(command, include_extras=True)
    for name, parameter in inspect.signature(command).parameters.items():
        if get_origin(hints[name]) is not Annotated:
            continue
        kind, info = get_args(hints[name])
        required = parameter.default is inspect.Parameter.empty
        argument = isinstance(info, ArgumentInfo)
        shown = (info.metavar or name.upper()) if argument else _flag(info, name)
        yield _Parameter(
            argument=argument,
            name=shown,
            metavar="" if argument else info.metavar or _metavar(kind),
            required=required,
            meaning=" ".join(_meaning(kind, info.help or "", required and not argument, parameter.default)),
        )


def _flag(info: Any, name: str) -> str:
    # Inside Annotated, Typer keeps the first declaration where a default would be.
    declared = [each for each in (info.default, *(info.param_decls or ())) if isinstance(each, str)]
    return next((each for each in declared if each.startswith("--")), f"--{name.replace('_', '-')}")


def _meaning(kind: Any, text: str, required: bool, default: Any) -> Iterator[str]:
    yield text
    choices = [choice for each in _kinds(kind) if get_origin(each) is Literal for choice in get_args(each)]
    if choices:
        yield f"One of {', '.join(choices)}."
    if required:
        yield "Required."
    if default is not inspect.Parameter.empty and default is not None and default is not False:
        yield f"Default: `{default}`."


def _metavar(kind: Any) -> str:
    """Return what stands for a value; empty for a flag."""
    if any(get_origin(each) is Literal for each in _kinds(kind)):
        return "CHOICE"
    names = {bool: "", int: "INTEGER", Path: "PATH"}
    return next((names[each] for each in _kinds(kind) if each in names), "TEXT")


def _kinds(kind: Any) -> tuple[Any, ...]:
    """Return the types of a union, a type alone."""
    return get_args(kind) if get_origin(kind) is UnionType else (kind,)


if __name__ == "__main__":
    target = Path(sys.argv[1] if len(sys.argv) > 1 else "docs/cli.md")
    target.write_text(page(), encoding="utf-8")
