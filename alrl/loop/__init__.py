"""Play the loop of active learning for many episodes at once: query, answer, refit, score.

:class:`Simulator` is the loop; :class:`PoolView` is all that strategies, features and policies may see of it;
:class:`Learner` is the contract of what is taught; annotators answer (``annotators/``), and the account says what each
round cost. A view holds no hidden label, and neither validation nor test records.
"""

from __future__ import annotations

from alrl.deprecation import moved_names
from alrl.loop.account import Round
from alrl.loop.annotators import Annotator, NoisyAnnotator, PerfectAnnotator, make_annotator
from alrl.loop.cost import Cost, Prices
from alrl.loop.learner import FitReport, Learner
from alrl.loop.pool_view import PoolView
from alrl.loop.simulator import Simulator

__all__ = [
    "Annotator",
    "Cost",
    "FitReport",
    "Learner",
    "NoisyAnnotator",
    "PerfectAnnotator",
    "PoolView",
    "Prices",
    "Round",
    "Simulator",
    "make_annotator",
]

__getattr__ = moved_names(
    __name__,
    dict.fromkeys(
        (
            "DataSet",
            "Split",
            "data_set_names",
            "draw_first_sample",
            "draw_split",
            "family",
            "load_data_set",
            "related",
            "relatives",
            "synthetic",
        ),
        "alrl.data",
    ),
)
