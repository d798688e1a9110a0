"""Rule-based querying strategies: one a file, one contract.

Put a file with a subclass of :class:`Strategy` here and it is registered under its ``name``; a strategy of one's own
package is named ``package.module:Class``.
"""

from __future__ import annotations

from alrl.errors import ContractError
from alrl.strategies.base import Strategy
from alrl.strategies.contract import check_strategy
from alrl.strategies.example_view import example_view
from alrl.strategies.registry import make_strategy, strategies

__all__ = ["ContractError", "Strategy", "check_strategy", "example_view", "make_strategy", "strategies"]
