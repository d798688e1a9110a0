"""Plays a small study in a process that others may kill: ``python small_study.py FOLDER WORKERS``."""

from __future__ import annotations

import sys
from pathlib import Path

from alrl.experiments.runner import Runner
from alrl.experiments.study import StudyRecipe
from alrl.recipes import parse

STUDY = {
    "title": "killed",
    "data": ["iris", "wine"],
    "agents": ["margin", "random", "entropy"],
    "labels": 6,
    "seeds": 8,
    "block": 1,
}

if __name__ == "__main__":
    print("ready", flush=True)
    sys.stdin.readline()
    study = parse(StudyRecipe, STUDY, where="small_study.py")
    ran = Runner(study=study, folder=Path(sys.argv[1]), workers=int(sys.argv[2])).run()
    print(ran.cells, ran.played, ran.failed, flush=True)
