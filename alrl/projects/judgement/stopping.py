"""When to stop: rules with their papers, to be joined by ``|`` (one is enough) and ``&`` (all have to say so)."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from alrl.errors import InvalidDataError
from alrl.projects.judgement.curve import grown, standing
from alrl.projects.state import State
from alrl.recipes.registry import Named

USUAL_AGREEMENT = 0.98
"""Kappa at which models agree, for the rule that is asked where none is named."""
STOP_GAIN = 0.005
"""Accuracy by which no later round is better, where the learned stop says enough."""
WEIGHTS = (-1.4705, 1.1822, -1.121, 3.458)
INTERCEPT, SURE = -19.7717, 0.42
"""Of the learned stop: written by ``python -m experiments.projects score``, from its tuning sets."""


@dataclass(frozen=True, kw_only=True)
class Advice:
    """Whether to stop, and why."""

    stop: bool
    reason: str
    """A sentence with a number."""


class StopRule(Named):
    """Advises whether to stop after the last round of a project."""

    name: ClassVar[str]
    paper: ClassVar[str] = ""

    @abstractmethod
    def advise(self, state: State) -> Advice:
        """Return the advice."""

    def __or__(self, other: object) -> StopRule:
        return _Joined(self, other, every=False) if isinstance(other, StopRule) else NotImplemented

    def __and__(self, other: object) -> StopRule:
        return _Joined(self, other, every=True) if isinstance(other, StopRule) else NotImplemented


class _Joined(StopRule):
    """Two rules: one or both of them have to advise a stop."""

    def __init__(self, first: StopRule, second: StopRule, *, every: bool) -> None:
        self._rules, self._every = (first, second), every
        self.name = f" {'&' if every else '|'} ".join(rule.name for rule in self._rules)  # type: ignore[misc]

    def advise(self, state: State) -> Advice:
        advices = [rule.advise(state) for rule in self._rules]
        stop = all(advice.stop for advice in advices) if self._every else any(advice.stop for advice in advices)
        shown = [advice.reason for advice in advices if advice.stop == stop]
        return Advice(stop=stop, reason="; ".join(shown))


class StabilisingPredictions(StopRule):
    """Stop where successive models agree: mean Cohen's kappa of the last ``window`` pairs at least ``agreement``."""

    name = "stabilising-predictions"
    paper = "Bloodgood and Vijay-Shanker 2009"

    def __init__(self, agreement: float = 0.99, window: int = 3) -> None:
        _check("agreement", agreement, 0, 1)
        self._agreement, self._window = agreement, _at_least_one(window)

    def advise(self, state: State) -> Advice:
        rows = _facts(state, "kappa", of_growth=True)[-self._window :]
        if len(rows) < self._window:
            return _early(self.name, len(rows), self._window)
        mean = sum(rows) / len(rows)
        agreements = _facts(state, "agreement", of_growth=True)[-1:]
        bound = f", which bounds the change of F by {f_bound(agreements[-1]):.3f}" if agreements else ""
        return Advice(
            stop=mean >= self._agreement,
            reason=f"the last {self._window} pairs of models agree with kappa {mean:.3f} (stop at"
            f" {self._agreement:g}){bound}",
        )


class OverallUncertainty(StopRule):
    """Stop where the mean normalised entropy of the unlabelled records is at most ``most``."""

    name = "overall-uncertainty"
    paper = "Zhu et al. 2010"

    def __init__(self, most: float = 0.05) -> None:
        _check("most", most, 0, 1)
        self._most = most

    def advise(self, state: State) -> Advice:
        rows = _facts(state, "uncertainty")
        if not rows:
            return _early(self.name, 0, 1)
        return Advice(
            stop=rows[-1] <= self._most,
            reason=f"the model's mean uncertainty over unlabelled records is {rows[-1]:.3f} (stop at {self._most:g})",
        )


class ContradictingInformation(StopRule):
    """Stop where confidence on unlabelled records has fallen ``times`` rounds in a row: labels contradict the model."""

    name = "contradicting-information"
    paper = "Vlachos 2008"

    def __init__(self, times: int = 3) -> None:
        self._times = _at_least_one(times)

    def advise(self, state: State) -> Advice:
        rows = _facts(state, "confidence")
        falls = 0
        for before, after in zip(rows[-2::-1], rows[:0:-1], strict=True):
            if after >= before:
                break
            falls += 1
        return Advice(
            stop=falls >= self._times,
            reason=f"confidence has fallen {falls} rounds in a row (stop at {self._times})",
        )


class LearnedStop(StopRule):
    """Stop where no later round will be better by half a point, with a chance of at least ``sure``.

    A logistic regression on how much predictions still change, how unsure the model is and how many labels there are,
    fitted to simulated projects (``experiments/projects``, which scores it on others).
    """

    name = "learned"

    def __init__(self, sure: float = SURE, *, weights: Sequence[float] = WEIGHTS, intercept: float = INTERCEPT) -> None:
        _check("sure", sure, 0, 1)
        self._sure, self._weights, self._intercept = sure, tuple(weights), intercept

    def advise(self, state: State) -> Advice:
        row = stop_features(state)
        if row is None:
            return _early(self.name, len(_facts(state, "agreement")), 3)
        chance = 1 / (1 + math.exp(-(self._intercept + sum(w * x for w, x in zip(self._weights, row, strict=True)))))
        return Advice(
            stop=chance >= self._sure,
            reason=f"that no later round is better by half a point has a chance of {100 * chance:.0f} % (stop at"
            f" {100 * self._sure:.0f} %)",
        )


