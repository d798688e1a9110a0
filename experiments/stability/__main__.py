"""``python -m experiments.stability``: plays what is missing, then writes the table and the figure."""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from alrl.evaluation.curves import Curves
from alrl.evaluation.simulate import simulate
from alrl.numerics.backend import one_thread
from alrl.reports.figures.canvas import save
from experiments.stability.measures import rank_correlation, stability
from experiments.stability.page import figure, table
from experiments.stability.variants import BASE, DATA, OTHER_SEEDS, RULES, SPLIT, VARIANTS, Variant

Key = tuple[str, str, str]
"""Variant, data set and rule."""


def main(arguments: list[str] | None = None) -> None:
    """Play every cell that is not there yet; write what is asked for into the folder."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=5, help="paired seeds")
    parser.add_argument("--labels", type=int, default=30, help="queries after the first sample")
    parser.add_argument("--batch", type=int, default=5, help="labels between two refits, of the base")
    parser.add_argument("--data", action="append", help="a data set; repeatable; six if left out")
    parser.add_argument(
        "--out", type=Path, default=Path("runs/stability"), help="folder; what it holds is not replayed"
    )
    given = parser.parse_args(arguments)
    given.out.mkdir(parents=True, exist_ok=True)
    settings = {"seeds": given.seeds, "labels": given.labels, "batch": given.batch}
    data = tuple(given.data or DATA)
    with one_thread():
        curves = played(given.out / f"curves-{'-'.join(map(str, settings.values()))}.jsonl", data, settings)
    results, correlations = [], {}
    for variant in VARIANTS[1:]:
        for rule in RULES:
            pairs = [
                (curves[BASE, each, rule], curves[variant.name, each, rule])
                for each in data
                if (variant.name, each, rule) in curves
            ]
            if pairs:
                results.append(stability(variant.name, rule, pairs, same_pool=variant.same_pool))
        correlations[variant.name] = rank_correlation(_means(curves, BASE, data), _means(curves, variant.name, data))
    caption = f"{len(data)} data sets, {given.seeds} seeds, {given.labels} labels in batches of {given.batch}"
    written = table(results, correlations, caption)
    (given.out / "stability.md").write_text(written.to_markdown(), encoding="utf-8")
    (given.out / "stability.csv").write_text(written.to_csv(), encoding="utf-8")
    save(figure(results, correlations), given.out / "stability")
    print(written)


def played(path: Path, data: Iterable[str], settings: dict[str, int]) -> dict[Key, Curves]:
    """Return the curves of all cells; what ``path`` lacks is played, and appended cell by cell."""
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    curves = {tuple(row["key"]): _curves(row) for row in map(json.loads, filter(_whole, lines))}
    wanted = [(variant, name, rule) for variant in VARIANTS for name in data for rule in RULES]
    with path.open("a", encoding="utf-8") as file:
        for variant, name, rule in wanted:
            strategy = None if (variant.name, name, rule) in curves else variant.strategy(rule)
            if strategy is not None:
                curve = simulate(name, strategy, split=SPLIT, **_arguments(variant, settings))
                key = (variant.name, name, rule)
                curves[key] = curve
                file.write(json.dumps({"key": key, **_row(curve)}) + "\n")
                file.flush()
    return curves


def _whole(line: str) -> bool:
    return line.endswith("}")


def _arguments(variant: Variant, settings: dict[str, int]) -> dict[str, Any]:
    start = 0 if variant.same_pool else OTHER_SEEDS
    seeds = list(range(start, start + settings["seeds"]))
    return {**settings, "seeds": seeds, **variant.settings}


def _row(curves: Curves) -> dict[str, Any]:
    arrays = {name: getattr(curves, name).tolist() for name in ("accuracy", "balanced_accuracy", "picks", "first")}
    return {**arrays, "batch": curves.batch, "seeds": curves.seeds, "learner": curves.learner}


def _curves(row: dict[str, Any]) -> Curves:
    variant, data_set, rule = row["key"]
    fields = {name: value for name, value in row.items() if name != "key"}
    return Curves(data_set=data_set, strategy=rule, condition=variant, **{**fields, "seeds": tuple(row["seeds"])})


def _means(curves: dict[Key, Curves], variant: str, data: Iterable[str]) -> dict[str, list[float]]:
    """Return the mean areas of the rules by data set: the variant's where it has the rule, else the base's."""
    return {
        name: [
            float(np.mean(curves.get((variant, name, rule), curves[BASE, name, rule]).aubc.round(12))) for rule in RULES
        ]
        for name in data
    }


if __name__ == "__main__":
    main()
