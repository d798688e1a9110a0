"""Tables of one's own in studies and environments: one name, an identity by content, found again from anywhere."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from alrl.agents.recipe import parse_agent_recipe
from alrl.agents.training.training import Trainer
from alrl.cli import app
from alrl.data.sources import load_data_set
from alrl.envs.episodes import Game
from alrl.envs.recipe import load_env_recipe
from alrl.errors import InvalidDataError, InvalidRecipeError, SmallTestPartWarning
from alrl.reports.report import report
from alrl.studies.canonical import run_id
from alrl.studies.cell_data import data_of
from alrl.studies.loading import load_study
from alrl.studies.reproduce import ReproduceError, reproduce
from alrl.studies.runner import Runner

CASES = Path(__file__).parents[1] / "data" / "cases"
STUDY = """title = "Own tables"
data = [{ file = "grades.csv", label = "grade", drop = ["visits"] }, "more.csv"]
agents = ["margin", "random"]
labels = 3
seeds = 2
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory, and beside it a folder with a study and its tables."""
    folder = tmp_path / "work"
    folder.mkdir()
    shutil.copy(CASES / "label-first.csv", folder / "grades.csv")
    shutil.copy(CASES / "semicolon.csv", folder / "more.csv")
    (folder / "own.toml").write_text(STUDY, encoding="utf-8")
    (tmp_path / "elsewhere").mkdir()
    monkeypatch.chdir(tmp_path / "elsewhere")
    return folder


@pytest.fixture
def run(place: Path) -> Path:
    """The folder of a run of the study, started from elsewhere."""
    folder = place.parent / "run"
    Runner(study=load_study(place / "own.toml"), folder=folder, workers=1).run()
    return folder


def described(run: Path) -> dict[str, Any]:
    content: dict[str, Any] = json.loads((run / "study.json").read_text(encoding="utf-8"))
    return content


@pytest.mark.usefixtures("undrawn")
def test_a_table_has_one_name_and_a_report_that_is_kept(run: Path) -> None:
    study = described(run)
    assert [cell["data_set"] for cell in study["cells"]] == ["grades", "more"] * 2
    assert study["tables"]["grades"]["left_out"] == {"visits": "as asked"}
    assert study["tables"]["more"]["notes"] == ["columns are separated by a semicolon"]
    assert study["cells"][0]["source"]["label"] == "grade"
    files = report(run)
    assert files.notes == ()
    assert "are not shown" not in files.page.read_text(encoding="utf-8")  # type: ignore[union-attr]
    assert "| grades |" in (run / "table.md").read_text(encoding="utf-8")


def test_a_run_is_reproduced_from_anywhere(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir("/")
    assert [cell.same for cell in reproduce(run)] == [True] * 4


def test_a_table_that_has_gone_or_changed_is_named(run: Path, place: Path) -> None:
    cell = described(run)["cells"][0]
    text = (place / "grades.csv").read_text(encoding="utf-8")
    (place / "grades.csv").write_text(text.replace("A,-1.002", "B,-1.002"), encoding="utf-8")
    with pytest.raises(ReproduceError, match="data set 'grades' is no longer what cell"):
        list(reproduce(run))
    (place / "grades.csv").unlink()
    with pytest.raises(InvalidDataError, match=r"the file of data set 'grades' is no longer at .*grades\.csv"):
        data_of(cell)


def test_where_a_table_lies_is_no_part_of_a_cells_identity(run: Path, place: Path) -> None:
    cells = described(run)["cells"]
    moved = place.rename(place.parent / "moved")
    again = Runner(study=load_study(moved / "own.toml"), folder=run, workers=1).run()
    assert (again.cells, again.played) == (4, 0)
    assert [run_id(cell) for cell in described(run)["cells"]] == [run_id(cell) for cell in cells]
    assert described(run)["cells"][0]["source"] != cells[0]["source"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (
            '["a/own.csv", "b/own.csv"]',
            r"data names 'own' twice; name each once; two files of one name get a name each",
        ),
        ('[{ file = "grades.csv", lable = "grade" }]', r'data\[0\]\.lable: unknown key, did you mean "label"\?'),
        ("[{ label = 'grade' }]", r"data\[0\]\.file: missing"),
    ],
)
def test_tables_that_make_no_sense_are_refused(place: Path, data: str, message: str) -> None:
    (place / "own.toml").write_text(STUDY.replace(STUDY.split("\n")[1], f"data = {data}"), encoding="utf-8")
    with pytest.raises(InvalidRecipeError, match=message):
        load_study(place / "own.toml")


def test_two_tables_of_one_name_get_a_name_each(place: Path) -> None:
    both = '[{ file = "grades.csv", label = "grade" }, { file = "grades.csv", label = "visits", name = "visits" }]'
    (place / "own.toml").write_text(STUDY.replace(STUDY.split("\n")[1], f"data = {both}"), encoding="utf-8")
    assert load_study(place / "own.toml").data_sets == ("grades", "visits")


@pytest.mark.usefixtures("undrawn")
def test_the_command_says_how_tables_were_read(place: Path) -> None:
    result = CliRunner().invoke(app, ["run", str(place / "own.toml"), "--workers", "1"])
    assert result.exit_code == 0, result.output
    assert result.stderr.count("grades.csv: 60 records, 1 features, 2 classes of 'grade' (A 30, B 30)") == 1
    assert "columns are separated by a semicolon" in result.stderr
    assert "grades" in result.stdout


def test_an_environment_plays_and_trains_on_tables(place: Path) -> None:
    (place / "own-env.toml").write_text(
        """[data]
sets = [{ file = "grades.csv", label = "grade" }, "more.csv", "iris"]
[budget]
labels = 3
[action]
candidates = { count = 4 }
""",
        encoding="utf-8",
    )
    env = load_env_recipe(place / "own-env.toml")
    assert env.data.names[0] == "grades"
    game = Game(env)
    assert game.source.data_set("grades").class_names == ("A", "B")
    assert game.source.data_set(env.data.names[1]).fingerprint == load_data_set(place / "more.csv").fingerprint
    agent = parse_agent_recipe(
        {"agent": {"kind": "trained", "network": {"width": 4}, "imitation": {"rounds": 1}}},
        where="here",
    )
    trainer = Trainer(agent=agent, env=env, workers=1)  # type: ignore[arg-type]
    assert {*trainer.training, *trainer.validation} == set(env.data.names)


def test_a_small_table_is_warned_of_once_a_study_and_by_no_worker(
    tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = "".join(f"{place * 31 % 97},{place},{'xy'[place % 2]}\n" for place in range(50))
    (tmp_path / "few.csv").write_text("a,b,class\n" + rows)
    (tmp_path / "few.toml").write_text(
        'title = "Few"\ndata = ["few.csv"]\nagents = ["margin", "random"]\nlabels = 2\nseeds = 2\nblock = 1\n'
    )
    with pytest.warns(SmallTestPartWarning) as told:
        Runner(study=load_study(tmp_path / "few.toml"), folder=tmp_path / "run", workers=2).run()
    (said,) = told
    assert str(said.message).startswith("few: the test part has 15 records, each of them 6.7 points of accuracy; ")
    assert "SmallTestPartWarning" not in capfd.readouterr().err
