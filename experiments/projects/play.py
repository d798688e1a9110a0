"""Play a project on every data set: 24 batches of 10 by margin, a perfect annotator, two fifths held out."""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from alrl.data.sources import load_data_set
from alrl.projects.rehearsal import Person, Rehearsal, rehearse

ROUNDS = Path(__file__).with_name("rounds.jsonl")
TUNED = (
    *(f"common/{name}" for name in (
        "australian", "balance", "car", "contraceptive", "flare", "german", "mammographic", "nursery", "page-blocks",
        "pima", "segment", "splice", "yeast1",
    )),
    *(f"synthetic/{name}-0" for name in (
        "categorical", "heavy-tailed", "high-dimensional", "many-class", "mixed", "noisy", "overlapping", "text-like",
    )),
)  # fmt: skip
"""Data sets that constants and rules were chosen on."""
REPORTED = (
    *(f"keel/{name}" for name in (
        "banana", "chess", "magic", "marketing", "mushroom", "optdigits", "penbased", "phoneme", "ring", "satimage",
        "spambase", "tic-tac-toe", "titanic", "twonorm", "vehicle", "wisconsin",
    )),
    "digits", "common/winequality-red-4", "common/kr-vs-k-three_vs_eleven", "common/vowel0",
    "common/kddcup-land_vs_satan",
)  # fmt: skip
"""Data sets, of other families, that results are reported on."""
_MOST = 2_500
_FACTS = ("kappa", "agreement", "uncertainty", "confidence")


def play_all() -> None:
    """Play what is missing and append it to ``rounds.jsonl``: some seconds a data set."""
    lines = ROUNDS.read_text(encoding="utf-8").splitlines() if ROUNDS.is_file() else []
    there = {json.loads(line)["name"] for line in lines}
    for name in (*TUNED, *REPORTED):
        if name not in there:
            with ROUNDS.open("a", encoding="utf-8") as stream:
                stream.write(json.dumps(played(name)) + "\n")
            sys.stdout.write(f"{name}\n")


def played(name: str) -> dict[str, Any]:
    """Return what a project on one data set saw after each round, and how good its model really was."""
    data = load_data_set(name)
    rows = np.random.default_rng(0).permutation(data.n_records)[:_MOST]
    frame = pd.DataFrame(data.X[rows], columns=[f"x{column}" for column in range(data.n_features)])
    frame["y"] = [data.class_names[code] for code in data.y[rows]]
    with tempfile.TemporaryDirectory() as folder:
        result = rehearse(
            Path(folder) / "project", frame, label="y", batches=24, batch=10, people=[Person(name="a")], audit=0.1,
            strategy="margin", held_out=0.4,
        )  # fmt: skip
        return {"name": name, "records": len(frame), "rounds": list(_rounds(result))}


def _rounds(result: Rehearsal) -> Any:
    facts = result.project.state.rounds
    for point, accuracy, each in zip(result.points, result.accuracy, facts, strict=True):
        yield {"labels": point.labels, "true": round(accuracy, 5), **{name: each.facts[name] for name in _FACTS}}
