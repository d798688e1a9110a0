"""The table of trainings: an algorithm's policies share a row, which tells what they took and came to."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from alrl.agents.policy import Policy
from alrl.envs.candidates import CandidateMixture
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.reports.summary import summarise
from alrl.reports.tables.training import training_table

START = Policy.untrained(FeatureSet(DEFAULT_GROUPS), CandidateMixture(), width=4)


def trained(seed: int, steps: int, gain: float) -> Policy:
    work = {
        "steps": steps,
        "validation_steps": 9,
        "look_ahead_steps": 0,
        "refits": 3 * steps,
        "cpu_seconds": 1.5 * seed,
    }
    card = {"seed": seed, "stage": "ppo", "validation_gain_over_margin": {"untrained": 0.0, "ppo": gain}, "work": work}
    return dataclasses.replace(START, card=card)


def comparison(make_curves: Callable[..., list[Curves]]) -> Comparison:
    """Two policies of one algorithm, margin and random."""
    names = {"general": "mine-3", "least-confidence": "mine-5", "margin": "margin", "random": "random"}
    curves = make_curves(strategies=tuple(names), seeds=8, labels=10)
    return Comparison([dataclasses.replace(each, strategy=names[each.strategy]) for each in curves])


def test_seeds_share_a_row_and_the_best_stands_first(make_curves: Callable[..., list[Curves]]) -> None:
    summary = summarise(comparison(make_curves), reference="margin", emphasis="mine-3")
    policies = {"mine-3": trained(3, 1000, 0.0125), "mine-5": trained(5, 2000, -0.002)}
    rows = [line.strip("| ").split(" | ") for line in training_table(policies, summary).splitlines() if "|" in line]
    result = {row[0]: dict(zip(rows[0], row, strict=True)) for row in rows[2:]}
    mine, margin, random = result["mine"], result["margin"], result["random"]
    means = [sum(map(float, row["AUBC"].split(", "))) / len(row["AUBC"].split(", ")) for row in result.values()]
    assert means == sorted(means, reverse=True)
    assert (mine["loop steps"], mine["refits"], mine["CPU seconds"]) == ("1,500", "4,500", "6")
    assert mine["gain on validation sets"] == "+1.25, -0.20"
    areas = [summary.cells[data_set, "margin"].mean for data_set in summary.data_sets]
    assert margin["AUBC"] == f"{sum(areas) / len(areas):.2f}"
    gaps = [summary.across[name].midmean_seeds for name in ("mine-3", "mine-5")]
    assert mine["against margin (midmean)"] == ", ".join(
        f"{g.value:+.2f} ({g.low:+.2f} to {g.high:+.2f})" for g in gaps
    )
    assert mine["wins / ties / losses"].split(", ")[1] == " / ".join(map(str, summary.record("mine-5")))
    assert margin["loop steps"] == margin["against margin (midmean)"] == random["CPU seconds"] == "–"


def test_where_nothing_was_trained_there_is_no_table(make_curves: Callable[..., list[Curves]]) -> None:
    summary = summarise(comparison(make_curves), reference="margin")
    assert training_table({"mine-3": START}, summary) == ""
