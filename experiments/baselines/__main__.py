"""``python -m experiments.baselines``: plays what is missing, row by row, and writes ``docs/baselines.md``."""

from __future__ import annotations

import argparse
import itertools
import json
import time
from collections.abc import Sequence
from pathlib import Path

from alrl import recipes
from alrl.agents.players import find_strategy
from alrl.agents.recipe import TrainedRecipe, load_agent_recipe
from alrl.envs.recipe import load_env_recipe
from alrl.errors import AlrlError
from alrl.numerics.backend import one_thread
from experiments.baselines.curves import learning_curve
from experiments.baselines.measure import Cell, best_rule, measured, rule_cell, trained_cell
from experiments.baselines.page import RULE_ROWS, TRAINED_ROWS, write_page

HERE = Path(__file__).parent
ROWS, CURVES = HERE / "rows.jsonl", HERE / "curves.jsonl"
"""One row, or one curve, a line, in the order in which they were played; a killed run goes on after the last."""
CURVED = ("breast-cancer",)
"""Environments whose learning curves are drawn."""


def main() -> None:
    """Play every row that is not there yet, environment by environment, then the learning curves."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--env", action="append", help="an environment, in this order; all if left out")
    parser.add_argument("--agent", action="append", default=[], help="a further row: an agent's name or file")
    parser.add_argument("--episodes", type=int, default=16, help="episodes that each row is measured on")
    parser.add_argument("--minutes", type=float, default=40.0, help="begin no further row after so many minutes")
    settings = parser.parse_args()
    end, names = time.monotonic() + 60 * settings.minutes, settings.env or recipes.names("envs")
    with one_thread():
        agents = (*RULE_ROWS, *TRAINED_ROWS, *settings.agent)
        play_rows([(name, agent) for name in names for agent in agents], settings.episodes, end)
        play_curves([name for name in CURVED if name in names], end)
    write_page(stored(ROWS), stored(CURVES), Path("docs"))


def play_rows(rows: Sequence[tuple[str, str]], episodes: int, end: float) -> None:
    """Play the rows, an environment and an agent each, that are not there yet, until the time ``end``."""
    there = {(row["env"], row["agent"]) for row in stored(ROWS)}
    for name, agent in rows:
        if (name, Path(agent).stem) not in there and time.monotonic() < end:
            _append(ROWS, row(name, agent, episodes).to_json())


def row(name: str, agent: str, episodes: int) -> Cell:
    """Return the row of an agent: one of this folder's, or any that goes by a name or a file."""
    recipe, called = load_env_recipe(name), Path(agent).stem
    if agent == "best rule":
        return rule_cell(name, recipe, best_rule(recipe, episodes), episodes, agent=agent)
    if agent in RULE_ROWS:
        return rule_cell(name, recipe, agent, episodes)
    file = HERE / f"{agent}.toml" if agent in TRAINED_ROWS else agent
    try:
        training = load_agent_recipe(file)
        if isinstance(training, TrainedRecipe):
            return trained_cell(name, recipe, called, training, episodes)
        return measured(find_strategy(file), recipe, episodes, env=name, agent=called)
    except AlrlError as error:
        return Cell(env=name, agent=called, note=str(error).partition(";")[0])


def play_curves(names: Sequence[str], end: float) -> None:
    """Play the learning curves, five seeds each, that are not there yet, until the time ``end``."""
    there = {(curve["env"], curve["agent"], curve["seed"]) for curve in stored(CURVES)}
    for key in itertools.product(names, ("ppo", "dqn"), range(5)):
        if key not in there and time.monotonic() < end:
            name, agent, seed = key
            curve = learning_curve(load_env_recipe(name), load_agent_recipe(HERE / f"{agent}.toml"), seed)
            _append(CURVES, {"env": name, "agent": agent, "seed": seed, **curve})


def stored(path: Path) -> list[dict[str, object]]:
    """Return the rows of a file that were played so far; one that was cut short is played again."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    return [json.loads(line) for line in lines if line.endswith("}")]


def _append(path: Path, row: dict[str, object]) -> None:
    with path.open("a", encoding="utf-8") as file:
        file.write(json.dumps(row) + "\n")
    print({key: value for key, value in row.items() if key not in {"steps_played", "returns"}}, flush=True)


if __name__ == "__main__":
    main()
