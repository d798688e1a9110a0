"""Statistics of a comparison: seeds tell about one data set, data sets are the unit of every test across them.

Each function that resamples takes a NumPy generator: give it that of a named stream
(:func:`alrl.numerics.streams.generator`).
"""

from alrl.evaluation.statistics.across_data_sets import (
    ROPE,
    SignedRank,
    bayesian_signed_rank,
    mean_difference,
    midmean_over_data_sets,
)
from alrl.evaluation.statistics.aggregates import Profile, midmean_difference, pairs_won, performance_profile
from alrl.evaluation.statistics.budget import break_even, deficiency, label_saving, labels_needed, log_area
from alrl.evaluation.statistics.estimate import FEWEST_SEEDS, Estimate, WinTieLoss, paired_difference
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
from alrl.evaluation.statistics.ratings import elo, improvability

__all__ = [
    "FEWEST_SEEDS",
    "ROPE",
    "SMALLEST_SAMPLE",
    "Estimate",
    "Friedman",
    "Profile",
    "SignedRank",
    "WinTieLoss",
    "bayesian_signed_rank",
    "break_even",
    "cliques",
    "deficiency",
    "elo",
    "friedman",
    "holm",
    "improvability",
    "label_saving",
    "labels_needed",
    "log_area",
    "mean_difference",
    "mean_ranks",
    "midmean_difference",
    "midmean_over_data_sets",
    "nemenyi",
    "paired_difference",
    "pairs_won",
    "performance_profile",
    "ranks",
    "wilcoxon_holm",
]
