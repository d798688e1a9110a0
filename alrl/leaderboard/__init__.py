"""Leaderboards: a suite as data, submissions that play it, and a board that plays parts of them again.

Others may import :func:`load_suite`, :func:`submit` and :func:`leaderboard`. What is in a submission is a stranger's:
files are copied within bounds and by their sums, tables are those of a results file and nothing else, and no class that
it names is imported unless the reader says so.
"""

from __future__ import annotations

from alrl.leaderboard.board import leaderboard
from alrl.leaderboard.manifest import SubmissionError
from alrl.leaderboard.standings import Leaderboard
from alrl.leaderboard.submission import Submitted, submit
from alrl.leaderboard.suite import SUITE, SuiteRecipe, load_suite

__all__ = [
    "SUITE",
    "Leaderboard",
    "SubmissionError",
    "Submitted",
    "SuiteRecipe",
    "leaderboard",
    "load_suite",
    "submit",
]
