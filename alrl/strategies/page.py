"""The page of the documentation that lists every strategy: ``python -m alrl.strategies.page docs/strategies.md``.

Written from the strategies themselves; a test compares the page with what would be written now.
"""

from __future__ import annotations

import sys
from importlib import import_module
from pathlib import Path

from alrl.strategies.base import Strategy
from alrl.strategies.registry import make_strategy, strategies

_BEGINNING = """# Strategies

<!-- Written by `python -m alrl.strategies.page docs/strategies.md`; do not edit. -->

Rule-based querying strategies, one a file in `alrl/strategies/`, each an agent in `agents/`. All score the records of
many episodes at once, a higher score is queried sooner, and ties are broken by the stream `strategy`. None sees a label
that was not bought. What a strategy *needs* beyond the learner's probabilities the simulator computes for it alone:
`embedding` (each record before the last layer), `earlier-embedding` (the same after the loop before), `members` (of a
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
`learns`: albl, exp3, ucb and thompson change from loop to loop; what they have learnt is in the strategy that
`Strategy.after` gives.

## The upper bound

`greedy-oracle` is no strategy. It sees hidden labels, through a type of its own (`alrl.agents.oracle.Oracle`) that is
handed the simulator, and it plays only in a study that names it among its agents. Tables and figures write "(upper
bound)" behind its name; it has no rank, is best of no data set, and no test across data sets counts it. By default it
looks at the test part itself, as published greedy oracles do, so what it gains includes noise.

## What differs from other libraries

The tests `tests/strategies/test_parity_*.py` compare scores and rankings with scikit-activeml 1.0.1 and modAL 0.4.2.1 on
at least fifty random cases each. Where the two sides are not the same:

| strategy | theirs | ours |
|---|---|---|
| margin | modAL's is small where unsure and it takes the smallest; scikit-activeml's is one minus that | minus the margin: the order is the same |
| mean-kl, bald | scikit-activeml raises members' probabilities below 1e-7 to that | exact: 0 log 0 = 0 |
| vote-entropy, variation-ratios | a member's vote is its first likeliest class | equally likely classes share the vote, so that no order of classes matters |
| information-density | modAL gives the density alone; the product with the entropy is left to the user | entropy times density to the power `beta` |
| ranked-batch | modAL begins with the record nearest to all others where nothing is labelled | begins with the least confident |
| core-set | scikit-activeml begins with a random record where nothing is labelled | the same, by the stream `strategy` |
| badge | scikit-activeml takes the origin for one of the centres | the paper and its authors' code do not: neither do we |
| typiclust | scikit-activeml: of clusters of equal size a random one; where every cluster has a label a random record | the first of them; goes on with the fewest labels |
| probcover | scikit-activeml keeps a graph of all pairs within the radius | the same counts without the graph |
| contrastive | the same divergence from the nearest labelled records | the same |
| expected-error-reduction | scikit-activeml evaluates on all records, labelled ones and the candidate included, unless told; modAL on the pool without the candidate, but its module does not import with numpy 2 | on the unlabelled records without the candidate, as in the paper |
| expected-gradient-length | not in either | the last layer alone, in closed form |
| discriminative | a network of the user's | a logistic regression in the embedding |

Ties are each library's own dice.

## What is approximated on large pools

| strategy | what | setting |
|---|---|---|
| expected-error-reduction, expected-output-change | candidates and the records that are asked about are drawn anew for every query | `candidates`, `evaluated`, `iterations` |
| batch-bald | joint entropies from so many configurations of labels; after the first record only so many candidates of highest BALD | `configurations`, `candidates` |
| probcover | so many candidates drawn anew for every query; the radius from 1,024 records | `candidates` |
| typiclust | typicality among 2,048 records of a larger pool; at most so many clusters | `clusters` |
| weighted-kmeans, cluster-margin | only the most uncertain records are clustered | `beta`; `candidates`, `cluster_size` |
| discriminative | the known records are told from so many others | `compared` |
| information-density | mean similarity to a sample of the pool, see [large pools](large-pools.md) | |
| any | `subsampled` shows its base so many records drawn at random | `records` |
"""


def strategy_page() -> str:
    """The page in Markdown."""
    return _BEGINNING + "".join(map(_row, strategies())) + _END


def _row(name: str) -> str:
    kind = strategies()[name]
    needs = ", ".join(f"`{need}`" for need in sorted(make_strategy(name).needs)) or "–"
    cells = (f"`{name}`", queries(kind), kind.paper or "–", needs, kind.batch, kind.cost or "–")
    # A bar ends a cell.
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |\n"


def queries(kind: type[Strategy]) -> str:
    """What a strategy queries: the first line of its file, without its name.

    >>> from alrl.strategies.margin import Margin
    >>> queries(Margin)
    'query where the two likeliest classes are closest'
    """
    first = (import_module(kind.__module__).__doc__ or "").strip().split("\n")[0]
    return first.partition(": ")[2].rstrip(".") or first.rstrip(".")


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(strategy_page(), encoding="utf-8")
