"""``alrl evaluate``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from alrl.cli import complete
from alrl.cli.app import app
from alrl.cli.common import Json, NoCode, Params, read_params, reporting
from alrl.cli.tables import Drop, Header, LabelColumn, read_tables

if TYPE_CHECKING:
    from alrl.strategies import Strategy


@app.command()
def evaluate(  # noqa: PLR0913, PLR0917 - options of a command line, each with its default
    context: typer.Context,
    policy: Annotated[
        str,
        typer.Argument(
            help="A policy's folder, a shipped policy, an agent or a strategy; or, with --env and --trust, the zip of a"
            " model of Stable-Baselines3.",
            autocompletion=complete.policies,
        ),
    ],
    data: Annotated[
        list[str],
        typer.Option(help="A data set, its name or its file; repeatable.", autocompletion=complete.data_sets),
    ],
    label: LabelColumn = None,
    drop: Drop = None,
    header: Header = None,
    against: Annotated[
        list[str] | None,
        typer.Option(help="What it is held against; repeatable. margin if left out.", autocompletion=complete.agents),
    ] = None,
    labels: Annotated[int, typer.Option(min=1, help="Queries after one label of each class.")] = 60,
    batch: Annotated[int, typer.Option(min=1, help="Queries between two refits.")] = 1,
    seeds: Annotated[int, typer.Option(min=2, help="Paired seeds.")] = 50,
    learner: Annotated[
        str,
        typer.Option(
            help="What is taught: see `alrl list learners`; or a classifier, such as sklearn.svm:SVC, unfitted."
        ),
    ] = "softmax-regression",
    param: Params = None,
    seen: Annotated[
        bool, typer.Option("--seen", help="Play data sets that the policy was trained on too, marked as such.")
    ] = False,
    workers: Annotated[
        int, typer.Option(min=1, help="Processes that share the seeds; a second one takes seconds to start.")
    ] = 1,
    env: Annotated[
        str | None,
        typer.Option(help="The environment that a zip was trained in.", autocompletion=complete.environments),
    ] = None,
    trust: Annotated[
        bool, typer.Option("--trust", help="Load a zip, or a policy of classes of others: that runs their code.")
    ] = False,
    no_code: NoCode = False,  # noqa: ARG001 - its callback answers it
    machine: Json = False,
) -> None:
    """Play a policy against rules with paired seeds; losses are told as wins are."""
    with reporting(context, machine) as voice:
        from alrl.evaluation.evaluate import evaluate as played

        with voice.bars() as bars:
            evaluation = played(
                _subject(policy, env, trust=trust),
                data=read_tables(data, label=label, drop=drop, header=header),
                against=against or ["margin"],
                labels=labels,
                batch=batch,
                seeds=seeds,
                learner=learner,
                params=read_params(param),
                allow_seen=seen,
                workers=workers,
                bars=bars,
            )
        voice.show(evaluation.table())
        for line in evaluation.lines:
            voice.say(line)
        voice.result(evaluation.to_json())


def _subject(path: str, env: str | None, *, trust: bool) -> Strategy | str:
    """Return the strategy of a zip, or of a trusted policy's folder; else the name as it is."""
    from alrl.agents.model_strategy import strategy_of
    from alrl.agents.policy_file import load_policy
    from alrl.errors import InvalidRecipeError

    if trust and env is None and (Path(path) / "policy.json").is_file():
        return load_policy(path, trust=True)
    if not path.endswith(".zip"):
        if env is not None:
            raise InvalidRecipeError(f"--env {env} given with {path}; it names the environment of a zip, leave it out")
        return path
    if env is None:
        raise InvalidRecipeError(f"{path}: give --env, the environment that the model was trained in")
    return strategy_of(path, env, trust=trust)
