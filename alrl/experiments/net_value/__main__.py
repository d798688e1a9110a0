"""``python -m alrl.experiments.net_value``."""

from alrl.experiments.net_value.command import main

if __name__ == "__main__":
    raise SystemExit(main())
