"""``python -m experiments.projects play|score``."""

from __future__ import annotations

import sys

from experiments.projects.play import play_all
from experiments.projects.score import report

if __name__ == "__main__":
    {"play": play_all, "score": report}[sys.argv[1] if len(sys.argv) > 1 else "score"]()
