"""The command line: list, train, run, report, quickstart."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from alrl import __version__, recipes
from alrl.errors import AlrlError

app = typer.Typer(
    name="alrl",
    help="Active learning as a Gymnasium environment, with a learned agent as the querying strategy.",
    epilog="Begin with: alrl quickstart. Every subcommand has --help.",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"]},
)
console = Console()
if not console.is_terminal:
    # A log or a pipe has no width of its own; tables are made for this one.
    console = Console(width=120)

Workers = Annotated[int | None, typer.Option(min=1, help="Processes; one for each core if left out.")]
Device = Annotated[str, typer.Option(help="Where loops are computed: cpu, cuda or cuda:N.")]
Listed = Literal["envs", "agents", "experiments", "strategies", "learners", "data", "features", "policies"]


def _version(asked: bool) -> None:
    if asked:
        console.print(f"alrl {__version__}")
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


def _say(text: str) -> None:
    """A line as it is: no markup in it, and not broken, so that a path can be copied."""
    console.print(text, markup=False, highlight=False, soft_wrap=True)


@contextmanager
def _told(context: typer.Context) -> Iterator[None]:
    """Turn an error that the user can mend into a message and exit code 2."""
    try:
        yield
    except (AlrlError, FileExistsError, NotADirectoryError, PermissionError) as error:
        if context.obj:
            raise
        Console(stderr=True, highlight=False).print(f"[bold red]error:[/] {escape(str(error))}", soft_wrap=True)
        raise typer.Exit(2) from None


@app.command("list")
def list_(
    context: typer.Context,
    what: Annotated[Listed | None, typer.Argument(help="What to list; all kinds are counted if left out.")] = None,
) -> None:
    """List what there is: environments, agents, experiments, strategies, learners, data sets, features, policies."""
    with _told(context):
        if what is None:
            table = Table("kind", "count", "shown by", box=None)
            for kind, listed in _LISTS.items():
                table.add_row(kind, str(len(listed())), f"alrl list {kind}")
        else:
            rows = _LISTS[what]()
            heads = ("name", "group", "range", "meaning") if what == "features" else ("name", "what it is")
            table = Table(Column(heads[0], no_wrap=True), *heads[1:], box=None)
            for row in rows:
                table.add_row(*map(escape, row))
        console.print(table)


_Rows = list[tuple[str, ...]]


def _recipes(kind: recipes.Kind) -> _Rows:
    return [(name, recipes.first_line_comment(recipes.find(kind, name))) for name in recipes.names(kind)]


def _environments() -> _Rows:
    from alrl.envs.registration import environment_id

    return [(environment_id(name), text) for name, text in _recipes("envs")]


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().split("\n")[0]


def _strategies() -> _Rows:
    from alrl.strategies import strategies

    return [(name, _first_line(each)) for name, each in sorted(strategies().items())]


def _learners() -> _Rows:
    from alrl.learners import learners

    return [(name, _first_line(each)) for name, each in sorted(learners().items())]


def _data() -> _Rows:
    from alrl.loop.sources import data_set_names

    homes = {"keel": "KEEL, extra 'bench'", "synthetic": "drawn from a seed: any number after the dash"}
    return [(name, homes.get(name.split("/")[0], "comes with scikit-learn")) for name in data_set_names()]


def _features() -> _Rows:
    from alrl.metadata import GROUPS

    return [
        (each.name, f"{group.name} ({group.scope})", f"{each.low:g} to {each.high:g}", each.meaning)
        for group in GROUPS.values()
        for each in group.features
    ]


def _policies() -> _Rows:
    from alrl.agents.policy_file import load_policy, shipped_policies

    cards = {name: load_policy(name).card for name in shipped_policies()}
    return [(name, f"trained on {len(card.get('trained_on', ()))} data sets") for name, card in cards.items()]


_LISTS: dict[str, Callable[[], _Rows]] = {
    "envs": _environments,
    "agents": lambda: _recipes("agents"),
    "experiments": lambda: _recipes("experiments"),
    "strategies": _strategies,
    "learners": _learners,
    "data": _data,
    "features": _features,
    "policies": _policies,
}


@app.command()
def train(
    context: typer.Context,
    agent: Annotated[str, typer.Argument(help="An agent recipe of kind 'trained': its name or its file.")],
    env: Annotated[str, typer.Option(help="The environment recipe to train on: its name or its file.")],
    seed: Annotated[int, typer.Option(min=0, help="Seed of the training; other seeds give other policies.")] = 0,
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the policy; runs/policies/AGENT-SEED if left out.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="Name of the policy in tables; AGENT-SEED if left out.")] = None,
    workers: Workers = None,
    device: Device = "cpu",
) -> None:
    """Train a selection policy and write it as JSON and safetensors."""
    with _told(context):
        from alrl.agents.policy_file import save_policy
        from alrl.agents.recipe import TrainedRecipe, load_agent_recipe
        from alrl.agents.training import Trainer
        from alrl.envs.recipe import load_env_recipe
        from alrl.errors import InvalidRecipeError
        from alrl.loop.device import usable_device
        from alrl.progress import Bars

        usable_device(device)
        recipe = load_agent_recipe(agent)
        if not isinstance(recipe, TrainedRecipe):
            raise InvalidRecipeError(f"agent {agent!r} is of kind {recipe.kind!r}; only kind 'trained' can be trained")
        name = name or f"{Path(agent).stem}-{seed}"
        folder = out or Path("runs") / "policies" / name
        with Bars(console=console) as bars:
            trainer = Trainer(
                agent=recipe,
                env=load_env_recipe(env),
                seed=seed,
                workers=workers,
                device=device,
                log=folder / "tensorboard",
                bars=bars,
            )
            policy = trainer.train(name)
        save_policy(policy, folder)
        gains = policy.card["validation_gain_over_margin"]
        stages = ", ".join(f"{stage} {100 * gain:+.2f}" for stage, gain in gains.items())
        _say(f"AUBC beyond margin sampling's on the validation data sets, in points: {stages}")
        _say(f"Kept: {policy.card['stage']}. Wrote {folder}; load it with alrl.load_policy({str(folder)!r}).")


def _run(study: str, out: Path | None, workers: int | None, device: str = "cpu") -> None:
    from alrl.experiments.report import report
    from alrl.experiments.runner import Runner
    from alrl.experiments.store import Store
    from alrl.experiments.study import load_study
    from alrl.experiments.summary import summarise
    from alrl.experiments.tables import rich_table
    from alrl.loop.comparison import Comparison
    from alrl.progress import Bars

    recipe = load_study(study)
    folder = out or Path("runs") / Path(study).stem
    _say(recipe.title)
    with Bars(console=console) as bars:
        command = f"alrl run {study}" + ("" if device == "cpu" else f" --device {device}")
        ran = Runner(study=recipe, folder=folder, command=command, workers=workers, device=device, bars=bars).run()
    _say(f"{ran.cells} cells, {ran.played} played now, {ran.failed} failed, {ran.seconds:.0f} s.")
    files = report(folder)
    with Store(folder / "results.sqlite", read_only=True) as store:
        for comparison in Comparison.groups(store.curves(ran.ids)):
            first, second = ran.primary or (None, None)
            console.print(rich_table(summarise(comparison, metric="accuracy", reference=second, emphasis=first)))
    _say(f"Page:    {files.page.resolve()}")
    _say(f"Figures: {(folder / 'figures').resolve()} ({len(files.figures)} files)")
    _say(f"Tables:  {', '.join(path.name for path in files.tables)}; curves: {files.curves.name}")


@app.command()
def run(
    context: typer.Context,
    study: Annotated[str, typer.Argument(help="A study: its name or its file.")],
    out: Annotated[
        Path | None, typer.Option(file_okay=False, help="Folder of the results; runs/STUDY if left out.")
    ] = None,
    workers: Workers = None,
    device: Device = "cpu",
) -> None:
    """Run a study and report it. Run again, it plays only what is missing."""
    with _told(context):
        _run(study, out, workers, device)


@app.command()
def report(
    context: typer.Context,
    folder: Annotated[Path, typer.Argument(metavar="RUN", help="Folder that a run wrote.")],
    incomplete: Annotated[
        bool, typer.Option("--incomplete", help="Report an unfinished study, marked as such.")
    ] = False,
) -> None:
    """Write page, figures and tables of a run; nothing is run again."""
    with _told(context):
        from alrl.experiments.report import report as write

        files = write(folder, allow_incomplete=incomplete)
        _say(f"Page: {files.page.resolve()}")


@app.command()
def quickstart(
    context: typer.Context,
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder of the results.")] = Path("runs/quickstart"),
    workers: Workers = None,
) -> None:
    """Train a query policy, then compare it with rules on real data that it never saw. A minute or two."""
    with _told(context):
        started = time.perf_counter()
        _run("quickstart", out, workers)
        _say(f"Done in {time.perf_counter() - started:.0f} s. TensorBoard: tensorboard --logdir {out}/tensorboard")


if __name__ == "__main__":
    sys.exit(app())
