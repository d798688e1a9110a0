"""A policy against rules on data sets of one's own: paired seeds, losses named as wins are."""

from __future__ import annotations

import os
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Any

from rich.markup import escape
from rich.table import Column, Table

from alrl.agents.players import find_strategy, shadowed
from alrl.data.data_set import DataSet
from alrl.data.tables.frames import is_frame
from alrl.data.tables.report import DataReport
from alrl.errors import ConstantColumnWarning, InvalidDataError, InvalidRecipeError, UnfittedLearnerWarning
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves, mean_interval
from alrl.evaluation.held_out import refuse_seen
from alrl.evaluation.simulate import simulate
from alrl.learners import make_learner
from alrl.progress import Bars
from alrl.strategies import Strategy

_FEW_SEEDS = 5
"""Seeds below which an interval is so wide that nearly everything is a tie."""


@dataclass(frozen=True, kw_only=True)
class RuleComparison:
    """A policy and a rule on one data set: mean AUBC of accuracy, all in points."""

    data_set: str
    rule: str
    policy_aubc: float
    rule_aubc: float
    difference: float
    """Mean over the seeds of the policy's area minus the rule's."""
    low: float
    high: float
    """Student's 95 % interval of the difference."""
    seen: bool
    """Whether the policy was trained on this data set, or on a relative."""

    @property
    def verdict(self) -> str:
        """``win`` or ``loss`` where the interval is on one side of zero, else ``tie``."""
        if self.low > 0:
            return "win"
        return "loss" if self.high < 0 else "tie"


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Result of :func:`evaluate`: comparisons with each rule on each data set."""

    policy: str
    seeds: int
    labels: int
    comparisons: tuple[RuleComparison, ...]
    comparison: Comparison
    reports: tuple[DataReport, ...] = ()
    """How the tables among the data sets were read."""
    shadowed: tuple[str, ...] = ()
    """Sentences on agents of the working directory that hide those of their names that come with alrl."""

    def table(self) -> Table:
        """Return one row a data set and rule."""
        left = Column("data set", no_wrap=True), "against"
        right = ("policy", "rule", "difference", "95 % interval", "")
        table = Table(*left, *(Column(head, justify="right") for head in right), box=None)
        table.title = f"{self.policy}: AUBC in points, {self.labels} queries, {self.seeds} paired seeds"
        for each in self.comparisons:
            numbers = (f"{each.policy_aubc:.2f}", f"{each.rule_aubc:.2f}", f"{each.difference:+.2f}")
            interval = f"{each.low:+.2f} to {each.high:+.2f}"
            name = f"{each.data_set} (seen)" if each.seen else each.data_set
            table.add_row(escape(name), escape(each.rule), *numbers, interval, each.verdict)
        return table

    @property
    def lines(self) -> list[str]:
        """A line for each rule: wins, ties, and the losses by name."""
        lines = []
        for rule in dict.fromkeys(each.rule for each in self.comparisons):
            mine = [each for each in self.comparisons if each.rule == rule]
            won, lost = ([each for each in mine if each.verdict == verdict] for verdict in ("win", "loss"))
            named = ", ".join(f"{each.data_set} {each.difference:+.2f}" for each in lost)
            counts = f"{len(won)} won, {len(mine) - len(won) - len(lost)} tied, {len(lost)} lost"
            mean = sum(each.difference for each in mine) / len(mine)
            lines.append(f"against {rule}: {counts}{f' ({named})' if lost else ''}; mean difference {mean:+.2f} points")
        if self.unfitted_rounds:
            rounds = ", ".join(f"{source} {count:.1f}" for source, count in self.unfitted_rounds.items())
            lines.append(
                f"rounds a run in which {self.comparison.learner} could not be fitted to so few labels, and shares of"
                f" the classes stood for it: {rounds}"
            )
        if self.seeds < _FEW_SEEDS:
            lines.append(
                f"{self.seeds} paired seeds cannot tell much apart: a tie here says nothing; give --seeds 20 or more"
            )
        shares = [f"{source} {100 * share:.0f} %" for source, share in self.guarded.items()]
        guarded = [f"chosen by the guard: {', '.join(shares)} of the queries"] if shares else []
        return [*lines, *guarded, *self.shadowed]

    @property
    def unfitted_rounds(self) -> dict[str, float]:
        """Mean rounds of a run in which the learner could not be fitted, by data set; without those of none."""
        curves = [self.comparison.get(source, self.policy) for source in self.comparison.data_sets]
        counts = {each.data_set: each.unfitted_rounds for each in curves if each is not None}
        return {source: float(rounds.mean()) for source, rounds in counts.items() if rounds is not None}

    @property
    def guarded(self) -> dict[str, float]:
        """Share of the queries that the policy's guard chose, by data set; empty where it has none."""
        curves = [self.comparison.get(source, self.policy) for source in self.comparison.data_sets]
        shares = {each.data_set: each.guarded_share for each in curves if each is not None}
        return {source: float(share.mean()) for source, share in shares.items() if share is not None}

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        comparisons = [{**asdict(each), "verdict": each.verdict} for each in self.comparisons]
        summary = {"policy": self.policy, "seeds": self.seeds, "labels": self.labels, "duels": comparisons}
        tables = {"tables": [report.to_json() for report in self.reports]} if self.reports else {}
        hidden = {"shadowed": list(self.shadowed)} if self.shadowed else {}
        return {**summary, **({"guarded": self.guarded} if self.guarded else {}), **tables, **hidden}


