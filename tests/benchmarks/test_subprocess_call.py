from __future__ import annotations

import os
import time
from pathlib import Path

import pytest

from benchmarks.subprocess_call import run_apart


@pytest.fixture
def kept(monkeypatch):
    """Processes that are started from here find its module, whatever else is called ``tests``."""
    monkeypatch.syspath_prepend(Path(__file__).parent)
    import holding

    return holding.kept


def test_the_peak_is_what_the_call_held(kept):
    little, much = run_apart(kept, 1), run_apart(kept, 301)
    assert (little.result, much.result) == (1.0, 301.0)
    assert 280 * 2**20 < much.peak_anonymous - little.peak_anonymous < 320 * 2**20


def test_a_call_that_takes_too_long_is_ended():
    began = time.monotonic()
    outcome = run_apart(time.sleep, 60, seconds=0.2)
    assert outcome.result is None
    assert outcome.fault == "more than 0.2 s"
    assert time.monotonic() - began < 30


def test_memory_beyond_the_limit_is_refused(kept):
    outcome = run_apart(kept, 4096, memory=2 * 2**30)
    assert outcome.result is None
    assert "MemoryError" in outcome.fault


def test_a_process_that_dies_is_told():
    assert run_apart(os._exit, 3).fault == "the process ended with exit status 3"
