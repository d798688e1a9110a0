"""Capabilities of a strategy: its gain over a reference under each condition of a study, data sets as units."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.statistics import Estimate, mean_difference
from alrl.evaluation.table import MISSING, Bold, Table


@dataclass(frozen=True, kw_only=True)
class CapabilityScore:
    """One strategy under one condition, in points of AUBC of accuracy beyond the reference's."""

    capability: str
    """The condition; where a study has it with several learners or batch sizes, with these."""
    strategy: str
    gain: Estimate
    """Mean over data sets of the paired difference, Student's 95 % interval over the data sets; nan below six."""
    better: int
    """Data sets on which the mean difference is above zero."""
    data_sets: int
    labels: int
    batch: int
    seeds: int


def capability_scores(comparisons: Sequence[Comparison], reference: str) -> list[CapabilityScore]:
    """Return the score of every strategy but ``reference`` under every condition, in the order of the study.

    Data sets that a strategy and the reference do not share are left out, and comparisons without a condition.
    """
    named = [comparison for comparison in comparisons if comparison.condition]
    conditions = [comparison.condition for comparison in named]
    scores = []
    for comparison in named:
        several = conditions.count(comparison.condition) > 1
        own = f"{comparison.condition}, {comparison.learner}, batch {comparison.batch}"
        for strategy in comparison.strategies:
            if strategy != reference:
                score = _score(comparison, strategy, reference, own if several else comparison.condition)
                scores += [] if score is None else [score]
    return scores


def _score(comparison: Comparison, strategy: str, reference: str, capability: str) -> CapabilityScore | None:
    pairs = [comparison.pair(data_set, strategy, reference) for data_set in comparison.data_sets]
    known = [pair for pair in pairs if pair is not None]
    if not known:
        return None
    differences = [100 * (ours.aubc - theirs.aubc) for ours, theirs in known]
    return CapabilityScore(
        capability=capability,
        strategy=strategy,
        gain=mean_difference(differences),
        better=sum(float(np.mean(each)) > 0 for each in differences),
        data_sets=len(known),
        labels=known[0][0].labels,
        batch=comparison.batch,
        seeds=min(len(ours.seeds) for ours, _ in known),
    )


def capability_table(scores: Sequence[CapabilityScore], reference: str, *, mark: str = "") -> Table:
    r"""Return one row a capability, strategies in the columns; in bold where the interval lies above zero.

    >>> gain = Estimate(value=1.5, low=0.5, high=2.5)
    >>> score = CapabilityScore(capability="noise", strategy="entropy", gain=gain, better=5, data_sets=6, labels=60,
    ...                         batch=1, seeds=20)
    >>> print(*capability_table([score], "margin").markdown_rows(), sep="\n")
    | capability | labels, batch | entropy |
    | :-- | --: | --: |
    | noise | 60, 1 | **+1.50 (+0.50 to +2.50), 5 of 6** |
    | mean of all |  | +1.50 |
    """
    strategies = list(dict.fromkeys(score.strategy for score in scores))
    at = {(score.capability, score.strategy): score for score in scores}
    rows = []
    for name in dict.fromkeys(score.capability for score in scores):
        first = next(score for score in scores if score.capability == name)
        cells = (_cell(at.get((name, strategy))) for strategy in strategies)
        rows.append((name, f"{first.labels}, {first.batch}", *cells))
    means = (
        f"{np.mean([score.gain.value for score in scores if score.strategy == strategy]):+.2f}"
        for strategy in strategies
    )
    seeds = sorted({score.seeds for score in scores})
    shown = str(seeds[0]) if len(seeds) == 1 else f"{seeds[0]} to {seeds[-1]}"
    return Table(
        header=("capability", "labels, batch", *strategies),
        rows=tuple(rows),
        foot=(("mean of all", "", *means),),
        caption=f"AUBC of accuracy beyond {reference}'s in points, {shown} paired seeds: mean over data sets (95 %"
        " interval over data sets), and the data sets on which it is above zero; in bold where the interval lies above"
        " zero. Of fewer than six data sets no interval is given.",
        mark=mark,
    )


def _cell(score: CapabilityScore | None) -> str:
    if score is None:
        return MISSING
    gain = score.gain
    interval = "" if np.isnan(gain.low) else f" ({gain.low:+.2f} to {gain.high:+.2f})"
    text = f"{gain.value:+.2f}{interval}, {score.better} of {score.data_sets}"
    return Bold(text) if gain.low > 0 else text
