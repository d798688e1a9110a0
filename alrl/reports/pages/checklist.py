"""A reproducibility checklist, filled from what a run recorded of itself.

The questions are those of the machine learning reproducibility checklist (Pineau et al. 2021) that apply to a study.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from alrl.evaluation.statistics import SMALLEST_SAMPLE
from alrl.reports.summary import Summary
from alrl.studies.store.store import StoredCell

Status = Literal["yes", "partly", "no"]


@dataclass(frozen=True, kw_only=True)
class Item:
    """One question and its answer."""

    question: str
    status: Status
    answer: str


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """Facts that a run recorded of itself."""

    hypothesis: str
    command: str
    settings: Mapping[str, Any]
    cells: Sequence[Mapping[str, Any]]
    finished: int
    failed: int
    played: Sequence[StoredCell]
    """The finished cells, with what each took."""
    provenance: Sequence[Mapping[str, Any]]
    """One a sitting."""


def checklist(record: RunRecord, summary: Summary, policies: Sequence[str]) -> list[Item]:
    """Return questions and answers; a fact that was not recorded is a no."""
    return [
        _item("Is the hypothesis stated, in words, in the recipe that was run?", record.hypothesis),
        _item("Is there a command that makes every number?", record.command),
        _code(record),
        _item("Are the versions of all packages recorded?", _packages(record)),
        _machine(record),
        _data(record),
        _item("Is it said how records are split into pool, validation and test?", _first(record, "split")),
        _item("Are all settings of learner, budget and batch recorded?", _settings(record)),
        _seeds(record),
        _policies(record, policies),
        _complete(record),
        Item(
            question="Are measures and their variation defined?",
            status="yes",
            answer="Area under the budget curve on a test part that no choice saw; means over paired seeds with 95 %"
            " Student-t intervals, paired differences too; over data sets with data sets as units.",
        ),
        _tests(summary),
        Item(
            question="Are losses shown beside wins?",
            status="yes",
            answer=f"Every data set is in the table, wins, ties and losses against {summary.reference} are counted, and"
            " data sets that are worse than random are marked.",
        ),
        _compute(record),
    ]


def _item(question: str, answer: str) -> Item:
    return Item(question=question, status="yes" if answer else "no", answer=answer or "Not recorded.")


def _code(record: RunRecord) -> Item:
    """Return whether every cell recorded the code that played it, with commits and what classes of one's own are."""
    states = [origin.get("git") for origin in record.provenance]
    commits = list(dict.fromkeys(str(git["commit"]) for git in states if isinstance(git, Mapping) and "commit" in git))
    dirty = any(isinstance(git, Mapping) and git.get("dirty", True) for git in states)
    codes = [cell.code for cell in record.played]
    known = [code for code in codes if code is not None]
    own = {name: what for code in known for name, what in code.get("classes", {}).items()}
    versions = dict.fromkeys(_version(code["alrl"]) for code in known)
    texts = (
        [f"Commit {', '.join(commits)}" + (" with changes that were not committed" if dirty else "")] if commits else []
    )
    texts += [f"alrl {', '.join(versions)}"] if versions else []
    texts += [f"{name} is {what}" for name, what in own.items()]
    missing = len(codes) - len(known)
    texts += (
        [f"of {missing} of {len(codes)} cells code not identified: stored before alrl recorded it"] if missing else []
    )
    texts += [f"the cells were played by {len(versions)} states of alrl"] if len(versions) > 1 else []
    whole = bool(known) and not missing and len(versions) == 1 and "not found" not in own.values()
    return Item(
        question="Is the code identified?",
        status="yes" if whole else "partly" if known or commits else "no",
        answer="; ".join(texts) + "." if texts else "Not recorded.",
    )


def _version(code: Mapping[str, Any]) -> str:
    modules = code.get("modules")
    return f"{code.get('version')} (modules {str(modules)[:12]})" if modules else str(code.get("version"))


def _packages(record: RunRecord) -> str:
    if not record.provenance:
        return ""
    first = record.provenance[0]
    listed = ", ".join(f"{name} {version}" for name, version in dict(first.get("packages", {})).items())
    return f"Python {first['python']}, {listed}" if listed and "python" in first else listed


