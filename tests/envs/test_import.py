"""Importing alrl registers the environments and loads nothing heavy."""

from __future__ import annotations

import subprocess
import sys

HEAVY = """
import alrl, gymnasium, sys
print(*(name for name in ("torch", "stable_baselines3", "sklearn", "scipy", "pydantic") if name in sys.modules))
print("alrl/digits-v0" in gymnasium.registry)
"""
# Measured inside, less what Python itself needs to start; user time, which other processes do not take from.
TIMED = """
import resource
before = resource.getrusage(resource.RUSAGE_SELF)
import alrl
after = resource.getrusage(resource.RUSAGE_SELF)
print(after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime)
"""


def run(code):
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout


def test_nothing_heavy_is_imported():
    assert run(HEAVY).splitlines() == ["", "True"]


def test_it_takes_less_than_half_a_second():
    assert min(float(run(TIMED)) for _ in range(3)) < 0.5
