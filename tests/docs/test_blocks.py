"""What the pages show runs: Python as it stands, commands with options that there are, TOML that parses.

A block that cannot run here has its reason before it: ``<!-- not run: needs an accelerator -->``.
"""

from __future__ import annotations

import re
import shlex
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import typer

from alrl.cli import app

ROOT = Path(__file__).parents[2]
PAGES = [
    ROOT / "README.md",
    *sorted(path for path in (ROOT / "docs").rglob("*.md") if path.parent.name != "environments"),
]
BLOCK = re.compile(r"(?ms)^(<!-- not run: [^\n]+ -->\n)?^( *)```(python|sh|toml)\n(.*?)^ *```$")
ELSEWHERE = {
    "README.md": "tests/contracts/test_recipes.py",
    "adapters.md": "tests/adapters/test_docs.py",
    "extending.md": "tests/docs/test_extending.py",
    "reinforcement-learning.md": "tests/envs and tests/agents",
}
"""Pages whose Python is run by tests of their own, on smaller settings."""


def blocks(page: Path, language: str) -> list[str]:
    return [
        "\n".join(line[len(indent) :] for line in text.split("\n"))
        for reason, indent, kind, text in BLOCK.findall(page.read_text(encoding="utf-8"))
        if kind == language and not reason
    ]


def named(page: Path) -> str:
    return str(page.relative_to(ROOT))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize(
    "page", [page for page in PAGES if page.name not in ELSEWHERE and blocks(page, "python")], ids=named
)
def test_python_runs_in_one_namespace_a_page(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, Any] = {}
    for block in blocks(page, "python"):
        exec(compile(block, named(page), "exec"), names)  # noqa: S102


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_commands_and_their_options_exist(page: Path) -> None:
    for block in blocks(page, "sh"):
        for words in commands(block):
            check(words)


def commands(block: str) -> Iterator[list[str]]:
    """Give the words of each line that calls alrl, with their continuations and without comments."""
    for line in block.replace("\\\n", " ").split("\n"):
        words = shlex.split(line.split(" # ")[0].split("  #")[0], comments=True)
        if words[:1] == ["alrl"] and "OPTIONS" not in line:
            yield words[1:]


def check(words: list[str]) -> None:
    command: Any = typer.main.get_command(app)
    while hasattr(command, "commands") and words and not words[0].startswith("-"):
        assert words[0] in command.commands, f"alrl has no command {words[0]!r}"
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in (*parameter.opts, *parameter.secondary_opts)}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0] in {*known, "--help", "--install-completion"}, f"{command.name} has no {word}"


@pytest.mark.parametrize("page", PAGES, ids=named)
def test_toml_parses(page: Path) -> None:
    for block in blocks(page, "toml"):
        tomllib.loads(block)
