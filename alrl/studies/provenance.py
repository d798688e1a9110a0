"""Provenance of a number: code, packages, machine and time."""

from __future__ import annotations

import hashlib
import os
import platform
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import Any

import torch
from threadpoolctl import threadpool_info

from alrl.numerics.streams import seed_sequence

PACKAGES = (
    "alrl",
    "numpy",
    "scipy",
    "scikit-learn",
    "torch",
    "numba",
    "llvmlite",
    "gymnasium",
    "stable-baselines3",
    "sb3-contrib",
)
STREAMS = ("split", "first sample", "learner", "strategy", "annotator", "agent")
"""Streams of randomness that an episode draws from."""
_LIMITS = {"OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS", "NUMBA_NUM_THREADS"}


def provenance(root: Path | None = None) -> dict[str, Any]:
    """Return git commit, packages, Python, platform, CPU, BLAS and threads, seed tree and time of the running code.

    For JSON.

    ``root`` is the folder whose git state counts, that of alrl by default. ``git`` is None where alrl does not lie in a
    git checkout of its own, or there is no git; else its ``changes`` is a hash of what differs from the commit, None if
    nothing does. The seed tree says how a stream's seed comes from an episode's.

    >>> sorted(provenance())
    ['blas', 'cpu', 'git', 'packages', 'platform', 'python', 'seed_tree', 'threads', 'time']
    """
    return {
        "git": _git(Path(__file__).parents[2] if root is None else root),
        "packages": {name: version for name in PACKAGES if (version := _version(name)) is not None},
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cpu": {"name": _cpu(), "count": os.cpu_count()},
        "blas": _blas(),
        "threads": {
            "torch": torch.get_num_threads(),
            **{name: os.environ[name] for name in _LIMITS if name in os.environ},
        },
        "seed_tree": seed_tree(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def seed_tree() -> dict[str, Any]:
    """Return how the seed of each stream comes from the seed of an episode.

    >>> sorted(seed_tree()["streams"])
    ['agent', 'annotator', 'first sample', 'learner', 'split', 'strategy']
    """
    keys = {name: int(seed_sequence([0], name).spawn_key[0]) for name in STREAMS}
    return {"rule": "numpy.random.SeedSequence([seed], spawn_key=(key of the stream,))", "streams": keys}


def _git(root: Path) -> dict[str, Any] | None:
    top = _run_git(root, "rev-parse", "--show-toplevel")
    # An alrl installed in a virtual environment inside someone else's repository must not claim that commit.
    if top is None or Path(top).resolve() != root.resolve():
        return None
    commit, changes = _run_git(root, "rev-parse", "HEAD"), _run_git(root, "status", "--porcelain")
    if commit is None or changes is None:
        return None
    return {"commit": commit, "dirty": bool(changes), "changes": _changes(root) if changes else None}


def _changes(root: Path) -> str | None:
    """Return SHA-256 of the difference from the commit and of the files that git neither tracks nor ignores."""
    difference, others = (
        _run_git(root, "diff", "HEAD", "--binary"),
        _run_git(root, "ls-files", "-zo", "--exclude-standard"),
    )
    if difference is None or others is None:
        return None
    digest = hashlib.sha256(difference.encode(errors="surrogateescape"))
    for name in sorted(filter(None, others.split("\0"))):
        digest.update(name.encode(errors="surrogateescape"))
        digest.update((root / name).read_bytes() if (root / name).is_file() else b"")
    return digest.hexdigest()


def _run_git(root: Path, *arguments: str) -> str | None:
    try:
        done = subprocess.run(  # noqa: S603
            ["git", "-C", str(root), *arguments],  # noqa: S607
            capture_output=True,
            text=True,
            errors="surrogateescape",
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
