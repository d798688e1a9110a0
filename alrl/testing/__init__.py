"""Check classes of your own against alrl's contracts, as alrl checks its own.

``check_strategy`` and ``check_learner`` raise :class:`~alrl.errors.ContractError` with what is wrong; ``example_view``
makes a view to try a strategy on.
"""

from __future__ import annotations

from alrl.testing.example_view import example_view
from alrl.testing.learner_checks import check_learner
from alrl.testing.strategy_checks import check_strategy

__all__ = ["check_learner", "check_strategy", "example_view"]
