"""Active learning as Gymnasium environments, one for each recipe in ``envs/``.

A step queries a record, a batch or a rule; ``actions/`` say what may be chosen, ``rewards/`` what it is worth, a recipe
declares both. ``ActiveLearningVectorEnv`` plays many episodes in lockstep, ``ActiveLearningVecEnv`` is the same for
Stable-Baselines3. Names are imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from alrl.envs.candidates import CandidateSource
    from alrl.envs.recipe import EnvRecipe, load_env_recipe
    from alrl.envs.rewards import Reward, Standing
    from alrl.envs.sb3 import ActiveLearningVecEnv
    from alrl.envs.vector_env import ActiveLearningVectorEnv

__all__ = [
    "ActiveLearningVecEnv",
    "ActiveLearningVectorEnv",
    "CandidateSource",
    "EnvRecipe",
    "Reward",
    "Standing",
    "load_env_recipe",
]

_HOMES = {
    "ActiveLearningVecEnv": "alrl.envs.sb3",
    "ActiveLearningVectorEnv": "alrl.envs.vector_env",
    "CandidateSource": "alrl.envs.candidates",
    "EnvRecipe": "alrl.envs.recipe",
    "Reward": "alrl.envs.rewards",
    "Standing": "alrl.envs.rewards",
    "load_env_recipe": "alrl.envs.recipe",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'alrl.envs' has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *_HOMES})
