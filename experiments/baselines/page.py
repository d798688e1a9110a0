"""Writes ``docs/baselines.md`` and its figure from the rows that were played."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from alrl import recipes

HEAD = """# What is good in which environment

<!-- Written by `python -m experiments.baselines`; do not edit. -->

Each row is the mean over {episodes} episodes, of seeds that no training and no choice of a rule has seen. The return is
the environment's own, shaping left out; where it is taken against margin sampling, margin's row is zero. AUBC is the
area under the curve of test accuracy over rounds, in points. `best rule` is the one of {rules}
that has the highest mean return on as many other seeds. Rules buy whole batches to the end of the budget: they choose
no sizes, do not stop and do not begin again. `ppo`, `dqn` and `imitation` are small trainings of one seed, on the
environment's own data sets (eight of them at most) with other splits, by `experiments/baselines/*.toml`. Steps are the
queries that the training played, seconds its processor time, on one core. So short a training is a start to
compare with, no statement about the algorithm. **{played} of {wanted} rows have been played**; the command adds the
others.

```sh
python -m experiments.baselines                              # plays what is missing; a killed run goes on
python -m experiments.baselines --env digits --agent agents/a2c.toml   # a further row
```
"""
RULE_ROWS, TRAINED_ROWS = ("random", "margin", "best rule"), ("ppo", "dqn", "imitation")
AGENTS = (*RULE_ROWS, *TRAINED_ROWS)
COLUMNS = "| agent | return | AUBC | steps | seconds | |\n|---|---|---|---|---|---|\n"
CURVES = """
## Learning curves

Mean return of the last hundred episodes while learning, exploration included, less what margin sampling gains in the
same episodes (dashed), and the mean over the seeds: {seeds}. An untrained policy
plays as margin does. A curve that stays near the dashed line says that the training did not move it: as played on
2026-11-30, that of ppo, while dqn explores below it.

![Learning curves](figures/baselines.png)
"""


def write_page(rows: Sequence[Mapping[str, Any]], curves: Sequence[Mapping[str, Any]], folder: Path) -> None:
    """Write the page, and the figure where there are curves, into ``folder``."""
    from experiments.baselines.measure import RULES

    episodes = sorted({row["episodes"] for row in rows if row["episodes"]})
    text = HEAD.format(
        episodes=" or ".join(map(str, episodes)),
        rules=", ".join(RULES),
        played=sum(row["agent"] in AGENTS for row in rows),
        wanted=len(AGENTS) * len(recipes.names("envs")),
    )
    for env in sorted({row["env"] for row in rows}):
        text += f"\n## [{env}](environments/{env}.md)\n\n{COLUMNS}"
        text += "".join(_line(row) for row in rows if row["env"] == env)
    if curves:
        text += CURVES.format(seeds=_seeds(curves))
        _figure(curves, folder / "figures" / "baselines.png")
    (folder / "baselines.md").write_text(text, encoding="utf-8")


def _seeds(curves: Sequence[Mapping[str, Any]]) -> str:
    """Return which curves there are, in words.

    >>> _seeds([{"env": "digits", "agent": "ppo", "seed": seed, "steps_played": [64, 8000]} for seed in range(3)])
    '3 seeds of 8,000 queries by ppo in digits'
    """
    played: dict[tuple[str, str, int], set[int]] = {}
    for curve in curves:
        key = (curve["env"], curve["agent"], max(curve["steps_played"]))
        played.setdefault(key, set()).add(curve["seed"])
    parts = [
        f"{len(seeds)} seed{'s' * (len(seeds) > 1)} of {steps:,} queries by {agent} in {env}"
        for (env, agent, steps), seeds in played.items()
    ]
    return "; ".join(parts)


def _line(row: Mapping[str, Any]) -> str:
    if row["reward"] is None:
        return f"| {row['agent']} | | | | | {row['note']} |\n"
    digits = 4 if abs(row["reward"]) < 1 else 2
    reward = f"{row['reward']:+.{digits}f} ± {row['reward_error']:.{digits}f}"
    steps = f"{row['steps']:,} | {row['seconds']:.0f}" if row["steps"] else " | "
    return f"| {row['agent']} | {reward} | {100 * row['aubc']:.2f} | {steps} | {row['note']} |\n"


def _figure(curves: Sequence[Mapping[str, Any]], path: Path) -> None:
    environments = list(dict.fromkeys(curve["env"] for curve in curves))
    figure = Figure(figsize=(4.5 * len(environments), 3.2), layout="constrained")
    for env, axes in zip(environments, np.ravel(figure.subplots(1, len(environments))), strict=True):
        for agent, colour in (("ppo", "#0072B2"), ("dqn", "#D55E00")):
            mine = [curve for curve in curves if (curve["env"], curve["agent"]) == (env, agent)]
            for curve in mine:
                axes.plot(curve["steps_played"], curve["returns"], color=colour, alpha=0.3, linewidth=0.8)
            if mine:
                grid = np.asarray(mine[0]["steps_played"])
                mean = np.mean([np.interp(grid, each["steps_played"], each["returns"]) for each in mine], 0)
                axes.plot(grid, mean, color=colour, label=agent)
        axes.axhline(0, color="#555555", linewidth=0.8, linestyle="--")
        axes.set(title=env, xlabel="queries played", ylabel="return beyond margin's")
        axes.legend(frameon=False)
    path.parent.mkdir(exist_ok=True)
    figure.savefig(path, dpi=110)
