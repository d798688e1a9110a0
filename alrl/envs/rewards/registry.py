"""Finds kinds of rewards by name: the modules of this package are the registry."""

from __future__ import annotations

from alrl.envs.rewards.contract import Reward
from alrl.recipes.registry import Registry

_KINDS: Registry[Reward] = Registry(Reward, package="alrl.envs.rewards", noun="kind of reward")  # type: ignore[type-abstract]


def reward_kinds() -> dict[str, type[Reward]]:
    """Return every kind of reward that comes with alrl, by name, sorted.

    >>> list(reward_kinds())
    ['area', 'gain', 'net-value', 'target']
    """
    return dict(_KINDS.classes)


def make_reward(kind: str, **settings: object) -> Reward:
    """Return the reward of a registered name or of ``package.module:Class``.

    Raises InvalidRecipeError: no such kind, or a setting that it does not take.

    >>> make_reward("target", share=0.95)
    Target(share=0.95)
    """
    return _KINDS.make(kind, settings)
