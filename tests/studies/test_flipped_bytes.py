"""Every byte of a stored run, flipped: `alrl verify` says so, or nothing that is read has changed."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.envs.candidates import CandidateMixture
from alrl.errors import AlrlError
from alrl.metadata import FeatureSet
from alrl.recipes import parse
from alrl.studies.description import read_description
from alrl.studies.runner import Runner
from alrl.studies.store import RESULTS, Store
from alrl.studies.store.rows import to_result
from alrl.studies.study import StudyRecipe
from alrl.studies.verify import verify

STRIDE = 1 if os.environ.get("ALRL_FUZZ") else 769
"""In `make fuzz` every byte; in `make test` one of so many, a prime, so that each column and page is met."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of a rule and a policy, with its files beside it as they are."""
    folder = tmp_path_factory.mktemp("flipped")
    mixture = CandidateMixture(count=8, margin=1.0, random=0.0)
    save_policy(Policy.untrained(FeatureSet(["confidence", "loop"]), mixture, width=2), folder / "mine")
    content = {"title": "t", "data": ["iris"], "agents": ["margin", str(folder / "mine")], "labels": 2, "seeds": 2}
    Runner(study=parse(StudyRecipe, content, where="here"), folder=folder / "run", workers=1).run()
    return folder / "run"


def everything(run: Path) -> Any:
    """All that reports, exports and replays read of a run."""
    description = read_description(run)
    with Store(run / RESULTS, read_only=True) as store:
        # In the order of their ids: that of adding decides nothing.
        cells = sorted(store.cells(), key=lambda cell: cell.id)
        curves = [to_result(each) for each in store.curves([cell.id for cell in cells])]
        agents = [store.agent(cell.spec["agent_identity"]) for cell in cells]
        policies = [load_policy(run / agent["policy"]) for agent in agents if agent and "policy" in agent]
        named = [(policy.name, policy.fingerprint, policy.card) for policy in policies]
        return {key: description[key] for key in description if key != "sha256"}, cells, curves, agents, named


def flips(path: Path) -> Iterator[int]:
    """Flip one byte after another, each for the time of one step."""
    whole = path.read_bytes()
    for at in range(len(whole) // 7 % STRIDE, len(whole), STRIDE):
        changed = bytearray(whole)
        changed[at] ^= 1 << (at % 8)
        path.write_bytes(changed)
        yield at
    path.write_bytes(whole)


def test_every_flipped_byte_is_found_or_changes_nothing_that_is_read(run: Path) -> None:
    assert not verify(run).faults
    as_stored = everything(run)
    # What SQLite leaves beside a file that is read is no part of the run.
    files = sorted(file for file in run.rglob("*.*") if file.suffix in {".json", ".safetensors", ".sqlite"})
    assert [file.name for file in files] == ["policy.json", "weights.safetensors", RESULTS, "study.json"]
    missed = []
    for file in files:
        for at in flips(file):
            try:
                fine = not verify(run).faults
            except AlrlError:
                continue
            if fine and not same(run, as_stored):
                missed.append((file.name, at))
    assert missed == []
    assert not verify(run).faults


def same(run: Path, as_stored: Any) -> bool:
    try:
        return bool(everything(run) == as_stored)
    except AlrlError:
        return False
