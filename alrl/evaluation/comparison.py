"""Learning curves of several strategies on several data sets, brought together."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import overload

import numpy as np
from numpy.typing import NDArray

from alrl.errors import InvalidDataError
from alrl.evaluation.curves import Curves, Floats, Metric, mean_interval, under
from alrl.evaluation.table import Table


def page_of(of: Curves | Comparison) -> tuple[str, str, int]:
    """Return learner, condition and batch size: what a page of a report is about."""
    return of.learner, of.condition, of.batch


class Comparison(Sequence[Curves]):
    """Curves of one learner, condition and batch size, each pair of data set and strategy once.

    Curves of one pair with different seeds (blocks of a study) are joined. Raises InvalidDataError if learners,
    conditions or batch sizes differ, a seed occurs twice, or curves of one data set span different numbers of labels.

    >>> def curves(strategy, level):
    ...     return Curves(data_set="iris", strategy=strategy, learner="softmax-regression", batch=1, seeds=(0, 1),
    ...                   accuracy=[[0.5, level]] * 2, balanced_accuracy=[[0.5, level]] * 2, picks=[[0]] * 2,
    ...                   first=[3, 3])
    >>> comparison = Comparison([curves("random", 0.7), curves("margin", 0.9)])
    >>> comparison.strategies, comparison.get("iris", "margin").aubc.tolist()
    (('random', 'margin'), [0.7, 0.7])
    """

    def __init__(self, curves: Iterable[Curves]) -> None:
        blocks: dict[tuple[str, str], list[Curves]] = {}
        for each in curves:
            blocks.setdefault((each.data_set, each.strategy), []).append(each)
        if not blocks:
            raise InvalidDataError("no curves given: a comparison needs those of at least one strategy")
        self._curves = {pair: _join(parts) for pair, parts in blocks.items()}
        self.data_sets = tuple(dict.fromkeys(data_set for data_set, _ in blocks))
        self.strategies = tuple(dict.fromkeys(strategy for _, strategy in blocks))
        settings = sorted({(each.learner, each.condition, each.batch) for each in self})
        if len(settings) > 1:
            raise InvalidDataError(
                f"curves of several learners, conditions or batch sizes given, {settings}: compare each alone"
            )
        self.learner, self.condition, self.batch = settings[0]
        for data_set in self.data_sets:
            spans = {each.strategy: each.labels for each in self if each.data_set == data_set}
            if len(set(spans.values())) > 1:
                raise InvalidDataError(
                    f"curves on {data_set} span different numbers of labels, {spans}: use one budget"
                )

    @classmethod
    def groups(cls, curves: Iterable[Curves]) -> list[Comparison]:
        """Return one comparison for each learner, condition and batch size of the curves, in order of appearance."""
        parts: dict[tuple[str, str, int], list[Curves]] = {}
        for each in curves:
            parts.setdefault(page_of(each), []).append(each)
        return [cls(part) for part in parts.values()]

    @property
    def setting(self) -> str:
        """Learner and condition, as tables name them."""
        return under(self.learner, self.condition)

    @overload
    def __getitem__(self, index: int) -> Curves: ...
    @overload
    def __getitem__(self, index: slice) -> list[Curves]: ...
    def __getitem__(self, index: int | slice) -> Curves | list[Curves]:
        return list(self._curves.values())[index]

    def __len__(self) -> int:
        return len(self._curves)

    def __iter__(self) -> Iterator[Curves]:
        return iter(self._curves.values())

    def get(self, data_set: str, strategy: str) -> Curves | None:
        """Return the curves of a strategy on a data set, None where there are none."""
        return self._curves.get((data_set, strategy))

    def pair(self, data_set: str, strategy: str, reference: str) -> tuple[Curves, Curves] | None:
        """Return the curves of two strategies on the seeds that both have, None where they share none."""
        a, b = self.get(data_set, strategy), self.get(data_set, reference)
        seeds = () if a is None or b is None else tuple(seed for seed in a.seeds if seed in set(b.seeds))
        return None if a is None or b is None or not seeds else (a.take(seeds), b.take(seeds))

    def of_methods(self, methods: Mapping[str, Sequence[str]]) -> Comparison:
        """Return the comparison in which each method stands for the policies that were trained for it, one a seed.

        ``methods`` holds the names of their curves by the method's name. Its curves are the mean over the policies, at
        each evaluation seed that all have; what single records were bought is not known of them. A method stands where
        its first policy stood.
        """
        place = {name: method for method, names in methods.items() for name in names}
        curves: list[Curves] = []
        for each in self:
            method = place.get(each.strategy)
            if method is None:
                curves.append(each)
            elif each.strategy == methods[method][0]:
                parts = [self.get(each.data_set, name) for name in methods[method]]
                curves += [_mean(method, [part for part in parts if part is not None])] if None not in parts else []
        return Comparison(curves)

    def means(self, metric: Metric = "accuracy") -> Floats:
        """Return the mean AUBC, (data sets, strategies), as a fraction; nan where curves are missing."""
        cells = [[self.get(data_set, strategy) for strategy in self.strategies] for data_set in self.data_sets]
        return np.array([[np.nan if each is None else each.area(metric).mean() for each in row] for row in cells])

    def table(self, metric: Metric = "accuracy") -> Table:
        """Return AUBC of each strategy on each data set, mean ± 95 % interval in points (0 to 100)."""
        rows = tuple(
            (data_set, *(_cell(self.get(data_set, strategy), metric) for strategy in self.strategies))
            for data_set in self.data_sets
        )
        title = f"AUBC of {metric.replace('_', ' ')}, points ({self.setting}, batch {self.batch})"
        return Table(caption=title, header=("data set", *self.strategies), rows=rows)


def _join(parts: list[Curves]) -> Curves:
    if len(parts) == 1:
        return parts[0]
    first = parts[0]
    shapes = {(part.labels, part.learner, part.condition, part.batch) for part in parts}
    if len(shapes) > 1:
        raise InvalidDataError(
            f"several curves of {first.strategy} on {first.data_set} differ in (labels, learner, condition, batch), "
            f"{sorted(shapes)}: compare each alone"
        )
    return Curves(
        data_set=first.data_set,
        strategy=first.strategy,
        learner=first.learner,
        condition=first.condition,
        batch=first.batch,
        seeds=tuple(seed for part in parts for seed in part.seeds),
        accuracy=np.concatenate([part.accuracy for part in parts]),
        balanced_accuracy=np.concatenate([part.balanced_accuracy for part in parts]),
        picks=np.concatenate([part.picks for part in parts]),
        first=np.concatenate([part.first for part in parts]),
        wasted=_joined([part.wasted for part in parts]),
        guarded=_joined([part.guarded for part in parts]),
        unfitted_rounds=_rounds(parts),
    )


def _mean(method: str, parts: list[Curves]) -> Curves:
    seeds = tuple(seed for seed in parts[0].seeds if all(seed in part.seeds for part in parts))
    taken = [part.take(seeds) for part in parts]
    return dataclasses.replace(
        taken[0],
        strategy=method,
        accuracy=np.mean([part.accuracy for part in taken], axis=0),
        balanced_accuracy=np.mean([part.balanced_accuracy for part in taken], axis=0),
        picks=np.full_like(taken[0].picks, -1),
        wasted=None,
        guarded=None,
        unfitted_rounds=None,
    )


def _rounds(parts: list[Curves]) -> NDArray[np.int64] | None:
    """Return rounds that were not fitted of all rows; None where there is none."""
    if all(part.unfitted_rounds is None for part in parts):
        return None
    each_part = [
        np.zeros(len(part.seeds), dtype=np.int64) if part.unfitted_rounds is None else part.unfitted_rounds
        for part in parts
    ]
    return np.concatenate(each_part)


def _joined(parts: list[NDArray[np.int8] | None]) -> NDArray[np.int8] | None:
    """Return all rows, None where a part has none."""
    known = [part for part in parts if part is not None]
    return np.concatenate(known) if len(known) == len(parts) else None


def _cell(curves: Curves | None, metric: Metric) -> str:
    if curves is None:
        return "–"
    mean, low, high = (100 * float(part) for part in mean_interval(curves.area(metric)))
    return f"{mean:.2f}" if np.isnan(low) else f"{mean:.2f} ± {(high - low) / 2:.2f}"


def exhausted_after(picks: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return after how many labels the pool of each episode ran out: where ``picks`` (episodes, labels) end with -1.

    0 where it lasted. Picks of -1 at the beginning are what choosing the first sample has cost.

    >>> exhausted_after(np.array([[3, 5, -1], [-1, 2, 4]]))
    array([2, 0])
    """
    last = picks.shape[1] - (picks[:, ::-1] >= 0).argmax(1)
    return np.where((picks[:, -1] < 0) & (picks >= 0).any(1), last, 0)
