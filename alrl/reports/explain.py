"""Explain a run: on which data sets a strategy lost, at which labels, and to which kind of record."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np

from alrl.errors import InvalidDataError
from alrl.evaluation.comparison import Comparison, page_of
from alrl.evaluation.curves import Floats
from alrl.evaluation.statistics import Estimate
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.reports.picks.picks import Picks, see_picks
from alrl.reports.picks.replay import Replay
from alrl.reports.stored_study import StoredStudy, read_study
from alrl.reports.summary import Summary, summarise
from alrl.studies.store.store import RESULTS, STUDY, Store, run_id

_PARTS = 4
"""Parts of the budget that the curves are compared in."""
_KINDS = 3
"""Features that are named: those in which the picks of the two differ most."""
_ALIKE = 1e-6
"""Standard deviations by which picks of the same kind differ at most."""
_SHOWN = 4
"""Data sets that are looked at, from the worst on."""


@dataclass(frozen=True, kw_only=True)
class Stretch:
    """Part of the budget, and the mean paired difference of the curves in it, in points."""

    first: int
    last: int
    difference: float


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A feature of the picked records in the worst stretch: of the strategy, of the other, of records by chance."""

    feature: str
    meaning: str
    picked: float
    other: float
    chance: float

    def sentence(self) -> str:
        """Return it in words.

        >>> Kind(feature="margin", meaning="Gap.", picked=0.1, other=0.5, chance=0.25).sentence()
        'margin 0.1 (the other 0.5, by chance 0.25): gap.'
        """
        meaning = self.meaning[:1].lower() + self.meaning[1:]
        return f"{self.feature} {self.picked:.2g} (the other {self.other:.2g}, by chance {self.chance:.2g}): {meaning}"


@dataclass(frozen=True, kw_only=True)
class DataSetExplained:
    """What happened on one data set."""

    data_set: str
    difference: Estimate
    """Of AUBC, paired by seed, in points."""
    stretches: tuple[Stretch, ...]
    kinds: tuple[Kind, ...]
    """Empty where the picks of the two are alike, or could not be seen again."""
    why_not: str
    """Why they could not; empty where they could."""

    @property
    def worst(self) -> Stretch:
        """The stretch in which most was lost."""
        return min(self.stretches, key=lambda stretch: stretch.difference)

    def lines(self) -> list[str]:
        """Return it in words, a line a fact."""
        low, high = self.difference.low, self.difference.high
        words = [
            f"{self.data_set}: {self.difference.outcome}, {self.difference.value:+.2f} ({low:+.2f} to {high:+.2f})"
        ]
        along = ", ".join(f"{each.first}–{each.last}: {each.difference:+.2f}" for each in self.stretches)
        words.append(f"  by labels      {along}")
        if self.kinds:
            words.append(f"  at {self.worst.first}–{self.worst.last} labels it picked records that differ most in")
            words += [f"    {each.sentence()}" for each in self.kinds]
        elif self.why_not:
            words.append(f"  its picks cannot be seen again: {self.why_not}")
        else:
            words.append(f"  at {self.worst.first}–{self.worst.last} labels the two picked records of the same kinds")
        return words


@dataclass(frozen=True, kw_only=True)
class Explanation:
    """A strategy held against another in one setting of a run."""

    strategy: str
    reference: str
    setting: str
    record: tuple[int, int, int]
    """Data sets on which it wins, ties and loses."""
    data_sets: tuple[DataSetExplained, ...]
    """The losses from the worst on; where there is none, the data set of the least difference."""

    def text(self) -> str:
        """Return it in words."""
        wins, ties, losses = self.record
        head = f"{self.strategy} against {self.reference} ({self.setting}): {wins} wins, {ties} ties, {losses} losses"
        note = [] if losses else ["No loss: below is the data set on which it gains least."]
        return "\n".join([head, *note, *(line for each in self.data_sets for line in each.lines())])

    def to_json(self) -> dict[str, Any]:
        """Return it as plain values."""
        return dataclasses.asdict(self)


