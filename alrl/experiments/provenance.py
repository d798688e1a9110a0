"""Where a number came from: code, packages, machine and time."""

from __future__ import annotations

import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

from threadpoolctl import threadpool_info

PACKAGES = ("alrl", "numpy", "scipy", "scikit-learn", "torch", "gymnasium", "stable-baselines3", "sb3-contrib")


def provenance(root: Path | None = None) -> dict[str, Any]:
    """Git commit, package versions, Python, platform, CPU, BLAS and time of the running code, ready for JSON.

    ``root`` is the folder whose git state counts, that of alrl by default. ``git`` is None where alrl does not lie in a
    git checkout of its own, or there is no git.

    >>> sorted(provenance())
    ['blas', 'cpu', 'git', 'packages', 'platform', 'python', 'time']
    """
    return {
        "git": _git(Path(__file__).parents[2] if root is None else root),
        "packages": {name: version for name in PACKAGES if (version := _version(name)) is not None},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": {"name": _cpu(), "count": os.cpu_count()},
        "blas": _blas(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def _git(root: Path) -> dict[str, Any] | None:
    top = _run_git(root, "rev-parse", "--show-toplevel")
    # An alrl installed in a virtual environment inside someone else's repository must not claim that commit.
    if top is None or Path(top).resolve() != root.resolve():
        return None
    commit, changes = _run_git(root, "rev-parse", "HEAD"), _run_git(root, "status", "--porcelain")
    return None if commit is None or changes is None else {"commit": commit, "dirty": bool(changes)}


def _run_git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return done.stdout.strip()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        lines = []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or platform.machine()


def _blas() -> list[dict[str, Any]]:
    pools = threadpool_info()
    kept = ("internal_api", "version", "num_threads", "architecture")
    return [{name: pool[name] for name in kept if pool.get(name) is not None} for pool in pools]
