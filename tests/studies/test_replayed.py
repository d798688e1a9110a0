"""Results that were stored before the library was rearranged (commit 57800bf) come out again."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from alrl.agents.players import find_agent
from alrl.agents.policy_file import load_policy
from alrl.studies.canonical import run_id
from alrl.studies.loading import load_study
from alrl.studies.reproduce import Reproduced, reproduce
from alrl.studies.runner import cells_of
from alrl.studies.store import RESULTS, Store
from alrl.studies.study_agents import identity_of, shown_name

STORED = Path(__file__).parent / "stored"


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy: SQLite writes beside the file that it reads."""
    folder = tmp_path_factory.mktemp("stored")
    shutil.copytree(STORED, folder, dirs_exist_ok=True)
    return folder


@pytest.fixture(scope="module")
def played_again(run: Path) -> list[Reproduced]:
    """One cell of each agent and learner; data set, batch size and condition are whatever its id brought up."""
    with Store(run / RESULTS, read_only=True) as store:
        cells = sorted(store.cells(), key=lambda cell: cell.id)
    chosen = {(cell.spec["agent"], cell.spec["learner"]["kind"]): cell.id for cell in cells}
    return list(reproduce(run, list(chosen.values())))


def test_every_cell_has_the_id_that_it_was_stored_under(run: Path) -> None:
    study = load_study(STORED / "replayed.toml")
    # The shipped policy may be another by now; what was played lies beside the results.
    players = {agent: load_policy(STORED / "policies" / agent) for agent in study.agents if agent == "general"}
    ids = {
        run_id(cell)
        for agent in study.agents
        for cell in cells_of(study, shown_name(agent), identity_of(agent, players.get(agent) or find_agent(agent)))
    }
    with Store(run / RESULTS, read_only=True) as store:
        assert ids == {cell.id for cell in store.cells()}
    assert len(ids) == 2 * 8 * 2 * 2 * 3


def test_what_depends_on_no_rounding_is_the_same_to_the_last_bit(played_again: list[Reproduced]) -> None:
    by_chance = [result for result in played_again if result.cell.spec["agent"] == "random"]
    assert by_chance
    for result in by_chance:
        assert not [difference for difference in result.differences if difference.startswith(("picks", "first"))]


def test_all_else_is_the_same_but_where_another_processor_rounds_otherwise(played_again: list[Reproduced]) -> None:
    assert {result.cell.spec["agent"] for result in played_again} == {
        shown_name(name) for name in load_study(STORED / "replayed.toml").agents
    }
    different = [result.cell.spec["agent"] for result in played_again if not result.same]
    assert len(different) <= len(played_again) / 5, different
