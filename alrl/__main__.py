"""``python -m alrl`` is the command ``alrl``."""

from __future__ import annotations

from alrl.cli import app

if __name__ == "__main__":
    app(prog_name="alrl")
