"""Why a target that was not reached was not: what profiles of the run's parts showed."""

from __future__ import annotations

from collections.abc import Iterable

from alrl.experiments.bench.targets import Verdict

WHY = {
    "W1": "The fit is the larger part of a step: some fifteen iterations, each with two products of small matrices.",
    "W2, one": (
        "Of a step of about a millisecond the fit is a tenth; the rest is about a hundred calls of torch and numba,"
        " which cost the same for one episode as for sixty-four."
    ),
    "W2": "Half of a step is calls of torch, shared by the episodes of a worker; the fit is two fifths.",
    "W3": (
        "Fits to 20 to 210 labels are four fifths of a step. The factorisation of the preconditioner runs along short"
        " rows, at a quarter of the products' rate, and past twice as many records as features the preconditioner is"
        " one matrix for all classes, with which a fit took 46 iterations instead of 24."
    ),
    "W4": "The fit is the larger part of a step, then the passes over pool and test part.",
    "W5": "Fifty epochs of Adam run at a third of the arithmetic floor.",
    "environment": (
        "An observation of all 39 features is about nine hundred calls of Python and torch, whatever the number of"
        " episodes: eight milliseconds a step. The compiled passes and the fit take about 0.1 ms an episode on"
        " breast_cancer, 0.6 ms on digits. With two workers of 32 episodes a step took 13 ms instead of the 10 ms of"
        " one alone. More episodes a worker, or whole feature groups compiled, would bring it down."
    ),
    "pool": "The pass over the pool and the policy's hundred picks, each of which sees the batch so far.",
}
"""By the beginning of a verdict's name; the longest that fits counts."""


def reasons(verdicts: Iterable[Verdict]) -> list[str]:
    """A line for each measured target that was not reached, in Markdown.

    >>> short = Verdict(what="W5, 64 episodes or more", target=15, value=12.0, unit="x")
    >>> reasons([short, Verdict(what="W4, 64 episodes or more", target=30, value=40.0, unit="x")])
    ['- W5, 64 episodes or more (short by 20 %). Fifty epochs of Adam run at a third of the arithmetic floor.']
    """
    lines = []
    for verdict in verdicts:
        if verdict.value is None or verdict.reached:
            continue
        fitting = max((name for name in WHY if verdict.what.startswith(name)), key=len, default=None)
        why = "" if fitting is None else f" {WHY[fitting]}"
        lines.append(f"- {verdict.what} ({verdict}).{why}")
    return lines
