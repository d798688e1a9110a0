"""Check classes of your own against alrl's contracts, as alrl checks its own.

``check_strategy``, ``check_learner``, ``check_annotator``, ``check_feature``, ``check_candidates``, ``check_reward``,
``check_network``, ``check_algorithm`` and ``check_policy`` raise :class:`~alrl.errors.ContractError` with what is
wrong; ``example_view`` makes a view to try a strategy or a feature on.
"""

from __future__ import annotations

from alrl.testing.annotator_checks import check_annotator
from alrl.testing.environment_checks import check_candidates, check_feature, check_reward
from alrl.testing.example_view import example_view
from alrl.testing.learner_checks import check_learner
from alrl.testing.policy_checks import check_algorithm, check_network, check_policy
from alrl.testing.strategy_checks import check_strategy

__all__ = [
    "check_algorithm",
    "check_annotator",
    "check_candidates",
    "check_feature",
    "check_learner",
    "check_network",
    "check_policy",
    "check_reward",
    "check_strategy",
    "example_view",
]
