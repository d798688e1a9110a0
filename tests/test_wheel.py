"""The wheel holds the library, its recipes and what they name: no benchmark, page maker or published result."""

from __future__ import annotations

import re
import zipfile
from pathlib import Path

import pytest
from hatchling.builders.wheel import WheelBuilder

from alrl.agents.recipe import load_agent_recipe
from alrl.envs.recipe import load_env_recipe
from alrl.errors import InvalidRecipeError
from alrl.recipes import files as recipe_files
from alrl.recipes import find
from alrl.studies.loading import load_study
from alrl.studies.protocols import make_protocol

ROOT = Path(__file__).parents[1]
CLASS = re.compile(r"\"([a-z_][\w.]*):([A-Z]\w*)\"")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel, unpacked."""
    folder = tmp_path_factory.mktemp("wheel")
    (built,) = WheelBuilder(str(ROOT)).build(directory=str(folder), versions=["standard"])
    with zipfile.ZipFile(built) as archive:
        archive.extractall(folder / "unpacked")
    return folder / "unpacked"


def test_it_holds_one_package_and_no_result(wheel: Path) -> None:
    (package,) = (path.name for path in wheel.iterdir() if path.suffix != ".dist-info")
    assert package == "alrl"
    assert not [path for path in wheel.rglob("*.py") if {"benchmarks", "generate", "lu2023"} & set(path.parts)]
    assert not list((wheel / "alrl" / "_recipes").rglob("*.csv"))
    assert sum(path.stat().st_size for path in wheel.rglob("*") if path.is_file()) < 6e6


@pytest.mark.parametrize(
    ("kind", "load"), [("agents", load_agent_recipe), ("envs", load_env_recipe), ("experiments", load_study)]
)
def test_every_recipe_in_it_is_parsed_and_names_no_class_outside_it(wheel: Path, kind, load) -> None:
    recipes = sorted((wheel / "alrl" / "_recipes" / kind).glob("*.toml"))
    assert recipes
    for recipe in recipes:
        load(recipe)
        for module, _ in CLASS.findall(recipe.read_text(encoding="utf-8")):
            inside = (wheel / module.replace(".", "/")).with_suffix(".py").is_file()
            assert inside or module.partition(".")[0] == "sklearn", (recipe.name, module)


def test_a_replication_says_that_it_needs_a_checkout(
    wheel: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    assert not (wheel / "alrl" / "_recipes" / "experiments" / "lu2023.toml").exists()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(recipe_files, "_PACKAGE", wheel / "alrl")
    with pytest.raises(InvalidRecipeError, match=r"experiment lu2023 belongs to a replication, .* clone"):
        find("experiments", "lu2023")
    monkeypatch.setattr("alrl.studies.protocols.find_spec", lambda _: None)
    with pytest.raises(InvalidRecipeError, match=r"protocol 'lu2023' replays a published benchmark .* clone"):
        make_protocol("lu2023")
