"""Hyperparameters by Optuna: judged on validation data sets, kept, and gone on with."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from alrl.agents.training.tuning import Range, tune
from alrl.errors import InvalidRecipeError
from alrl.studies.training_recipe import TrainingRecipe
from tests.recipe_place import recipe_place

pytest.importorskip("optuna")

AGENT = """[agent]
kind = 'trained'
network = { width = 8 }
imitation = { rounds = 1, episodes = 1, epochs = 2, expert = { horizon = 1, reach = 8, iterations = 2 } }
"""
ENV = """[data]
synthetic = { tiny = 4 }
split = { pool = 0.4, validation = 0.3, test = 0.3 }
[budget]
labels = 4
[action]
candidates = { count = 4 }
"""
SEARCH = ["imitation.learning_rate=1e-4..1e-1:log", "imitation.epochs=1..4", "network.width=4,8"]


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an agent and an environment of its own."""
    return recipe_place(tmp_path, monkeypatch, agent=AGENT, env=ENV)


def test_the_best_trial_is_a_change_that_a_study_takes(place: Path) -> None:
    answer: list[float] = []
    result = tune(
        "mine", "mine", place / "out", search=SEARCH, trials=3, workers=1, progress=lambda _, gain: answer.append(gain)
    )
    assert result.gain == max(answer)
    assert len(answer) == result.trials == 3
    recipe = TrainingRecipe(agent="mine", env="mine", change=dict(result.change)).build()
    assert recipe.imitation is not None
    assert 1e-4 <= recipe.imitation.learning_rate <= 1e-1
    assert recipe.imitation.epochs in range(1, 5)
    assert recipe.network.width in {4, 8}
    assert recipe.imitation.expert.horizon == 1
    written = json.loads((place / "out" / "best.json").read_text())
    assert written["change"] == result.change
    assert len(written["validated_on"]) == 1
    again = tune("mine", "mine", place / "out", search=SEARCH, trials=1, workers=1)
    assert again.trials == 4
    assert again.gain >= result.gain
    # Another search has trials of its own: the best of the one before may lie outside its ranges.
    other = tune("mine", "mine", place / "out", search=["imitation.epochs=5..6"], trials=1, workers=1)
    assert other.trials == 1
    assert other.change["imitation"]["epochs"] in {5, 6}


@pytest.mark.parametrize("search", [[], ["imitation.epochs=1..2", "imitation.epochs=3,4"]])
def test_a_search_has_each_key_once_and_one_at_least(place: Path, search: list[str]) -> None:
    with pytest.raises(InvalidRecipeError, match=r"each key once|at least one"):
        tune("mine", "mine", place / "new", search=search, trials=1, workers=1)


@pytest.mark.parametrize(
    "text", ["epochs", "epochs=", "epochs=3..1", "rate=0..1:log", "rate=1..2:lin", "=1..2", "a=1..b"]
)
def test_a_range_that_makes_no_sense_is_refused(text: str) -> None:
    with pytest.raises(InvalidRecipeError, match=r"write KEY=LOW\.\.HIGH"):
        Range.read(text)


def test_a_key_that_there_is_not_is_named(place: Path) -> None:
    with pytest.raises(InvalidRecipeError, match=r"as a trial has it:\n.*epoch: unknown key, did you mean"):
        tune("mine", "mine", place / "new", search=["imitation.epoch=1..2"], trials=1, workers=1)
    assert not (place / "new").exists()
    with pytest.raises(InvalidRecipeError, match="only kind 'trained' can be tuned"):
        tune("margin", "mine", place / "out", trials=1)
