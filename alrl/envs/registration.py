"""Registers every environment recipe with Gymnasium as ``alrl/<file name>-v<version>``."""

from __future__ import annotations

import gymnasium

from alrl import recipes

_ENTRY = "alrl.envs.env:ActiveLearningEnv"
_VECTOR_ENTRY = "alrl.envs.vector_env:ActiveLearningVectorEnv"


def environment_id(name: str) -> str:
    """The Gymnasium name of a recipe: ``digits`` of version 0 is ``alrl/digits-v0``."""
    version = recipes.read(recipes.find("envs", name)).get("version", 0)
    return f"alrl/{name}-v{version}"


def register() -> tuple[str, ...]:
    """Register all recipes that are found; names entry points only, so nothing heavy is imported."""
    known = []
    for name in recipes.names("envs"):
        identifier = environment_id(name)
        if identifier not in gymnasium.registry:
            gymnasium.register(
                id=identifier,
                entry_point=_ENTRY,
                vector_entry_point=_VECTOR_ENTRY,
                kwargs={"recipe": name},
                # Candidates and loop are two tables; Gymnasium's flattening hints do not apply.
                order_enforce=True,
            )
        known.append(identifier)
    return tuple(known)
