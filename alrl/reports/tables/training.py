"""Tabulate what each training took, beside what came of it: one row an algorithm, its policy seeds side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from alrl.agents.policy import Policy
from alrl.evaluation.table import Table
from alrl.reports.summary import Summary

_HEAD = (
    "agent",
    "loop steps",
    "look-ahead steps",
    "refits",
    "CPU seconds",
    "gain on validation sets",
    "AUBC",
    "against {reference} (midmean)",
    "wins / ties / losses",
    "worse than random on",
)


def training_table(policies: Mapping[str, Policy], summary: Summary, *, mark: str = "") -> str:
    """Return Markdown; nothing where no policy tells what its training took.

    Steps, refits and seconds are means over the policies that an algorithm trained, one a seed; the rest is told for
    each. Agents that were not trained have no steps. The best mean AUBC stands first.

    Args:
        policies: by the names of the tables.
        summary: the comparison in one metric.
        mark: stands above the table.
    """
    if not any(policy.card.get("work") for policy in policies.values()):
        return ""
    groups: dict[str, list[str]] = {}
    for name in summary.strategies:
        groups.setdefault(_algorithm(name, policies), []).append(name)
    ordered = sorted(groups, key=lambda group: -np.mean([_area(summary, name) for name in groups[group]]))
    note = (
        f"AUBC of {summary.metric.replace('_', ' ')} in points, mean over {len(summary.ranked)} data sets; gains and"
        " differences in points, one a policy seed. Loop steps are queries of the training's own loops, look-ahead"
        " steps those of roll-outs. Refits and seconds hold all of a training: paired runs, roll-outs and the"
        " validation at its end."
    )
    return Table(
        header=tuple(cell.format(reference=summary.reference) for cell in _HEAD),
        rows=tuple((group, *_took(groups[group], policies), *_came(groups[group], summary)) for group in ordered),
        notes=note,
        mark=mark,
    ).to_markdown()


def _algorithm(name: str, policies: Mapping[str, Policy]) -> str:
    """Return the name without the seed that tells its policies apart."""
    return name.removesuffix(f"-{policies[name].card.get('seed')}") if name in policies else name


def _took(names: Sequence[str], policies: Mapping[str, Policy]) -> list[str]:
    cards = [policies[name].card for name in names if name in policies and policies[name].card.get("work")]
    if not cards:
        return ["–"] * 5
    keys = ("steps", "look_ahead_steps", "refits", "cpu_seconds")
    means = [f"{np.mean([card['work'][key] for card in cards]):,.0f}" for key in keys]
    gains = [f"{100 * card['validation_gain_over_margin'][card['stage']]:+.2f}" for card in cards]
    return [*means, ", ".join(gains)]


def _came(names: Sequence[str], summary: Summary) -> list[str]:
    area = ", ".join(f"{_area(summary, name):.2f}" for name in names)
    worse = ", ".join("–" if name == "random" else "/".join(map(str, summary.worse_share(name))) for name in names)
    differences = [summary.across[name].midmean_seeds for name in names if name in summary.across]
    if not differences or list(names) == [summary.reference]:
        return [area, "–", "–", worse]
    gaps = ", ".join(
        f"{difference.value:+.2f} ({difference.low:+.2f} to {difference.high:+.2f})" for difference in differences
    )
    return [area, gaps, ", ".join(" / ".join(map(str, summary.record(name))) for name in names), worse]


def _area(summary: Summary, name: str) -> float:
    return float(np.mean([summary.cells[data_set, name].mean for data_set in summary.ranked or summary.data_sets]))
