"""What the project says of itself in several places agrees."""

from __future__ import annotations

import re
import tomllib
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, get_args

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from alrl.recipes import RecipeKind

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
GROUPS = [PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"].values()]
RANGES = [requirement for group in GROUPS for requirement in group]


def pins() -> dict[str, str]:
    lines = (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines()
    return dict(line.split("==") for line in lines if not line.startswith("#"))


@pytest.mark.parametrize("text", RANGES)
def test_every_range_holds_the_version_that_was_tested(text: str) -> None:
    requirement = Requirement(text)
    assert requirement.specifier.contains(pins()[canonicalize_name(requirement.name)])


def test_torch_is_pinned_without_its_build() -> None:
    assert pins()["torch"] == "2.13.0"


def test_the_citation_names_the_version() -> None:
    (version,) = re.findall(r"(?m)^version: (.+)$", (ROOT / "CITATION.cff").read_text(encoding="utf-8"))
    assert version == PROJECT["project"]["version"]


def test_the_wheel_carries_every_recipe_and_no_published_result() -> None:
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert wheel["sources"] == {kind: f"alrl/_recipes/{kind}" for kind in get_args(RecipeKind)}
    for kind in get_args(RecipeKind):
        inside = {
            path.name: any(fnmatch(f"/{kind}/{path.name}", pattern) for pattern in wheel["include"])
            for path in (ROOT / kind).iterdir()
        }
        assert inside == {name: (ROOT / kind / name).is_file() for name in inside}


@pytest.mark.parametrize("kind", get_args(RecipeKind))
def test_the_examples_of_a_folder_are_toml(kind: str) -> None:
    examples = re.findall(r"(?ms)^```toml\n(.*?)^```$", (ROOT / kind / "README.md").read_text(encoding="utf-8"))
    assert examples
    assert all(tomllib.loads(example) for example in examples)
