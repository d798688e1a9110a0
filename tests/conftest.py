"""What every test runs under."""

from __future__ import annotations

import os

import hypothesis

# Figures are drawn to files; no test opens a window.
os.environ["MPLBACKEND"] = "Agg"

# How long an example takes says more about the machine than about the code.
hypothesis.settings.register_profile("alrl", deadline=None)
hypothesis.settings.load_profile("alrl")
