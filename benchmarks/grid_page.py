"""Measure what the grid took, as a section of ``docs/benchmarks.md`` and as a folder beside the study."""

from __future__ import annotations

import argparse
import csv
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from alrl.errors import AlrlError
from alrl.evaluation.table import Table
from benchmarks.baseline_loop import WRITTEN
from benchmarks.grid import Grid, measure_grid

HEADING = "## A whole study"
_NOTES = "## What was tried"
"""Written by hand: what was measured on the way, and not kept."""
_COMMAND = "python -m benchmarks.grid"
_HYPOTHESIS = 10.0
"""How many times faster the study expects to be."""
_KEPT = ("table.md", "table.csv", "summary.md")
_METHOD = """\
`experiments/grid.toml`: {strategies} strategies × {sets} real data sets × {seeds} seeds × {labels} queries = {steps:,}
loop steps (pools of at most {pool:,} records, scored on at most {test:,}), softmax regression. Ours is the wall time of
the command `alrl run`, from its start to its end: Python's start, worker processes, every cell stored, figures, tables
and page. The hand-written loop fits scikit-learn's `LogisticRegression` from scratch, predicts the pool, picks, and
scores the test part, one episode after another on one thread a process. What is compiled was so before, on both
sides. It played {episodes} episodes, seeds {sample}
of every strategy and data set, on {workers} processes at once; a strategy's seconds are the mean over these seeds ×
{seeds} seeds / {workers} processes. Loading the data and starting processes are not in its time.
"""
_RULES = """\
Written by hand in NumPy and scikit-learn: {written}. In place of the others ({others}) the hand-written loop queries
by margin: it fits, predicts and scores as for any rule, without the work of their own scores, so its time is a lower
bound.
"""


def section(grid: Grid) -> list[str]:
    """Return the section, lines in Markdown.

    Times by hand are extrapolated: from the sample, with the least and largest that single seeds of it give.
    """
    study, played, others = grid.study, grid.played, [name for name in grid.study.agents if name not in WRITTEN]
    alone = grid.extrapolated() / played.playing
    verdict = f"The study's hypothesis, ten times, is {_reached(grid.ratio)} by the whole command and {_reached(alone)}"
    verdict += " by playing alone."
    each = [grid.extrapolated(seeds=[seed]) for seed in grid.sample]
    spread = f" ({duration(min(each))} to {duration(max(each))} by single seeds)" if len(each) > 1 else ""
    method = _METHOD.format(
        strategies=len(study.agents),
        sets=len(study.data),
        seeds=study.seeds,
        labels=study.labels,
        steps=grid.steps,
        pool=study.split.max_pool or 0,
        test=study.split.max_test or 0,
        episodes=len(grid.by_hand),
        sample=" and ".join(map(str, grid.sample)),
        workers=grid.workers,
    )
    git = grid.source["git"] or {"commit": "not in a git checkout", "dirty": False}
    faster = f"The whole command is **{grid.ratio:.0f} times** faster than the hand-written loop's extrapolated time;"
    made = f"Made by `{_COMMAND}` at commit {git['commit']}{', with changes' if git['dirty'] else ''},"
    return [
        HEADING,
        "",
        *_whole(grid, spread).markdown_rows(),
        "",
        f"{faster} playing alone, {alone:.0f} times. {verdict}",
        "",
        method,
        *_by_strategy(grid).markdown_rows(),
        "",
        _RULES.format(written=", ".join(name for name in study.agents if name in WRITTEN), others=", ".join(others)),
        "The last column: AUBC of ours minus that of the hand-written loop over the episodes of the sample, as above.",
        "",
        f"{made} {grid.source['time']}, on {grid.source['cpu']['name']}, {grid.source['cpu']['count']} cores.",
        "",
    ]


def _reached(ratio: float) -> str:
    return "reached" if ratio >= _HYPOTHESIS else "not reached"


def _whole(grid: Grid, spread: str) -> Table:
    played = grid.played
    rows = (
        ("`alrl run`, the whole command", duration(played.wall), f"{grid.steps / played.wall:,.0f}"),
        ("of it, cells played and stored", duration(played.playing), f"{grid.steps / played.playing:,.0f}"),
        (
            f"the same grid by hand, extrapolated{spread}",
            duration(grid.extrapolated()),
            f"{grid.steps / grid.extrapolated():,.0f}",
        ),
    )
    return Table(caption="The grid", header=(f"on {grid.workers} processes", "time", "steps per second"), rows=rows)


def _by_strategy(grid: Grid) -> Table:
    rows = tuple(
        (
            name,
            "itself" if name in WRITTEN else "margin",
            duration(grid.extrapolated(name)),
            str(grid.agreement[name]) if name in grid.agreement else "–",
        )
        for name in grid.study.agents
    )
    header = ("strategy", "played by hand as", "by hand, extrapolated", "AUBC, ours minus by hand")
    return Table(caption="By strategy", header=header, rows=rows)


