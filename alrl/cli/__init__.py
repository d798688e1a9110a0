"""The command line, a module for each command. What is heavy is imported when a command runs."""

from __future__ import annotations

from alrl.cli import (
    bundle,
    distance,
    evaluate,
    explain,
    export,
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
    "distance",
    "evaluate",
    "explain",
    "export",
    "lists",
    "project",
    "quickstart",
    "report",
    "reproduce",
    "run",
    "train",
    "tune",
]
