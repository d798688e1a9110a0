"""The command line, a module for each command. What is heavy is imported when a command runs."""

from __future__ import annotations

from alrl.cli import (
    bundle,
    card,
    distance,
    evaluate,
    explain,
    export,
    leaderboard,
    lists,
    project,
    quickstart,
    report,
    reproduce,
    run,
    train,
    tune,
)
from alrl.cli.app import app

__all__ = [
    "app",
    "bundle",
    "card",
    "distance",
    "evaluate",
    "explain",
    "export",
    "leaderboard",
    "lists",
    "project",
    "quickstart",
    "report",
    "reproduce",
    "run",
    "train",
    "tune",
]