def explain(run: Path | str, *, strategy: str | None = None, against: str | None = None) -> list[Explanation]:
    """Return what a run says of its strategy, for each learner, condition and batch size.

    No strategy chooses again: stored picks are put through the simulator, with the labels that were given, and
    described. Of a run that is not finished, what there is counts.

    Args:
        run: folder that a run wrote.
        strategy: what is explained; by default what the study is about.
        against: what it is held against; by default what the study holds it against, else margin.

    Raises RunDirectoryError or StoreError for a folder without a study, InvalidDataError for a strategy that was not
    played, or one that is held against itself.
    """
    folder = Path(run)
    study = read_study(folder / STUDY)
    with Store(folder / RESULTS, read_only=True) as store:
        finished = store.finished()
        cells = [cell for cell in study.cells if run_id(cell) in finished]
        curves = store.curves([run_id(cell) for cell in cells])
    # Picks are seen again as each page of the report does: in the cells of that learner, condition and batch size.
    own: dict[tuple[str, str, int], list[Mapping[str, Any]]] = {}
    for cell, each in zip(cells, curves, strict=True):
        own.setdefault(page_of(each), []).append(cell)
    if not curves:
        raise InvalidDataError(f"no cell of {folder} has finished: run the study first")
    subject = strategy or (study.primary[0] if study.primary else None)
    reference = against or (study.primary[1] if study.primary else None)
    explanations = []
    for comparison in Comparison.groups(curves):
        names = comparison.strategies
        summary = summarise(
            comparison,
            reference=_played(reference, names, study) if against is None else against,
            emphasis=_played(subject, names, study) if strategy is None else strategy,
            upper_bounds=study.upper_bounds,
        )
        explanations.append(_explained(comparison, summary, own[page_of(comparison)]))
    return explanations


def _played(name: str | None, names: Sequence[str], study: StoredStudy) -> str | None:
    """Return the name if it was played, the first of its trainings if it is a method of several; else None."""
    return next((each for each in (name, *study.methods.get(name or "", [])) if each in names), None)


def _explained(comparison: Comparison, summary: Summary, cells: Sequence[Mapping[str, Any]]) -> Explanation:
    subject, reference = summary.emphasis or summary.strategies[0], summary.reference
    if subject == reference:
        raise InvalidDataError(f"{subject} is held against itself; name another by against (--against)")
    differences = {
        name: each for name in summary.data_sets if (each := summary.pairwise.of(name, subject, reference)) is not None
    }
    if not differences:
        raise InvalidDataError(f"{subject} and {reference} share no seed on any data set: nothing can be compared")
    order = sorted(differences, key=lambda name: differences[name].value)
    lost = [name for name in order if differences[name].outcome == "loss"][:_SHOWN] or order[:1]
    seen = see_picks(
        comparison,
        dataclasses.replace(summary, data_sets=tuple(lost), strategies=(subject, reference), emphasis=subject),
        cells,
    )
    return Explanation(
        strategy=subject,
        reference=reference,
        setting=f"{summary.setting}, batch {summary.batch}",
        record=summary.record(subject),
        data_sets=tuple(_one(comparison, name, subject, reference, differences[name], seen) for name in lost),
    )


def _one(
    comparison: Comparison, data_set: str, subject: str, reference: str, difference: Estimate, seen: Picks
) -> DataSetExplained:
    pair = comparison.pair(data_set, subject, reference)
    assert pair is not None  # noqa: S101 - there is a difference, so there is a pair
    gap = 100 * (pair[0].accuracy - pair[1].accuracy).mean(0)[1:]
    # Of whole rounds: between two refits nothing changes.
    rounds = -(-len(gap) // comparison.batch)
    ends = np.linspace(0, rounds, min(_PARTS, rounds) + 1).round().astype(int) * comparison.batch
    ends = ends.clip(max=len(gap))
    stretches = tuple(
        Stretch(first=int(start) + 1, last=int(end), difference=float(gap[start:end].mean()))
        for start, end in pairwise(ends)
    )
    explained = DataSetExplained(
        data_set=data_set,
        difference=difference,
        stretches=stretches,
        kinds=(),
        why_not=seen.left_out.get(data_set, "no picks are stored"),
    )
    replays = {each.strategy: each for each in seen.replays if each.data_set == data_set}
    if not {subject, reference} <= replays.keys():
        return explained
    kinds = _kinds(replays[subject], replays[reference], explained.worst)
    return dataclasses.replace(explained, kinds=kinds, why_not="")


def _kinds(mine: Replay, theirs: Replay, stretch: Stretch) -> tuple[Kind, ...]:
    """Return the features in which the picks differ most in a stretch, in deviations of what chance would pick."""
    meanings = {feature.name: feature.meaning for feature in FeatureSet(list(DEFAULT_GROUPS)).record}
    at = slice(stretch.first - 1, stretch.last)

    def mean(values: Floats) -> Floats:
        return np.asarray(np.nanmean(values[:, at].reshape(-1, values.shape[-1]), 0))

    picked, other, chance = mean(mine.picked), mean(theirs.picked), mean(mine.others)
    both = np.concatenate([each.picked[:, at].reshape(-1, len(mine.features)) for each in (mine, theirs)])
    apart = np.abs(picked - other) / (np.nanstd(both, 0) + 1e-9)
    order = [place for place in np.argsort(-apart)[:_KINDS] if apart[place] > _ALIKE]
    return tuple(
        Kind(
            feature=mine.features[i],
            meaning=meanings.get(mine.features[i], ""),
            picked=float(picked[i]),
            other=float(other[i]),
            chance=float(chance[i]),
        )
        for i in order
    )
