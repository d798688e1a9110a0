"""The page of algorithms names every scalar that a training logs."""

from __future__ import annotations

import dataclasses
import re
from pathlib import Path

import pytest
import torch

from alrl.agents.networks.set_scorer import SetScorer
from alrl.agents.training.branching import Update
from alrl.agents.training.imitation import Ranking
from alrl.agents.training.reinforcement.preparation import Sample, movement

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "algorithms.md").read_text(encoding="utf-8")
LOGGED = re.compile(r"scalar\(\s*f?\"([a-z_/]+)")


def prefixed(prefix: str, kind: type) -> list[str]:
    return [f"{prefix}/{field.name}" for field in dataclasses.fields(kind)]


@pytest.mark.parametrize("name", [*prefixed("imitation", Ranking), *prefixed("branching", Update)])
def test_measurements_of_a_round_are_explained(name: str) -> None:
    assert f"`{name}`" in PAGE


def test_scalars_that_the_code_names_are_explained() -> None:
    sources = sorted((ROOT / "alrl" / "agents" / "training").rglob("*.py"))
    named = {name for path in sources for name in LOGGED.findall(path.read_text(encoding="utf-8"))}
    whole = {name for name in named if "/" in name and not name.endswith("/")} - {"imitation/loss"}
    assert {"imitation/training_loss", "evolution/gain_of_better_half", "validation/gain_over_margin"} <= whole
    assert [name for name in sorted(whole) if f"`{name}`" not in PAGE] == []


def test_how_far_a_training_moved_is_explained() -> None:
    sample = Sample(candidates=torch.zeros(1, 2, 3), loop=torch.zeros(1, 2), mask=torch.ones(1, 2, dtype=torch.bool))
    scorer = SetScorer(record=3, loop=2, margin_column=0)
    assert [name for name in movement(scorer, scorer, sample, 1.0) if f"`reinforcement/{name}`" not in PAGE] == []
