"""Labelled records of several episodes, made up to try learners on."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import pad

from alrl.loop.learner import FitReport, Learner

Sizes = tuple[tuple[int, int, int], ...]
"""Labelled records, features and classes of each episode."""
ORDINARY: Sizes = ((12, 3, 3), (20, 5, 2), (9, 8, 4))


@dataclass(frozen=True, kw_only=True, eq=False)
class Example:
    """Arguments of :meth:`Learner.fit`, and records to predict; B episodes, padded."""

    X: Tensor
    """Labelled records, (B, n, D)."""
    y: Tensor
    """Their classes, (B, n), long."""
    weight: Tensor
    """Zero on padding, (B, n)."""
    class_mask: Tensor
    """False where a class is padding, (B, k), bool."""
    others: Tensor
    """Records to predict, (B, N, D)."""

    def fit(self, learner: Learner) -> FitReport:
        """Fit the learner to it."""
        return learner.fit(self.X, self.y, self.weight, self.class_mask)

    def predict(self, learner: Learner) -> Tensor:
        """Return the probabilities of the other records, (B, N, k)."""
        return learner.predict_proba(self.others)

    def take(self, episodes: list[int]) -> Example:
        """Return some episodes, with the padding of all."""
        return Example(**{name: value[episodes] for name, value in vars(self).items()})

    def alone(self, episode: int) -> Example:
        """Return one episode without padding."""
        n = int((self.weight[episode] > 0).sum())
        D = int((self.others[episode] != 0).any(0).sum())
        k = int(self.class_mask[episode].sum())
        one = self.take([episode])
        return Example(
            X=one.X[:, :n, :D],
            y=one.y[:, :n],
            weight=one.weight[:, :n],
            class_mask=one.class_mask[:, :k],
            others=one.others[..., :D],
        )

    def padded(self, records: int, features: int, classes: int) -> Example:
        """With so much more padding."""
        return Example(
            X=pad(self.X, (0, features, 0, records)),
            y=pad(self.y, (0, records)),
            weight=pad(self.weight, (0, records)),
            class_mask=pad(self.class_mask, (0, classes)),
            others=pad(self.others, (0, features)),
        )

    def first(self, records: int) -> Example:
        """With the first labelled records alone: an earlier loop of the same episodes."""
        return Example(
            X=self.X[:, :records],
            y=self.y[:, :records],
            weight=self.weight[:, :records],
            class_mask=self.class_mask,
            others=self.others,
        )


def example(seed: int = 0, sizes: Sizes = ORDINARY, *, unseen: int = 0, spread: float = 1.0) -> Example:
    """Return clusters of records, a cluster a class, the first records of an episode one of each class in turn.

    The last ``unseen`` classes of each episode have no labelled record; ``spread`` is the width of a cluster.

    >>> made = example(sizes=((6, 2, 3), (4, 3, 2)))
    >>> made.X.shape, made.class_mask.sum(1).tolist()
    (torch.Size([2, 6, 3]), [3, 2])
    """
    generator = torch.Generator().manual_seed(seed)
    n, D, k = (max(column) for column in zip(*sizes, strict=True))
    episodes = []
    for count, features, classes in sizes:
        centres = 2 * torch.randn(classes, features, generator=generator)
        y = torch.arange(count) % max(1, classes - unseen)
        X = centres[y] + spread * torch.randn(count, features, generator=generator)
        truth = torch.randint(classes, (15,), generator=generator)
        others = centres[truth] + spread * torch.randn(15, features, generator=generator)
        more, wider = n - count, D - features
        weight = pad(torch.ones(count), (0, more))
        mask = torch.arange(k) < classes
        episodes.append((pad(X, (0, wider, 0, more)), pad(y, (0, more)), weight, mask, pad(others, (0, wider))))
    names = ("X", "y", "weight", "class_mask", "others")
    return Example(**{name: torch.stack(parts) for name, parts in zip(names, zip(*episodes, strict=True), strict=True)})
