"""A learner to show, and to check, querying strategies that refit with; no other layer's learner is at hand here."""

from __future__ import annotations

import copy
from typing import ClassVar, Self

import torch
from torch import Tensor
from torch.nn.functional import one_hot

from alrl.loop.learner import FitReport, Learner


class ExampleLearner(Learner):
    """The nearer the mean of a class's labelled records, the likelier the class: a softmax of minus squared distance.

    A class without labelled records has probability zero; with none labelled at all every class is as likely. Every fit
    is from scratch, so that one unfitted serves any number of episodes.

    >>> X, y = torch.tensor([[[0.0], [1.0]]]), torch.tensor([[0, 1]])
    >>> learner = ExampleLearner()
    >>> _ = learner.fit(X, y, torch.ones(1, 2), torch.ones(1, 3, dtype=torch.bool))
    >>> learner.predict_proba(torch.tensor([[[0.5]]]))
    tensor([[[0.5000, 0.5000, 0.0000]]])
    """

    name: ClassVar[str] = "example"

    def __init__(self) -> None:
        self._fit: tuple[Tensor, Tensor] | None = None

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        of_class = one_hot(y, class_mask.shape[1]) * weight[..., None].double()
        size = of_class.sum(1)
        allowed = torch.where((size > 0).any(1, keepdim=True), size > 0, class_mask)
        centre = of_class.transpose(1, 2) @ X.double() / size.clamp_min(1e-12)[..., None]
        self._fit = (centre, allowed)
        count = torch.zeros(len(X), dtype=torch.long)
        return FitReport(iterations=count, converged=count == 0)

    def predict_proba(self, X: Tensor) -> Tensor:
        if self._fit is None:
            raise AssertionError("ExampleLearner is asked before its first fit")
        centre, allowed = self._fit
        apart = (X.double()[:, :, None] - centre[:, None]).square().sum(-1)
        return (-apart).masked_fill(~allowed[:, None], -torch.inf).softmax(-1).to(X.dtype)

    def restart(self, episodes: Tensor) -> None:
        """Nothing to forget: every fit is from scratch."""

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        part._fit = None if self._fit is None else (self._fit[0][episodes], self._fit[1][episodes])
        return part

    def fresh(self) -> Self:
        return type(self)()
