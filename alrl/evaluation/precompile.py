"""Compile now what would be compiled on first use: ``python -m alrl.evaluation.precompile``, once an installation.

What is compiled is kept beside the modules, or where ``NUMBA_CACHE_DIR`` says; processes that start together would else
each compile the same.
"""

from __future__ import annotations

import time

from alrl.evaluation.simulate import simulate

_PLAYED = (("general", "softmax-regression"), ("core-set", "softmax-regression"), ("margin", "multilayer-perceptron"))


def precompile() -> float:
    """Play a few queries with everything that is compiled for the ordinary loop; the seconds that it took."""
    started = time.perf_counter()
    for strategy, learner in _PLAYED:
        for data in ("iris", "breast_cancer"):
            simulate(data, strategy, learner=learner, labels=7, seeds=1)
    return time.perf_counter() - started


if __name__ == "__main__":
    print(f"compiled in {precompile():.0f} s")
