"""Compare strategies and policies honestly: paired seeds, learning curves, and statistics over data sets.

``simulate`` plays one strategy, ``evaluate`` holds several against each other; ``statistics/`` has the tests.
"""

from __future__ import annotations

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import METRICS, Curves, Metric, aubc
from alrl.evaluation.evaluate import evaluate
from alrl.evaluation.simulate import simulate

__all__ = ["METRICS", "Comparison", "Curves", "Metric", "aubc", "evaluate", "simulate"]