def evaluate(  # noqa: PLR0913 - all but two have defaults
    policy: str | Strategy,
    *,
    data: str | DataSet | Sequence[str | DataSet],
    against: str | Sequence[str] = ("margin",),
    labels: int = 60,
    batch: int = 1,
    seeds: int = 50,
    learner: Any = "softmax-regression",
    params: Mapping[str, Any] | None = None,
    allow_seen: bool = False,
    workers: int = 1,
    bars: Bars | None = None,
) -> Evaluation:
    """Play ``policy`` and the rules ``against`` it on each data set: the same splits and first samples for all.

    Agents are named as in :func:`~alrl.agents.players.find_strategy`; the policy may also be a strategy, such as
    :func:`~alrl.agents.model_strategy.strategy_of` makes of other libraries' models, which goes by its own name. Data
    sets are names or files, or data sets, which go by their own names: a table whose label has to be named is read by
    :meth:`alrl.data.data_set.DataSet.read`.
    Differences are of the area under the accuracy curve (AUBC), in points. The learner is one of
    :func:`~alrl.learners.registry.make_learner`, with ``params`` if it is named.

    Raises InvalidDataError for arrays and frames as they are, InvalidRecipeError for a name that is unknown or given
    twice, and, without ``allow_seen``, for a
    data set that the policy was trained on or a relative of one; and what :func:`~alrl.evaluation.simulate.simulate`
    raises.

    >>> evaluation = evaluate("margin", data=["iris"], against=["random"], labels=5, seeds=4)
    >>> [(each.data_set, each.rule, each.seen) for each in evaluation.comparisons]
    [('iris', 'random', False)]
    """
    data = _listed(data)
    against = [against] if isinstance(against, str) else against
    if not against:
        raise InvalidRecipeError("no opponent given; name one under against, such as margin")
    ours, policy = policy, policy if isinstance(policy, str) else policy.name
    names = [policy, *against]
    if policy in against:
        raise InvalidRecipeError(
            f"{policy!r} given against itself: the opponent is margin unless another is named; name another, such as"
            f" {'random' if policy != 'random' else 'entropy'} (--against, against= in Python)"
        )
    sources = {_name(source): source for source in data}
    for kind, given in (("agent", names), ("data set", [_name(source) for source in data])):
        twice = [each for each in given if given.count(each) > 1]
        if twice or not given:
            raise InvalidRecipeError(f"{kind} {twice[0]!r} given twice" if twice else f"no {kind} given; name one")
    agents = {policy: find_strategy(ours), **{name: find_strategy(name) for name in against}}
    seen = _seen(policy, agents[policy], sources, allow_seen)
    bar = (bars or Bars(quiet=True)).bar("play, data sets x strategies", len(data) * len(agents))
    play = partial(
        simulate,
        labels=labels,
        batch=batch,
        seeds=seeds,
        learner=make_learner(learner, **(params or {})),
        workers=workers,
    )
    curves = []
    for called, source in sources.items():
        for place, (name, agent) in enumerate(agents.items()):
            with warnings.catch_warnings():
                # It is said once, below the table; what is wrong with the data is said as the first agent plays.
                warnings.simplefilter("ignore", UnfittedLearnerWarning)
                if place:
                    warnings.simplefilter("ignore", ConstantColumnWarning)
                curves.append(_renamed(play(source, agent), called, name))
            bar.advance(note=f"{called}, {name}")
    bar.done()
    comparison = Comparison(curves)
    comparisons = [
        _compared(comparison, called, policy, rule, called in seen) for called in sources for rule in against
    ]
    reports = tuple(source.report for source in data if isinstance(source, DataSet) and source.report is not None)
    return Evaluation(
        policy=policy,
        seeds=seeds,
        labels=labels,
        comparisons=tuple(comparisons),
        comparison=comparison,
        reports=reports,
        shadowed=tuple(filter(None, map(shadowed, names))),
    )


def _listed(data: Any) -> list[Any]:
    return [data] if isinstance(data, str | DataSet | os.PathLike) or is_frame(data) else list(data)


def _name(source: Any) -> str:
    if not isinstance(source, str | DataSet | os.PathLike):
        raise InvalidDataError(
            f"a data set of type {type(source).__name__} given, which has no name for the table of results; give"
            " names, files, DataSet.read(frame, label=...) or DataSet.from_arrays(X, y, name=...)"
        )
    return source.name if isinstance(source, DataSet) else os.fspath(source)


def _seen(name: str, policy: Strategy, data: Mapping[str, str | DataSet], allowed: bool) -> set[str]:
    """Return the data sets that the policy was trained on."""
    card = getattr(policy, "card", {})
    trained = (*card.get("trained_on", ()), *card.get("validated_on", ()))
    names = set()
    for called, source in data.items():
        try:
            refuse_seen(name, trained, (source,), where="--data, allow it with --seen")
        except InvalidRecipeError:
            if not allowed:
                raise
            names.add(called)
    return names


def _renamed(curves: Curves, data_set: str, strategy: str) -> Curves:
    return replace(curves, data_set=data_set, strategy=strategy)


def _compared(comparison: Comparison, data_set: str, policy: str, rule: str, seen: bool) -> RuleComparison:
    pair = comparison.pair(data_set, policy, rule)
    if pair is None:
        raise InvalidRecipeError(f"{policy!r} and {rule!r} share no seed on {data_set!r}")
    ours, theirs = (100 * each.aubc for each in pair)
    mean, low, high = mean_interval(ours - theirs)
    return RuleComparison(
        data_set=data_set,
        rule=rule,
        policy_aubc=float(ours.mean()),
        rule_aubc=float(theirs.mean()),
        difference=float(mean),
        low=float(low),
        high=float(high),
        seen=seen,
    )
