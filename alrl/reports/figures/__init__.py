"""Figures of a comparison for print, one a file.

Drawn with matplotlib's objects alone, so nothing global changes; the same numbers and versions give the same bytes.
"""

from alrl.reports.figures.break_even import break_even
from alrl.reports.figures.canvas import as_svg, save, versions
from alrl.reports.figures.critical_difference import critical_difference
from alrl.reports.figures.differences import differences
from alrl.reports.figures.learning_curves import learning_curves
from alrl.reports.figures.outcome_matrix import outcome_matrix
from alrl.reports.figures.performance_profile import performance_profile
from alrl.reports.figures.picks import pick_embedding, pick_overlap, pick_profile
from alrl.reports.figures.ranking import ranking
from alrl.reports.figures.style import EMPHASIS, OKABE_ITO, RANDOM, STYLE, Looks, Style, styles

__all__ = [
    "EMPHASIS",
    "OKABE_ITO",
    "RANDOM",
    "STYLE",
    "Looks",
    "Style",
    "as_svg",
    "break_even",
    "critical_difference",
    "differences",
    "learning_curves",
    "outcome_matrix",
    "performance_profile",
    "pick_embedding",
    "pick_overlap",
    "pick_profile",
    "ranking",
    "save",
    "styles",
    "versions",
]
