"""Every recipe in the folders parses, says what it is, and can be built; so do the examples in their READMEs."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any, get_args

import pytest

from alrl import recipes
from alrl.agents.recipe import OracleRecipe, TrainedRecipe, _AgentFile, load_agent_recipe
from alrl.data.sources import data_set_names, load_data_set
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe, load_env_recipe
from alrl.strategies import Strategy
from alrl.studies.loading import load_study
from alrl.studies.study import StudyRecipe
from alrl.studies.study_agents import check_held_out

ROOT = Path(__file__).parents[2]
MODELS: dict[str, Any] = {"envs": EnvRecipe, "agents": _AgentFile, "experiments": StudyRecipe}


def files(kind: str) -> list[Path]:
    return sorted((ROOT / kind).glob("*.toml"))


def named(path: Path) -> str:
    return path.stem


@pytest.mark.parametrize("path", [path for kind in get_args(recipes.RecipeKind) for path in files(kind)], ids=named)
def test_it_says_what_it_is_in_its_first_line(path: Path) -> None:
    assert len(recipes.first_line_comment(path)) > 20


@pytest.mark.parametrize("path", files("envs"), ids=named)
def test_an_environment_is_built_and_its_data_sets_are_known(path: Path) -> None:
    recipe = load_env_recipe(path)
    assert Game(recipe).source.names == recipe.data.names
    known = set(data_set_names())
    for name in recipe.data.sets:
        if name.endswith(".npz"):
            assert load_data_set(name).n_classes >= 2
            continue
        assert name.replace("_", "-") in {each.replace("_", "-") for each in known}
    for family in recipe.data.synthetic:
        assert f"synthetic/{family}-0" in known


@pytest.mark.parametrize("path", files("agents"), ids=named)
def test_an_agent_is_built(path: Path) -> None:
    recipe = load_agent_recipe(path)
    if isinstance(recipe, TrainedRecipe):
        assert recipe.imitation or recipe.evolution or recipe.reinforcement or recipe.regression or recipe.search
        assert recipe.imitation is None or recipe.imitation.expert.build().horizon >= 1
    else:
        assert isinstance(built := recipe.build(), Strategy)
        assert built.peeks == isinstance(recipe, OracleRecipe)


@pytest.mark.parametrize("path", files("experiments"), ids=named)
def test_a_study_compares_on_data_that_no_policy_has_seen(path: Path) -> None:
    study = load_study(path)
    check_held_out(study)
    for name in study.data:
        assert load_data_set(name).n_classes >= 2
    assert study.hypothesis


@pytest.mark.parametrize("kind", get_args(recipes.RecipeKind))
def test_the_examples_of_a_readme_are_recipes(kind: str) -> None:
    examples = re.findall(r"(?ms)^```toml\n(.*?)^```$", (ROOT / kind / "README.md").read_text(encoding="utf-8"))
    assert examples
    for example in examples:
        assert example.startswith("# ")
        recipes.parse(MODELS[kind], tomllib.loads(example), where=f"{kind}/README.md")


def test_the_example_environment_is_the_digits_recipe() -> None:
    example, *_ = re.findall(r"(?ms)^```toml\n(.*?)^```$", (ROOT / "envs" / "README.md").read_text(encoding="utf-8"))
    parsed = recipes.parse(EnvRecipe, tomllib.loads(example), where="README")
    assert recipes.identity(parsed) == recipes.identity(load_env_recipe("digits"))


@pytest.mark.parametrize("path", [ROOT / "README.md", *(ROOT / kind / "README.md" for kind in MODELS)], ids=str)
def test_a_readme_names_files_that_there_are(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    given = re.findall(r"\b((?:envs|agents|experiments)/[\w-]+\.toml)\b", text)
    assert [name for name in given if not (ROOT / name).is_file()] == []


def blocks(path: Path) -> list[str]:
    return re.findall(r"(?ms)^```python\n(.*?)^```$", path.read_text(encoding="utf-8"))


def test_the_examples_of_the_front_page_compile_and_import_what_they_use() -> None:
    result = blocks(ROOT / "README.md")
    assert len(result) >= 3
    for block in result:
        compile(block, "README.md", "exec")
        assert block.startswith("import alrl\n")


def test_the_environment_example_of_the_front_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    (block,) = [block for block in blocks(ROOT / "README.md") if "gymnasium" in block]
    names: dict[str, Any] = {}
    # 256 episodes take a minute on a small machine; eight show the same.
    exec(block.replace("num_envs=256", "num_envs=8"), names)  # noqa: S102
    assert names["observation"]["mask"].shape[0] == 8
    assert names["env"].action_space.n == 32
    names["env"].close()
    names["envs"].close()


def test_the_comparison_of_the_front_page_runs() -> None:
    (block,) = [block for block in blocks(ROOT / "README.md") if "simulate" in block]
    # The full one takes half a minute; the same lines run on a tenth of the work.
    exec(block.replace("labels=60, seeds=50", "labels=5, seeds=5"), {})  # noqa: S102


def test_the_query_of_the_front_page_runs() -> None:
    from sklearn.datasets import load_iris
    from sklearn.linear_model import LogisticRegression

    X, y = load_iris(return_X_y=True)
    X_labelled, y_labelled, X_pool = X[::15], y[::15], X[1::3]
    names: dict[str, Any] = {
        "model": LogisticRegression(max_iter=500).fit(X_labelled, y_labelled),
        "X_pool": X_pool,
        "X_labelled": X_labelled,
        "y_labelled": y_labelled,
    }
    (block,) = [block for block in blocks(ROOT / "README.md") if "policy.query" in block]
    exec(block, names)  # noqa: S102
    assert len(set(names["rows"].tolist())) == 10
