"""Measure how long a loop takes on a pool of a million records in a file, and how much memory it needs."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from alrl.errors import AlrlError
from alrl.numerics.streams import generator
from benchmarks.subprocess_call import run_apart

TARGET_SECONDS = 5.0
"""Seconds that a loop of 100 labels may take on two cores, by issue 3."""
TARGET_BYTES = 2 * 2**30
"""Anonymous memory that it may need, by issue 3."""
_LATENT = 16
_ROWS = 65_536


@dataclass(frozen=True, kw_only=True)
class LargePoolMeasure:
    """Time and memory of one strategy on one pool."""

    strategy: str
    """Its name."""
    seconds: tuple[float, ...]
    """Wall time of each round: fit, pass over the pool, choice of a batch and taking its labels."""
    standardisation_seconds: float
    """Wall time of the first pass, which finds mean and scale; done once a pool."""
    index_seconds: float
    """Wall time of building the neighbour index and looking up the sample in it; 0 for a rule; done once a pool."""
    peak_anonymous: int | None
    """Most anonymous memory (RssAnon) of the process that did all of it, in bytes; None where there is no /proc."""
    file_bytes: int
    """Size of the pool's file."""

    @property
    def within_targets(self) -> bool:
        """Whether every round and the memory stay within issue 3's targets."""
        return max(self.seconds) <= TARGET_SECONDS and (self.peak_anonymous or 0) <= TARGET_BYTES


def measure_large_pool(
    *,
    records: int = 1_000_000,
    features: int = 64,
    classes: int = 10,
    strategies: Sequence[str] = ("margin", "general"),
    batch: int = 100,
    loops: int = 5,
    threads: int = 2,
    folder: Path | None = None,
) -> list[LargePoolMeasure]:
    """Play loops on a pool of records drawn at random, each strategy in a fresh process of ``threads`` threads.

    The file is written chunk by chunk to ``folder``, by default a temporary one, and has clustered classes that
    overlap. Memory is RssAnon of the process in /proc, read by this process every 5 ms: interpreter, libraries, index
    and arrays count, pages of the memory-mapped file do not, for the system may drop them.

    Raises InvalidRecipeError for a strategy that is neither a rule nor a shipped policy.
    """
    with tempfile.TemporaryDirectory(dir=folder) as place:
        X, y = write_pool(Path(place), records=records, features=features, classes=classes)
        settings = {"X": X, "y": y, "classes": classes, "batch": batch, "loops": loops, "threads": threads}
        return [_measured(strategy, settings) for strategy in strategies]


def write_pool(folder: Path, *, records: int, features: int, classes: int) -> tuple[Path, Path]:
    """Return files of records (N, D) in single precision and their classes (N,), drawn from the stream ``large pool``.

    Twenty clusters in 16 dimensions, each of a class, laid into D features and overlaid with noise: as embeddings are.
    """
    rng = generator([records, features, classes], "large pool")
    centres = 1.5 * rng.standard_normal((max(20, classes), _LATENT), dtype=np.float32)
    directions = rng.standard_normal((_LATENT, features), dtype=np.float32) / 4
    files = folder / "X.npy", folder / "y.npy"
    X = np.lib.format.open_memmap(files[0], mode="w+", dtype=np.float32, shape=(records, features))
    y = np.lib.format.open_memmap(files[1], mode="w+", dtype=np.uint8, shape=(records,))
    for start in range(0, records, _ROWS):
        size = min(_ROWS, records - start)
        cluster = rng.integers(0, len(centres), size)
        latent = centres[cluster] + rng.standard_normal((size, _LATENT), dtype=np.float32)
        X[start : start + size] = latent @ directions + 0.1 * rng.standard_normal((size, features), dtype=np.float32)
        y[start : start + size] = cluster % classes
    X.flush()
    y.flush()
    return files


def _measured(strategy: str, settings: dict[str, Any]) -> LargePoolMeasure:
    call = run_apart(_play, strategy, settings)
    if call.fault is not None:
        raise AlrlError(f"the large pool could not be played with {strategy}: {call.fault}")
    return LargePoolMeasure(
        strategy=strategy,
        peak_anonymous=call.peak_anonymous,
        file_bytes=settings["X"].stat().st_size,
        **call.result,
    )


def _play(strategy: str, settings: dict[str, Any]) -> dict[str, Any]:
    import torch

    from alrl.large_pool.loop import LargePoolLoop
    from alrl.large_pool.pool import LargePool
    from alrl.large_pool.run import run_large_pool

    torch.set_num_threads(settings["threads"])
    began = time.perf_counter()
    pool = LargePool(settings["X"])
    _ = pool.standardisation
    standardised = time.perf_counter() - began
    loop = LargePoolLoop(
        pool,
        classes=list(range(settings["classes"])),
        labels=settings["batch"] * settings["loops"],
        strategy=strategy,
    )
    began = time.perf_counter()
    loop.prepare()
    prepared = time.perf_counter() - began
    played = run_large_pool(loop, np.load(settings["y"]), batch_size=settings["batch"], loops=settings["loops"])
    return {
        "seconds": tuple(played.seconds.tolist()),
        "standardisation_seconds": standardised,
        "index_seconds": prepared,
    }
