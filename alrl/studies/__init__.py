"""Run studies that survive ``kill -9``: data sets x agents x seeds, declared in a recipe, stored cell by cell.

A cell is a function of its specification and of the code that plays it; its SHA-256 is its id. ``store/`` keeps
results, ``executors/`` are the engines that play cells, ``protocols/`` say what a cell plays.
"""

from __future__ import annotations

from alrl.studies.loading import load_study
from alrl.studies.runner import Runner
from alrl.studies.store import Store
from alrl.studies.study import StudyRecipe

__all__ = ["Runner", "Store", "StudyRecipe", "load_study"]
