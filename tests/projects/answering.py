"""A process that has imported what an annotator needs, and forks one for each line ``folder annotator bytes``.

Each gives answers to all records of the project one by one, and notes those that were taken in ``taken-<annotator>``;
``bytes`` above 0 is the largest file that it may write.
"""

from __future__ import annotations

import os
import resource
import signal
import sys
from pathlib import Path

from alrl.errors import ProjectError
from alrl.projects import Project


def answer(folder: Path, annotator: str, most: int) -> None:
    """Answer every record, in an order of the annotator's own."""
    project = Project(folder)
    records = project.pool().ids
    if most:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
    start = sum(annotator.encode()) % len(records)
    with (folder / f"taken-{annotator}").open("ab", buffering=0) as taken:
        for record in records[start:] + records[:start]:
            project.tell({record: ("no", "yes")[int(record[1:]) % 2]}, annotator=annotator)
            taken.write(f"{record}\n".encode())


def main() -> None:
    """Fork a process a line; print its number, then how it ended."""
    print("ready", flush=True)
    for line in sys.stdin:
        folder, annotator, most = line.split()
        child = os.fork()
        if child == 0:
            try:
                answer(Path(folder), annotator, int(most))
            except ProjectError as error:
                (Path(folder) / "refused").write_text(str(error), encoding="utf-8")
                os._exit(7)
            os._exit(0)
        print(child, flush=True)
        if annotator.endswith("+"):
            continue
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
