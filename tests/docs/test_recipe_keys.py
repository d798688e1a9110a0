from __future__ import annotations

import pytest
from pydantic import BaseModel

from alrl.agents.recipe import AgentRecipe
from alrl.envs.recipe import EnvRecipe
from alrl.studies.study import StudyRecipe
from docs.generate.recipe_keys import keys_page, meanings, models_of, tables

ROOTS: list[type[BaseModel]] = [*models_of(AgentRecipe), EnvRecipe, StudyRecipe]
TABLES = {f"{place} {model.__name__}": model for root in ROOTS for place, model in tables("", root, set())}


@pytest.mark.parametrize("model", TABLES.values(), ids=TABLES)
def test_every_key_of_a_recipe_has_a_meaning(model: type[BaseModel]) -> None:
    meaning = meanings(model)
    assert [name for name in model.model_fields if not meaning[name]] == []


def test_a_row_says_what_a_key_takes_its_default_and_what_it_means() -> None:
    page = keys_page()
    assert "\n| `every` | whole number, ≥ 1 | `6` | Branches are made at every query whose number is" in page
    assert '\n| `against` | `"nothing"`, `"margin"` | `nothing` | `margin` takes off' in page
    assert '\n### `[agent.reinforcement]`, `kind = "dqn"`\n' in page
    assert "\n| `batches` | list of whole numbers | `1` | Labels between two refits" in page
