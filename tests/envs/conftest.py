"""Environments on small data sets, and agents to play them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from gymnasium import spaces

from alrl import recipes
from alrl.envs.recipe import EnvRecipe


def _recipe(**tables) -> EnvRecipe:
    """A recipe on a synthetic task of 99 records, eight candidates; ``tables`` replace whole tables."""
    written = {
        "data": {"sets": ["synthetic/tiny-0"]},
        "budget": {"labels": 6},
        "action": {"candidates": {"count": 8}},
        **tables,
    }
    return recipes.parse(EnvRecipe, written, where="test.toml")


@pytest.fixture
def recipe() -> Callable[..., EnvRecipe]:
    return _recipe


@pytest.fixture(scope="session")
def twenty_records(tmp_path_factory) -> Path:
    """A data set of 20 records and two classes: 10 in the pool, two of them labelled at the start."""
    file = tmp_path_factory.mktemp("data") / "twenty.npz"
    random = np.random.default_rng(0)
    y = np.arange(20) % 2
    np.savez(file, X=random.normal(size=(20, 3)) + y[:, None], y=y)
    return file


def _someone(mask, *place) -> int:
    allowed = np.flatnonzero(mask)
    # An episode that waits for its next beginning has nothing to choose from.
    return int(np.random.default_rng(place).choice(allowed)) if len(allowed) else 0


def _chooser(env) -> Callable[..., Any]:
    space = getattr(env, "single_action_space", env.action_space)
    if isinstance(space, spaces.Discrete):
        return _someone
    return lambda mask, *place: np.random.default_rng(place).uniform(-1, 1, space.shape).astype(np.float32)


@pytest.fixture(scope="session")
def recipe_of() -> Callable[..., EnvRecipe]:
    """The recipe for tests of many examples, which take no fixture that is made anew for each."""
    return _recipe


@pytest.fixture(scope="session")
def chooser() -> Callable[..., Callable[..., Any]]:
    """For an environment, one that chooses an action by lot: among the numbers allowed, or anywhere in a box."""
    return _chooser


@pytest.fixture
def someone() -> Callable[..., int]:
    """An agent that chooses among the allowed actions by lot: the same in the same place."""
    return _someone
