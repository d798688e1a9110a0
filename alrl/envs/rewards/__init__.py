"""Kinds of rewards: one kind a file, one contract.

Put a file with a subclass of :class:`Reward` here and it is registered under its ``name``; one of your own package is
named ``package.module:Class`` in a recipe.
"""

from __future__ import annotations

from alrl.envs.rewards.contract import Reward, Standing, make_reward, reward_kinds

__all__ = ["Reward", "Standing", "make_reward", "reward_kinds"]
