"""BAIT: query the batch whose Fisher information leaves least of the pool's open."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, embedding_of
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, completed, filled, first_of_copies
from alrl.strategies.expected_change import checked_counts
from alrl.strategies.randomness import fresh

_STEP = 1 << 16


@dataclass(frozen=True, kw_only=True)
class BAIT(Strategy):
    """Choose records greedily so that tr((sum of chosen and labelled I + ridge)^-1 · the pool's I) becomes least.

    Ash, Goel, Krishnamurthy and Kakade 2021, "Gone fishing: neural active learning with Fisher embeddings". I(x) is the
    Fisher information of the last layer, here of the predicted class against the rest, p (1 - p) h h', E by E numbers,
    where the paper has k E by k E (the variant of Huseljic et al. 2024, by which it scales). A batch is chosen forward
    to ``oversampled`` times its size, then the least useful are put back, as published. A score is the share of the
    trace that the record's information alone would take off.

    Raises InvalidRecipeError for ``candidates`` or ``others`` below 1, or a ``ridge`` or ``oversampled`` out of range.

    >>> from alrl.testing.example_view import example_view
    >>> BAIT().select(example_view(seed=0, records=(8,), labelled=(2,)), 3)
    tensor([[7, 2, 1]])
    """

    name: ClassVar[str] = "bait"
    paper: ClassVar[str] = "Ash et al. 2021"
    batch: ClassVar[str] = "forward to twice its size, then backward"
    cost: ClassVar[str] = "4 m 1,024 E² + E³"
    ordered: ClassVar[bool] = False
    needs: ClassVar[frozenset[Need]] = frozenset({"embedding"})

    ridge: float = 1.0
    """What is added to the diagonal of the information."""
    oversampled: float = 2.0
    """Records chosen forward for each one of the batch."""
    candidates: int = 1024
    """Available records that may be queried, at random where there are more."""
    others: int = 2048
    """Records that the pool's information is taken from, at random where there are more."""

    def __post_init__(self) -> None:
        checked_counts(self.name, candidates=self.candidates, others=self.others)
        if not self.ridge > 0 or not self.oversampled >= 1:
            raise InvalidRecipeError(
                f"bait: ridge = {self.ridge}, oversampled = {self.oversampled} given; they are above 0 and at least 1"
            )

    def score(self, view: PoolView) -> Tensor:
        embedding = embedding_of(view, self.name)
        score = torch.full(view.exists.shape, -1.0, dtype=torch.float64)
        for b in range(len(score)):
            rows, X, pool, inverse = self._episode(view, embedding, b)
            if len(rows):
                score[b, rows] = torch.from_numpy(_taken_off(X, inverse, pool) / max(np.trace(inverse @ pool), 1e-300))
        return score.to(view.noise.device)

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        if checked(count) == 1:
            return super().select(view, 1)
        embedding = embedding_of(view, self.name)
        picks = torch.full((len(view.exists), count), -1)
        for b in range(len(picks)):
            rows, X, pool, inverse = self._episode(view, embedding, b)
            if view.geometry.copies is not None:
                distinct = first_of_copies(rows, view, b)
                rows, X = rows[distinct], X[distinct.numpy()]
            chosen = greedy(X, inverse, pool, min(count, len(rows)), self.oversampled, view.noise[b, rows].numpy())
            picks[b, : len(chosen)] = rows[chosen]
        if view.geometry.copies is not None:
            return completed(picks.to(view.noise.device), self.score(view), view, count)
        return filled([picks.to(view.noise.device)], view, count)

    def _episode(
        self, view: PoolView, embedding: Tensor, b: int
    ) -> tuple[Tensor, NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
        """Return candidates' positions (n,), their scaled rows (n, E + 1).

        The pool's information, inverse of the known.
        """
        first = view.probabilities[b].amax(-1).double()
        scale = (first * (1 - first)).clamp_min(0).sqrt()
        H = torch.nn.functional.pad(embedding[b].double(), (0, 1), value=1.0) * scale[:, None]
        rows = top(fresh(view.noise, view.selected.sum(1) + _STEP), view, min(self.candidates, H.shape[0]))[b]
        rows = rows[rows >= 0]
        chance = fresh(view.noise, _STEP - 1)[b].masked_fill(~view.exists[b], -1)
        some = chance.topk(min(self.others, len(chance)))
        pool = H[some.indices[some.values >= 0]]
        labelled = H[view.known[b]]
        known = labelled.T @ labelled + self.ridge * torch.eye(H.shape[1], dtype=torch.float64)
        information = (pool.T @ pool / max(len(pool), 1)).cpu().numpy()
        return rows, H[rows].cpu().numpy(), information, np.linalg.inv(known.cpu().numpy())


def _taken_off(X: NDArray[np.float64], inverse: NDArray[np.float64], pool: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return what each row of X (n, E), joining what is chosen, takes off the trace (Sherman and Morrison 1950).

    (n,).
    """
    A = X @ inverse
    taken: NDArray[np.float64] = ((A @ pool) * A).sum(1) / (1 + (A * X).sum(1))
    return taken


def greedy(
    X: NDArray[np.float64],
    inverse: NDArray[np.float64],
    pool: NDArray[np.float64],
    count: int,
    oversampled: float,
    noise: NDArray[np.float32],
) -> NDArray[np.int64]:
    """Return the rows of X (n, E) chosen forward, to a multiple of the count, then backward, in order of choice.

    Of rows of equal worth that of more ``noise`` (n,) is taken, and that of less put back.
    """
    chosen: list[int] = []
    inverse = inverse.copy()
    for _ in range(min(round(oversampled * count), len(X))):
        taken = _taken_off(X, inverse, pool)
        taken[chosen] = -np.inf
        pick = int(np.lexsort((noise, taken))[-1])
        chosen.append(pick)
        A = inverse @ X[pick]
        inverse -= np.outer(A, A) / (1 + A @ X[pick])
    while len(chosen) > count:
        # What putting a row back would add to the trace.
        rows = X[chosen]
        A = rows @ inverse
        added = ((A @ pool) * A).sum(1) / np.maximum(1 - (A * rows).sum(1), 1e-12)
        out = int(np.lexsort((noise[chosen], added))[0])
        back = A[out]
        inverse += np.outer(back, back) / max(1 - back @ rows[out], 1e-12)
        del chosen[out]
    return np.array(chosen, dtype=np.int64)
