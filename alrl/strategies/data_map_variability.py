"""Data-map variability: query where the learner's confidence has moved most over the last loops."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.disagreement import votes
from alrl.loop.pool_view import PoolView
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class DataMapVariability(Strategy):
    """Scores a record by the standard deviation, over the remembered loops, of its predicted class's probability.

    Swayamdipta et al. 2020, "Dataset cartography", section 2, of the true class, which is not known here: the class
    that the learner predicts now stands for it, and of several equally likely ones their mean deviation. The deviation
    is that of the population; one loop alone has none.

    >>> from alrl.strategies.example_view import example_view
    >>> DataMapVariability().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.3483, 0.2706, 0.1608]])
    """

    name: ClassVar[str] = "data-map-variability"
    paper: ClassVar[str] = "Swayamdipta et al. 2020"
    batch: ClassVar[str] = "highest scores"
    cost: ClassVar[str] = "N k · loops remembered"

    def score(self, view: PoolView) -> Tensor:
        past = [
            (lived[:, None, None], said)
            for lived, said in zip(view.trajectory.remembered, view.trajectory.probabilities, strict=True)
        ]
        loops = view.trajectory.remembered.sum(0).clamp_min(1)[:, None, None]
        mean, square = torch.zeros_like(view.probabilities), torch.zeros_like(view.probabilities)
        for lived, said in past:
            mean = mean + lived * said / loops
        for lived, said in past:
            square = square + lived * (said - mean).square() / loops
        score, predicted = torch.zeros_like(view.noise), votes(view.probabilities[:, None])
        for share, deviation in zip(predicted.unbind(-1), square.sqrt().unbind(-1), strict=True):
            score = score + share * deviation
        return score
