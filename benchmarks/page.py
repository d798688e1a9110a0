"""The benchmark as a page in Markdown."""

from __future__ import annotations

from typing import Any

from benchmarks import tables
from benchmarks.agreement import AGREEMENT, LEVEL
from benchmarks.environment import CANDIDATES
from benchmarks.growth import BATCH, DATA_SET, FEW
from benchmarks.peers import PEERS
from benchmarks.report import BenchReport
from benchmarks.targets import reasons, verdicts
from benchmarks.workloads import EPOCHS

_METHOD = """\
A step is one round: refit the learner, predict the pool, query, score the test part. Every side plays the same tasks
(half the data the pool, half the test part, one label a class to start), in turns within one run, so that what else the
machine does slows all of them; a ratio is taken within a repeat, and median, least and largest are over {repeats}
repeats. In each repeat the hand-written loop plays {seeds} seeds from scratch, new ones every time, one by one on one
thread, the other sides half of them; ours plays 1 to {episodes} seeds at once on one thread a worker. Drawing its
tasks is included, starting worker processes is not. W5 is a multilayer perceptron with 64 hidden units, 50 epochs of
Adam on all labelled records from scratch.
"""
_PEERS = """\
modAL: its query function with a refit of one's own, as its `teach` fails with scikit-learn 1.8 and newer; it has no
random sampling, so W4 draws with NumPy. scikit-activeml: its classifier wrapper and querying strategies, the fit not
repeated for the query (`fit_clf=False`).
"""
_AGREEMENT = """\
The same accuracy: AUBC of ours minus that of the cold hand-written loop, mean ± standard error over the seeds that both
played, and up to what it counts as none. Margin sampling follows differences in the last digits, so two exact loops
soon query other records: on the left each picks for itself, on the right scikit-learn's classifier is refitted to the
records that ours picked. Where nothing is left to chance (the same picks, and no random start of the learner) a mean
difference up to {agreement} is none, else one that Student's t at {level:.1%} does not tell from zero. Exit status 1 on
DIFFERENT.
"""
_RECIPES = """\
Every recipe of `envs/` as it is declared, its features, its batches and the margin run that it may be paired with
included, under a random policy: steps per second over all episodes at once in one process on one thread, median (least
to largest) of {repeats} repeats. A repeat begins the episodes, which is timed apart (the last column, for each of
{episodes} at once), then plays {seconds:g} s of steps or until a batch is full. So these are speeds from the start of
an episode on: later fits have more labels. Where the policy may stop, beginning anew is part of the steps. This section
alone: `python -m benchmarks --recipes`.
"""
RECIPES = "## Environment recipes"
_SHARES = """\
One worker, by a stopwatch on the parts' public calls; set-up and first fit are left out. The floor is the time that the
modelled multiply-adds of a step (fit, pool, test part) would take at the rate of a large float32 matrix product on one
thread, measured in this run: {rate:.1f} thousand million a second.
"""
_GROWTH = """\
Random queries on {data_set}, {batch} labels a loop, up to {labels} labels: what the fits of all rounds so far cost. The
exponent is the slope of the logarithms over the last three quarters: 1 is linear in the number of labels, 2 quadratic.
Any refit to all labels passes over all of them, however it begins, so a loop costs more the more labels there are: a
warm start saves passes (solver iterations, {few} epochs instead of {epochs}, a system updated, not built), which is a
factor; the exponent shows whether it is more than that.
"""


def page(report: BenchReport, figure: str | None) -> str:
    """Return the page; ``figure`` is the path of the growth figure from the page's folder, if there is one."""
    size = report.size
    method = _METHOD.format(repeats=size.repeats, seeds=size.seeds, episodes=max(size.episodes))
    lines = ["# Speed of the loop", "", "Made by `make bench`.", "", *tables.targets(report).markdown_rows(), ""]
    short = reasons(verdicts(report))
    if short:
        lines += ["## What falls short, and why", "", *short, ""]
    if report.measured:
        lines += ["## Workloads", "", "Ratios are to the hand-written loop refitted from scratch.", ""]
        lines += [f"- {each.workload.title}" for each in report.measured]
        lines += ["", "## Steps per second", "", *tables.speeds(report).markdown_rows(), ""]
        lines += ["## Ratios to the hand-written loop", "", *tables.ratios(report).markdown_rows(), "", method, _PEERS]
        lines += ["## The same accuracy", "", *tables.agreement(report).markdown_rows(), ""]
        lines += [_AGREEMENT.format(level=LEVEL, agreement=AGREEMENT)]
    if report.environments:
        lines += ["## Vector environment", "", *tables.environments(report).markdown_rows(), ""]
        lines += [
            (
                f"{size.env_episodes} episodes of 100 labels, {CANDIDATES} candidates, all features, paid by the gain"
                " over that of margin sampling, random policy; beginning the episodes is included."
            ),
            "",
        ]
    if report.recipes:
        lines += recipe_section(report)
    if report.shares:
        lines += ["## Where the time goes", "", *tables.shares(report).markdown_rows(), ""]
        lines += [_SHARES.format(rate=report.rate / 1e9)]
    if report.growth:
        labels = report.growth[0].labels[-1]
        lines += ["## Growth", "", *tables.growth(report).markdown_rows(), ""]
        lines += [_GROWTH.format(data_set=DATA_SET, batch=BATCH, labels=labels, few=FEW, epochs=EPOCHS)]
        lines += [f"![Cumulative work and time against labels]({figure})", ""] if figure else []
    return "\n".join([*lines, "## Where and when", "", *_source(report.source, report.peers), ""])


def recipe_section(report: BenchReport) -> list[str]:
    """Return the section on the recipes in ``envs/``, lines in Markdown, with where and when."""
    size = report.size
    explanation = _RECIPES.format(repeats=size.repeats, episodes=size.recipe_episodes[-1], seconds=size.recipe_seconds)
    return [RECIPES, "", *tables.recipes(report).markdown_rows(), "", explanation, *_source(report.source, {}), ""]


def with_recipe_section(text: str, report: BenchReport) -> str:
    """Return the page ``text`` with its section on the recipes made anew, before the last one if there was none."""
    lines = text.split("\n")
    heads = [number for number, line in enumerate(lines) if line.startswith("## ")]
    begin = next((head for head in heads if lines[head] == RECIPES), None)
    if begin is None:
        begin = end = heads[-1] if heads else len(lines)
    else:
        end = next((head for head in heads if head > begin), len(lines))
    return "\n".join([*lines[:begin], *recipe_section(report), *lines[end:]])


def _source(source: dict[str, Any], peers: dict[str, str | None]) -> list[str]:
    git = source["git"] or {"commit": "not in a git checkout", "dirty": False}
    installed = {name: version or "not installed" for name, version in peers.items() if name in PEERS}
    versions = ", ".join(f"{name} {version}" for name, version in {**source["packages"], **installed}.items())
    return [
        f"- Machine: {source['cpu']['name']}, {source['cpu']['count']} cores, {source['platform']}",
        f"- Python {source['python']}, {versions}",
        f"- Commit: {git['commit']}{', with changes' if git['dirty'] else ''}, {source['time']}",
    ]
