"""Completion in the shell: names of recipes, policies and data sets."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from alrl import recipes


def studies(incomplete: str) -> Iterator[str]:
    """Yield Names of studies, and recipe files."""
    yield from _recipes("experiments", incomplete)


def agents(incomplete: str) -> Iterator[str]:
    """Yield Names of agents, and recipe files."""
    from alrl.agents.recipe import agent_names

    yield from _starting([*agent_names(), *(str(path) for path in Path().glob("agents/*.toml"))], incomplete)


def environments(incomplete: str) -> Iterator[str]:
    """Yield Names of environments, and recipe files."""
    yield from _recipes("envs", incomplete)


def policies(incomplete: str) -> Iterator[str]:
    """Yield shipped policies, and folders that hold one."""
    from alrl.agents.policy_file import shipped_policies

    yield from _starting(
        [*shipped_policies(), *(str(path.parent) for path in Path().glob("runs/**/policy.json"))], incomplete
    )


def data_sets(incomplete: str) -> Iterator[str]:
    """Yield Names of data sets."""
    from alrl.data.sources import data_set_names

    yield from _starting(data_set_names(), incomplete)


def runs(incomplete: str) -> Iterator[str]:
    """Yield folders that a run wrote."""
    yield from _starting([str(path.parent) for path in Path().glob("runs/*/study.json")], incomplete)


def executors(incomplete: str) -> Iterator[str]:
    """Yield Names of engines."""
    from alrl.studies.executors import executors as known

    yield from _starting(known(), incomplete)


def _recipes(kind: recipes.RecipeKind, incomplete: str) -> Iterator[str]:
    files = [str(path) for path in Path().glob(f"{kind}/*.toml")]
    yield from _starting([*recipes.names(kind), *files], incomplete)


def _starting(names: object, incomplete: str) -> Iterator[str]:
    listed: list[str] = sorted(names)  # type: ignore[call-overload]
    yield from (name for name in listed if name.startswith(incomplete))
