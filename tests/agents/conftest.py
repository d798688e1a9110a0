"""Small recipes and policies: a training of seconds."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from alrl.agents.policy import Policy
from alrl.agents.recipe import TrainedRecipe
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import EnvRecipe
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.recipes import parse


@pytest.fixture(scope="session")
def tiny_env() -> EnvRecipe:
    """Five tiny synthetic data sets, eight labels."""
    data: dict[str, Any] = {
        "data": {"synthetic": {"tiny": 5}, "split": {"pool": 0.4, "validation": 0.3, "test": 0.3}},
        "budget": {"labels": 8},
        "action": {"candidates": {"count": 6}},
        "reward": {"against": "margin"},
    }
    return parse(EnvRecipe, data, where="test")


@pytest.fixture(scope="session")
def tiny_agent() -> TrainedRecipe:
    """Two rounds of imitation, then 96 queries of PPO."""
    data: dict[str, Any] = {
        "kind": "trained",
        "network": {"width": 8},
        "imitation": {
            "rounds": 2,
            "episodes": 2,
            "epochs": 4,
            "expert": {"horizon": 2, "reach": 16, "iterations": 3},
        },
        "reinforcement": {"kind": "ppo", "steps": 96, "envs": 4, "learning_rate": 1e-3},
    }
    return parse(TrainedRecipe, data, where="test")


@pytest.fixture
def untrained() -> Policy:
    """A policy over every feature, before training."""
    return Policy.untrained(FeatureSet(DEFAULT_GROUPS), CandidateMixture(count=32), width=16)


def disturb(policy: Policy, seed: int = 0) -> Policy:
    """Give the policy random weights everywhere, so that the residual counts."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in policy.network.parameters():
            parameter.copy_(torch.randn(parameter.shape, generator=generator) * 0.3)
    return policy


@pytest.fixture
def wild(untrained: Policy) -> Policy:
    """A policy of random weights: what training could lead to."""
    return disturb(untrained)
