"""Modules of one's own beside a recipe, shipped recipes by their paths, and names that hide shipped ones."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from typer.testing import CliRunner

import alrl
from alrl import recipes
from alrl.agents.players import find_strategy, shadowed
from alrl.agents.recipe import load_agent_recipe
from alrl.cli import app
from alrl.envs.recipe import load_env_recipe
from alrl.errors import InvalidRecipeError, ShadowedNameWarning
from alrl.evaluation.evaluate import evaluate
from alrl.recipes import modules
from alrl.studies.loading import load_study
from alrl.studies.runner import Runner

MODULE = """from alrl.strategies import Strategy


class Latest(Strategy):
    name = "latest"

    def score(self, view):
        return view.noise
"""
AGENT = '[agent]\nkind = "rule"\nstrategy = "own_rules_of_a_test:Latest"\n'
STUDY = """title = "Own rules"
data = ["iris"]
agents = ["latest.toml", "margin"]
labels = 3
seeds = 2
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working directory whose modules are forgotten afterwards."""
    path = list(sys.path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(modules, "_offered", {})
    yield tmp_path
    sys.path[:] = path
    sys.modules.pop("own_rules_of_a_test", None)


@pytest.mark.parametrize("inside", ["", "agents"])
def test_a_class_is_found_in_a_module_beside_the_recipe_or_around_its_folder(place: Path, inside: str) -> None:
    (place / "work" / inside).mkdir(parents=True)
    (place / "work" / "own_rules_of_a_test.py").write_text(MODULE, encoding="utf-8")
    (place / "work" / inside / "latest.toml").write_text(AGENT, encoding="utf-8")
    assert find_strategy(place / "work" / inside / "latest.toml").name == "latest"


def test_reading_a_recipe_imports_nothing(place: Path) -> None:
    (place / "own_rules_of_a_test.py").write_text("raise SystemExit", encoding="utf-8")
    (place / "latest.toml").write_text(AGENT, encoding="utf-8")
    recipes.read(place / "latest.toml")
    assert "own_rules_of_a_test" not in sys.modules
    assert str(place.resolve()) not in sys.path


HOSTILE = {
    "agents": AGENT,
    "protocol": 'title = "t"\nprotocol = "own_rules_of_a_test:P"\ndata = ["iris"]\nagents = ["margin"]\n',
    "learner": 'title = "t"\ndata = ["iris"]\nagents = ["margin"]\n[[learners]]\nkind = "own_rules_of_a_test:L"\n',
    "estimator": 'title = "t"\ndata = ["iris"]\nagents = ["margin"]\n[[learners]]\nkind = "scikit-learn"\n'
    'estimator = "own_rules_of_a_test:L"\n',
    "annotator": 'title = "t"\ndata = ["iris"]\nagents = ["margin"]\n[[conditions]]\nname = "c"\n'
    'annotator = { kind = "delayed", annotator = { kind = "own_rules_of_a_test:A" } }\n',
    "contamination": 'title = "t"\ndata = ["iris"]\nagents = ["margin"]\n[[conditions]]\nname = "c"\n'
    'contamination = [{ kind = "own_rules_of_a_test:C" }]\n',
    "action": '[data]\nsets = ["iris"]\n[action]\nkind = "rule"\nrules = ["margin", "own_rules_of_a_test:R"]\n',
    "reward": '[data]\nsets = ["iris"]\n[reward]\nkind = "own_rules_of_a_test:R"\n',
    "expert": '[agent]\nkind = "trained"\n[agent.imitation]\nexpert = { base = "own_rules_of_a_test:R" }\n',
}


def _load(kind: str, file: Path) -> object:
    if kind in {"agents", "expert"}:
        return load_agent_recipe(file)
    return load_env_recipe(file) if kind in {"action", "reward"} else load_study(file)


@pytest.mark.parametrize("kind", HOSTILE)
def test_parsing_imports_no_class_wherever_it_is_named(place: Path, kind: str) -> None:
    (place / "own_rules_of_a_test.py").write_text("raise SystemExit", encoding="utf-8")
    (place / "recipe.toml").write_text(HOSTILE[kind], encoding="utf-8")
    _load(kind, place / "recipe.toml")
    assert "own_rules_of_a_test" not in sys.modules


@pytest.mark.parametrize("kind", HOSTILE)
def test_an_environment_without_code_refuses_every_class_when_it_is_parsed(
    place: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALRL_NO_CODE", "1")
    (place / "own_rules_of_a_test.py").write_text("raise SystemExit", encoding="utf-8")
    (place / "recipe.toml").write_text(HOSTILE[kind], encoding="utf-8")
    with pytest.raises(InvalidRecipeError, match=r"own_rules_of_a_test:.* is code of others, which --no-code"):
        _load(kind, place / "recipe.toml")
    assert "own_rules_of_a_test" not in sys.modules


def test_a_dry_run_counts_cells_without_running_code(place: Path) -> None:
    (place / "own_rules_of_a_test.py").write_text("raise SystemExit", encoding="utf-8")
    for name, text in (("latest.toml", AGENT), ("study.toml", STUDY)):
        (place / name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["run", "study.toml", "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "2 cells: 0 finished, 2 to play" in result.output
    assert "latest.toml need code of others, which was not run" in result.output
    assert "own_rules_of_a_test" not in sys.modules
    assert not (place / "runs").exists()


def test_a_dry_run_says_which_learners_nobody_looked_at(place: Path) -> None:
    learner = '\n[[learners]]\nkind = "scikit-learn"\nestimator = "os:system"\n'
    (place / "study.toml").write_text(STUDY.replace('"latest.toml"', '"random"') + learner, encoding="utf-8")
    result = CliRunner().invoke(app, ["run", "study.toml", "--dry-run"])
    assert result.exit_code == 0, result.output
    assert "os:system not looked at, being code of others: whether the study can build it" in result.output
    result = CliRunner().invoke(app, ["run", "study.toml", "--dry-run", "--json"])
    assert '"unchecked": [\n  "os:system"\n ]' in result.output


def test_the_option_no_code_refuses_a_class_and_is_forgotten_afterwards(place: Path) -> None:
    (place / "own_rules_of_a_test.py").write_text("raise SystemExit", encoding="utf-8")
    for name, text in (("latest.toml", AGENT), ("study.toml", STUDY)):
        (place / name).write_text(text, encoding="utf-8")
    result = CliRunner().invoke(app, ["run", "study.toml", "--no-code"])
    assert (result.exit_code, "own_rules_of_a_test" in sys.modules) == (2, False), result.output
    assert "is code of others" in result.output
    assert os.environ.get("ALRL_NO_CODE", "") == ""


@pytest.mark.filterwarnings("always:Left out:UserWarning")
def test_what_was_stored_is_told_without_the_code_of_others(
    place: Path, monkeypatch: pytest.MonkeyPatch, undrawn: None
) -> None:
    for name, text in (("own_rules_of_a_test.py", MODULE), ("latest.toml", AGENT), ("study.toml", STUDY)):
        (place / name).write_text(text, encoding="utf-8")
    Runner(study=load_study("study.toml"), folder=place / "run", workers=1).run()
    monkeypatch.setenv("ALRL_NO_CODE", "1")
    (place / "own_rules_of_a_test.py").write_text("raise SystemExit", encoding="utf-8")
    left_out = "Left out, for no code of others is run (--no-code): what needs own_rules_of_a_test:Latest."
    said = f"warning: {left_out}"
    for command, line in (("report", said), ("bundle", said), ("verify", "2 cells: 2 sound"), ("export", "")):
        result = CliRunner().invoke(app, [command, "run"])
        assert (result.exit_code, line in result.output) == (0, True), result.output
    assert left_out in (place / "run" / "index.html").read_text(encoding="utf-8")
    result = CliRunner().invoke(app, ["reproduce", "run"])
    assert result.exit_code == 2
    assert "refuse to run: own_rules_of_a_test:Latest; read it, then leave them out, or name other" in result.output


def test_a_learner_that_is_nowhere_stops_a_study_before_it_begins(place: Path) -> None:
    (place / "study.toml").write_text(HOSTILE["learner"], encoding="utf-8")
    with pytest.raises(InvalidRecipeError, match="cannot import own_rules_of_a_test"):
        Runner(study=load_study("study.toml"), folder=place / "run", workers=1).run()
    assert not (place / "run").exists()


@pytest.mark.parametrize("name", ["../../x/y", "/x", "a/b", "..", ".hidden", "a\\\\b"])
def test_a_policy_is_named_as_its_folder_in_the_run_can_be(place: Path, name: str) -> None:
    table = f'[train."{name}"]\nagent = "imitation"\nenv = "quickstart"\n'
    study = f'title = "t"\ndata = ["iris"]\nagents = ["margin", "{name}"]\n{table}'
    (place / "study.toml").write_text(study, encoding="utf-8")
    with pytest.raises(InvalidRecipeError, match="is that of its folder in the run: letters, digits"):
        load_study("study.toml")


def test_the_number_of_synthetic_tasks_is_bounded(place: Path) -> None:
    (place / "env.toml").write_text("[data]\nsynthetic = { categorical = 1000000000 }\n", encoding="utf-8")
    with pytest.raises(InvalidRecipeError, match="1000000000 tasks given; give 0 to 100,000 in all"):
        load_env_recipe("env.toml")


def test_a_module_that_is_nowhere_is_told_where_to_go(place: Path) -> None:
    (place / "latest.toml").write_text(AGENT, encoding="utf-8")
    with pytest.raises(InvalidRecipeError, match=r"cannot import own_rules_of_a_test: .*; put it beside the recipe"):
        find_strategy(place / "latest.toml")


def test_a_study_plays_own_modules_in_processes_of_their_own(place: Path) -> None:
    for name, text in (("own_rules_of_a_test.py", MODULE), ("latest.toml", AGENT), ("study.toml", STUDY)):
        (place / name).write_text(text, encoding="utf-8")
    ran = Runner(study=load_study("study.toml"), folder=place / "run", workers=2).run()
    assert (ran.cells, ran.played, ran.failed) == (2, 2, 0)


@pytest.mark.parametrize("path", ["agents/imitation-ppo.toml", "envs/synthetic.toml", "experiments/headline.toml"])
def test_the_path_of_a_shipped_recipe_is_good_outside_a_checkout(place: Path, path: str) -> None:
    kind = path.partition("/")[0]
    assert recipes.find(kind, path).is_file()  # type: ignore[arg-type]
    with pytest.raises(InvalidRecipeError, match=r"no file work/"):
        recipes.find(kind, f"work/{path}")  # type: ignore[arg-type]


said_by_commands = pytest.mark.filterwarnings("default::alrl.errors.ShadowedNameWarning")


@pytest.fixture
def hidden(place: Path) -> Path:
    (place / "agents").mkdir()
    text = (Path(__file__).parents[1] / "data" / "cases" / "shadowed-rule.toml").read_text(encoding="utf-8")
    (place / "agents" / "margin.toml").write_text(text, encoding="utf-8")
    return place


@said_by_commands
def test_a_name_means_the_same_in_python_and_on_the_command_line(hidden: Path) -> None:
    sentence = "agents/margin.toml plays as 'margin': it hides the rule of that name that comes with alrl"
    how = {"labels": 3, "seeds": 2}
    with pytest.warns(ShadowedNameWarning, match=sentence):
        own = alrl.simulate("iris", "margin", **how)
    assert own.picks.tolist() == alrl.simulate("iris", "random", **how).picks.tolist()
    with pytest.warns(ShadowedNameWarning, match=sentence):
        evaluation = evaluate("random", data=["iris"], against=["margin"], **how)
    assert evaluation.comparisons[0].difference == 0
    assert evaluation.lines[-1] == sentence
    arguments = ["evaluate", "random", "--against", "margin", "--data", "iris", "--labels", "3", "--seeds", "2"]
    result = CliRunner().invoke(app, arguments)
    assert sentence in result.stdout
    assert json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)["shadowed"] == [sentence]


@said_by_commands
@pytest.mark.usefixtures("undrawn")
def test_a_study_says_what_hides_a_shipped_agent(hidden: Path) -> None:
    (hidden / "study.toml").write_text(STUDY.replace("latest.toml", "random"), encoding="utf-8")
    result = CliRunner().invoke(app, ["run", "study.toml", "--workers", "1"])
    assert result.exit_code == 0, result.output
    sentence = "agents/margin.toml plays as 'margin': it hides the rule"
    assert sentence in result.stdout
    settings = json.loads((hidden / "runs" / "study" / "study.json").read_text(encoding="utf-8"))["settings"]
    assert settings["own recipes"].startswith(sentence)
    assert "own recipes" in (hidden / "runs" / "study" / "index.html").read_text(encoding="utf-8")


def test_an_environment_that_hides_a_shipped_one_is_said(place: Path) -> None:
    (place / "envs").mkdir()
    (place / "envs" / "digits.toml").write_text("[data]\nsets = ['iris']\n", encoding="utf-8")
    with pytest.warns(ShadowedNameWarning, match=r"envs/digits\.toml is taken: it hides the environment of that name"):
        assert load_env_recipe("digits").data.names == ("iris",)


def test_what_is_shipped_hides_nothing() -> None:
    assert [name for name in recipes.names("agents") if shadowed(name)] == []


def test_a_module_that_ends_python_where_it_is_imported_is_an_error(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "ending_module_of_a_test.py").write_text("raise SystemExit('imported')\n", encoding="utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    with pytest.raises(InvalidRecipeError, match=r"ends Python where it is imported \(imported\); put that under"):
        recipes.resolve("ending_module_of_a_test:Rule", {})
