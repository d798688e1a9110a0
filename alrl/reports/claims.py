"""Verdicts on the claims of a study: effect, interval and corrected test, with data sets as units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from scipy import stats

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Floats, Metric
from alrl.evaluation.statistics import SMALLEST_SAMPLE, Estimate, holm, mean_difference
from alrl.studies.claim_recipe import ClaimRecipe

ComparedSetting = tuple[str, str, int]
"""Learner, condition and batch size of a comparison."""


@dataclass(frozen=True, kw_only=True)
class ClaimVerdict:
    """What the data say of a claim in one setting."""

    claim: ClaimRecipe
    setting: ComparedSetting
    metric: Metric
    effect: Estimate
    """Mean over data sets of the paired difference (of the difference of two), in points, with Student's interval."""
    data_sets: int
    p: float | None
    """Of Wilcoxon's signed-rank test over data sets in the direction of the claim; None with too few."""
    turned: float | None = None
    """The same of the claim turned round; None of one that has no direction."""
    corrected: float | None = None
    """The same after Holm's correction within the family."""
    opposite: float | None = None
    """The p-value of the claim turned round, corrected likewise."""
    family_size: int = 1

    @property
    def verdict(self) -> Literal["supported", "contradicted", "not shown", "not testable"]:
        """Supported or contradicted where the corrected test says so at the claim's level."""
        if self.corrected is None:
            return "not testable"
        if self.corrected < self.claim.level:
            return "supported"
        turned = self.opposite is not None and self.opposite < self.claim.level
        return "contradicted" if turned else "not shown"

    @property
    def evidence(self) -> str:
        """Effect, interval, test and correction, in words."""
        interval = (
            "" if np.isnan(self.effect.low) else f", 95 % interval {self.effect.low:+.2f} to {self.effect.high:+.2f}"
        )
        text = (
            f"{self.metric.replace('_', ' ')}: mean difference {self.effect.value:+.2f} points over"
            f" {self.data_sets} data sets{interval}"
        )
        if self.p is None or self.corrected is None:
            return f"{text}; a test needs {SMALLEST_SAMPLE} data sets."
        return (
            f"{text}; Wilcoxon p = {self.p:.2g}, corrected by Holm for {self.family_size} tests of the family"
            f" {self.claim.family!r}: {self.corrected:.2g} (level {self.claim.level:g})."
        )


def verdicts(
    claims: Sequence[ClaimRecipe], comparisons: Sequence[Comparison], metric: Metric
) -> dict[ComparedSetting, list[ClaimVerdict]]:
    """Return the verdicts by the setting of the page that they belong to; ``metric`` is that of claims that name none.

    A claim is tested in every learner and batch size, and under its condition or, without one, under each.
    """
    by_setting = {(each.learner, each.condition, each.batch): each for each in comparisons}
    tested = [
        verdict
        for claim in claims
        for (learner, condition, batch), comparison in by_setting.items()
        if claim.condition in {None, condition}
        and (
            verdict := _tested(
                claim, comparison, by_setting.get((learner, claim.against_condition or "", batch)), metric
            )
        )
    ]
    corrected = _corrected(tested)
    return {setting: [each for each in corrected if each.setting == setting] for setting in by_setting}


def _tested(
    claim: ClaimRecipe, comparison: Comparison, other: Comparison | None, default: Metric
) -> ClaimVerdict | None:
    metric = claim.metric or default
    gaps = _gaps(comparison, claim, metric)
    if claim.against_condition is not None:
        there = {} if other is None else _gaps(other, claim, metric)
        gaps = {name: gaps[name] - there[name] for name in gaps if name in there}
    if not gaps:
        return None
    values = np.array(list(gaps.values()))
    return ClaimVerdict(
        claim=claim,
        setting=(comparison.learner, comparison.condition, comparison.batch),
        metric=metric,
        effect=mean_difference([[value] for value in values]),
        data_sets=values.size,
        p=_p_value(values, _ALTERNATIVE[claim.direction]),
        turned=_p_value(values, _TURNED[claim.direction]) if claim.direction in _TURNED else None,
    )


_ALTERNATIVE = {"greater": "greater", "less": "less", "different": "two-sided"}
_TURNED = {"greater": "less", "less": "greater"}


def _gaps(comparison: Comparison, claim: ClaimRecipe, metric: Metric) -> dict[str, float]:
    """Return the mean paired differences of AUBC in points, by data set."""
    pairs = {data_set: comparison.pair(data_set, *claim.contrast) for data_set in comparison.data_sets}
    return {
        data_set: 100 * float((pair[0].area(metric) - pair[1].area(metric)).mean())
        for data_set, pair in pairs.items()
        if pair is not None
    }


def _p_value(values: Floats, alternative: str) -> float | None:
    if values.size < SMALLEST_SAMPLE:
        return None
    if not values.any():
        return 1.0
    return float(stats.wilcoxon(values, zero_method="zsplit", alternative=alternative).pvalue)


def _corrected(tested: Sequence[ClaimVerdict]) -> list[ClaimVerdict]:
    """Return the verdicts with Holm's correction within each family; one that is turned round has the same family."""
    families: dict[str, list[int]] = {}
    for place, each in enumerate(tested):
        if each.p is not None:
            families.setdefault(each.claim.family, []).append(place)
    corrected = list(tested)
    for places in families.values():
        ahead = holm({str(place): tested[place].p or 0.0 for place in places})
        turned = {str(place): value for place in places if (value := tested[place].turned) is not None}
        opposite = holm(turned) if turned else {}
        for place in places:
            key = str(place)
            corrected[place] = replace(
                tested[place], corrected=ahead[key], opposite=opposite.get(key), family_size=len(places)
            )
    return corrected


def read_claims(stored: Sequence[Mapping[str, object]]) -> tuple[ClaimRecipe, ...]:
    """Return the claims of a study's description."""
    return tuple(ClaimRecipe.model_validate({**each, "contrast": tuple(each["contrast"])}) for each in stored)  # type: ignore[arg-type]
