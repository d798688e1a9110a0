"""Registers every environment recipe with Gymnasium as ``alrl/<file name>-v<version>``."""

from __future__ import annotations

import re
from typing import Any

import gymnasium

from alrl import recipes
from alrl.errors import InvalidRecipeError

_ENTRY = "alrl.envs.env:ActiveLearningEnv"
_VECTOR_ENTRY = "alrl.envs.vector_env:ActiveLearningVectorEnv"
_NAME = re.compile(r"[\w:.-]+")
"""Names that Gymnasium can hold; other recipes are given by their path."""


def environment_id(name: str) -> str:
    """Return the Gymnasium name of a recipe: ``digits`` of version 0 is ``alrl/digits-v0``."""
    version = _content(name).get("version", 0)
    return f"alrl/{name}-v{version if isinstance(version, int) else 0}"


def _content(name: str) -> dict[str, Any]:
    try:
        return recipes.read(recipes.find("envs", name))
    except InvalidRecipeError:
        # Any folder may hold an "envs" of its own: that must not break the import. Making it tells what is wrong.
        return {}


def _threshold(name: str) -> float | None:
    reward = _content(name).get("reward")
    threshold = reward.get("threshold") if isinstance(reward, dict) else None
    return float(threshold) if isinstance(threshold, int | float) else None


def register() -> tuple[str, ...]:
    """Register all recipes that are found; names entry points only, so nothing heavy is imported."""
    known = []
    for name in recipes.names("envs"):
        identifier = environment_id(name)
        if not _NAME.fullmatch(name):
            continue
        if identifier not in gymnasium.registry:
            gymnasium.register(
                id=identifier,
                entry_point=_ENTRY,
                vector_entry_point=_VECTOR_ENTRY,
                kwargs={"recipe": name},
                reward_threshold=_threshold(name),
                # Candidates and loop are two tables; Gymnasium's flattening hints do not apply.
                order_enforce=True,
            )
        known.append(identifier)
    return tuple(known)