def _machine(record: RunRecord) -> Item:
    names = []
    for origin in record.provenance:
        cpu = origin.get("cpu", {})
        name = (
            f"{cpu.get('name', 'unknown processor')}, {cpu.get('count', '?')} cores"
            if isinstance(cpu, Mapping)
            else str(cpu)
        )
        names.append(f"{name}, {origin.get('platform', 'unknown system')}")
    return _item("Is the machine described?", "; ".join(dict.fromkeys(names)))


def _data(record: RunRecord) -> Item:
    prints = {cell.get("data_set"): cell.get("fingerprint") for cell in record.cells}
    known = [f"{name} {str(fingerprint)[:12]}" for name, fingerprint in prints.items() if fingerprint]
    return Item(
        question="Are the data identified, each by the hash of its contents?",
        status="yes" if len(known) == len(prints) else "partly" if known else "no",
        answer=", ".join(known) or "Not recorded.",
    )


def _first(record: RunRecord, key: str) -> str:
    values = list(dict.fromkeys(str(cell[key]) for cell in record.cells if key in cell))
    return "; ".join(value.strip("{}").replace("'", "") for value in values)


def _settings(record: RunRecord) -> str:
    kept = {name: value for name, value in record.settings.items() if name != "data sets"}
    return "; ".join(f"{name}: {value}" for name, value in kept.items())


def _seeds(record: RunRecord) -> Item:
    seeds = sorted({seed for cell in record.cells for seed in cell.get("seeds", ())})
    if not seeds:
        return Item(question="How many runs, and with which seeds?", status="no", answer="Not recorded.")
    every = (
        f"{seeds[0]} to {seeds[-1]}" if seeds == list(range(seeds[0], seeds[-1] + 1)) else ", ".join(map(str, seeds))
    )
    return Item(
        question="How many runs, and with which seeds?",
        # Three seeds mislead: fewer than thirty are said, and do not pass.
        status="yes" if len(seeds) >= _ENOUGH else "partly",
        answer=f"{len(seeds)} paired seeds, {every}: every strategy meets the same split and first sample."
        + ("" if len(seeds) >= _ENOUGH else f" Fewer than {_ENOUGH} mislead."),
    )


_ENOUGH = 30


def _policies(record: RunRecord, policies: Sequence[str]) -> Item:
    prints = {str(cell["agent"]): str(cell.get("agent_identity")) for cell in record.cells if "agent" in cell}
    known = [f"{name}, SHA-256 {prints[name][:12]}" for name in policies if name in prints]
    return Item(
        question="Are trained weights identified, with their training data?",
        status="yes" if len(known) == len(policies) else "partly",
        answer="; ".join(known) + ": see the policy card. No data set of the study, nor a relative, was trained on."
        if known
        else "No policy that could be identified took part.",
    )


def _complete(record: RunRecord) -> Item:
    total = len(record.cells)
    done = f"{record.finished} of {total} cells finished, {record.failed} failed."
    return Item(
        question="Is every run that was planned reported?",
        status="yes" if record.finished == total else "no",
        answer=done,
    )


def _tests(summary: Summary) -> Item:
    enough = summary.wilcoxon is not None
    return Item(
        question="Are tests across data sets corrected for their number?",
        status="yes" if enough else "partly",
        answer=f"Data sets are the unit; Wilcoxon's signed-rank test against {summary.reference}, corrected by Holm"
        f" over the {max(len(summary.ranks) - 1, 0)} strategies of one metric, which are the family;"
        " Friedman and Nemenyi over all strategies."
        if enough
        else f"None was made: {len(summary.ranked)} data sets, a test needs {SMALLEST_SAMPLE}.",
    )


def _compute(record: RunRecord) -> Item:
    texts = []
    if seconds := [cell.seconds for cell in record.played if cell.seconds is not None]:
        texts.append(f"{sum(seconds):.0f} s of wall time in {len(seconds)} cells together")
    if processor := [cell.cpu_seconds for cell in record.played if cell.cpu_seconds is not None]:
        texts.append(f"{sum(processor):.0f} s of processor time")
    if peaks := [cell.peak_bytes for cell in record.played if cell.peak_bytes is not None]:
        texts.append(f"at most {max(peaks) / 2**20:.0f} MiB in a process")
    return Item(
        question="Is the computing that it took reported?",
        status="yes" if texts else "no",
        answer=", ".join(texts) + "." if texts else "Not recorded.",
    )