def stop_features(state: State) -> tuple[float, float, float, float] | None:
    """Return what :class:`LearnedStop` reads after the last round; None where there are fewer than four.

    Logarithm of the change of predictions for each doubling of the labels, mean uncertainty, mean confidence, logarithm
    of the labels.
    """
    from alrl.projects.judgement.verdict import FLOOR, PAIRS, verdict

    result = verdict(state)
    unsure, confident = _facts(state, "uncertainty"), _facts(state, "confidence")
    if result.rounds <= PAIRS or not unsure or not confident:
        return None
    return math.log(result.change + FLOOR), unsure[-1], confident[-1], math.log(result.labels)


class Budget(StopRule):
    """Stop where the project's labels, or an amount of money, are spent, or no record is left."""

    name = "budget"

    def __init__(self, money: float | None = None) -> None:
        if money is not None:
            _check("money", money, 0, float("inf"))
        self._money = money

    def advise(self, state: State) -> Advice:
        from alrl.projects.judgement.bill import bill

        if state.files and state.unlabelled() <= 0:
            return Advice(stop=True, reason="no record is left to ask about")
        labels, spent = state.settings.get("labels"), state.spent(state.at)
        if self._money is not None:
            money = bill(state).money
            return Advice(stop=money >= self._money, reason=f"{money:.2f} of {self._money:.2f} are spent")
        if labels is None:
            return Advice(stop=False, reason="the project has no budget")
        return Advice(stop=spent >= labels, reason=f"{spent} of {labels} labels are spent, those on their way too")


class NetValueRule(StopRule):
    """Stop where the next batch is worth less than it costs: ``point`` is what one point of accuracy is worth."""

    name = "net-value"

    def __init__(self, point: float, batch: int = 20) -> None:
        _check("point", point, 0, float("inf"))
        self._point, self._batch = point, _at_least_one(batch)

    def advise(self, state: State) -> Advice:
        from alrl.projects.judgement.bill import bill
        from alrl.projects.judgement.verdict import PAIRS, verdict

        summary, result = bill(state), verdict(state)
        if result.rounds <= PAIRS:
            return Advice(stop=False, reason="the curve is too short to tell what a batch is worth")
        gain = 100 * result.gain * math.log2(1 + self._batch / max(1, result.labels))
        a_fit = summary.compute_money / max(1, summary.fits)
        cost = self._batch * float(state.settings["prices"]["label"]) + a_fit
        worth = gain * self._point
        return Advice(
            stop=worth < cost,
            reason=f"the next {self._batch} labels cost {cost:.2f} and are worth about {worth:.2f} ({gain:.2f} points)",
        )


def usual_rule() -> StopRule:
    """Return the rule that is asked where none is named: models agree with kappa .98, or the budget is spent.

    Of the rules tried on the tuning sets it saved most labels among those that lost at most a quarter of a point
    (``experiments/projects``).
    """
    return StabilisingPredictions(USUAL_AGREEMENT) | Budget()


def f_bound(agreement: float) -> float:
    """Return the bound on the change of F at an agreement T of successive models, ``4 (1 - T) / T``.

    Altschuler and Bloodgood 2019.

    >>> round(f_bound(0.99), 4)
    0.0404
    """
    return 4 * (1 - agreement) / agreement if agreement > 0 else float("inf")


def _facts(state: State, name: str, *, of_growth: bool = False) -> list[float]:
    """Return a fact of each round that has it; ``of_growth`` alone, of those that had more labels than the one before.

    A round that another model or a roll-back made of the same labels agrees with its predecessor, and tells nothing;
    neither do rounds that a roll-back undid.
    """
    rounds = standing(state)
    if of_growth:
        rounds = rounds[:1] + [after for _, after in grown(state)]
    return [float(fitted.facts[name]) for fitted in rounds if fitted.facts.get(name) is not None]


def _early(name: str, present: int, needed: int) -> Advice:
    return Advice(stop=False, reason=f"{name} needs {needed} rounds to compare, there are {present}")


def _check(name: str, value: float, low: float, high: float) -> None:
    if not low <= value <= high:
        raise InvalidDataError(f"{name} = {value} given; allowed is {low} to {high}")


def _at_least_one(value: int) -> int:
    if value < 1:
        raise InvalidDataError(f"{value} rounds given; at least 1 is needed")
    return value


def as_document(rule: StopRule, state: State, rules: Sequence[StopRule] = ()) -> dict[str, Any]:
    """Return the advice of a rule, and what others say, for a status."""
    advice = rule.advise(state)
    return {
        "stop": advice.stop,
        "rule": rule.name,
        "sentence": f"{'stop' if advice.stop else 'go on'}: {advice.reason}",
        "reasons": [f"{each.name}: {each.advise(state).reason}" for each in rules],
    }
