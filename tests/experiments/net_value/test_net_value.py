"""Net value: books are kept as rounds are played, constants are tuned, nobody beats hindsight, and what is written."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pytest
import torch

from alrl.agents.policy_file import load_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.agents.training.untrained import untrained
from alrl.envs.recipe import EnvRecipe
from alrl.loop.simulator import Simulator
from alrl.recipes import parse
from alrl.strategies import make_strategy
from alrl.strategies.play import play
from experiments.net_value.command import main, rules
from experiments.net_value.contest import HINDSIGHT, Constants, entry, hindsight, tune
from experiments.net_value.ledger import Ledger, fixed, keep_books, learned
from experiments.net_value.players import at_price, tasks_of

AGENT = """
[agent]
kind = "trained"
network = { width = 8 }
reinforcement = { kind = "maskable-ppo", steps = 64, envs = 8 }
"""
TABLES: dict[str, Any] = {
    "data": {"synthetic": {"tiny": 3}, "split": {"pool": 0.4, "validation": 0.3, "test": 0.3}},
    "budget": {"labels": 12},
    "cost": {"label": 0.3, "record_epoch": 1e-3},
    "action": {"kind": "rule", "rules": ["margin", "random"], "sizes": [1, 5], "stop": True},
    "reward": {"kind": "net-value", "value": 50.0},
}
ENV = parse(EnvRecipe, TABLES, where="test")
NAMES = ["synthetic/tiny-70", "synthetic/tiny-71"]


def hand_made() -> dict[int, Ledger]:
    """Two episodes, one of which has nothing to gain; batches of 5 and of 10."""
    zero = torch.zeros(2, 3, dtype=torch.float64)
    five = torch.tensor([[0.5, 0.7, 0.72], [0.9, 0.9, 0.88]], dtype=torch.float64)
    ten = torch.tensor([[0.5, 0.74], [0.9, 0.91]], dtype=torch.float64)
    return {
        5: Ledger(labels=zero + torch.tensor([0.0, 5.0, 10.0]), compute=zero, score=five),
        10: Ledger(labels=zero[:, :2] + torch.tensor([0.0, 10.0]), compute=zero[:, :2] + 0.5, score=ten),
    }


@pytest.mark.parametrize("size", [1, 5])
def test_books_of_a_fixed_size_are_those_of_margin_sampling(size: int) -> None:
    tasks = tasks_of(ENV, NAMES, 2)
    ledger = keep_books(tasks, ENV, fixed(size))
    simulator = Simulator(tasks, ENV.learner.build(), **ENV.loop_settings)
    begun = simulator.cost
    played = play(simulator, make_strategy("margin"), labels=12, batch=size)
    bought = ledger.labels[0].long()
    # The last batch is cut short.
    assert bought.tolist() == [*range(0, 12, size), 12]
    torch.testing.assert_close(ledger.score, played.accuracy[:, bought].double(), rtol=0, atol=1e-6)
    spent = ledger.compute[:, -1] + 0.3 * ledger.labels[:, -1]
    torch.testing.assert_close(spent, simulator.cost.money - begun.money)
    assert ledger.loops.tolist() == [len(bought) - 1] * 4


def test_an_episode_that_has_stopped_stays_as_it_is() -> None:
    tasks = tasks_of(ENV, NAMES, 2)
    margin = fixed(1)

    def two_and_four(view: Any) -> torch.Tensor:
        most = torch.tensor([2, 4, 2, 4])
        return margin(view).masked_fill((view.spent >= most)[:, None], -1)

    ledger, whole = keep_books(tasks, ENV, two_and_four), keep_books(tasks, ENV, margin)
    assert ledger.labels[:, -1].tolist() == [2, 4, 2, 4]
    for row, end in enumerate((2, 4, 2, 4)):
        for name in ("labels", "compute", "score"):
            entries = getattr(ledger, name)[row]
            torch.testing.assert_close(entries[: end + 1], getattr(whole, name)[row, : end + 1], rtol=0, atol=1e-6)
            assert (entries[end:] == entries[end]).all()


def test_a_policy_that_was_not_trained_keeps_the_books_of_margin_one_by_one() -> None:
    agent = parse(TrainedRecipe, {"kind": "trained", "reinforcement": {"kind": "maskable-ppo"}}, where="test")
    policy, tasks = untrained(agent, ENV, seed=0, name="buyer"), tasks_of(ENV, NAMES, 2)
    ledger, margin = keep_books(tasks, ENV, learned(policy), policy), keep_books(tasks, ENV, fixed(1))
    torch.testing.assert_close(ledger.net(50.0, 0.3), margin.net(50.0, 0.3), rtol=0, atol=1e-6)


def test_another_price_changes_what_labels_cost_and_nothing_else() -> None:
    dear = at_price(ENV, 2.0)
    assert dear.cost.label == 2.0
    assert dear.model_copy(update={"cost": ENV.cost}) == ENV
    ledger = hand_made()[5]
    assert (ledger.net(50.0, 0.3) - ledger.net(50.0, 2.0)).equal(1.7 * ledger.labels)


@pytest.mark.parametrize(
    ("price", "constants"),
    [
        (0.01, Constants(size=10, labels=10)),
        (0.5, Constants(size=5, labels=5)),
        (5.0, Constants(size=5, labels=0)),
    ],
)
def test_constants_are_tuned_to_the_price(price: float, constants: Constants) -> None:
    assert tune(hand_made(), value=100.0, price=price) == constants


def test_what_a_player_comes_to_is_told_by_data_set() -> None:
    ledger = hand_made()[5]
    result = entry("five", ledger, ["b", "a"], value=100.0, price=1.0, until=ledger.at_labels(5))
    assert result.net.tolist() == pytest.approx([-5.0, 15.0])
    assert (result.labels, result.spread, result.loops) == (5.0, 0.0, 1.0)
    assert result.gain == pytest.approx(10.0)
    other = entry("to the end", ledger, ["b", "a"], value=100.0, price=1.0)
    assert other.net.tolist() == pytest.approx([-12.0, 12.0])
    assert float(result.less(other).mean) == pytest.approx(5.0)


def test_nobody_beats_hindsight_which_stops_each_episode_at_its_best() -> None:
    ledgers, names = hand_made(), ["a", "b"]
    result = hindsight(ledgers, names, value=100.0, price=1.0)
    # Five labels that bring 20 points, and none where none can pay.
    assert result.net.tolist() == pytest.approx([15.0, 0.0])
    assert (result.labels, result.loops) == (2.5, 0.5)
    everyone = rules(ledgers, names, tune(ledgers, value=100.0, price=1.0), value=100.0, price=1.0)
    assert [each.player for each in everyone][-1] == HINDSIGHT
    assert all((each.net <= result.net + 1e-9).all() for each in everyone)


def recipes_in(folder: Path, env: str) -> list[str]:
    (folder / "agent.toml").write_text(AGENT, encoding="utf-8")
    (folder / "env.toml").write_text(env, encoding="utf-8")
    given = ["--agent", "agent.toml", "--env", "env.toml", "--out", "out", "--policies", "policies", "--seeds", "2"]
    return [*given, "--prices", "0.1", "2.0", "--policy-seeds", "3", "--data", *NAMES]


TOML = """
budget = { labels = 12 }
cost = { label = 0.3, record_epoch = 1e-3 }
action = { kind = "rule", rules = ["margin", "random"], sizes = [1, 5], stop = true }
reward = { kind = "net-value", value = 50.0 }
[data]
synthetic = { tiny = 3 }
split = { pool = 0.4, validation = 0.3, test = 0.3 }
"""


def test_the_command_trains_at_each_price_writes_and_trains_nothing_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    arguments = recipes_in(tmp_path, TOML)
    assert main(arguments) == 0
    for price in ("0.1", "2"):
        policy = load_policy(tmp_path / "policies" / f"price-{price}-seed-3")
        assert policy.card["judged_by"] == "return"
    with (tmp_path / "out" / "table.csv").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    players = ["policy, seed 3", *(f"margin {size} to the end" for size in (1, 5, 10, 20))]
    assert [row["player"] for row in rows[:10:2]] == players
    assert {row["data_set"] for row in rows} == set(NAMES)
    # Two prices, seven players, two data sets.
    assert len(rows) == 2 * 7 * 2
    assert (tmp_path / "out" / "net-value.png").stat().st_size > 10_000
    table = (tmp_path / "out" / "table.md").read_text(encoding="utf-8")
    assert table.count("| 0.1 |") == table.count("| 2 |") == 7

    def never(*_: object) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(Trainer, "train", never)
    assert main(arguments) == 0
    assert (tmp_path / "out" / "table.md").read_text(encoding="utf-8") == table


@pytest.mark.parametrize(
    ("env", "data", "message"),
    [
        (TOML.replace("net-value", "gain").replace(", value = 50.0", ""), NAMES, "reward is net-value"),
        (TOML, ["synthetic/tiny-0"], "was trained on"),
    ],
)
def test_what_cannot_be_compared_is_refused(
    env: str,
    data: list[str],
    message: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main([*recipes_in(tmp_path, env)[:-2], *data]) == 2
    assert message in " ".join(capsys.readouterr().out.split())
