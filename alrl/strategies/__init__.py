"""Choose records by rules: querying strategies, a file a family, under one contract.

Put a file with a subclass of :class:`Strategy` here, or into a folder here, and it is registered under its ``name``; a
strategy of one's own package is named ``package.module:Class``. ``diversity/`` spreads a batch, ``wrappers/`` change
another strategy, ``meta/`` choose among strategies while the loop runs.
:func:`alrl.testing.check_strategy` tests the contract.
"""

from __future__ import annotations

from alrl.deprecation import moved_names
from alrl.errors import ContractError
from alrl.strategies.base import Strategy, make_strategy, strategies

__all__ = ["ContractError", "Strategy", "make_strategy", "strategies"]

__getattr__ = moved_names(__name__, {"check_strategy": "alrl.testing", "example_view": "alrl.testing"})
