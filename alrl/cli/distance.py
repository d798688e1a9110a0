"""``alrl distance``."""

from __future__ import annotations

from typing import Annotated

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, reporting
from alrl.cli.tables import Drop, Header, LabelColumn, read_tables


@app.command()
def distance(  # noqa: PLR0913, PLR0917 - options of a command line, each with its default
    context: typer.Context,
    policy: Annotated[
        str, typer.Argument(help="A policy's folder, or a shipped policy.", autocompletion=complete.policies)
    ],
    data: Annotated[list[str], typer.Argument(help="Data sets: names or files.", autocompletion=complete.data_sets)],
    label: LabelColumn = None,
    drop: Drop = None,
    header: Header = None,
    labels: Annotated[int, typer.Option(min=1, help="Queries after one label of each class.")] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Queries between two refits.")] = 1,
    seeds: Annotated[int, typer.Option(min=1, help="Loops of margin sampling that are looked at.")] = 5,
    learner: Annotated[str, typer.Option(help="What is taught: see `alrl list learners`.")] = "softmax-regression",
    machine: Json = False,
) -> None:
    """Tell how far data sets lie from the tasks that a policy was trained on, by its features."""
    with reporting(context, machine) as voice:
        from alrl.evaluation.distance import distance as distance_of

        read = read_tables(data, label=label, drop=drop, header=header)
        distances = distance_of(policy, read, labels=labels, batch=batch, seeds=seeds, learner=learner)
        voice.show(distances.table())
        for line in distances.lines:
            voice.say(line)
        voice.result(distances.to_json())
