"""Prediction flips ("forgetting"): query where the learner has changed its mind most often."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, earlier_embedding_of, embedding_of
from alrl.numerics.uncertainty import votes
from alrl.strategies.base import Strategy


@dataclass(frozen=True, kw_only=True)
class PredictionFlips(Strategy):
    """Scores a record by the share of the rounds so far in which its predicted class changed, from 0 to 1.

    Toneva et al. 2019, "An empirical study of example forgetting during deep neural network learning", count how often
    a record goes from right to wrong; that takes its label, so here every change of the prediction counts, much as in
    Bengar, Raducanu and van de Weijer 2021, "When deep learners change their mind". Before the second fit all scores
    are zero.

    >>> from alrl.testing.example_view import example_view
    >>> PredictionFlips().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.5000, 0.5000, 1.0000]])
    """

    name: ClassVar[str] = "prediction-flips"
    paper: ClassVar[str] = "Toneva et al. 2019; Bengar et al. 2021"
    cost: ClassVar[str] = "N"

    def score(self, view: PoolView) -> Tensor:
        return view.trajectory.flips / view.trajectory.loops.clamp_min(1)[:, None]


@dataclass(frozen=True, kw_only=True)
class ActivationChange(Strategy):
    """Scores a record by the Euclidean distance between its embedding in this loop and in the last.

    The temporal discrepancy of Huang et al. 2021, "Semi-supervised active learning with temporal output discrepancy",
    measured before the last layer instead of after it. In the first round all scores are zero, and they stay so with a
    learner whose embedding is the features, such as softmax regression: there every record is as good.

    >>> from alrl.testing.example_view import example_view
    >>> ActivationChange().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[2.3475, 1.6160, 1.9948]])
    """

    name: ClassVar[str] = "activation-change"
    paper: ClassVar[str] = "after Huang et al. 2021"
    cost: ClassVar[str] = "N E"
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding", "earlier-embedding"})

    def score(self, view: PoolView) -> Tensor:
        before, now = earlier_embedding_of(view, self.name), embedding_of(view, self.name)
        total = torch.zeros_like(view.noise)
        # Column by column: a sum over the axis rounds equal records differently, by where in the pool they are.
        for moved in (now - before).transpose(1, 2).contiguous().unbind(1):
            total = total + moved * moved
        return total.sqrt()


_LEAST = 1e-7


@dataclass(frozen=True, kw_only=True)
class LossChange(Strategy):
    """Scores a record by how much its log loss has changed between the last round and this one, in nats.

    The difference of losses in time that Huang et al. 2021, "Semi-supervised active learning with temporal output
    discrepancy", bound by the outputs' (see output discrepancy). A loss takes a label, which is not known here: the
    class that the learner predicts now stands for it, as in their loss measure for the unlabelled; of several equally
    likely ones the mean change counts. Probabilities below 1e-7 count as that. In the first round all scores are zero.

    >>> from alrl.testing.example_view import example_view
    >>> LossChange().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[2.9068, 0.8507, 1.1344]])
    """

    name: ClassVar[str] = "loss-change"
    paper: ClassVar[str] = "Huang et al. 2021"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        if len(view.trajectory.probabilities) < 2:
            return torch.zeros_like(view.noise)
        before, now = (probabilities.clamp_min(_LEAST).log() for probabilities in view.trajectory.probabilities[-2:])
        change, predicted = torch.zeros_like(view.noise), votes(view.probabilities[:, None])
        for share, moved in zip(predicted.unbind(-1), (now - before).abs().unbind(-1), strict=True):
            change = change + share * moved
        return change * view.trajectory.remembered[-2][:, None]


@dataclass(frozen=True, kw_only=True)
class OutputDiscrepancy(Strategy):
    """Scores a record by the Euclidean distance between its class probabilities in this loop and in the last.

    Huang et al. 2021, "Semi-supervised active learning with temporal output discrepancy", where it bounds the change of
    the record's loss from below, so that no label is needed. In the first round all scores are zero.

    >>> from alrl.testing.example_view import example_view
    >>> OutputDiscrepancy().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.9768, 0.6423, 0.6930]])
    """

    name: ClassVar[str] = "output-discrepancy"
    paper: ClassVar[str] = "Huang et al. 2021"
    cost: ClassVar[str] = "N k"

    def score(self, view: PoolView) -> Tensor:
        total = torch.zeros_like(view.noise)
        if len(view.trajectory.probabilities) < 2:
            return total
        before, now = view.trajectory.probabilities[-2:]
        for moved in (now - before).transpose(1, 2).contiguous().unbind(1):
            total = total + moved * moved
        return total.sqrt() * view.trajectory.remembered[-2][:, None]


@dataclass(frozen=True, kw_only=True)
class DataMapVariability(Strategy):
    """Scores a record by the standard deviation, over the remembered rounds, of its predicted class's probability.

    Swayamdipta et al. 2020, "Dataset cartography", section 2, of the true class, which is not known here: the class
    that the learner predicts now stands for it, and of several equally likely ones their mean deviation. The deviation
    is that of the population; one round alone has none.

    >>> from alrl.testing.example_view import example_view
    >>> DataMapVariability().score(example_view(seed=0, records=(3,), labelled=(1,)))
    tensor([[0.3483, 0.2706, 0.1608]])
    """

    name: ClassVar[str] = "data-map-variability"
    paper: ClassVar[str] = "Swayamdipta et al. 2020"
    cost: ClassVar[str] = "N k · rounds remembered"

    def score(self, view: PoolView) -> Tensor:
        past = [
            (lived[:, None, None], probabilities)
            for lived, probabilities in zip(view.trajectory.remembered, view.trajectory.probabilities, strict=True)
        ]
        loops = view.trajectory.remembered.sum(0).clamp_min(1)[:, None, None]
        mean, square = torch.zeros_like(view.probabilities), torch.zeros_like(view.probabilities)
        for lived, probabilities in past:
            mean = mean + lived * probabilities / loops
        for lived, probabilities in past:
            square = square + lived * (probabilities - mean).square() / loops
        score, predicted = torch.zeros_like(view.noise), votes(view.probabilities[:, None])
        for share, deviation in zip(predicted.unbind(-1), square.sqrt().unbind(-1), strict=True):
            score = score + share * deviation
        return score
