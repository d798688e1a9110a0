"""The contest: policies that buy, batches of fixed size to the budget's end, constants tuned in training, hindsight."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.evaluation.curves import Interval, mean_interval
from experiments.net_value.ledger import Ledger

HINDSIGHT = "hindsight (upper bound)"
"""The best size and end of each episode by its own test part: an upper bound that no strategy can reach."""


@dataclass(frozen=True, kw_only=True)
class Constants:
    """A size and a number of labels that are bought whatever the loop looks like."""

    size: int
    labels: int

    @property
    def name(self) -> str:
        """In tables."""
        return f"margin {self.size}, tuned to end at {self.labels}"


@dataclass(frozen=True, kw_only=True, eq=False)
class Entry:
    """Result of one player at one price; D data sets, each the mean over its episodes."""

    price: float
    """Of a label."""
    player: str
    net: Tensor
    """Net value on each data set, (D,), double."""
    labels: float
    """Labels bought, mean over data sets."""
    spread: float
    """Standard deviation of the labels bought, over all episodes."""
    loops: float
    gain: float
    """Rise of the metric from the first sample to the end, in points."""

    def less(self, other: Entry) -> Interval:
        """Return mean over data sets of this net value less another player's.

        With Student's 95 % interval over data sets.
        """
        return mean_interval((self.net - other.net).numpy())


def tune(ledgers: Mapping[int, Ledger], *, value: float, price: float) -> Constants:
    """Return the size and the number of labels of largest mean net value, by ledgers (size: ledger) of training tasks.

    >>> ledger = Ledger(labels=torch.tensor([[0.0, 5.0, 10.0]]), compute=torch.zeros(1, 3),
    ...                 score=torch.tensor([[0.5, 0.7, 0.72]]))
    >>> tune({5: ledger}, value=100.0, price=1.0)
    Constants(size=5, labels=5)
    """
    best, chosen = -torch.inf, Constants(size=min(ledgers), labels=0)
    for size, ledger in ledgers.items():
        net = ledger.net(value, price).mean(0)
        column = int(net.argmax())
        if float(net[column]) > best:
            best, chosen = float(net[column]), Constants(size=size, labels=int(ledger.labels[:, column].max()))
    return chosen


def entry(
    player: str, ledger: Ledger, data_sets: Sequence[str], *, value: float, price: float, until: Tensor | None = None
) -> Entry:
    """Return what a ledger comes to; ``until`` (B,) are the columns at which its episodes end, the last if left out."""
    last = ledger.labels.shape[1] - 1
    column = torch.full((len(ledger.labels),), last) if until is None else until
    at = column[:, None]
    net, labels = (each.gather(1, at)[:, 0] for each in (ledger.net(value, price), ledger.labels))
    bought = (ledger.labels.diff(dim=1) > 0) & (torch.arange(last) < at)
    gain = ledger.score.gather(1, at)[:, 0] - ledger.score[:, 0]
    return Entry(
        price=price,
        player=player,
        net=by_data_set(net, data_sets),
        labels=float(by_data_set(labels, data_sets).mean()),
        spread=float(labels.std(correction=0)),
        loops=float(by_data_set(bought.sum(1).double(), data_sets).mean()),
        gain=100 * float(by_data_set(gain, data_sets).mean()),
    )


def hindsight(ledgers: Mapping[int, Ledger], data_sets: Sequence[str], *, value: float, price: float) -> Entry:
    """Return the upper bound: the best size and end of each episode by what the test part says."""
    nets = [ledger.net(value, price).max(1) for ledger in ledgers.values()]
    which = torch.stack([net.values for net in nets]).argmax(0)
    chosen = list(ledgers.values())
    rows = torch.arange(len(which))
    ends = torch.stack([net.indices for net in nets])[which, rows]
    picked = [(chosen[int(number)], int(row), int(end)) for number, row, end in zip(which, rows, ends, strict=True)]
    parts = [
        Ledger(**{name: getattr(each, name)[row : row + 1, : end + 1] for name in ("labels", "compute", "score")})
        for each, row, end in picked
    ]
    return entry(HINDSIGHT, Ledger.joined(parts), data_sets, value=value, price=price)


def by_data_set(values: Tensor, data_sets: Sequence[str]) -> Tensor:
    """Return the mean of ``values`` (B,) over the episodes of each data set, (D,), in the order of the names.

    >>> by_data_set(torch.tensor([1.0, 5.0, 3.0]), ["b", "a", "b"])
    tensor([5., 2.])
    """
    names = sorted(set(data_sets))
    at = torch.tensor([names.index(name) for name in data_sets])
    total = torch.zeros(len(names), dtype=values.dtype).index_add(0, at, values)
    return total / torch.bincount(at, minlength=len(names))
