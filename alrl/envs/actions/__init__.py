"""Kinds of actions: one kind a file, one contract.

Put a file with a subclass of :class:`Actions` here and it is registered under its ``name``; one of your own package is
named ``package.module:Class`` in a recipe.
"""

from __future__ import annotations

from alrl.envs.actions.contract import Actions, Decision, Setting, Turn, action_kinds, make_actions, read_numbers

__all__ = ["Actions", "Decision", "Setting", "Turn", "action_kinds", "make_actions", "read_numbers"]
