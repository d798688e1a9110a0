"""``python -m alrl.experiments.bench``."""

from alrl.experiments.bench.command import main

if __name__ == "__main__":
    raise SystemExit(main())
