from __future__ import annotations

import pytest

from alrl.envs.recipe import load_env_recipe
from alrl.strategies import make_strategy
from experiments.baselines import __main__ as command
from experiments.baselines.measure import played, rule_cell, tasks_of
from experiments.baselines.page import write_page


def shorter(name, labels):
    recipe = load_env_recipe(name)
    return recipe.model_copy(update={"budget": recipe.budget.model_copy(update={"labels": labels})})


def test_margin_gains_nothing_over_itself_and_its_area_is_that_of_a_simulation():
    recipe = shorter("noisy-annotators", 6)
    paid, area = played(make_strategy("margin"), recipe, tasks_of(recipe, 0, 3))
    assert paid.tolist() == pytest.approx([0, 0, 0], abs=1e-6)
    plain = shorter("breast-cancer", 6)
    _, area = played(make_strategy("margin"), plain, tasks_of(plain, 5, 1))
    assert 0.5 < float(area) < 1


def test_an_agent_that_cannot_be_trained_there_has_a_row_that_says_why(monkeypatch, tmp_path):
    monkeypatch.setattr(command, "load_env_recipe", lambda name: shorter(name, 20))
    row = command.row("batch-size", "ppo", 2)
    assert row.reward is None
    assert "cannot be trained on actions of kind record" in row.note
    rows = [row.to_json(), rule_cell("breast-cancer", shorter("breast-cancer", 3), "margin", 2).to_json()]
    curve = {"env": "breast-cancer", "agent": "ppo", "seed": 0, "steps_played": [1, 2], "returns": [0.1, 0.2]}
    write_page(rows, [curve], tmp_path)
    text = (tmp_path / "baselines.md").read_text()
    assert "| margin | +" in text
    assert "| ppo | | | | | a policy cannot be trained" in text
    assert (tmp_path / "figures" / "baselines.png").is_file()
