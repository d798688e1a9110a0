"""The card of a policy: what it was trained on, what it reads, what it did in the study, where it lost."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import Tensor

from alrl.agents.guard.training_ranges import TrainingRanges
from alrl.agents.players import find_strategy
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy
from alrl.agents.training.validation import gains_by_stage
from alrl.data.families import listed
from alrl.errors import AlrlError
from alrl.evaluation.comparison import Comparison
from alrl.reports.summary import Summary
from alrl.studies.study_agents import POLICIES

_SHOWN_APART = (
    "agent",
    "environment",
    "trained_on",
    "validated_on",
    "validation_gain_over_margin",
    "validation_standard_error",
    "judged_by",
    "seed",
    "stage",
    "feature_ranges",
    "hand_over",
)


@dataclass(frozen=True, kw_only=True)
class PolicyCard:
    """One policy of a study."""

    name: str
    facts: Mapping[str, str]
    """What it is and where it comes from, by term."""
    trained_on: Sequence[str]
    validated_on: Sequence[str]
    features: Sequence[tuple[str, str, str, str, str]]
    """Name, scope (record or loop), range, usual range in training and meaning of each feature that it reads."""
    results: Mapping[str, str]
    """What it did in the study, by term; losses are named."""
    recipes: Mapping[str, str]
    """The training recipes as JSON."""

    def markdown(self) -> str:
        """Return the card as Markdown, under a heading of level 1."""
        lines = [f"# Policy card: {self.name}", ""]
        lines += [f"- **{term}**: {text}" for term, text in self.facts.items()]
        lines += ["", "## Results", ""]
        lines += [f"- **{term}**: {text}" for term, text in self.results.items()]
        for title, names in (("Trained on", self.trained_on), ("Validated on", self.validated_on)):
            lines += ["", f"## {title} ({len(names)} data sets)", "", listed(names) or "not recorded"]
        lines += [
            "",
            f"## Reads ({len(self.features)} features)",
            "",
            "| feature | of | range | 99 % in training | meaning |",
            "| :-- | :-- | :-- | :-- | :-- |",
        ]
        lines += [f"| {' | '.join(row)} |" for row in self.features]
        for title, text in self.recipes.items():
            lines += ["", f"## Recipe of the {title}", "", "```json", text, "```"]
        return "\n".join([*lines, ""])


def find_policies(folder: Path, cells: Sequence[Mapping[str, Any]]) -> tuple[dict[str, Policy], list[str]]:
    """Return the policies among a study's agents by name, and remarks on those that are no longer what was run.

    Looked for in the run's ``policies`` first, then under the name of their recipe.
    """
    policies, remarks = {}, []
    for name in dict.fromkeys(str(cell["agent"]) for cell in cells if "agent" in cell):
        policy = _policy(folder, name)
        if policy is None:
            continue
        run = {str(cell.get("agent_identity")) for cell in cells if cell.get("agent") == name}
        if run != {policy.fingerprint}:
            remarks.append(f"Policy {name}: its weights are not those that were run any more, so it has no card here.")
        else:
            policies[name] = policy
    return policies, remarks


def _policy(folder: Path, name: str) -> Policy | None:
    trained = folder / POLICIES / re.sub(r"[^A-Za-z0-9._-]+", "-", name)
    try:
        agent = load_policy(trained.resolve()) if (trained / "policy.json").is_file() else find_strategy(name)
    except AlrlError:
        return None
    return agent if isinstance(agent, Policy) else None


def policy_card(
    name: str, policy: Policy, summaries: Sequence[Summary], comparison: Comparison | None = None
) -> PolicyCard:
    """Return the card of ``policy``, called ``name`` in the study that ``summaries`` sum up.

    ``comparison`` has the curves.
    """
    card = policy.card
    facts = {
        "weights": f"SHA-256 {policy.fingerprint}",
        "network": policy.network.summary,
        "chooses among": policy.mixture.summary,
        "stage kept": str(card.get("stage", "not recorded")),
        "training seed": str(card.get("seed", "not recorded")),
        "gain on its validation data sets": gains_by_stage(card) or "not recorded",
    }
    facts |= {
        term.replace("_", " "): _plain(value)
        for term, value in card.items()
        if term not in _SHOWN_APART and not term.startswith("imitation")
    }
    facts["guard"] = policy.guard.summary if policy.guard is not None else "none"
    ranges = TrainingRanges.of_card(card, policy.features)
    scopes = (
        ("record", policy.features.record, ranges.record if ranges is not None else None),
        ("loop", policy.features.loop, ranges.loop if ranges is not None else None),
    )
    return PolicyCard(
        name=name,
        facts=facts,
        trained_on=tuple(card.get("trained_on", ())),
        validated_on=tuple(card.get("validated_on", ())),
        features=tuple(
            (each.name, scope, f"{each.low:g} to {each.high:g}", _usual(met, column), each.meaning)
            for scope, group, met in scopes
            for column, each in enumerate(group)
        ),
        results={
            **{term: text for summary in summaries for term, text in results_of(summary, name).items()},
            **_guarded(name, comparison),
        },
        recipes={kind: str(card[kind]) for kind in ("agent", "environment") if kind in card},
    )


def _usual(ranges: Tensor | None, column: int) -> str:
    return "not recorded" if ranges is None else f"{float(ranges[1, column]):.3g} to {float(ranges[2, column]):.3g}"


def _guarded(name: str, comparison: Comparison | None) -> dict[str, str]:
    """On how many of the queries the guard chose, where there is one: on average, and where most."""
    curves = [each for each in comparison or () if each.strategy == name]
    shares = [(float(each.guarded_share.mean()), each.data_set) for each in curves if each.guarded_share is not None]
    if not shares:
        return {}
    most = ", ".join(f"{data_set} {_share(round(share, 3))}" for share, data_set in sorted(shares, reverse=True)[:5])
    mean = sum(share for share, _ in shares) / len(shares)
    return {"chosen by the guard": f"{100 * mean:.1f} % of the queries; most on {most}"}


def results_of(summary: Summary, name: str) -> dict[str, str]:
    """Return what a strategy did in one metric, by term, its losses by name; empty if it was not run.

    Differences are of AUBC, in points, paired by seed.
    """
    if name not in summary.strategies:
        return {}
    metric = summary.metric.replace("_", " ")
    texts = {}
    if name in summary.ranks:
        texts[f"mean rank, {metric}"] = (
            f"{summary.ranks[name]:.2f} of {len(summary.ranks)} over {len(summary.ranked)} data sets"
        )
    if name != summary.reference:
        wins, ties, losses = summary.record(name)
        texts[f"wins / ties / losses against {summary.reference}, {metric}"] = f"{wins} / {ties} / {losses}"
        texts[f"loses to {summary.reference} on, {metric}"] = _named(losses_of(summary, name, summary.reference))
    if "random" in summary.strategies and name != "random":
        texts[f"worse than random on, {metric}"] = _named(losses_of(summary, name, "random"))
    return texts


def losses_of(summary: Summary, name: str, other: str) -> list[tuple[str, float]]:
    """Return data sets on which a strategy loses to another, with the difference in points, the worst first."""
    estimates = {data_set: summary.pairwise.of(data_set, name, other) for data_set in summary.data_sets}
    lost = [
        (data_set, estimate.value)
        for data_set, estimate in estimates.items()
        if estimate is not None and estimate.outcome == "loss"
    ]
    return sorted(lost, key=lambda pair: pair[1])


def _named(losses: list[tuple[str, float]]) -> str:
    return ", ".join(f"{data_set} ({value:+.2f})" for data_set, value in losses) or "none"


def _share(part: float) -> str:
    return f"{100 * part:g} %"


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {_plain(each)}" for name, each in value.items())
    return ", ".join(map(_plain, value)) if isinstance(value, list | tuple) else str(value)
