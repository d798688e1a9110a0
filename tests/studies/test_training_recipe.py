"""What a study trains: recipes as they are in their files, or with some of it changed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alrl import recipes
from alrl.agents.training_recipes import ImitationRecipe
from alrl.errors import InvalidRecipeError
from alrl.studies.study import StudyRecipe
from alrl.studies.study_agents import StudyAgents, check_held_out, training_sets
from alrl.studies.training_recipe import TrainingRecipe
from tests.recipe_place import recipe_place

AGENT = """[agent]
kind = 'trained'
imitation = { rounds = 2, epochs = 7, expert = { horizon = 3 } }
reinforcement = { kind = 'ppo', steps = 9 }
"""
ENV = """[data]
sets = ['digits']
synthetic = { mixed = 2 }
[budget]
labels = 20
"""


@pytest.fixture(autouse=True)
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an agent and an environment of its own."""
    return recipe_place(tmp_path, monkeypatch, agent=AGENT, env=ENV)


def training(**settings: Any) -> TrainingRecipe:
    return recipes.parse(TrainingRecipe, {"agent": "mine", "env": "mine", **settings}, where="test")


def test_changed_tables_are_merged_key_by_key() -> None:
    changed = training(change={"imitation": {"expert": {"horizon": 12}}, "network": {"width": 8}}).build()
    assert changed.imitation == ImitationRecipe(
        rounds=2, epochs=7, expert=ImitationRecipe().expert.model_copy(update={"horizon": 12})
    )
    assert changed.network.width == 8
    assert changed.reinforcement == training().build().reinforcement


def test_a_table_is_taken_away_by_false() -> None:
    changed = training(change={"reinforcement": False}).build()
    assert changed.reinforcement is None
    assert changed.imitation == training().build().imitation


def test_a_changed_environment_is_trained_on_and_held_out() -> None:
    wanted = {"agent": "mine", "env": "mine", "env_change": {"data": {"sets": ["iris"]}, "budget": {"labels": 5}}}
    env = training(**wanted).build_env()
    assert env.data.names == ("iris", "synthetic/mixed-0", "synthetic/mixed-1")
    assert env.budget.labels == 5
    content = {"title": "t", "data": ["digits"], "agents": ["learned"], "train": {"learned": wanted}}
    study = recipes.parse(StudyRecipe, content, where="test")
    assert training_sets(study)["learned"] == env.data.names
    check_held_out(study)
    with pytest.raises(InvalidRecipeError, match="trained on 'iris'"):
        check_held_out(study.model_copy(update={"data": ("iris",)}))


def test_nothing_changed_is_the_recipe_itself() -> None:
    path = recipes.find("envs", "mine")
    assert recipes.identity(training().build_env()) == recipes.identity(training(env=str(path)).build_env())
    assert recipes.identity(training().build()) == recipes.identity(training(change={"imitation": {}}).build())


def test_what_does_not_fit_is_refused_by_name() -> None:
    with pytest.raises(InvalidRecipeError, match=r"changed by the study:\n.*epoch: unknown key, did you mean"):
        training(change={"imitation": {"epoch": 5}}).build()
    with pytest.raises(InvalidRecipeError, match=r"changed by the study:\n.*label: unknown key, did you mean"):
        training(env_change={"budget": {"label": 5}}).build_env()
    with pytest.raises(InvalidRecipeError, match="of kind 'rule'; only kind 'trained' can be trained"):
        training(agent="margin").build()


def test_what_is_changed_is_told_in_a_line() -> None:
    given = training(change={"imitation": {"expert": {"horizon": 0}}}, env_change={"data": {"sets": []}}, seeds=[0, 4])
    assert given.summary == "mine with imitation.expert.horizon = 0 on mine with data.sets = [], seeds [0, 4]"
    assert training().summary == "mine on mine, seeds [0]"


def after(**second: Any) -> StudyRecipe:
    """A study of two trainings, the second of which goes on from the first."""
    train = {
        "first": {"agent": "mine", "env": "mine", "seeds": [0, 1]},
        "second": {
            "agent": "mine",
            "env": "mine",
            "after": "first",
            "env_change": {"data": {"sets": ["iris"]}},
            **second,
        },
    }
    content = {"title": "t", "data": ["wine"], "agents": ["second", "first"], "train": train}
    return recipes.parse(StudyRecipe, content, where="test")


def test_what_goes_on_from_another_training_has_seen_its_data_sets_too() -> None:
    study = after()
    assert training_sets(study)["second"] == ("iris", "synthetic/mixed-0", "synthetic/mixed-1", "digits")
    assert study.train["second"].summary == "mine on mine with data.sets = ['iris'] after first, seeds [0]"
    with pytest.raises(InvalidRecipeError, match="trained on 'digits'"):
        check_held_out(study.model_copy(update={"data": ("digits",)}))


def test_a_training_that_another_goes_on_from_need_not_be_compared(tmp_path: Path) -> None:
    study = after(seeds=[0, 1])
    content = study.model_dump(mode="json", exclude_unset=True) | {"agents": ["second", "random"]}
    alone = recipes.parse(StudyRecipe, content, where="test")
    assert StudyAgents(study=alone, folder=tmp_path).methods() == {"second": ["second-0", "second-1"]}
    assert training_sets(alone)["second"] == training_sets(study)["second"]
    with pytest.raises(InvalidRecipeError, match=r"train\.second is not among agents"):
        recipes.parse(StudyRecipe, content | {"agents": ["first", "random"]}, where="test")


def test_after_names_a_training_above_it_with_the_same_seeds() -> None:
    with pytest.raises(InvalidRecipeError, match=r"after = 'third' given; name a table train.NAME .*: first"):
        after(after="third")
    with pytest.raises(InvalidRecipeError, match=r"name a table train\.NAME that stands above it"):
        after(after="second")
    with pytest.raises(InvalidRecipeError, match=r"seeds \[2\] given, which train.first has not; .* \[0, 1\]"):
        after(seeds=[1, 2])


def test_an_agent_that_starts_from_a_policy_has_seen_what_that_has(place: Path) -> None:
    (place / "agents" / "on.toml").write_text(AGENT.replace("[agent]", "[agent]\nstart = 'general'"), encoding="utf-8")
    content = {"title": "t", "data": ["wine"], "agents": ["on"], "train": {"on": {"agent": "on", "env": "mine"}}}
    seen = training_sets(recipes.parse(StudyRecipe, content, where="test"))["on"]
    assert {"digits", "keel/segment", "synthetic/mixed-0"} < {*seen}
