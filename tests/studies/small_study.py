"""Plays a small study in processes that others may kill.

It imports what a run needs once; each line ``WORKERS FOLDER`` that it reads begins a driver of its own by fork, whose
process id it writes, and when that has ended, what became of it.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from alrl.recipes import parse
from alrl.studies.runner import Runner
from alrl.studies.study import StudyRecipe

STUDY = {
    "title": "killed",
    "data": ["iris", "wine"],
    "agents": ["margin", "random", "entropy"],
    "labels": 6,
    "seeds": 8,
    "block": 1,
}


def drive(folder: Path, workers: int) -> None:
    """One whole run."""
    Runner(study=parse(StudyRecipe, STUDY, where="small_study.py"), folder=folder, workers=workers).run()


if __name__ == "__main__":
    print("ready", flush=True)
    for line in sys.stdin:
        workers, _, folder = line.strip().partition(" ")
        child = os.fork()
        if child == 0:
            status = 1
            try:
                drive(Path(folder), int(workers))
                status = 0
            finally:
                os._exit(status)
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
