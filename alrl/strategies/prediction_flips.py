"""Prediction flips ("forgetting"): query where the learner has changed its mind most often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class PredictionFlips(Strategy):
    """Scores a record by the share of the loops so far in which its predicted class changed, from 0 to 1.

    Toneva et al. 2019, "An empirical study of example forgetting during deep neural network learning", count how often
    a record goes from right to wrong; that takes its label, so here every change of the prediction counts, much as in
    Bengar, Raducanu and van de Weijer 2021, "When deep learners change their mind". Before the second fit all scores
    are zero.

    >>> from alrl.strategies.example_view import example_view
    >>> PredictionFlips().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.5000, 0.5000, 1.0000]])
    """

    name: ClassVar[str] = "prediction-flips"
    paper: ClassVar[str] = "Toneva et al. 2019; Bengar et al. 2021"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N"

    def score(self, view: PoolView) -> Tensor:
        return view.trajectory.flips / view.trajectory.loops.clamp_min(1)[:, None]
