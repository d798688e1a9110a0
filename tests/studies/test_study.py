"""Studies: what is compared was never trained on, and a recipe that makes no sense is refused before any work."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alrl.agents.policy import Policy
from alrl.agents.policy_file import save_policy
from alrl.data.sources import load_data_set
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidRecipeError
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.recipes import parse
from alrl.strategies.uncertainty_sampling import Margin
from alrl.studies.canonical import run_id
from alrl.studies.loading import load_study
from alrl.studies.protocols.paired import Paired
from alrl.studies.runner import cells_of
from alrl.studies.study import StudyRecipe
from alrl.studies.study_agents import check_held_out, training_sets


def study(**settings: Any) -> StudyRecipe:
    return parse(StudyRecipe, {"title": "t", "data": ["wine"], "agents": ["margin"], **settings}, where="test")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory with an agent and an environment of its own."""
    (tmp_path / "agents").mkdir()
    (tmp_path / "envs").mkdir()
    (tmp_path / "agents" / "mine.toml").write_text(
        "[agent]\nkind = 'trained'\nreinforcement = { kind = 'ppo', steps = 1 }\n", encoding="utf-8"
    )
    (tmp_path / "envs" / "seen.toml").write_text("[data]\nsets = ['digits', 'iris']\n", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def trained(**settings: Any) -> StudyRecipe:
    train = {"learned": {"agent": "mine", "env": "seen"}}
    return study(**{"agents": ["learned", "margin"], "train": train, **settings})


def test_a_rule_may_be_compared_on_anything() -> None:
    check_held_out(study(data=["wine", "iris", "digits"], agents=["margin", "random", "core-set"]))


def test_a_policy_may_be_compared_on_what_it_never_saw(place: Path) -> None:
    check_held_out(trained(data=["wine", "breast_cancer"]))


@pytest.mark.parametrize(
    ("held_out", "seen"),
    [("iris", "iris"), ("keel/optdigits", "digits"), ("Digits", "digits"), ("my/iris.csv", "iris")],
)
def test_data_that_a_training_uses_and_its_relatives_are_refused(held_out: str, seen: str, place: Path) -> None:
    message = f"agent 'learned' was trained on '{seen}', which shares records with '{held_out}': leave '{held_out}' out"
    with pytest.raises(InvalidRecipeError, match=message):
        check_held_out(trained(data=["wine", held_out]))


@pytest.mark.parametrize("part", ["trained_on", "validated_on"])
def test_data_that_the_card_of_a_policy_names_is_refused(part: str, place: Path) -> None:
    policy = Policy.untrained(FeatureSet(DEFAULT_GROUPS), CandidateMixture(), width=4)
    save_policy(dataclasses.replace(policy, card={part: ["keel/wdbc"]}), place / "files")
    (place / "agents" / "held.toml").write_text("[agent]\nkind = 'policy'\npolicy = 'files'\n", encoding="utf-8")
    check_held_out(study(agents=["held"]))
    with pytest.raises(InvalidRecipeError, match=r"agent 'held' was trained on 'keel/wdbc', .* with 'breast_cancer'"):
        check_held_out(study(agents=["margin", "held"], data=["wine", "breast_cancer"]))


def test_an_unknown_agent_is_told_with_the_nearest() -> None:
    with pytest.raises(InvalidRecipeError, match='unknown agent "margn"; did you mean "margin"'):
        check_held_out(study(agents=["margn"]))


def test_an_agent_to_be_trained_needs_an_environment(place: Path) -> None:
    with pytest.raises(InvalidRecipeError, match=r"agent 'mine' is to be trained first: add a table \[train.mine\]"):
        check_held_out(study(agents=["mine"]))


def test_a_rule_cannot_be_trained(place: Path) -> None:
    with pytest.raises(
        InvalidRecipeError, match="agent 'margin' is of kind 'rule'; only kind 'trained' can be trained"
    ):
        check_held_out(trained(train={"learned": {"agent": "margin", "env": "seen"}}))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"data": []}, "neither of data and envs given"),
        ({"envs": ["tabular"]}, "both of data and envs given"),
        ({"data": [], "envs": ["tabular"], "labels": 5}, "labels is given beside envs, which have their own"),
        ({"first": "random"}, "needs first_size"),
        ({"metrics": ["acuracy"]}, "accuracy"),
        ({"data": ["wine", "wine"]}, "data names 'wine' twice; name each once"),
        ({"agents": ["margin", "margin"]}, "agents names 'margin' twice"),
        ({"batches": [2, 2]}, "batches names 2 twice"),
        ({"learners": [{}, {"kind": "softmax-regression"}]}, "learners names .* twice"),
        ({"train": {"other": {"agent": "a", "env": "b"}}}, "train.other is not among agents; add it there, or drop it"),
        ({"budget": {"labels": 60}}, "budget: unknown key; allowed: version, title"),
        ({"agents": ["a\nb"]}, r'agents\[0\]: "a\\nb" given; tables show it: write it on one line, without control'),
        (
            {"data": ["wine", {"file": "a.csv", "name": ""}]},
            r'data\[1\].name: "" given; it names nothing; give',
        ),
        (
            {"data": [{"file": "a.csv", "name": "x\n| y"}]},
            r'data\[0\].name: "x\\n\| y" given; tables show it',
        ),
        ({"data": ["a\tb.csv"]}, r'data\[0\]: "a\\tb.csv" given; tables show it'),
        ({"data": [{"file": "a\x1bb.csv"}]}, r"data\[0\].file: .* given; tables show it"),
        ({"claims": [{"name": "x\u2028", "contrast": ["a", "b"]}]}, r"claims\[0\].name: .* given; tables show it"),
        ({"train": {"a\nb": {"agent": "a", "env": "b"}}}, r"the name of a policy is that of its folder"),
        (
            {"primary": ["learned", "margin"]},
            r"^test:\n  the recipe: primary names 'learned', which is not among agents \(margin\)$",
        ),
        ({"primary": ["margin", "margin"]}, "primary names 'margin' twice; name two agents"),
        ({"labels": 10**12}, "labels: 1000000000000 given; input should be less than or equal to 1000000"),
        ({"batches": [3, 7], "labels": 6}, "a batch of 7 given, and labels = 6; give at most as many"),
        ({"batches": [0]}, r"batches\[0\]: 0 given; input should be greater than or equal to 1"),
        ({"seeds": 1}, "seeds: 1 given; input should be greater than or equal to 2"),
        ({"labels": 0}, "labels: 0 given"),
        ({"learners": [{"kind": "softmax"}]}, "softmax-regression"),
        ({"train": {"margin": {"agent": "a", "env": "b", "seeds": []}}}, "seeds"),
        ({"agent": ["margin"]}, 'agent: unknown key, did you mean "agents"'),
    ],
)
def test_a_study_that_makes_no_sense_is_refused(settings: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        study(**settings)


CONDITIONS: list[dict[str, Any]] = [
    {"name": "clean"},
    {"name": "noisy", "annotator": {"kind": "noisy", "rate": 0.5}},
    {"name": "foreign", "contamination": [{"kind": "out-of-domain", "share": 0.4}]},
    {"name": "by chance", "first": "random", "first_size": 7},
]


def test_a_study_is_loaded_only_with_a_protocol_that_there_is(tmp_path: Path) -> None:
    recipe = tmp_path / "mine.toml"
    recipe.write_text('title = "t"\ndata = ["wine"]\nagents = ["margin"]\nprotocol = "pared"\n', encoding="utf-8")
    with pytest.raises(InvalidRecipeError, match='unknown protocol "pared"; did you mean "paired"'):
        load_study(recipe)


def test_every_data_set_learner_and_batch_is_compared_under_every_condition() -> None:
    given = study(data=["wine", "iris"], batches=[1, 2], conditions=CONDITIONS)
    settings = list(given.settings())
    shown = [(each.data_set, each.condition, each.batch) for each in settings]
    names = [each["name"] for each in CONDITIONS]
    assert shown == [(data, name, batch) for data in ("wine", "iris") for name in names for batch in (1, 2)]
    clean, noisy, foreign, chance = (settings[2 * place].circumstances for place in range(4))
    assert clean == {"condition": "clean"}
    assert noisy == {"condition": "noisy", "annotator": {"kind": "noisy", "rate": 0.5}}
    assert foreign == {"condition": "foreign", "contamination": [{"kind": "out-of-domain", "share": 0.4}]}
    assert chance == {"condition": "by chance", "first": {"kind": "random", "size": 7}}


def test_without_conditions_cells_say_nothing_of_circumstances() -> None:
    (setting,) = study().settings()
    assert setting.circumstances == {}
    assert (setting.condition, setting.annotator.kind, setting.contamination) == ("", "perfect", ())


def test_a_condition_has_the_first_sample_of_the_study_unless_it_has_its_own() -> None:
    given = study(first="random", first_size=9, conditions=CONDITIONS)
    assert [each.first["size"] for each in given.settings()] == [9, 9, 9, 7]


def test_a_cell_is_played_under_its_condition() -> None:
    given = study(labels=6, seeds=4, block=4, conditions=CONDITIONS)
    cells = cells_of(given, "margin", "")
    played = {cell["condition"]: Paired().play(cell, Margin()) for cell in cells}
    assert list(played) == [each["name"] for each in CONDITIONS]
    assert [each.condition for each in played.values()] == list(played)
    assert {each.learner for each in played.values()} == {"softmax-regression"}
    clean, noisy, foreign, chance = played.values()
    assert noisy.area().mean() < clean.area().mean()
    assert foreign.wasted is not None
    assert clean.wasted is None
    assert chance.first.tolist() == [7] * 4
    # Paired: the split is the same, and so is the first sample of those that have the study's own.
    assert np.array_equal(noisy.first, clean.first)
    assert len({run_id(cell) for cell in cells}) == 4


@pytest.mark.parametrize(
    ("conditions", "message"),
    [
        ([{"name": "a"}, {"name": "a"}], "conditions names 'a' twice; name each once"),
        ([{"name": "a", "first": "random"}], "needs first_size"),
        ([{"name": " "}], "a condition has no name"),
        ([{"name": "a\rb"}], r'conditions\[0\].name: "a\\rb" given; tables show it: write it on one line'),
        ([{"name": "a", "labels": 3, "batch": 4}], "a batch of 4 given, and labels = 3"),
        ([{"name": "a", "annotator": {"kind": "noisy"}}], "noisy: setting rate is missing; it takes rate: float$"),
        ([{"name": "a", "annotator": {"kind": "nosy"}}], 'unknown annotator "nosy"; did you mean "noisy"'),
        ([{"name": "a", "contamination": [{"kind": "duplicate", "share": 0.1}]}], 'did you mean "duplicates"'),
        ([{"annotator": {"kind": "perfect"}}], r"conditions\[0\].name: missing"),
    ],
)
def test_a_condition_that_makes_no_sense_is_refused(conditions: list[dict[str, Any]], message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        study(conditions=conditions)


def test_environments_have_circumstances_of_their_own(place: Path) -> None:
    with pytest.raises(InvalidRecipeError, match="conditions is given beside envs, which have their own"):
        study(data=[], envs=["seen"], conditions=CONDITIONS)


def test_a_file_under_another_name_is_known_by_its_rows(place: Path) -> None:
    iris = load_data_set("iris")
    lines = [",".join(map(str, row)) for row in np.column_stack([iris.X, iris.y]).tolist()]
    (place / "flowers.csv").write_text(
        "\n".join(["a,b,c,d,species", *lines[:40], *lines[60:]]) + "\n", encoding="utf-8"
    )
    (place / "others.csv").write_text("\n".join(["a,b,c,d,species", *["9" + line for line in lines]]) + "\n", "utf-8")
    check_held_out(trained(data=["wine", "others.csv"]))
    with pytest.raises(InvalidRecipeError, match=r"trained on 'iris', which shares records with 'flowers.csv'"):
        check_held_out(trained(data=["wine", "flowers.csv"]))


def test_whatever_has_a_card_is_held_to_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Margin, "card", {"trained_on": ["wine"]}, raising=False)
    with pytest.raises(InvalidRecipeError, match="agent 'margin' was trained on 'wine'"):
        check_held_out(study(agents=["margin"]))
    assert training_sets(study(agents=["margin", "random"])) == {"margin": ("wine",), "random": ()}


def test_environments_bring_their_data_sets_learner_and_budget(place: Path) -> None:
    text = """[data]
sets = ['wine', 'breast_cancer']
split = { pool = 0.4, validation = 0.2, test = 0.4 }
[learner]
kind = 'ridge'
[budget]
first = 'random'
first_size = 9
labels = 7
batch = 2
"""
    (place / "envs" / "small.toml").write_text(text, encoding="utf-8")
    by_env = parse(StudyRecipe, {"title": "t", "envs": ["small"], "agents": ["margin"], "seeds": 2}, where="test")
    assert by_env.data_sets == ("wine", "breast_cancer")
    (cell, _) = cells_of(by_env, "margin", "x")
    assert (cell["labels"], cell["batch"], cell["learner"]) == (7, 2, {"kind": "ridge"})
    assert cell["first"] == {"kind": "random", "size": 9}
    assert cell["split"]["pool"] == 0.4
    (place / "envs" / "other.toml").write_text(text.replace("'breast_cancer'", "'digits'"), encoding="utf-8")
    both = parse(StudyRecipe, {"title": "t", "envs": ["small", "other"], "agents": ["margin"]}, where="test")
    with pytest.raises(InvalidRecipeError, match="envs 'small' and 'other' both play 'wine'"):
        list(both.settings())


def test_a_setting_at_its_default_leaves_the_cells_ids_alone() -> None:
    (cell,) = cells_of(study(seeds=2), "margin", "x")
    assert set(cell) == {
        "data_set", "fingerprint", "learner", "labels", "batch", "seeds", "split", "agent", "agent_identity"
    }  # fmt: skip
    (other,) = cells_of(study(seeds=2, first="random", first_size=8), "margin", "x")
    assert set(other) - set(cell) == {"first"}
