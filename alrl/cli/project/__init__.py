"""``alrl project``: labelling with people, a module for each group of commands."""

from __future__ import annotations

from alrl.cli.project import change, create, label, look, rehearse, serve, versions
from alrl.cli.project.group import project

__all__ = ["change", "create", "label", "look", "project", "rehearse", "serve", "versions"]
