"""Cost of a loop: labels, training and scoring, counted, timed and turned into money in one account."""

from __future__ import annotations

import math
from dataclasses import dataclass
from numbers import Real
from typing import Self

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.learner import FitReport
from alrl.numerics.noise import uniform
from alrl.numerics.streams import stream_key

_LABELS, _EPOCHS, _SCORED, _LABEL_MONEY, _COMPUTE_MONEY, _SECONDS = range(6)


@dataclass(frozen=True, kw_only=True)
class Prices:
    """Prices of a label, a trained and a scored record, in one currency.

    Raises InvalidRecipeError for a price that is negative or no finite number.

    >>> Prices(label=0.5, spread=1.0)
    Prices(label=0.5, spread=1.0, record_epoch=0.0, scored=0.0, hour=0.0)
    """

    label: float = 1.0
    """Price of a label: on average over records; an annotator's own price multiplies it."""
    spread: float = 0.0
    """How unlike the records are: a label of a record costs ``label * exp(spread * z - spread ** 2 / 2)``, its z
    standard normal by the stream ``price``; 0 makes all labels cost the same."""
    record_epoch: float = 0.0
    """Price of training on one record in one epoch (one iteration of a solver)."""
    scored: float = 0.0
    """Price of predicting one record of the pool."""
    hour: float = 0.0
    """Price of an hour of computing, as measured: above 0, money depends on the machine."""

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            if isinstance(value, bool) or not isinstance(value, Real) or not 0 <= float(value) < math.inf:
                raise InvalidRecipeError(f"prices: {name} = {value!r} given; allowed is 0 or any number above")

    def of_records(self, seed: tuple[int, ...], records: int) -> Tensor:
        """Return the price of the label of each of the ``records`` of the episode of ``seed``, (records,), double."""
        if not self.spread:
            return torch.full((records,), self.label, dtype=torch.float64)
        key = torch.tensor([stream_key(seed, "price")])
        drawn = uniform(key, torch.zeros_like(key), records)[0].double().clamp_min(2.0**-25)
        normal = math.sqrt(2) * torch.erfinv(2 * drawn - 1)
        return self.label * torch.exp(self.spread * normal - self.spread**2 / 2)


@dataclass(frozen=True, kw_only=True, eq=False)
class Cost:
    """Labels, training and scoring used in B episodes, in one round or in all; each item is (B,), double.

    Training is counted in record-epochs, one record in one epoch: retraining from scratch on n labels that came one by
    one makes it grow with the square of n, a warm start makes the epochs few. Both are in this one number.
    """

    items: Tensor
    """All items, (B, 6)."""

    @classmethod
    def nothing(cls, episodes: int, device: torch.device | str = "cpu") -> Self:
        """Nothing yet.

        >>> Cost.nothing(2).money
        tensor([0., 0.], dtype=torch.float64)
        """
        return cls(items=torch.zeros(episodes, 6, dtype=torch.float64, device=device))

    @property
    def labels(self) -> Tensor:
        """Labels that were charged."""
        return self.items[:, _LABELS]

    @property
    def record_epochs(self) -> Tensor:
        """Records trained on, each as often as an epoch (a solver's iteration) passed over it."""
        return self.items[:, _EPOCHS]

    @property
    def scored(self) -> Tensor:
        """Records of the pool that were predicted."""
        return self.items[:, _SCORED]

    @property
    def label_money(self) -> Tensor:
        """Price of the labels."""
        return self.items[:, _LABEL_MONEY]

    @property
    def compute_money(self) -> Tensor:
        """Price of training and scoring, as modelled."""
        return self.items[:, _COMPUTE_MONEY]

    @property
    def money(self) -> Tensor:
        """Price of everything."""
        return self.label_money + self.compute_money

    @property
    def seconds(self) -> Tensor:
        """Seconds as measured: each episode's share of the wall time of the batches that it was played in."""
        return self.items[:, _SECONDS]

    def __add__(self, other: Cost) -> Cost:
        return Cost(items=self.items + other.items)

    def cleared(self, episodes: Tensor) -> Cost:
        """Return the same with nothing in ``episodes`` (long)."""
        items = self.items.clone()
        items[episodes] = 0.0
        return Cost(items=items)


def loop_cost(
    prices: Prices,
    *,
    labels: Tensor,
    label_money: Tensor,
    trained: Tensor,
    scored: Tensor,
    active: Tensor,
    seconds: float,
) -> Cost:
    """Return the cost of one round: labels bought, record-epochs trained and records scored, (B,) each, in ``seconds``.

    Training and scoring count in the episodes of the mask ``active`` (B,) alone, which share the seconds.

    >>> one = torch.tensor([1.0])
    >>> cost = loop_cost(Prices(record_epoch=0.01), labels=one, label_money=one, trained=50 * one, scored=100 * one,
    ...                  active=torch.tensor([True]), seconds=0.5)
    >>> cost.money, cost.seconds
    (tensor([1.5000], dtype=torch.float64), tensor([0.5000], dtype=torch.float64))
    """
    played = active.double()
    trained, scored = trained * played, scored * played
    share = played * (seconds / max(1.0, float(played.sum())))
    compute = trained * prices.record_epoch + scored * prices.scored + share * (prices.hour / 3600)
    columns = (labels.double(), trained, scored, label_money.double(), compute, share)
    return Cost(items=torch.stack(columns, 1))


def record_epochs(fit: FitReport, labelled: Tensor) -> Tensor:
    """Return record-epochs (B,), double, of a fit to ``labelled`` (B,) records.

    As the learner says, else the labelled records times the iterations; a fit in closed form passes over them once.

    >>> twenty = FitReport(iterations=torch.tensor([20]), converged=torch.tensor([True]))
    >>> record_epochs(twenty, torch.tensor([7]))
    tensor([140.], dtype=torch.float64)
    """
    if fit.record_epochs is not None:
        return fit.record_epochs.double()
    return (labelled * fit.iterations.clamp_min(1)).double()


def break_even_compression(*, label: float, record: float, rounds: int) -> float:
    """Return the share of the labels that querying in rounds has to save to pay for its retraining, 0 to 1.

    n labels bought at once cost ``label + record`` each, ``record`` being the price of training on one. In R equal
    rounds of retraining from scratch each record is trained on (R + 1) / 2 times on average. Both cost the same where
    the loop needs only the share ``(label + record) / (label + record (R + 1) / 2)`` of the labels.

    Raises InvalidRecipeError for negative prices, both of them zero, or no round.

    >>> round(break_even_compression(label=1.0, record=0.5, rounds=10), 4)
    0.6
    """
    if min(label, record) < 0 or label + record <= 0 or not math.isfinite(label + record) or rounds < 1:
        raise InvalidRecipeError(
            f"label = {label}, record = {record}, rounds = {rounds} given; prices are 0 or above, one of them above 0,"
            " and rounds at least 1"
        )
    return 1 - (label + record) / (label + record * (rounds + 1) / 2)
