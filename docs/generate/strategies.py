"""The page of the documentation that lists every strategy: ``python -m docs.generate.strategies docs/strategies.md``.

Written from the strategies themselves; a test compares the page with what would be written now.
"""

from __future__ import annotations

import re
import sys
from importlib import import_module
from pathlib import Path

from alrl.strategies.base import Strategy, make_strategy, strategies
from docs.generate.strategy_notes import APPROXIMATIONS, DIFFERENCES

_BEGINNING = """# Strategies

<!-- Written by `python -m docs.generate.strategies docs/strategies.md`; do not edit. -->

Rule-based querying strategies, each an agent by its name; their code is in `alrl/strategies/`. All score the records of
many episodes at once, a higher score is queried sooner, and ties are broken by the stream `strategy`. None sees a label
that was not bought. What a strategy *needs* beyond the learner's probabilities the simulator computes for it alone:
`embedding` (each record before the last layer), `earlier-embedding` (the same after the round before), `members` (of a
committee), `refits` (the learner refitted as if a record had a label).

A batch of one is what the strategy's score queries. A batch never holds a record twice; where the pool holds fewer
records than are asked for, all are taken and the rest of the row is -1, and `simulate` and `query` warn that the pool
ran out (`PoolExhaustedWarning`). A batch of more records is made as the table says.

Cost is the arithmetic of one query of an episode up to a factor: N records, k classes, D features, E columns of the
embedding, M members, L labelled records, a batch of m. No strategy builds a matrix of all pairs of records.

| strategy | queries | paper | needs | batch of m | cost |
|---|---|---|---|---|---|
"""

_END = """
`albl`, `exp3`, `ucb` and `thompson` learn from round to round: `Strategy.after` gives the strategy that plays the next
one.

## Upper bounds

`greedy-oracle` (Werner et al. 2024) tries records one by one, `boss` (Huseljic et al. 2026) the batches that ten rules
propose. Both see hidden labels: they declare that they `peek`, are handed the simulator, and choose nothing by a view.
No strategy's name stands for them; a study names them among its agents. Tables and figures write "(upper bound)" behind
the name; they have no rank, are best of no data set, and no test across data sets counts them. By default they look at
the test part itself, as published oracles do, so what they gain includes noise.

## What differs from other libraries

The tests `tests/strategies/test_parity_*.py` compare scores and rankings with scikit-activeml 1.0.1 and modAL 0.4.2.1
on at least fifty random cases each; both come with the extra `test`, so no run of the suite leaves them out. Where the
two sides are not the same:

| strategy | theirs | ours |
|---|---|---|
{differences}
Ties are each library's own dice.

## What is approximated on large pools

| strategy | what | setting |
|---|---|---|
{approximations}"""


def strategy_page() -> str:
    """Return the page in Markdown."""
    differences = "".join(_cells(*row) for row in DIFFERENCES)
    approximations = "".join(_cells(*row) for row in APPROXIMATIONS)
    end = _END.format(differences=differences, approximations=approximations)
    return _BEGINNING + "".join(map(_row, strategies())) + end


def _row(name: str) -> str:
    kind = strategies()[name]
    needs = ", ".join(f"`{need}`" for need in sorted(make_strategy(name).needs)) or "–"
    return _cells(f"`{name}`", queries(kind), kind.paper or "–", needs, kind.batch, kind.cost or "–")


def _cells(*cells: str) -> str:
    # A bar ends a cell.
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def queries(kind: type[Strategy]) -> str:
    """Return what a strategy queries: the first line of its file without the name; of its class in a file of several.

    >>> from alrl.strategies.uncertainty_sampling import Entropy
    >>> queries(Entropy)
    'by the entropy of its class probabilities in nats, from 0 to log k'
    """
    alone = sum(each.__module__ == kind.__module__ for each in strategies().values()) == 1
    first = ((import_module(kind.__module__) if alone else kind).__doc__ or "").strip().split("\n")[0].rstrip(".")
    if alone:
        return first.partition(": ")[2] or first
    own = re.sub("^Scores? a record ", "", first).replace("``", "`")
    return own[:1].lower() + own[1:]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(strategy_page(), encoding="utf-8")
