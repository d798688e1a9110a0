"""The command: train a policy at each price, play all on tasks it never saw, write table and figure."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

from rich.console import Console

from alrl.agents.recipe import TrainedRecipe, load_agent_recipe
from alrl.envs.recipe import load_env_recipe
from alrl.envs.rewards.kinds import NetValue
from alrl.errors import AlrlError, InvalidRecipeError
from alrl.evaluation.held_out import refuse_seen
from alrl.numerics.backend import one_thread
from alrl.progress import Bars
from alrl.reports.figures.canvas import save
from experiments.net_value.contest import Constants, Entry, entry, hindsight, tune
from experiments.net_value.figure import net_value_figure
from experiments.net_value.ledger import Ledger, fixed, keep_books, learned
from experiments.net_value.page import as_csv, markdown
from experiments.net_value.players import at_price, tasks_of, trained

HELD_OUT = tuple(
    f"synthetic/{family}-{number}"
    for family, numbers in {
        "mixed": range(700, 704),
        "categorical": (700, 701),
        "high-dimensional": (700,),
        "overlapping": (700, 701),
        "imbalanced": (700, 701),
        "many-class": (700, 701),
        "text-like": (700, 701),
        "heavy-tailed": (700,),
        "noisy": (700,),
        "crowded": (700,),
    }.items()
    for number in numbers
)
"""Tasks of the training's families by other seeds, and of four families that no training here has."""
SIZES = (1, 5, 10, 20)
_TUNED_ON = 3
"""Episodes on each training data set that constants are tuned on."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Train what is missing, play, print, write; 2 for recipes that do not fit, or tasks that a policy has seen."""
    given = _parser().parse_args(arguments)
    console = Console()
    try:
        with one_thread(), Bars(console=console) as bars:
            _run(given, bars, console)
    except AlrlError as error:
        console.print(str(error), style="red", markup=False, highlight=False)
        return 2
    return 0


def _run(given: argparse.Namespace, bars: Bars, console: Console) -> None:
    agent, env = load_agent_recipe(given.agent), load_env_recipe(given.env)
    reward = env.reward.build()
    if not isinstance(agent, TrainedRecipe) or not isinstance(reward, NetValue):
        raise InvalidRecipeError(
            f"agent of kind {agent.kind} and reward of kind {env.reward.kind} given; this contest takes an agent to be"
            " trained and an environment whose reward is net-value"
        )
    tasks = tasks_of(env, given.data, given.seeds)
    names = [task.split.data_set.name for task in tasks]
    ledgers = {size: keep_books(tasks, env, fixed(size)) for size in SIZES}
    training = tasks_of(env, env.data.names, _TUNED_ON, apart=True)
    practice = {size: keep_books(training, env, fixed(size)) for size in SIZES}
    entries: list[Entry] = []
    tuned: dict[float, Constants] = {}
    for price in given.prices:
        at = at_price(env, price)
        tuned[price] = tune(practice, value=reward.value, price=price)
        for seed in given.policy_seeds:
            policy = trained(agent, at, seed=seed, folder=given.policies / f"price-{price:g}-seed-{seed}", bars=bars)
            refuse_seen(policy.name, (*policy.card["trained_on"], *policy.card["validated_on"]), tuple(given.data))
            ledger = keep_books(tasks, at, learned(policy), policy)
            entries.append(entry(f"policy, seed {seed}", ledger, names, value=reward.value, price=price))
        entries += rules(ledgers, names, tuned[price], value=reward.value, price=price)
    _write(given.out, entries, ledgers, names, reward.value, tuned)
    console.print(markdown(entries), markup=False, highlight=False)
    console.print(f"wrote {given.out}", highlight=False)


def rules(
    ledgers: Mapping[int, Ledger], names: Sequence[str], constants: Constants, *, value: float, price: float
) -> list[Entry]:
    """Return everyone that needs no training of a policy."""
    entries = [
        entry(f"margin {size} to the end", ledger, names, value=value, price=price) for size, ledger in ledgers.items()
    ]
    ledger = ledgers[constants.size]
    until = ledger.at_labels(constants.labels)
    entries.append(entry(constants.name, ledger, names, value=value, price=price, until=until))
    return [*entries, hindsight(ledgers, names, value=value, price=price)]


def _write(
    folder: Path,
    entries: Sequence[Entry],
    ledgers: Mapping[int, Ledger],
    names: Sequence[str],
    value: float,
    tuned: Mapping[float, Constants],
) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "table.md").write_text(markdown(entries), encoding="utf-8")
    (folder / "table.csv").write_text(as_csv(entries, names), encoding="utf-8")
    save(net_value_figure(ledgers, names, value, entries, tuned), folder / "net-value")


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m experiments.net_value", description=__doc__)
    parser.add_argument("--agent", default="net-value", help="the agent's recipe (net-value)")
    parser.add_argument("--env", default="net-value-train", help="the environment's recipe (net-value-train)")
    parser.add_argument("--prices", type=float, nargs="+", default=[0.05, 0.2, 0.8], help="of a label")
    parser.add_argument("--policy-seeds", type=int, nargs="+", default=[0, 1], help="a policy for each, at each price")
    parser.add_argument("--data", nargs="+", default=list(HELD_OUT), help="what is played; never trained on")
    parser.add_argument("--seeds", type=int, default=25, help="paired episodes on each")
    parser.add_argument(
        "--policies", type=Path, default=Path("runs/net-value/policies"), help="where policies are kept"
    )
    parser.add_argument("--out", type=Path, default=Path("runs/net-value"), help="where table and figure go")
    return parser
