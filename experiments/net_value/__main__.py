"""``python -m experiments.net_value``."""

from experiments.net_value.command import main

if __name__ == "__main__":
    raise SystemExit(main())
