"""Exit statuses of commands: scripts may rely on them."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """Exit statuses of every command."""

    DONE = 0
    UNEXPECTED = 1
    INPUT = 2
    FAILED_CELLS = 3
    DIFFERENT = 4
    INTERRUPTED = 130
    TERMINATED = 143

    @property
    def meaning(self) -> str:
        """What it tells, in a sentence."""
        return _MEANINGS[self]


_MEANINGS = {
    Exit.DONE: "Done.",
    Exit.UNEXPECTED: "A fault of alrl, or of own code that it ran; which is said, `--debug` shows the traceback.",
    Exit.INPUT: "What was given cannot be used: a name, a file, an option, a folder that cannot be written, a full"
    " disk. The message says what to do.",
    Exit.FAILED_CELLS: "The study ran, and some of its cells failed; their tracebacks are in the store.",
    Exit.DIFFERENT: "`reproduce`: a cell gave other bits, and no other machine excuses it; `verify`: something is"
    " damaged or missing; `leaderboard`: a submission was rejected.",
    Exit.TERMINATED: "Ended by SIGTERM, as a cluster or `kill` sends it. As above.",
    Exit.INTERRUPTED: "Interrupted (Ctrl-C). Of what stores its work (`run`, `train`, `tune`, `card`, `submit`), what"
    " was finished is kept, and the same command goes on from there; others begin anew.",
}
