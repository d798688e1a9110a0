"""Statistics of a comparison: seeds tell about one data set, data sets are the unit of every test across them.

Each function that resamples takes a NumPy generator: give it that of a named stream
(:func:`alrl.numerics.streams.generator`).
"""

from alrl.evaluation.statistics.aggregates import (
    Profile,
    interquartile_mean,
    performance_profile,
    probability_of_improvement,
)
from alrl.evaluation.statistics.budget import break_even, deficiency, label_saving, labels_needed, log_area
from alrl.evaluation.statistics.estimate import Estimate, WinTieLoss, paired_difference
from alrl.evaluation.statistics.ranks import (
    SMALLEST_SAMPLE,
    Friedman,
    cliques,
    friedman,
    holm,
    mean_ranks,
    nemenyi,
    ranks,
    wilcoxon_holm,
)

__all__ = [
    "SMALLEST_SAMPLE",
    "Estimate",
    "Friedman",
    "Profile",
    "WinTieLoss",
    "break_even",
    "cliques",
    "deficiency",
    "friedman",
    "holm",
    "interquartile_mean",
    "label_saving",
    "labels_needed",
    "log_area",
    "mean_ranks",
    "nemenyi",
    "paired_difference",
    "performance_profile",
    "probability_of_improvement",
    "ranks",
    "wilcoxon_holm",
]
