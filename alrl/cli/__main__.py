"""``python -m alrl.cli``."""

import sys

from alrl.cli import app

if __name__ == "__main__":
    sys.exit(app())