def duration(seconds: float) -> str:
    """For people, to about three digits.

    >>> duration(41.64), duration(312), duration(9000)
    ('41.6 s', '5.2 min', '2.5 h')
    """
    if seconds < 100:
        return f"{seconds:.1f} s"
    return f"{seconds / 60:.1f} min" if seconds < 5400 else f"{seconds / 3600:.1f} h"


def with_section(page: str, lines: Sequence[str]) -> str:
    r"""Return the page with this section in place of an earlier one, or before its last section.

    >>> print(with_section("# T\n\n## Last\n\nx\n", ["## A whole study", "", "new", ""]))
    # T
    <BLANKLINE>
    ## A whole study
    <BLANKLINE>
    new
    <BLANKLINE>
    ## Last
    <BLANKLINE>
    x
    <BLANKLINE>
    """
    before = page.split("\n")
    heads = [place for place, line in enumerate(before) if line.startswith("## ")]
    begin = next((head for head in heads if before[head] == lines[0]), None)
    end = heads[-1] if heads else len(before)
    if begin is not None:
        end = next((head for head in heads if head > begin), len(before))
    return "\n".join([*before[: end if begin is None else begin], *lines, *before[end:]])


def keep_section(text: str, target: Path) -> str:
    """Return the page ``text`` with this section, and with the notes, of the page that lies at ``target``, if any."""
    lines = target.read_text(encoding="utf-8").split("\n") if target.is_file() else []
    for heading in (_NOTES, HEADING):
        if heading in lines:
            begin = lines.index(heading)
            end = next((place for place in range(begin + 1, len(lines)) if lines[place].startswith("## ")), len(lines))
            text = with_section(text, lines[begin:end])
    return text


def publish(grid: Grid, run: Path, folder: Path) -> list[Path]:
    """Write tables of the study and times of the sample into ``folder``; the run's folder may then be thrown away."""
    folder.mkdir(parents=True, exist_ok=True)
    kept = [Path(shutil.copy(run / name, folder)) for name in _KEPT]
    times, readme = folder / "by_hand.csv", folder / "README.md"
    with times.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["data_set", "strategy", "seed", "seconds", "accuracy_at_the_end"])
        for each in grid.by_hand:
            writer.writerow([each.data_set, each.strategy, each.seed, f"{each.seconds:.4f}", f"{each.curve[-1]:.4f}"])
    head = ["# Result of `experiments/grid.toml`", "", f"`{_COMMAND}` wrote this folder and the same section of"]
    head += [
        "`docs/benchmarks.md`. `table.*` and `summary.md` are those of `alrl run`; `by_hand.csv` has the seconds of"
    ]
    head += ["every episode that was played by hand.", ""]
    readme.write_text("\n".join([*head, *section(grid)]).rstrip() + "\n", encoding="utf-8")
    return [*kept, times, readme]


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure, write; 1 if ours learns otherwise than the hand-written loop, 2 for bad input."""
    given = _parser().parse_args(arguments)
    console = Console()
    try:
        with tempfile.TemporaryDirectory(prefix="alrl-grid-") as scratch:
            run = Path(scratch) / "run"
            grid = measure_grid(
                given.study,
                run,
                workers=given.workers,
                sample=range(given.sample),
                tick=lambda text: console.print(text, highlight=False, markup=False),
            )
            written = publish(grid, run, given.out)
    except AlrlError as error:
        console.print(f"error: {error}", style="red", markup=False, highlight=False)
        return 2
    lines = section(grid)
    if given.page is not None:
        before = given.page.read_text(encoding="utf-8") if given.page.is_file() else "# Speed of the loop\n\n"
        given.page.write_text(with_section(before, lines), encoding="utf-8")
        written.append(given.page)
    console.print("\n".join(lines), markup=False, highlight=False, soft_wrap=True)
    console.print("wrote " + ", ".join(map(str, written)), markup=False, highlight=False, soft_wrap=True)
    return 0 if all(each.same for each in grid.agreement.values()) else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=_COMMAND, description=__doc__)
    parser.add_argument("--study", default="grid", help="a study of data sets and agents with single queries (grid)")
    parser.add_argument("--workers", type=int, default=2, help="processes, of both sides (2)")
    parser.add_argument("--sample", type=int, default=2, help="seeds of every cell that are played by hand (2)")
    parser.add_argument("--out", type=Path, default=Path("experiments/grid"), help="folder of the result")
    parser.add_argument(
        "--page", type=Path, help="page that gets the section, such as docs/benchmarks.md; none if left out"
    )
    return parser
