"""Training many networks of one size at once, each on its own records, with Adam."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.learners.scores import used_width

FIRST_DECAY, SECOND_DECAY, EPSILON = 0.9, 0.999, 1e-8
"""Decay rates of Adam's two moments and what keeps its divisor above zero: the values of Kingma and Ba."""
MOMENTS = 8
"""Epochs whose first parameters are kept, where epochs are recorded."""
_LOWEST = -1e30

Logits = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True, kw_only=True, eq=False)
class TrainingSet:
    """Labelled records of b episodes; n records, D features, k classes."""

    X: Tensor
    """(b, n, D), floating point of the precision that is trained in."""
    y: Tensor
    """(b, n), long."""
    share: Tensor
    """Weight of each record in the mean loss, (b, n): sums to one, zero on padding."""
    allowed: Tensor
    """Classes that may get probability, (b, k), bool."""
    decay: Tensor
    """What the gradient gains for each unit of a weight, (b,); biases are not penalised."""

    def cut(self, episodes: Tensor, features: int, classes: int) -> TrainingSet:
        """Return some episodes, cut to ``features`` and ``classes`` and with no more records than they need."""
        share = self.share[episodes]
        n = int(used_width(share[:, None]).max())
        return TrainingSet(
            X=with_columns(self.X[episodes, :n], features),
            y=self.y[episodes, :n],
            share=share[:, :n],
            allowed=self.allowed[episodes, :classes],
            decay=self.decay[episodes],
        )


@dataclass(frozen=True, kw_only=True, eq=False)
class Trained:
    """Result of training over E epochs."""

    parameters: Tensor
    """(b, P), finite."""
    epochs: Tensor
    """Epochs whose loss was finite, (b,), long: all of them unless training broke down."""
    whole: Tensor
    """False where training broke down, (b,), bool."""
    losses: Tensor
    """Mean log loss at the start of each epoch, (b, E); infinite where training had broken down."""
    record_losses: Tensor
    """Log loss of each record, (b, E, n); (b, 0, n) where it was not asked for, as for the next two."""
    correct: Tensor
    """Whether the record was classified as labelled."""
    margins: Tensor
    """Logit of the label minus the largest other logit."""
    moments: Tensor
    """Parameters at the start of the epochs that :func:`moments` names, (b, S, P); (b, 0, P) where not asked for."""


def with_columns(X: Tensor, features: int) -> Tensor:
    """Return X (..., D) with ``features`` columns: further ones cut off, those that it lacks zero."""
    return X[..., :features] if X.shape[-1] >= features else pad(X, (0, features - X.shape[-1]))


def step_sizes(epochs: int, learning_rate: float) -> list[float]:
    """Return length of Adam's step in each epoch, its moments' bias corrected (Kingma and Ba 2015, end of section 2).

    >>> [round(size, 4) for size in step_sizes(2, 1.0)]
    [0.3162, 0.2353]
    """
    epoch = range(1, epochs + 1)
    return [learning_rate * math.sqrt(1 - SECOND_DECAY**t) / (1 - FIRST_DECAY**t) for t in epoch]


def moments(epochs: int) -> list[int]:
    """Return numbers of at most eight evenly spaced epochs, the first and the last among them.

    >>> moments(50), moments(3)
    ([0, 7, 14, 21, 28, 35, 42, 49], [0, 1, 2])
    """
    return torch.linspace(0, epochs - 1, min(epochs, MOMENTS), dtype=torch.float64).round().long().tolist()


def train(
    logits: Logits, start: Tensor, decayed: Tensor, given: TrainingSet, steps: list[float], *, record: bool
) -> Trained:
    """Train from the parameters ``start`` (b, P), on any device.

    ``logits`` gives those of all episodes (b, n, k) by parameters (b, P); ``decayed`` (P,) is 1 for weights and 0 for
    biases. The loss is the weighted mean log loss plus half of ``decay`` times the sum of squares of the weights. An
    episode whose loss or parameters cease to be finite keeps the last parameters whose loss was finite.
    """
    now, decay = start.clone(), given.decay[:, None] * decayed.to(start)
    before, first, second = now, torch.zeros_like(now), torch.zeros_like(now)
    running = torch.ones(len(now), dtype=torch.bool, device=now.device)
    epochs = torch.zeros_like(running, dtype=torch.long)
    losses, records, passed = [], [], []
    wanted = moments(len(steps)) if record else []
    for epoch, step in enumerate(steps):
        gradient, seen = _slope(logits, now, given, record=record)
        loss = seen[0].mul(given.share).sum(1)
        broken = running & ~loss.isfinite()
        now, running = torch.where(broken[:, None], before, now), running & ~broken
        epochs += running
        if epoch in wanted:
            passed.append(now)
        losses.append(loss.masked_fill(~running, torch.inf))
        if record:
            records.append([torch.where(running[:, None], each, 0) for each in seen])
        gradient = gradient + decay * now
        first.lerp_(gradient, 1 - FIRST_DECAY)
        second.mul_(SECOND_DECAY).addcmul_(gradient, gradient, value=1 - SECOND_DECAY)
        moved = torch.addcdiv(now, first, second.sqrt().add_(EPSILON), value=-step)
        running = running & moved.isfinite().all(1)
        before, now = now, torch.where(running[:, None], moved, now)
    nothing = given.share[:, None][:, :0]
    kept = [torch.stack(each, 1) for each in zip(*records, strict=True)] or [nothing, nothing.bool(), nothing]
    return Trained(
        parameters=now,
        epochs=epochs,
        whole=running,
        losses=torch.stack(losses, 1),
        record_losses=kept[0],
        correct=kept[1].bool(),
        margins=kept[2],
        moments=torch.stack(passed, 1) if passed else now[:, None][:, :0],
    )


def _slope(logits: Logits, rows: Tensor, given: TrainingSet, *, record: bool) -> tuple[Tensor, tuple[Tensor, ...]]:
    """Return the gradient of the mean log loss, (b, P).

    Of each record log loss and, if kept, correctness and margin, (b, n).
    """
    with torch.enable_grad():
        rows = rows.detach().requires_grad_()
        scores = logits(rows, given.X).masked_fill(~given.allowed[:, None], _LOWEST)
        own = scores.gather(2, given.y[..., None])[..., 0]
        real = given.share > 0
        loss = torch.where(real, scores.logsumexp(2) - own, 0.0)
        # No parameter is shared: the gradient of the sum over episodes holds that of each.
        (gradient,) = torch.autograd.grad((loss * given.share).sum(), rows)
    if not record:
        return gradient, (loss.detach(),)
    scores, own = scores.detach(), own.detach()
    others = scores.scatter(2, given.y[..., None], _LOWEST).amax(2)
    right = real & (scores.argmax(2) == given.y)
    return gradient, (loss.detach(), right, torch.where(real, own - others, 0.0))
