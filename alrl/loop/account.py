"""The running account of many episodes: what each label of their pools costs, and what has been used so far."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.loop.cost import Cost, Prices, loop_cost, record_epochs
from alrl.loop.labelling import QueryResult
from alrl.loop.learner import FitReport


class Account:
    """Account of B episodes with pools of N records.

    >>> account = Account(Prices(label=2.0), 1, 3)
    >>> account.begin(0, [7], 3)
    >>> fit = FitReport(iterations=torch.tensor([4]), converged=torch.tensor([True]))
    >>> picks, everyone = torch.tensor([[1, -1]]), torch.tensor([True])
    >>> result = QueryResult(answers=picks, charged=picks >= 0, price=None)
    >>> cost = account.charge(picks, result, fit, torch.tensor([5]), everyone, started=time.perf_counter())
    >>> cost.money, account.total.record_epochs, account.total.scored
    (tensor([2.], dtype=torch.float64), tensor([20.], dtype=torch.float64), tensor([3.], dtype=torch.float64))
    """

    def __init__(self, prices: Prices, episodes: int, records: int, device: torch.device | str = "cpu") -> None:
        self.prices = prices
        self.label_price = torch.zeros(episodes, records, dtype=torch.float64, device=device)
        """Price of each record's label, (B, N), double; 0 on padding."""
        self.total = Cost.nothing(episodes, device)
        """What each episode has used so far, its first sample included."""
        self._size = torch.zeros(episodes, dtype=torch.float64, device=device)
        self.fits = torch.zeros(episodes, dtype=torch.long, device=device)
        """Fits of each episode so far, (B,)."""
        self.trained = self.fits.clone()
        """Labelled records of all these fits together, (B,)."""
        self.obtained = self.fits.clone()
        """Labels that were there to be trained on, those of a first sample that was given up included, (B,)."""
        self.unfitted: Tensor | None = None
        """Rounds in which the learner could not be fitted, (B,), long; None where it always can."""
        self._trained_on = self.fits.clone()

    def begin(self, episode: int, seed: Sequence[int], records: int) -> None:
        """Set the prices of an episode's records; what it has used stays."""
        self.label_price[episode] = 0.0
        self.label_price[episode, :records] = self.prices.of_records(tuple(seed), records).to(self.label_price.device)
        self._size[episode] = records
        self._trained_on[episode] = 0
        if self.unfitted is not None:
            # Not in place: curves may hold it.
            self.unfitted = self.unfitted.index_fill(0, torch.tensor(episode, device=self.unfitted.device), 0)

    def clear(self, episodes: Tensor) -> None:
        """Nothing is used yet in ``episodes`` (long)."""
        self.total = self.total.cleared(episodes)
        # Not in place: a view may hold them.
        self.fits, self.trained, self.obtained = (
            count.index_fill(0, episodes, 0) for count in (self.fits, self.trained, self.obtained)
        )

    def charge(
        self, picks: Tensor, result: QueryResult, fit: FitReport, labelled: Tensor, active: Tensor, *, started: float
    ) -> Cost:
        """Add one round to the account: the ``result`` of the queries at ``picks`` (B, b), and a fit.

        ``labelled`` (B,) counts the fitted records. Only the episodes of the mask ``active`` (B,) trained and
        scored their pools; all of it since the time ``started``. Returns the cost of that round.
        """
        paid = result.charged
        money = self.label_price.gather(1, picks.clamp_min(0)).masked_fill(~paid, 0.0)
        money = money if result.price is None else money * result.price
        cost = loop_cost(
            self.prices,
            labels=paid.sum(1),
            label_money=money.sum(1),
            trained=record_epochs(fit, labelled),
            scored=self._size,
            active=active,
            seconds=time.perf_counter() - started,
        )
        self.total = self.total + cost
        self.fits = self.fits + active
        self.trained = self.trained + labelled * active
        self.obtained = self.obtained + (labelled - self._trained_on) * active
        if fit.fitted is not None:
            before = torch.zeros_like(self.fits) if self.unfitted is None else self.unfitted
            self.unfitted = before + (~fit.fitted & active)
        self._trained_on = torch.where(active, labelled, self._trained_on)
        return cost

    def work(self, fit: FitReport, each: Tensor | None) -> Tensor | None:
        """Return modelled multiply-adds of a round, (B,).

        Those of the fit and ``each`` (B,) for a record of the pool.
        """
        return None if fit.multiply_adds is None or each is None else fit.multiply_adds + each * self._size

    def widen(self, records: int) -> None:
        """Make room for ``records`` more."""
        self.label_price = torch.nn.functional.pad(self.label_price, (0, records))


@dataclass(frozen=True, kw_only=True, eq=False)
class Round:
    """One round of B episodes: what was picked, what the annotator said, what fitting took."""

    picks: Tensor
    """Pool positions of the queried records, (B, b), long; -1 for none."""
    answers: Tensor
    """Labels that came with this round, (B, b), long; -1 for none: no query, no answer, or a late one."""
    spent: Tensor
    """Labels bought so far after the first sample, (B,), long."""
    fit: FitReport
    """What the learner's refit did."""
    multiply_adds: Tensor | None
    """Modelled multiply-adds of the round, (B,), double: the fit and the pass over the pool; None for a learner without
    a model of its work."""
    cost: Cost
    """What this round used: labels, record-epochs, records scored, money and measured seconds."""
    total: Cost
    """The same of the episode so far, the first sample and its fit included."""
    seconds: float
    """Wall time of the round: annotation, refit and the pass over the pool."""
