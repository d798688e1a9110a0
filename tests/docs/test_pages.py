"""The pages on the environments are what the recipes say now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from alrl.envs.recipe import load_env_recipe
from docs.generate.pages import page, pages, write

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / "docs" / "environments"
HEADINGS = [
    "Description",
    "Action Space",
    "Observation Space",
    "Rewards",
    "Starting State",
    "Episode End",
    "Arguments",
    "Version History",
]


@pytest.fixture(scope="module")
def written():
    return pages()


def test_the_pages_are_current(written):
    there = {path.name: path.read_text(encoding="utf-8") for path in FOLDER.glob("*.md")}
    stale = sorted(name for name in written.keys() | there.keys() if written.get(name) != there.get(name))
    assert not stale, "run: python -m docs.generate.pages docs/environments"


def test_every_recipe_has_a_page_with_gymnasiums_headings(written):
    recipes = {f"{path.stem}.md" for path in (ROOT / "envs").glob("*.toml")}
    assert set(written) == recipes | {"index.md"}
    for name in recipes:
        assert re.findall(r"(?m)^## (.+)$", written[name]) == HEADINGS
        assert f"({name})" in written["index.md"]


def test_every_key_of_every_recipe_is_explained(written):
    silent = {line for text in written.values() for line in text.split("\n") if re.search(r"^\| .* \|  \|$", line)}
    assert not silent


def test_the_site_lists_every_page(written):
    text = (ROOT / "mkdocs.yml").read_text(encoding="utf-8")
    (look_up,) = [each["Look up"] for each in yaml.safe_load(text)["nav"] if "Look up" in each]
    (listed,) = [each["Environments"] for each in look_up if "Environments" in each]
    assert {next(iter(each.values())) for each in listed} == {f"environments/{name}" for name in written}


def test_history_and_values_are_told(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text(
        '# An environment of one\'s own\n# v1: a larger budget\nversion = 2\n[data]\nsets = ["iris"]\n'
        '[learner]\nkind = "multilayer-perceptron"\nhidden = [8, 4]\n[budget]\nlabels = 7\n'
    )
    given = page(path, load_env_recipe(path))
    assert "- v2: changed.\n- v1: a larger budget\n- v0: the first version." in given
    assert "| `learner.hidden` | `8`, `4` | units of each hidden layer, at least one layer" in given
    assert "terminated when 7 labels have been bought" in given
    assert "| `budget.labels` | `7` | Labels after the first sample. |" in given
    assert "| `budget.batch` | `1` (default) |" in given


def test_a_page_of_an_environment_that_is_gone_is_removed(tmp_path):
    (tmp_path / "gone.md").write_text("old")
    assert write(tmp_path, {"index.md": "new"}) == [tmp_path / "index.md"]
    assert [path.name for path in tmp_path.iterdir()] == ["index.md"]
