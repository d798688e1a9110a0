from __future__ import annotations

import inspect
from pathlib import Path

import pytest

from alrl.agents.recipe import agent_names
from alrl.strategies import make_strategy, strategies
from docs.generate.strategies import queries, strategy_page

ROOT = Path(__file__).resolve().parents[2]


def test_the_page_is_what_the_strategies_say_now():
    assert (ROOT / "docs" / "strategies.md").read_text(encoding="utf-8") == strategy_page(), (
        "docs/strategies.md is out of date; run: python -m docs.generate.strategies docs/strategies.md"
    )


def test_no_two_strategies_are_said_to_query_the_same():
    said = [queries(kind) for kind in strategies().values()]
    assert sorted(said) == sorted(set(said))
    assert queries(strategies()["entropy"]) == "by the entropy of its class probabilities in nats, from 0 to log k"


@pytest.mark.parametrize("name", strategies())
def test_every_strategy_has_a_row_a_paper_and_a_cost_and_is_an_agent(name):
    kind = strategies()[name]
    row = next(line for line in strategy_page().splitlines() if line.startswith(f"| `{name}` |"))
    assert row.replace("\\|", "").count("|") == 7
    for need in make_strategy(name).needs:
        assert f"`{need}`" in row
    for given in (kind.paper, kind.batch, kind.cost):
        assert given in row
        assert given
    # The table names a paper of which the docstring gives the title.
    surname = kind.paper.removeprefix("after ").replace(",", "").split()[0]
    assert surname in inspect.getdoc(kind) or name == "random"
    assert name in agent_names()


def test_the_page_is_in_the_documentation():
    assert "strategies.md" in (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
