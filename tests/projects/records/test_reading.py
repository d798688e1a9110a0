"""Tables of projects are checked as other data are, and it is said how they were read."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from alrl.data.data_set import DataSet
from alrl.errors import AmbiguousDateWarning, InvalidDataError
from alrl.projects import Project
from alrl.projects.rehearsal import rehearse

SHORT = "a,b,label\n1,2,yes\n1,2\n3,4,no\n"
LONG = "a,b,label\n1,2,yes\n1,2,no,5\n3,4,no\n"
TWICE = "a,label,label\n1,yes,yes\n2,no,no\n3,no,no\n"
INFINITE = "a,b,label\n1,2,yes\n2,inf,no\n3,4,no\n"
HUGE = "a,b,label\n1,2,yes\n2,1e200,no\n3,4,no\n"


@pytest.mark.parametrize("text", [SHORT, LONG, TWICE, INFINITE, HUGE])
def test_projects_refuse_what_data_sets_refuse(tmp_path: Path, text: str) -> None:
    file = tmp_path / "own.csv"
    file.write_text(text)
    with pytest.raises(InvalidDataError) as refused:
        DataSet.read(file, label="label")
    reason = str(refused.value).partition(";")[0].replace(" of own ", " of own.csv ")
    with pytest.raises(InvalidDataError) as of_project:
        Project.create(tmp_path / "own", pool=file)
    assert str(of_project.value).partition(";")[0] == reason
    with pytest.raises(InvalidDataError) as of_rehearsal:
        rehearse(tmp_path / "try", file, label="label")
    assert str(of_rehearsal.value).partition(";")[0] == reason


@pytest.mark.parametrize("text", [SHORT, LONG, INFINITE, "id,a,b,label\n7,1,2,\n8,3,4,no,5\n"])
def test_records_that_are_added_are_checked_as_well(tmp_path: Path, text: str) -> None:
    project = Project.create(tmp_path / "own", pool={"a": [1.0, 2.0], "b": [3.0, 4.0]}, classes=["no", "yes"])
    (tmp_path / "more.csv").write_text(text)
    with pytest.raises(InvalidDataError, match=r"values where there are|column 'b' of more.csv holds values"):
        project.grow(tmp_path / "more.csv")
    assert project.pool().records == 2


@pytest.mark.parametrize(
    ("pool", "why"),
    [
        ({"a": [1.0, np.inf]}, "column 'a' of the table holds values that are infinite"),
        (np.array([[1.0, 2.0], [3.0, -np.inf]]), "column 'feature 1' of the table holds values that are infinite"),
        (pd.DataFrame({"a": [1.0, 2.0], "label": ["x", "y"], "label.1": ["x", "y"]}), "several columns named 'label'"),
        (pd.DataFrame({"a": [1.0, 2.0], "id": [7, 8], "id.1": [7, 8]}), "several columns named 'id'"),
    ],
)
def test_frames_get_the_same_checks(tmp_path: Path, pool: Any, why: str) -> None:
    how: dict[str, Any] = {"id": "id"} if "id.1" in pool else {}
    with pytest.raises(InvalidDataError, match=why):
        Project.create(tmp_path / "own", pool=pool, classes=["x", "y"], **how)
    assert not (tmp_path / "own").exists()


def test_how_a_table_was_read_is_kept_in_the_log(tmp_path: Path) -> None:
    (tmp_path / "own.csv").write_text(
        'id,index,size,town,since,note,class,price\n007,0,1.5,Ulm,2020-01-02,x,a,"1,234"\n'
        '008,1,,Bonn,2020-01-03,x,b,"1,500"\n009,2,2.5,,2020-01-04,x,a,"2,000"\n'
    )
    project = Project.create(tmp_path / "own", pool=tmp_path / "own.csv", id="id", classes=["no", "yes"], drop=["note"])
    assert str(project.reports[0]).splitlines() == [
        "own.csv: 3 records, 6 features, 2 classes of 'label' (no 0, yes 0)",
        "  numbers with thousands grouped by ',': price",
        "  missing values: 'size' 1, 'town' 1; a missing number counts as its column's mean",
        "  column 'class' is called as a class is, and describes the records; --label class makes it the class",
        "  column 'index' looks like no feature (row numbers) and is kept; --drop index leaves it out",
        "  left out: 'note' (as asked)",
        "  left out: 'id' (names the records)",
        "  encoded: 'town', 'class' (category of 2 levels)",
        "  encoded: 'since' (date)",
    ]
    cells: dict[str, Any] = {"id": "010", "since": "2020-01-05"}
    more = pd.DataFrame({name: [cells.get(name, 1)] for name in project.records([])})
    project.grow(more)
    assert [report.records for report in Project(tmp_path / "own").reports] == [3, 1]
    assert project.pool().frame["price"].tolist() == [1234, 1500, 2000, 1]


def test_digits_that_are_words_and_the_order_of_dates_are_told_in_projects(tmp_path: Path) -> None:
    pool = {
        "zip": ["01067", "4711", "99999"],
        "long": [2**60, 2**60 + 1, 2**60 + 2],
        "since": ["03/04/2026", "25/12/2026", "01/02/2026"],
        "until": ["03/04/2026", "05/06/2026", "01/02/2026"],
    }
    with pytest.warns(
        AmbiguousDateWarning, match="in the dates of column 'until': '03/04/2026' is taken for 2026-03-04"
    ):
        project = Project.create(tmp_path / "own", pool=pool, classes=["no", "yes"], model="auto", strategy="margin")
    amounts = "where they are amounts"
    assert str(project.reports[0]).splitlines()[1:] == [
        f"  digits with a leading zero are words, no numbers: 'zip' (01067); write them without it {amounts}",
        f"  integers that numbers would merge are words: 'long' ({2**60 + 1}); write them as 9.007e15 {amounts}",
        "  encoded: 'zip', 'long' (category of 3 levels)",
        "  encoded: 'since' (date, day first)",
        "  encoded: 'until' (date, month first, though no value tells)",
    ]
    seen = project.pool().readable
    assert [str(seen[name].dtype) for name in ("zip", "long")] == ["category", "category"]
    assert seen["since"].tolist() == ["2026-04-03", "2026-12-25", "2026-02-01"]
    assert project.records(["0"])["since"].tolist() == ["03/04/2026"]
    project.tell({"0": "no", "1": "yes", "2": "no"}, annotator="ann")
    assert project.fit().number == 0


def test_postal_codes_are_a_category_to_a_model_and_not_an_amount(tmp_path: Path) -> None:
    codes = ["01067", "01069", "80331"]
    project = Project.create(tmp_path / "own", pool={"zip": [codes[i % 3] for i in range(30)]}, classes=["no", "yes"])
    assert project.pool().features.shape == (1, 30, 3)
    assert len(project.pool().features[0].unique(dim=0)) == 3


def test_words_stay_words_as_a_project_grows(tmp_path: Path) -> None:
    project = Project.create(tmp_path / "own", pool={"zip": ["01067", "4711"], "n": [1, 2]}, classes=["no", "yes"])
    (tmp_path / "more.csv").write_text("zip,n\n80331,3\n10115,4\n")
    project.grow(tmp_path / "more.csv")
    project.grow(pd.DataFrame({"zip": [50667], "n": [5]}))
    assert project.pool().frame["zip"].tolist() == ["01067", "4711", "80331", "10115", "50667"]
    assert project.pool().frame["n"].tolist() == [1, 2, 3, 4, 5]


def dated(folder: Path, dates: Any) -> Project:
    pool = {"id": [f"r{place}" for place in range(len(dates))], "d": dates}
    return Project.create(folder, pool=pool, id="id", classes=["no", "yes"])


DAY_FIRST = [f"{place % 28 + 1:02d}/{place % 12 + 1:02d}/2024" for place in range(60)]


def test_a_date_with_its_year_first_leaves_the_dates_of_a_project_dates(tmp_path: Path) -> None:
    project = dated(tmp_path / "own", DAY_FIRST)
    before = project.pool().features.shape
    project.grow({"id": ["g1"], "d": ["2024-04-03"]})
    assert before == (1, 60, 4)
    assert project.pool().features.shape == (1, 61, 4)
    assert project.pool().readable["d"].tolist()[-3:] == ["2024-11-03", "2024-12-04", "2024-04-03"]
    assert project.reports[1].encoded == {"d": "date, day first"}


@pytest.mark.parametrize("word", ["unknown", "12/25/2024", "31/02/2024", "soon"])
def test_what_is_no_date_among_dates_is_refused_and_named(tmp_path: Path, word: str) -> None:
    project = dated(tmp_path / "own", DAY_FIRST)
    why = f"'d' holds dates in the project, such as '01/01/2024', and the new records hold '{word}'"
    with pytest.raises(InvalidDataError, match=why):
        project.grow({"id": ["g1", "g2", "g3", "g4"], "d": ["2024-04-03", "04/04/2024", word, None]})
    assert project.pool().records == 60
    project.grow({"id": ["g1", "g2"], "d": ["04/04/2024", None]})
    assert project.pool().features.shape[1] == 62


def test_words_may_still_be_added_to_words_that_hold_dates_among_others(tmp_path: Path) -> None:
    project = dated(tmp_path / "own", [*DAY_FIRST, "unknown"])
    project.grow({"id": ["g1"], "d": ["soon"]})
    assert project.pool().records == 62


def test_dates_of_a_file_become_dates_where_the_project_has_dates(tmp_path: Path) -> None:
    project = dated(tmp_path / "own", pd.date_range("2024-01-01", periods=5))
    (tmp_path / "more.csv").write_text("id,d\ng1,2024-04-03\ng2,\n")
    project.grow(tmp_path / "more.csv")
    assert project.pool().frame["d"].tolist()[4:6] == [pd.Timestamp("2024-01-05"), pd.Timestamp("2024-04-03")]
    with pytest.raises(InvalidDataError, match="holds dates in the project, and words in the new records"):
        project.grow({"id": ["g3"], "d": ["03/04/2024"]})


def test_times_may_be_added_to_dates_that_are_text(tmp_path: Path) -> None:
    project = dated(tmp_path / "own", ["2024-01-01", "2024-01-02"])
    project.grow(pd.DataFrame({"id": ["g1"], "d": [pd.Timestamp("2024-04-03 10:20")]}))
    assert project.pool().readable["d"].tolist() == [
        "2024-01-01 00:00:00",
        "2024-01-02 00:00:00",
        "2024-04-03 10:20:00",
    ]


@pytest.mark.filterwarnings("error::alrl.errors.AmbiguousDateWarning")
def test_words_and_dates_of_new_records_are_told_as_the_project_reads_them(tmp_path: Path) -> None:
    pool = {"d": DAY_FIRST, "word": [f"word {place}" for place in range(60)]}
    project = Project.create(tmp_path / "own", pool=pool, classes=["no", "yes"])
    project.grow({"d": ["03/04/2024"], "word": ["word 60"]})
    assert project.reports[1].encoded == {"d": "date, day first", "word": "text of 61 levels"}
    assert project.reports[1].records == 1


def test_it_is_told_where_new_records_turn_the_dates_of_a_project(tmp_path: Path) -> None:
    with pytest.warns(AmbiguousDateWarning):
        project = dated(tmp_path / "own", ["03/04/2024", "05/06/2024"])
    project.grow({"id": ["g1"], "d": ["25/12/2024"]})
    (told,) = project.reports[1].notes
    assert told == (
        "the dates of column 'd' were read month first, though no value tells; the new records tell that they are day"
        " first"
    )
