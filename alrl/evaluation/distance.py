"""Distance of a data set from a policy's training tasks, in the space of its features, before a label is bought."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from rich.markup import escape
from rich.table import Column, Table

from alrl.agents.guard.training_ranges import TrainingRanges
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy
from alrl.agents.training.visited_states import watch
from alrl.data.data_set import DataSet
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.evaluation.simulate import DEFAULT_SPLIT
from alrl.learners import make_learner
from alrl.loop.simulator import Simulator
from alrl.metadata.feature_set import Observation
from alrl.numerics.arguments import whole_number
from alrl.strategies import make_strategy

EXPECTED = 0.01
"""Share of the values of a feature that is unusual in training, by the definition of its range."""
NEAR, FAR = 0.05, 0.15
"""Distances up to which a data set is called near the training tasks, and from which far."""
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class GroupDistance:
    """One group of features on one data set."""

    data_set: str
    group: str
    unusual: float
    """Share of the values of its features, over all states, outside the range that holds 99 % of them in training."""
    features: dict[str, float]
    """The same of each feature."""

    @property
    def most(self) -> str:
        """The features that are unusual most often, with their shares."""
        ordered = sorted(self.features.items(), key=lambda pair: -pair[1])[:_SHOWN]
        return ", ".join(f"{name} {100 * share:.0f} %" for name, share in ordered if share > EXPECTED) or "–"


@dataclass(frozen=True, kw_only=True)
class DataDistance:
    """One data set: how far, and where."""

    data_set: str
    states: int
    distance: float
    """Mean over the states of the share of features that are unusual: about 0.01 for the training tasks."""
    guarded: float | None
    """Share of the states in which the policy's guard fires; None without one."""
    groups: tuple[GroupDistance, ...]

    @property
    def verdict(self) -> str:
        """``near``, ``at the edge`` or ``far``."""
        if self.distance <= NEAR:
            return "near"
        return "at the edge" if self.distance < FAR else "far"


@dataclass(frozen=True, kw_only=True)
class Distances:
    """Result of :func:`distance`: one distance for each data set."""

    policy: str
    trained: int
    """States of training that the ranges are of."""
    data_sets: tuple[DataDistance, ...]

    def table(self) -> Table:
        """Return one row a data set and group of features."""
        heads = Column("data set", no_wrap=True), "group", Column("unusual", justify="right"), "most unusual features"
        table = Table(*heads, box=None)
        table.title = f"{self.policy}: share of features outside 99 % of their values in {self.trained} training states"
        for each in self.data_sets:
            name = escape(each.data_set)
            table.add_row(name, "[bold]all[/]", f"{100 * each.distance:.1f} %", f"[bold]{each.verdict}[/]")
            for group in each.groups:
                table.add_row("", group.group, f"{100 * group.unusual:.1f} %", escape(group.most))
        return table

    @property
    def lines(self) -> list[str]:
        """A line for each data set."""
        lines = []
        for each in self.data_sets:
            share = (
                "" if each.guarded is None else f"; the guard would choose {100 * each.guarded:.0f} % of the queries"
            )
            lines.append(f"{each.data_set}, {each.verdict}: {100 * each.distance:.1f} % of the features unusual{share}")
        return lines

    def to_json(self) -> dict[str, Any]:
        """Return the same for a machine."""
        data_sets = [{**asdict(each), "verdict": each.verdict} for each in self.data_sets]
        return {"policy": self.policy, "trained": self.trained, "found": data_sets}


def distance(
    policy: Policy | str,
    data: Sequence[DataSet | str | tuple[Any, Any]],
    *,
    labels: int = 60,
    batch: int = 1,
    seeds: int = 5,
    learner: str = "softmax-regression",
) -> Distances:
    """Play ``seeds`` loops of margin sampling on each data set and hold what the policy would see against training.

    A feature is unusual in a state where it lies outside the range that holds 99 % of its values in training, so about
    1 % are on the training tasks themselves. Up to 5 % are called near, from 15 % on far. Nothing is said of whether
    the policy does well: near data can be unlike the tasks in what the features do not tell.

    Raises InvalidRecipeError if no data set or fewer than one seed is given, PolicyFileError if there is no such policy
    or its card says nothing of its training, and what :func:`~alrl.data.sources.load_data_set` raises.
    """
    given: Any = data
    if not isinstance(given, Sequence) or isinstance(given, str):
        raise InvalidRecipeError(f"data = {data!r} given; give a list of data sets, such as ['wine', 'iris']")
    seeds = whole_number("seeds", seeds, least=0, error=InvalidRecipeError)
    if not data or seeds < 1:
        raise InvalidRecipeError(f"{len(data)} data sets and {seeds} seeds given; give at least one of each")
    policy = policy if isinstance(policy, Policy) else load_policy(policy)
    ranges = TrainingRanges.of_card(policy.card, policy.features)
    if ranges is None:
        raise PolicyFileError(
            f"the card of policy {policy.name!r} says nothing of its features in training; train it again with this"
            " version of alrl"
        )
    data_sets = []
    for source in data:
        data_set = load_data_set(source)
        tasks = [draw_task(data_set, [seed], split=DEFAULT_SPLIT) for seed in range(seeds)]
        simulator = Simulator(tasks, make_learner(learner), labels=labels)
        _, seen = watch(simulator, make_strategy("margin"), policy, labels=labels, batch=batch)
        data_sets.append(_distance_of(data_set.name, policy, ranges, seen))
    return Distances(policy=policy.name, trained=ranges.states, data_sets=tuple(data_sets))


def _distance_of(name: str, policy: Policy, ranges: TrainingRanges, seen: Sequence[Observation]) -> DataDistance:
    parts = [ranges.unusual(observation) for observation in seen]
    record, loop = (torch.cat(each).mean(0).tolist() for each in zip(*parts, strict=True))
    shares = {"record": iter(record), "loop": iter(loop)}
    groups = []
    for group in policy.features.groups:
        own = {feature.name: next(shares[group.scope]) for feature in group.features}
        mean = sum(own.values()) / len(own)
        groups.append(GroupDistance(data_set=name, group=group.name, unusual=mean, features=own))
    far = torch.cat([ranges.distance(observation) for observation in seen])
    fired = (
        None
        if policy.guard is None
        else torch.cat([policy.guard.triggers(observation) for observation in seen]).float()
    )
    return DataDistance(
        data_set=name,
        states=len(far),
        distance=float(far.mean()),
        guarded=None if fired is None else float(fired.mean()),
        groups=tuple(groups),
    )
