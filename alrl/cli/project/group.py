"""The group ``alrl project`` itself, and what its commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from alrl.cli.app import app

project = typer.Typer(
    name="project",
    help="Labelling with people: ask, take answers, look how it stands.",
    epilog="Begin with: alrl project create churn --data customers.csv --id customer_id --label churn --classes yes,no",
    no_args_is_help=True,
)
app.add_typer(project, name="project")

Folder = Annotated[Path, typer.Argument(metavar="PROJECT", help="The project's folder.")]
Trust = Annotated[
    list[str] | None,
    typer.Option(help="A type that the model's skops file may name beyond scikit-learn's own; repeatable."),
]


def names(text: str | None) -> list[str] | None:
    """Return the names in a list with commas; None for None."""
    return None if text is None else [word.strip() for word in text.split(",") if word.strip()]
