"""Play alrl/suite-v1 with the library's rules and `general`, and write the board.

``python -m experiments.leaderboard FOLDER``: what is there already is not played again; ``--board`` plays nothing.
"""

from __future__ import annotations

import sys
from pathlib import Path

from alrl.leaderboard import leaderboard, submit
from alrl.leaderboard.submission import SUBMISSION
from alrl.progress import Bars
from alrl.strategies import strategies

FIRST = ("margin", "random", "general", "entropy", "least-confidence", "badge", "core-set", "uherding", "max-herding")
LEFT_OUT = {
    "committee": (
        "bald",
        "batch-bald",
        "consensus-entropy",
        "expected-model-change",
        "mean-kl",
        "variation-ratios",
        "vote-entropy",
    ),
    "a refit or a classifier for each answer": (
        "bait",
        "discriminative",
        "epig",
        "expected-error-reduction",
        "expected-output-change",
        "quire",
    ),
}
"""Rules that softmax regression has no members for, and those that take seconds a query."""


def players() -> list[str]:
    """Return who is on the first board, the ones that others are held against first."""
    out = {name for names in LEFT_OUT.values() for name in names}
    return [*FIRST, *(name for name in strategies() if name not in out and name not in FIRST)]


def main(folder: Path, *, play: bool = True) -> None:
    """Play what is missing, one agent after another, and make the board of what is there."""
    for name in players() if play else ():
        if not (folder / name / SUBMISSION).is_file() or not (folder / name / "MANIFEST.sha256").is_file():
            submitted = submit(name, folder / name, workers=1)
            print(f"{name}: {submitted.ran.played} cells in {submitted.ran.seconds:.0f} s", flush=True)
    board = leaderboard(folder, seed=20, bars=Bars())
    for name, why in board.rejected:
        print(f"rejected {name}: {why}")
    print(f"{len(board.accepted)} on the board: {board.folder}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), play="--board" not in sys.argv)
