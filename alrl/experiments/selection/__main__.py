"""``python -m alrl.experiments.selection``: measure and write docs/selection.md."""

from alrl.experiments.selection.command import main

if __name__ == "__main__":
    raise SystemExit(main())
