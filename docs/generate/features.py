"""The page of the documentation that lists every feature: ``python -m docs.generate.features docs/metadata.md``.

Written from the groups themselves; a test compares the page with what would be written now.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alrl.metadata.feature import Feature, FeatureGroup
from alrl.metadata.feature_set import DEFAULT_GROUPS, GROUPS

_BEGINNING = """# Features

<!-- Written by `python -m docs.generate.features docs/metadata.md`; do not edit. -->

What an agent observes, in groups that a recipe switches on by name:

```toml
[observation]
features = ["confidence", "trajectory", "learning-curve", "loop"]
```

Columns come in the order of this page, whatever the order in the recipe. Groups of scope *record* describe each
candidate, groups of scope *loop* the loop as a whole. Every feature is a bounded number that does not depend on the
number of columns, their scale, or how many records, classes, members or epochs there are, so one policy serves all
data sets; `influence` alone is of the standardised columns as they are, and each adds to it. Nothing here knows a label
that was not bought, or anything of the validation and test parts: a test scrambles these and compares every feature,
bit for bit. "The pool" of a rank are the records that may be queried.

A group that needs something beyond every learner's probabilities says so. Environments, `simulate` and `play` provide
it; a recipe whose learner cannot is refused. On a view of your own, ask the simulator:
`simulator.provide(FeatureSet(["confidence", "disagreement", "loop"]).needs)`.

| need | what it is | given by |
|---|---|---|
| `embedding` | each record before the learner's last layer | every learner (the features where it has no layers) |
| `earlier-embedding` | the same after the round before | every learner |
| `members` | the probabilities by each member | committees, and learners that draw from a posterior |
| `epochs` | each epoch of the last fit: losses, hits, margins; of eight of them what was said of the pool | neural \
networks with `record = true` |

## Groups

| group | scope | features | default | needs | what it says |
|---|---|---|---|---|---|
"""


def feature_page() -> str:
    """Return the page in Markdown."""
    lines = [_BEGINNING.rstrip("\n")]
    lines += [_overview(group) for group in GROUPS.values()]
    for group in GROUPS.values():
        lines += ["", f"## {group.name}", "", f"{_first_line(group)} Scope: {group.scope}. Needs: {_needs(group)}.", ""]
        lines += ["| feature | from | to | meaning |", "|---|---|---|---|", *map(_row, group.features)]
    return "\n".join(lines) + "\n"


def _overview(group: FeatureGroup) -> str:
    default = "yes" if group.name in DEFAULT_GROUPS else "no"
    cells = (
        f"[`{group.name}`](#{group.name})",
        group.scope,
        len(group.features),
        default,
        _needs(group),
        _first_line(group),
    )
    return _cells(*cells)


def _row(feature: Feature) -> str:
    return _cells(f"`{feature.name}`", f"{feature.low:g}", f"{feature.high:g}", feature.meaning)


def _first_line(group: FeatureGroup) -> str:
    return (type(group).__doc__ or "").strip().split("\n")[0]


def _needs(group: FeatureGroup) -> str:
    return ", ".join(f"`{need}`" for need in sorted(group.needs)) or "nothing"


def _cells(*cells: object) -> str:
    # A bar ends a cell.
    return "| " + " | ".join(str(cell).replace("|", "\\|") for cell in cells) + " |"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(feature_page(), encoding="utf-8")
