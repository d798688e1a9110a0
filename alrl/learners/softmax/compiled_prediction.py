"""Probabilities of many records by softmax regression, one episode after another, compiled for the processor."""

from __future__ import annotations

from typing import Any

import numpy as np

from alrl.learners.softmax.compiled_arithmetic import fill, marked, times, to_probability
from alrl.numerics.backend import called, compiled


@compiled
def _predict_one(columns: Any, weights: Any, classes: Any, room: Any, out: Any) -> None:
    """Probabilities ``out`` (k, N) of the records ``columns`` (D, N)."""
    D, N = columns.shape
    c = 1 if len(classes) == 2 else len(classes)
    own, logits = np.empty((c, D + 1), out.dtype), np.empty((c, N), out.dtype)
    for i in range(c):
        for a in range(D + 1):
            own[i, a] = weights[classes[1], a] - weights[classes[0], a] if c == 1 else weights[classes[i], a]
    # What is zero in every class adds nothing: features that only wider data sets beside this one have.
    width = D
    while width > 0 and not own[:, width - 1].any():
        width -= 1
    times(own, columns[:width], logits)
    for i in range(c):
        for j in range(N):
            logits[i, j] += own[i, D]
    to_probability(logits, room)
    for i in range(c):
        for j in range(N):
            out[classes[1] if c == 1 else classes[i], j] = logits[i, j]
            if c == 1:
                out[classes[0], j] = 1 - logits[0, j]


@called
def predict_episodes(columns: Any, weights: Any, seen: Any, out: Any) -> None:
    """Probabilities ``out`` (B, branches, k, N) of the records ``columns`` (B, D, N), stored feature by feature.

    ``weights`` are (B, branches, k, D + 1), ``seen`` (B, branches, k).
    """
    B, _, N = columns.shape
    k = seen.shape[2]
    room = np.empty((2, N), out.dtype)
    for episode in range(B):
        for branch in range(seen.shape[1]):
            classes, into = marked(seen[episode, branch]), out[episode, branch]
            if len(classes) == 0:
                fill(into, 1 / k)
            else:
                fill(into, 0)
            if len(classes) == 1:
                for j in range(N):
                    into[classes[0], j] = 1
            elif len(classes) > 1:
                _predict_one(columns[episode], weights[episode, branch], classes, room, into)
