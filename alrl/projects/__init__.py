"""Labelling with people: a project is one folder with an append-only log, from which everything else follows.

Strategies and policies are asked through the same view as in simulation. ``docs/projects.md`` tells the whole.
"""

from __future__ import annotations

from alrl.projects.answers import IRRELEVANT, Answer
from alrl.projects.project import Project
from alrl.projects.telling import Receipt

__all__ = ["IRRELEVANT", "Answer", "Project", "Receipt"]
