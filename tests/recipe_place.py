"""A working directory whose recipes are a test's own."""

from __future__ import annotations

from pathlib import Path

import pytest


def recipe_place(folder: Path, monkeypatch: pytest.MonkeyPatch, *, agent: str, env: str) -> Path:
    """Work in ``folder``, where the agent and the environment ``mine`` are those given."""
    for kind, text in (("agents", agent), ("envs", env)):
        (folder / kind).mkdir()
        (folder / kind / "mine.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(folder)
    return folder
