"""Query pools of millions of records, read from a file that is never loaded whole.

:class:`LargePool` reads, :class:`LargePoolLoop` asks and is told, :func:`run_large_pool` plays a whole run.
"""

from __future__ import annotations

from alrl.large_pool.loop import LargePoolLoop
from alrl.large_pool.pool import LargePool
from alrl.large_pool.run import run_large_pool

__all__ = ["LargePool", "LargePoolLoop", "run_large_pool"]
