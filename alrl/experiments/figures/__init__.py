"""Figures of a comparison for print, one a file.

Drawn with matplotlib's objects alone, so nothing global changes; the same numbers and versions give the same bytes.
"""

from alrl.experiments.figures.break_even import break_even
from alrl.experiments.figures.canvas import as_svg, save
from alrl.experiments.figures.critical_difference import critical_difference
from alrl.experiments.figures.differences import differences
from alrl.experiments.figures.learning_curves import learning_curves
from alrl.experiments.figures.outcome_matrix import outcome_matrix
from alrl.experiments.figures.performance_profile import performance_profile
from alrl.experiments.figures.pick_embedding import pick_embedding
from alrl.experiments.figures.pick_overlap import pick_overlap
from alrl.experiments.figures.pick_profile import pick_profile
from alrl.experiments.figures.ranking import ranking
from alrl.experiments.figures.style import EMPHASIS, OKABE_ITO, RANDOM, STYLE, Style, styles

__all__ = [
    "EMPHASIS",
    "OKABE_ITO",
    "RANDOM",
    "STYLE",
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
]
