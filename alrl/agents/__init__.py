"""Policies that choose what to query, and how they are trained.

An agent is whatever plays under a name: a rule, a policy, an oracle. ``Trainer`` makes a policy of a recipe,
``load_policy`` reads one; ``networks/`` score candidates, ``look_ahead/`` values them, ``guard/`` steps in
far from what was trained on, ``training/`` holds imitation, evolution, search and reinforcement learning, ``own_data/``
brings anybody's records and models to a policy. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alrl.agents.model_strategy import strategy_of
    from alrl.agents.networks.set_scorer import CandidateScorer
    from alrl.agents.policy import Policy
    from alrl.agents.policy_file import load_policy, save_policy
    from alrl.agents.recipe import load_agent_recipe
    from alrl.agents.training.algorithm import Algorithm
    from alrl.agents.training.training import Trainer

__all__ = [
    "Algorithm",
    "CandidateScorer",
    "Policy",
    "Trainer",
    "load_agent_recipe",
    "load_policy",
    "save_policy",
    "strategy_of",
]

_HOMES = {
    "Algorithm": "alrl.agents.training.algorithm",
    "CandidateScorer": "alrl.agents.networks.set_scorer",
    "Policy": "alrl.agents.policy",
    "Trainer": "alrl.agents.training.training",
    "load_agent_recipe": "alrl.agents.recipe",
    "load_policy": "alrl.agents.policy_file",
    "save_policy": "alrl.agents.policy_file",
    "strategy_of": "alrl.agents.model_strategy",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'alrl.agents' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
