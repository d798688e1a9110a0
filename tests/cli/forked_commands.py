"""Runs commands of alrl in processes that a fault of the machine befalls.

It imports what they need once; each line that it reads is a JSON object: ``arguments``, ``folder``, and perhaps the
``limit`` on the size of a file and the ``encoding`` of the output. It forks a process that writes to ``output`` in the
folder, writes its id, and when that has ended, its exit status.
"""

from __future__ import annotations

import json
import os
import resource
import sys
from pathlib import Path
from typing import Any


def command(job: dict[str, Any]) -> int:
    """One command, as the shell would run it, under the limits of the job."""
    os.chdir(job["folder"])
    # A group of its own, as a shell gives a job.
    os.setpgid(0, 0)
    output = os.open("output", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(output, 1)
    os.dup2(output, 2)
    if "limit" in job:
        resource.setrlimit(resource.RLIMIT_FSIZE, (job["limit"], job["limit"]))
    sys.stdout = open(1, "w", encoding=job.get("encoding", "utf-8"), closefd=False)  # noqa: SIM115
    sys.stderr = open(2, "w", encoding=job.get("encoding", "utf-8"), closefd=False)  # noqa: SIM115
    try:
        app(job["arguments"], standalone_mode=True)
    except SystemExit as error:
        return int(error.code or 0)
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
    return 0


if __name__ == "__main__":
    import alrl.agents.training.training
    import alrl.reports.report
    import alrl.studies.runner  # noqa: F401
    from alrl.cli import app

    print("ready", flush=True)
    for line in sys.stdin:
        job = json.loads(line)
        child = os.fork()
        if child == 0:
            status = 99
            try:
                status = command(job)
            finally:
                os._exit(status)
        Path(job["folder"], "pid").write_text(str(child), encoding="ascii")
        print(child, flush=True)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)
