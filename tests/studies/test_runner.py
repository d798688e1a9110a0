"""A run plays what is missing and nothing else, whatever the number of processes."""

from __future__ import annotations

import dataclasses
import errno
import json
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.training.training import Trainer
from alrl.errors import InvalidRecipeError
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.recipes import parse
from alrl.reports.report import report
from alrl.strategies import Strategy, make_strategy
from alrl.studies import runner
from alrl.studies.cell import Cell
from alrl.studies.estimate import estimate
from alrl.studies.protocols import paired
from alrl.studies.runner import RunFolderError, Runner
from alrl.studies.store.store import Store, StoreError
from alrl.studies.study import StudyRecipe
from tests.recipe_place import recipe_place

AGENT = """
[agent]
kind = "trained"
network = { width = 4 }
imitation = { rounds = 1, episodes = 1, epochs = 1, expert = { horizon = 1, reach = 8, iterations = 2 } }
"""
ENV = """
[data]
synthetic = { tiny = 3 }
split = { pool = 0.4, validation = 0.3, test = 0.3 }
[budget]
labels = 4
[action]
candidates = { count = 4 }
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return recipe_place(tmp_path, monkeypatch, agent=AGENT, env=ENV)


def study(**settings: Any) -> StudyRecipe:
    base = {"title": "t", "data": ["iris", "wine"], "agents": ["margin", "random"], "labels": 4, "seeds": 4, "block": 2}
    return parse(StudyRecipe, {**base, **settings}, where="test")


def run(folder: Path, *, workers: int = 1, **settings: Any) -> runner.Ran:
    return Runner(study=study(**settings), folder=folder, command="alrl run t", workers=workers).run()


def stored(folder: Path) -> dict[tuple[Any, ...], Curves]:
    with Store(folder / "results.sqlite", read_only=True) as store:
        return {(each.data_set, each.strategy, each.learner, each.seeds): each for each in store.curves()}


def test_a_study_is_played_once(tmp_path: Path) -> None:
    first = run(tmp_path)
    assert (first.cells, first.played, first.failed) == (8, 8, 0)
    before = stored(tmp_path)
    again = run(tmp_path)
    assert (again.cells, again.played, again.failed) == (8, 0, 0)
    assert set(stored(tmp_path)) == set(before)
    assert {key[3] for key in before} == {(0, 1), (2, 3)}


def test_only_what_is_new_is_played(tmp_path: Path) -> None:
    run(tmp_path)
    more = run(tmp_path, agents=["margin", "random", "entropy"])
    assert (more.cells, more.played) == (12, 4)
    assert len(more.ids) == 12
    # Another budget is another study: the folder keeps both, the run names its own cells.
    other = run(tmp_path, labels=5, agents=["margin"])
    assert (other.cells, other.played) == (4, 4)
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        assert {each.labels for each in store.curves(other.ids)} == {5}


def test_a_folder_that_holds_another_study_is_refused(tmp_path: Path) -> None:
    run(tmp_path)
    page = (tmp_path / "study.json").read_bytes()
    with pytest.raises(RunFolderError, match=r"holds another study, .*; choose another folder with --out"):
        run(tmp_path, title="Another", data=["digits"])
    assert (tmp_path / "study.json").read_bytes() == page
    assert run(tmp_path, title="The same under a better title").played == 0


def test_one_table_under_two_names_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    rows = "\n".join(f"{place % 7},{place % 5},{'ab'[place % 2]}" for place in range(40))
    for name in ("first", "second"):
        (tmp_path / f"{name}.csv").write_text(f"x,y,kind\n{rows}\n", encoding="utf-8")
    data = ["iris", str(tmp_path / "first.csv"), {"file": str(tmp_path / "second.csv"), "name": "other"}]
    same = "data sets 'first' and 'other' have the same content, and would count as two: leave one out"
    with pytest.raises(InvalidRecipeError, match=same):
        run(tmp_path / "run", data=data)
    with pytest.raises(InvalidRecipeError, match=same):
        estimate(Runner(study=study(data=data), folder=tmp_path / "run"))
    assert not (tmp_path / "run").exists()


@pytest.mark.usefixtures("undrawn")
def test_data_sets_of_one_family_are_played_and_named_at_the_start_and_in_the_report(tmp_path: Path) -> None:
    related = "iris and iris-2 share records: tests across data sets count them as independent, which they are not."
    rows = "\n".join(f"{place % 7},{place % 5},{'ab'[place % 2]}" for place in range(40))
    (tmp_path / "iris-2.csv").write_text(f"x,y,kind\n{rows}\n", encoding="utf-8")
    with pytest.warns(UserWarning, match=related):
        ran = run(tmp_path / "run", data=["iris", str(tmp_path / "iris-2.csv")])
    assert ran.failed == 0
    files = report(tmp_path / "run", paper=False)
    assert files.notes == (related,)
    assert related in files.page.read_text(encoding="utf-8")  # type: ignore[union-attr]


def test_any_number_of_processes_gives_the_same_curves(tmp_path: Path) -> None:
    threads = torch.get_num_threads()
    one, two = tmp_path / "one", tmp_path / "two"
    run(one, workers=1)
    run(two, workers=2)
    assert torch.get_num_threads() == threads
    assert set(stored(one)) == set(stored(two))
    for key, curves in stored(one).items():
        other = stored(two)[key]
        assert np.array_equal(curves.accuracy, other.accuracy)
        assert np.array_equal(curves.picks, other.picks)


def test_the_order_of_the_study_is_the_order_of_its_tables(tmp_path: Path) -> None:
    ran = run(tmp_path)
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        order = [(each.strategy, each.data_set, each.seeds[0]) for each in store.curves(ran.ids)]
    assert order == [
        (agent, data, seed) for agent in ("margin", "random") for data in ("iris", "wine") for seed in (0, 2)
    ]


def test_a_cell_is_a_function_of_its_specification(tmp_path: Path) -> None:
    run(tmp_path, agents=["entropy"], data=["wine"])
    cell = json.loads((tmp_path / "study.json").read_text(encoding="utf-8"))["cells"][1]
    outcome = Cell(spec=cell, agent=make_strategy("entropy"))()
    curves = outcome.curves
    assert outcome.traceback == ""
    assert curves is not None
    assert curves.picks.tolist() == stored(tmp_path)["wine", "entropy", "softmax-regression", (2, 3)].picks.tolist()


def test_a_failed_cell_is_kept_with_its_traceback_and_the_rest_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(data: Any, strategy: Strategy, **settings: Any) -> Curves:
        if getattr(data, "name", data) == "wine":
            raise ZeroDivisionError("the bottle is empty")
        return simulate(data, strategy, **settings)

    simulate = paired.simulate
    monkeypatch.setattr(paired, "simulate", broken)
    ran = run(tmp_path)
    assert (ran.cells, ran.played, ran.failed) == (8, 4, 4)
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        assert len(store.finished()) == 4
        assert all("ZeroDivisionError: the bottle is empty" in text for text in store.failures().values())
    monkeypatch.setattr(paired, "simulate", simulate)
    again = run(tmp_path)
    assert (again.played, again.failed) == (4, 0)
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        assert store.failures() == {}


def test_two_classifiers_of_scikit_learn_are_told_apart(tmp_path: Path) -> None:
    learners = [
        {"kind": "scikit-learn", "estimator": name} for name in ("sklearn.naive_bayes:GaussianNB", "sklearn.svm:SVC")
    ]
    run(tmp_path, learners=learners, data=["wine"], agents=["margin"], block=4)
    names = {key[2] for key in stored(tmp_path)}
    assert names == {f"scikit-learn (estimator = {each['estimator']})" for each in learners}
    assert len(Comparison.groups(stored(tmp_path).values())) == 2


TRAIN = {"learned": {"agent": "mine", "env": "mine", "seeds": [0]}}
LEARNED: dict[str, Any] = {"agents": ["learned", "margin"], "train": TRAIN, "primary": ["learned", "margin"]}


def test_a_trained_policy_is_reused_if_recipes_and_seed_agree(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainings: list[int] = []

    def counted(self: Trainer, name: str = "policy") -> Any:
        trainings.append(self.seed)
        return train(self, name)

    train = Trainer.train
    monkeypatch.setattr(Trainer, "train", counted)
    first = run(place / "r", **LEARNED)
    assert (first.cells, first.played, trainings) == (8, 8, [0])
    again = run(place / "r", **LEARNED)
    assert (again.played, trainings) == (0, [0])
    # Another environment is another training, and new cells.
    (place / "envs" / "mine.toml").write_text(ENV.replace("labels = 4", "labels = 5"), encoding="utf-8")
    run(place / "r", **LEARNED)
    assert trainings == [0, 0]
    # So is a policy that someone else put there, or one that was cut off while it was written.
    weights = place / "r" / "policies" / "learned" / "weights.safetensors"
    weights.write_bytes(weights.read_bytes()[:-1])
    run(place / "r", **LEARNED)
    assert trainings == [0, 0, 0]
    folder = place / "r" / "policies" / "learned"
    save_policy(dataclasses.replace(load_policy(folder), card={}), folder)
    run(place / "r", **LEARNED)
    assert trainings == [0, 0, 0, 0]


def test_each_training_seed_is_an_agent_of_its_own(place: Path) -> None:
    train = {"learned": {"agent": "mine", "env": "mine", "seeds": [1, 2]}}
    ran = run(place / "r", **{**LEARNED, "train": train, "data": ["iris"]})
    assert ran.primary == ("learned-1", "margin")
    assert {key[1] for key in stored(place / "r")} == {"learned-1", "learned-2", "margin"}
    seeds = [load_policy(place / "r" / "policies" / f"learned-{seed}").card["seed"] for seed in (1, 2)]
    assert seeds == [1, 2]
    written = json.loads((place / "r" / "study.json").read_text(encoding="utf-8"))
    assert written["primary"] == ["learned-1", "margin"]


AFTER = {"agent": "mine", "env": "mine", "after": "learned", "change": {"keep": "last"}}


def test_a_training_goes_on_from_another_of_the_same_seed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trainings: list[str] = []

    def counted(self: Trainer, name: str = "policy") -> Any:
        trainings.append(name)
        return train(self, name)

    train = Trainer.train
    monkeypatch.setattr(Trainer, "train", counted)
    first = {"agent": "mine", "env": "mine", "seeds": [0, 1]}
    # Named before the one that it goes on from, which is trained first nevertheless.
    settings = {"agents": ["more", "learned"], "train": {"learned": first, "more": {**AFTER, "seeds": [1]}}}
    run(place / "r", data=["iris"], **settings)
    assert trainings == ["learned-1", "more", "learned-0"]
    before, policy = (load_policy(place / "r" / "policies" / name) for name in ("learned-1", "more"))
    assert policy.card["start"] == before.fingerprint != policy.fingerprint
    run(place / "r", data=["iris"], **settings)
    assert len(trainings) == 3
    # Another start is another training.
    folder = place / "r" / "policies" / "learned-1"
    save_policy(dataclasses.replace(policy, card=before.card), folder)
    run(place / "r", data=["iris"], **settings)
    assert trainings[3:] == ["more"]


def test_a_start_that_observes_something_else_is_refused_before_it_is_trained(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "train", lambda *_: pytest.fail("trained"))
    more = {**AFTER, "env_change": {"observation": {"features": ["confidence", "loop"]}}}
    with pytest.raises(InvalidRecipeError, match="start: policy 'learned' observes confidence, trajectory"):
        run(place / "r", agents=["learned", "more"], train={**TRAIN, "more": more})
    assert not (place / "r").exists()


def test_nothing_is_trained_or_written_before_the_study_is_known_to_be_sound(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Trainer, "train", lambda *_: pytest.fail("trained"))
    for settings in ({"data": ["whine"]}, {"agents": ["learned", "margn"]}, {"data": ["synthetic/tiny-1"]}):
        with pytest.raises(InvalidRecipeError):
            run(place / "r", **{**LEARNED, "primary": None, **settings})
    assert not (place / "r").exists()


def test_a_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    # Rights do not bind root, but nobody can make a folder there.
    with pytest.raises(RunFolderError, match=r"cannot be written .* choose another with --out"):
        run(Path("/proc/self/run"))


@contextmanager
def without_rights() -> Iterator[None]:
    """As a user who is not root, whom rights bind."""
    if os.geteuid() != 0:
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


def test_a_read_only_run_folder_is_told_and_keeps_its_results() -> None:
    # Not below pytest's own folder, which only its owner may enter.
    with tempfile.TemporaryDirectory(prefix="alrl-read-only-") as name:
        folder = Path(name)
        run(folder, agents=["margin"])
        before = {path.name: path.read_bytes() for path in folder.iterdir()}
        for path in folder.iterdir():
            path.chmod(0o444)
        folder.chmod(0o555)
        try:
            with (
                without_rights(),
                pytest.raises(StoreError, match=r"cannot be written .* check the rights of .* choose another folder"),
            ):
                run(folder)
        finally:
            folder.chmod(0o755)
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
        for path in folder.iterdir():
            path.chmod(0o644)
        assert run(folder).played == 4


def test_a_study_that_cannot_be_described_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, agents=["margin"])
    described, before = (tmp_path / "study.json").read_bytes(), stored(tmp_path)

    def refused(self: Path, *_: Any, **__: Any) -> None:
        raise OSError(errno.ENOSPC, "No space left on device", str(self))

    with monkeypatch.context() as patch:
        patch.setattr(Path, "write_text", refused)
        with pytest.raises(RunFolderError, match=r"study.json cannot be written \(No space left on device\)"):
            run(tmp_path)
    assert (tmp_path / "study.json").read_bytes() == described
    assert set(stored(tmp_path)) == set(before)
    assert run(tmp_path).played == 4
