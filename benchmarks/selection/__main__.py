"""``python -m benchmarks.selection``: measure and write docs/selection.md."""

from benchmarks.selection.command import main

if __name__ == "__main__":
    raise SystemExit(main())
