"""Cells are played again where the code that played them has changed, and not otherwise."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from alrl.recipes import code_identity, modules, parse
from alrl.recipes.code_identity import (
    CHANGES,
    DEFAULT_CHANGES,
    alrl_code,
    changes,
    class_code,
    code_of,
    own_sources,
)
from alrl.studies.loading import load_study
from alrl.studies.reproduce import reproduce
from alrl.studies.runner import Ran, Runner
from alrl.studies.store import RESULTS, Store
from alrl.studies.study import StudyRecipe
from alrl.studies.verify import verify

RULE = """
from alrl.strategies import Strategy
from rules.helper import SIGN
from rules import other

class Mine(Strategy):
    '''Query what lies first, or last.'''
    name = "mine"
    def score(self, view):
        return SIGN * view.margin
"""
AGENT = '[agent]\nkind = "rule"\nstrategy = "rules.mine:Mine"\n'
STUDY = """title = "own rule"
data = ["iris"]
agents = ["own", "random"]
labels = 3
seeds = 2
"""


def package_of(folder: Path) -> None:
    """A strategy in a package beside the study, with a helper that it imports and a module that nothing does."""
    for name, text in {
        "rules/__init__.py": "",
        "rules/mine.py": RULE,
        "rules/helper.py": "SIGN = 1\n",
        "rules/other.py": "import numpy, os.path\n",
        "rules/unused.py": "",
        "agents/own.toml": AGENT,
        "experiments/study.toml": STUDY,
    }.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder to work in, with a package beside its study; nothing of it is left in this process."""
    package_of(tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [each for each in sys.path if each])
    forget()
    yield tmp_path
    forget()


def forget() -> None:
    """As a process that begins: no module of the package is imported, no source is read."""
    for name in [name for name in sys.modules if name.partition(".")[0] == "rules"]:
        del sys.modules[name]
    code_identity._codes.clear()
    modules._offered.clear()


def run(folder: Path) -> Ran:
    return Runner(study=load_study("experiments/study.toml"), folder=folder, workers=1).run()


def test_a_changed_own_strategy_is_played_again_and_nothing_else_is(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(place / "run").played == 2
    (place / "rules" / "unused.py").write_text("UNUSED = 1\n", encoding="utf-8")
    (place / "rules" / "helper.py").write_text("SIGN = -1\n", encoding="utf-8")
    forget()
    again = run(place / "run")
    assert (again.cells, again.played, again.replayed) == (
        2, 1, (f"1 cells are played again: {CHANGES['own-code']}",)
    )  # fmt: skip
    with Store(place / "run" / RESULTS, read_only=True) as store:
        codes = {cell.spec["agent"]: cell.code for cell in store.cells()}
    classes = {name: list(code["classes"]) for name, code in codes.items() if code is not None}
    assert classes == {"own": ["rules.mine:Mine"], "random": []}
    # Another folder, a process that knows nothing of the package.
    (place / "elsewhere").mkdir()
    monkeypatch.chdir(place / "elsewhere")
    sys.path.remove(str(place))
    forget()
    assert [each.same for each in reproduce(place / "run")] == [True, True]


def test_sources_are_the_own_modules_that_a_class_imports(place: Path) -> None:
    sys.path.append(str(place))
    assert sorted(own_sources("rules.mine")) == ["rules", "rules.helper", "rules.mine", "rules.other"]
    assert class_code("rules.mine:Mine").startswith("sha256 ")
    assert "rules" not in sys.modules


def test_installed_classes_go_by_their_version_and_python_by_its_own() -> None:
    assert class_code("sklearn.svm:SVC").startswith("scikit-learn 1.")
    assert class_code("collections:OrderedDict").startswith("Python 3.")
    assert class_code("nowhere.at:All") == "not found"


def test_a_checkout_is_known_by_the_modules_that_play() -> None:
    playing = set(code_identity._playing_modules())
    assert {"loop/simulator.py", "strategies/diversity/badge.py", "studies/protocols/paired.py"} <= playing
    assert not [name for name in playing if name.startswith(("agents/training", "reports", "cli"))]
    for part in code_identity._PLAYING:
        assert any(name.startswith(part) for name in playing), part
    assert len(str(alrl_code()["modules"])) == 64


@pytest.mark.parametrize(
    ("stored", "expected"),
    [
        (None, ["unidentified"]),
        ({"alrl": {"version": "0", "modules": None}, "classes": {}}, ["alrl-version"]),
        ({"alrl": {**alrl_code(), "modules": "0"}, "classes": {}}, ["alrl-modules"]),
        ({"alrl": alrl_code(), "classes": {"a:B": "sha256 0"}}, ["own-code"]),
        (code_of(), []),
    ],
)
def test_what_changed_is_named(stored: dict[str, object] | None, expected: list[str]) -> None:
    assert changes(stored, code_of()) == expected


def test_the_study_says_what_makes_cells_stale(tmp_path: Path) -> None:
    recipe = {"title": "t", "data": ["iris"], "agents": ["random"], "labels": 2, "seeds": 2}
    study = parse(StudyRecipe, recipe, where="test")
    assert study.replay == DEFAULT_CHANGES
    assert Runner(study=study, folder=tmp_path, workers=1).run().played == 1
    with Store(tmp_path / RESULTS) as store:
        store._database.execute("UPDATE cells SET code = NULL, checksum = NULL")
    kept = Runner(study=study, folder=tmp_path, workers=1).run()
    assert (kept.played, kept.replayed) == (
        0, ("1 cells are kept as they are: stored before alrl recorded which code played a cell",)
    )  # fmt: skip
    assert "1 of 1 cells: stored before" in verify(tmp_path).remarks[0]
    strict = study.model_copy(update={"replay": ("unidentified",)})
    assert Runner(study=strict, folder=tmp_path, workers=1).run().played == 1
    assert verify(tmp_path).lines[0] == "1 cells: 1 sound by their checksums; 0 faults."
