"""What every test runs under, and curves that look like real ones, for tables, figures and pages."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import hypothesis
import numpy as np
import pytest

from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves

# Figures are drawn to files; no test opens a window.
os.environ["MPLBACKEND"] = "Agg"

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("alrl", deadline=None)
hypothesis.settings.load_profile("alrl")

GAINS = {
    "random": 0.0,
    "margin": 0.02,
    "entropy": 0.012,
    "least-confidence": 0.016,
    "core-set": -0.012,
    "general": 0.032,
}
CEILINGS = {"breast_cancer": 0.96, "satimage": 0.84, "vehicle": 0.74, "vowel": 0.66}


def synthetic(
    data_sets: tuple[str, ...] = tuple(CEILINGS),
    strategies: tuple[str, ...] = tuple(GAINS),
    *,
    seeds: int = 30,
    labels: int = 60,
    learner: str = "softmax-regression",
    batch: int = 1,
) -> list[Curves]:
    """Curves ceiling - a n^-c with noise that seeds share, as splits do."""
    at = np.arange(labels + 1)
    result = []
    for place, data_set in enumerate(data_sets):
        rng = np.random.default_rng([7, place])
        shared = rng.normal(0, 0.02, (seeds, 1)) + rng.normal(0, 0.003, (seeds, labels + 1))
        for strategy in strategies:
            own = np.cumsum(rng.normal(0, 0.002, (seeds, labels + 1)), axis=1)
            gain = GAINS.get(strategy, 0.01) * (1 - np.exp(-at / 10)) * (1.4 if place % 2 else 0.4)
            ceiling = CEILINGS.get(data_set, 0.8)
            accuracy = np.clip(ceiling - 0.45 * (at + 3.0) ** -0.6 + gain + shared + own, 0, 1)
            result.append(
                Curves(
                    data_set=data_set,
                    strategy=strategy,
                    learner=learner,
                    batch=batch,
                    seeds=tuple(range(seeds)),
                    accuracy=accuracy,
                    balanced_accuracy=accuracy - 0.03,
                    picks=np.tile(np.arange(labels), (seeds, 1)),
                    first=np.full(seeds, 3),
                )
            )
    return result


@pytest.fixture(scope="session")
def make_curves() -> Callable[..., list[Curves]]:
    """The function that makes them."""
    return synthetic


@pytest.fixture
def curves() -> list[Curves]:
    """Two data sets, six strategies, ten seeds, twelve labels."""
    return synthetic(("vehicle", "vowel"), seeds=10, labels=12)


@pytest.fixture
def comparison(curves: list[Curves]) -> Comparison:
    """The comparison of those curves."""
    return Comparison(curves)


@pytest.fixture
def saved(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """Figures as they are about to be saved; the files are empty, for drawing is what takes the time."""
    from alrl.reports import figures

    kept: list[Any] = []

    def save(figure: Any, stem: Path, *, paper: bool) -> list[Path]:
        kept.append(figure)
        stem.parent.mkdir(exist_ok=True)
        paths = [stem.with_name(stem.name + kind) for kind in ((".png", ".pdf") if paper else (".png",))]
        for path in paths:
            path.touch()
        return paths

    monkeypatch.setattr(figures, "save", save)
    monkeypatch.setattr(figures, "as_svg", lambda _: "<svg/>")
    return kept


@pytest.fixture
def undrawn(saved: list[Any]) -> None:
    """Figures are made and their files left empty: writing them is what takes the time."""


_BROWSER_FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """A headless Chromium; the test is skipped where there is none, unless ALRL_REQUIRE_BROWSER=1."""
    result = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        result = None
    if result is None:
        if os.environ.get("ALRL_REQUIRE_BROWSER") == "1":
            pytest.fail("ALRL_REQUIRE_BROWSER=1, but there is no chromium or no playwright")
        pytest.skip("no chromium or no playwright on this machine; ALRL_REQUIRE_BROWSER=1 makes this a failure")
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=result, args=_BROWSER_FLAGS)
        yield opened
        opened.close()
