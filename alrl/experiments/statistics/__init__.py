"""Statistics of a comparison: seeds tell about one data set, data sets are the unit of every test across them.

Each function that resamples takes a NumPy generator: give it that of a named stream
(:func:`alrl.loop.streams.generator`).
"""

from alrl.experiments.statistics.aggregates import (
    Profile,
    interquartile_mean,
    performance_profile,
    probability_of_improvement,
)
from alrl.experiments.statistics.budget import break_even, deficiency, label_saving, labels_needed, log_area
from alrl.experiments.statistics.estimate import Estimate, Outcome
from alrl.experiments.statistics.paired import paired_difference
from alrl.experiments.statistics.ranks import (
    SMALLEST_SAMPLE,
    Friedman,
    cliques,
    friedman,
    mean_ranks,
    nemenyi,
    ranks,
)
from alrl.experiments.statistics.signed_rank import holm, wilcoxon_holm

__all__ = [
    "SMALLEST_SAMPLE",
    "Estimate",
    "Friedman",
    "Outcome",
    "Profile",
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
