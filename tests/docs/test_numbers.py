"""Numbers in prose are those of the tables: each claim below is found in a page and computed from its table."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
EXPERIMENTS = ROOT / "experiments"


def row(table: str, beginning: str, section: str = "") -> list[str]:
    """Return the cells of the first row that begins so, in the section of a page of tables."""
    text = (ROOT / table).read_text(encoding="utf-8")
    text = text[text.index(section) :]
    line = next(line for line in text.split("\n") if line.startswith(f"| {beginning} |"))
    return [cell.strip() for cell in line.strip("|").split("|")]


def numbers(text: str) -> list[float]:
    return [float(each.replace("−", "-").replace(",", "")) for each in re.findall(r"[+\-−]?\d+(?:[.,]\d+)?", text)]


SINGLE, TENS = "experiments/headline/table.md", "experiments/headline/table-batch-10.md"
ACROSS, RATED = "| strategy | mean rank", "| strategy | Elo"
CLAIMS: dict[str, tuple[str, str, Callable[[], list[float]]]] = {
    "headline, README": (
        "README.md",
        (
            r"by \*\*(\S+) points of AUBC \((\S+) to (\S+), 95 %"
            r"[\s\S]*?by\s+\*\*(\S+) points \((\S+) to (\S+)\)\*\* in batches of ten"
        ),
        lambda: [*numbers(row(SINGLE, "general", ACROSS)[3]), *numbers(row(TENS, "general", ACROSS)[3])],
    ),
    "headline": (
        "docs/results.md",
        r"by \*\*(\S+) points of AUBC \((\S+) to (\S+),[\s\S]*?worst data set (\S+) \(bands\)",
        lambda: [*numbers(row(SINGLE, "general", ACROSS)[3]), numbers(row(SINGLE, "general", ACROSS)[6])[0]],
    ),
    "headline, ranks": (
        "docs/results.md",
        r"p = (\S+)\. Mean rank (\S+) of 26, margin (\S+); Elo (\d+), margin (\d+), random (\d+)",
        lambda: [
            numbers(row(SINGLE, "general", ACROSS)[7])[0],
            *(numbers(row(SINGLE, name, ACROSS)[1])[0] for name in ("general", "margin")),
            *(numbers(row(SINGLE, name, RATED)[1])[0] for name in ("general", "margin", "random")),
        ],
    ),
    "headline, wins and losses": (
        "docs/results.md",
        r"wins against margin on (\d+) data sets, ties on (\d+) and \*\*loses on (two)\*\*",
        lambda: numbers(row(SINGLE, "general", ACROSS)[2]),
    ),
    "batches of ten": (
        "docs/results.md",
        r"With batches of ten it exceeds margin by \*\*(\S+) points \((\S+) to (\S+)\)\*\*, worst (\S+) \(hayes-roth\)",
        lambda: [*numbers(row(TENS, "general", ACROSS)[3]), numbers(row(TENS, "general", ACROSS)[6])[0]],
    ),
    "UHerding": (
        "docs/results.md",
        r"exceeds margin by (\S+) points with single queries and (\S+) in batches of ten: `general`",
        lambda: [numbers(row(table, "uherding", ACROSS)[3])[0] for table in (SINGLE, TENS)],
    ),
    "robustness": (
        "docs/results.md",
        r"by (\S+) points \((\S+) to (\S+)\), a win on (\d+) of 10",
        lambda: [
            *numbers(row("experiments/robustness/README.md", "out of domain, 30 % of the pool")[1]),
            numbers(row("experiments/robustness/README.md", "out of domain, 30 % of the pool")[2])[0],
        ],
    ),
    "transfer": (
        "docs/results.md",
        r"nearest neighbours\) it exceeds margin by (\S+) to\s+(\S+) points",
        lambda: [
            choose(
                numbers(row("experiments/transfer/README.md", learner)[1])[0]
                for learner in ("random forest, 30 trees", "RBF-SVM", "multilayer perceptron", "nearest neighbours")
            )
            for choose in (min, max)
        ],
    ),
    "a wider ground": (
        "docs/results.md",
        r"by (\S+) points with single queries, (\S+) in tens, and by (\S+) and (\S+) with nearest neighbours",
        lambda: [
            -numbers(row(f"experiments/ground/table{page}.md", "wide", ACROSS)[3])[0]
            for page in ("", "-batch-10", "-nearest-neighbours-batch-1", "-nearest-neighbours-batch-10")
        ],
    ),
    "a whole study": (
        "docs/results.md",
        r"took (\S+) seconds on two cores with its report, (\S+) seconds\s+without",
        lambda: [
            numbers(row("experiments/grid/README.md", name)[1])[0]
            for name in ("`alrl run`, the whole command", "of it, cells played and stored")
        ],
    ),
    "a million records": (
        "docs/results.md",
        r"takes (\S+) s by margin and (\S+) s by a learned policy[\s\S]*?with\s+(\S+) GiB",
        lambda: [
            numbers(row("docs/benchmarks.md", f"pool of 1,000,000 × 64, {what}")[2])[0]
            for what in (
                "margin, the slowest of 5 loops",
                "general, the slowest of 5 loops",
                "general, peak memory beyond the file",
            )
        ],
    ),
    "one episode alone": (
        "docs/results.md",
        r"\| (\S+) to (\S+) × \|\n",
        lambda: sorted(numbers(row("docs/benchmarks.md", f"{work}, one episode")[2])[0] for work in ("W1", "W2")),
    ),
}


@pytest.mark.parametrize("claim", CLAIMS)
def test_a_number_in_prose_is_that_of_its_table(claim: str) -> None:
    page, pattern, source = CLAIMS[claim]
    match = re.search(pattern, (ROOT / page).read_text(encoding="utf-8"))
    assert match, f"{page} no longer says this as the pattern does: change both"
    written = [each.replace("two", "2").replace("−", "-").strip("*.,") for each in match.groups()]
    for answer, exact in zip(written, source(), strict=True):
        decimals = len(answer.partition(".")[2])
        assert abs(float(answer) - exact) <= 0.5 * 10**-decimals + 1e-9, (answer, exact)
