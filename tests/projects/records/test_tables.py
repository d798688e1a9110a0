"""Tables of all kinds, as projects take them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from alrl.errors import InvalidDataError
from alrl.projects.records.tables import NOTES, ids_of, read_table


@pytest.mark.parametrize(
    ("name", "data"),
    [
        ("a.csv", b"id,age,town\n007,1.5,Ulm\n008,2.5,\n"),
        ("a.tsv", b"id\tage\ttown\n007\t1.5\tUlm\n008\t2.5\t\n"),
        ("a.csv", b"id;age;town\n007;1,5;Ulm\n008;2,5;\n"),
        ("a.csv", b"\xef\xbb\xbfid,age,town\n007,1.5,Ulm\n008,2.5,\n"),
        ("a.jsonl", b'{"id": "007", "age": 1.5, "town": "Ulm"}\n{"id": "008", "age": 2.5, "town": null}\n'),
    ],
)
def test_a_table_is_read_however_it_is_written(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    frame = read_table(tmp_path / name, text=["id"])
    assert frame["id"].tolist() == ["007", "008"]
    assert frame["age"].tolist() == [1.5, 2.5]
    assert frame["town"].isna().tolist() == [False, True]


def test_text_in_windows_1252_and_long_text_are_kept(tmp_path: Path) -> None:
    texts = [f"Grüße von {place}, mit viel Text" for place in range(50)]
    rows = "".join(f"{place},{text.replace(',', ';')}\n" for place, text in enumerate(texts))
    (tmp_path / "a.csv").write_bytes(("id,note\n" + rows).encode("cp1252"))
    frame = read_table(tmp_path / "a.csv", text=["id"])
    assert frame["note"][7] == "Grüße von 7; mit viel Text"


def test_frames_and_parquet_are_tables(tmp_path: Path) -> None:
    frame = pl.DataFrame({"id": ["a", "b"], "age": [1, None]})
    frame.write_parquet(tmp_path / "a.parquet")
    for source in (frame, tmp_path / "a.parquet", frame.to_dict(as_series=False)):
        assert read_table(source)["age"].isna().tolist() == [False, True]


NUMBERS = {
    "price": (["1,234", "999", "NA"], [1234.0, 999.0, None]),
    "share": (["12 %", "7.5 %", "0 %"], [12.0, 7.5, 0.0]),
    "cost": (["$1,000.50", "$2", "$3"], [1000.5, 2.0, 3.0]),
    "size": (["1", "2", "3"], [1, 2, 3]),
    "zip": (["01067", "4711", "99999"], ["01067", "4711", "99999"]),
    "long": (["9007199254740993", "9007199254740992", "1"], ["9007199254740993", "9007199254740992", "1"]),
}


@pytest.mark.parametrize("kind", ["csv", "jsonl", "pandas", "polars", "parquet"])
def test_numbers_are_read_as_in_other_tables_wherever_they_stand(tmp_path: Path, kind: str) -> None:
    frame = pd.DataFrame({name: given for name, (given, _) in NUMBERS.items()})
    source: object = tmp_path / f"a.{kind}"
    if kind == "csv":
        frame.to_csv(tmp_path / "a.csv", index=False)
    elif kind == "jsonl":
        frame.to_json(tmp_path / "a.jsonl", orient="records", lines=True)
    elif kind == "parquet":
        pl.DataFrame(frame.to_dict("list")).write_parquet(tmp_path / "a.parquet")
    else:
        source = frame if kind == "pandas" else pl.DataFrame(frame.to_dict("list"))
    read = read_table(source)
    for name, (_, expected) in NUMBERS.items():
        assert read[name].astype(object).where(read[name].notna(), None).tolist() == expected, name
    assert [str(read[name].dtype) for name in ("price", "size", "zip")] == ["float64", "int64", "object"]
    assert read.attrs[NOTES] == [
        "numbers with thousands grouped by ',': price",
        "numbers with percent or currency signs taken away: share",
        "numbers with thousands grouped by ',', percent or currency signs taken away: cost",
    ]
    assert frame["price"].tolist() == ["1,234", "999", "NA"]


def test_points_group_thousands_beside_decimal_commas(tmp_path: Path) -> None:
    (tmp_path / "a.csv").write_text("id;price;size;paid\n007;1.234;1,5;True\n008;2.500;2,5;False\n")
    read = read_table(tmp_path / "a.csv", text=["id"])
    assert read.to_dict("list") == {
        "id": ["007", "008"],
        "price": [1234.0, 2500.0],
        "size": [1.5, 2.5],
        "paid": [True, False],
    }


@pytest.mark.parametrize("kind", ["jsonl", "polars"])
def test_long_integers_beside_a_gap_are_not_merged(tmp_path: Path, kind: str) -> None:
    (tmp_path / "a.jsonl").write_text(f'{{"a": {2**60 + 1}}}\n{{"a": null}}\n{{"a": {2**60 + 2}}}\n')
    source = tmp_path / "a.jsonl" if kind == "jsonl" else pl.DataFrame({"a": [2**60 + 1, None, 2**60 + 2]})
    assert read_table(source)["a"].tolist() == ["1152921504606846977", None, "1152921504606846978"]


def test_identifiers_are_text_and_each_names_one_record() -> None:
    assert ids_of(pd.DataFrame({"id": [1.0, 2.0]}), "id") == ["1", "2"]
    with pytest.raises(InvalidDataError, match="names 1 records twice"):
        ids_of(pd.DataFrame({"id": ["a", "a"]}), "id")
    with pytest.raises(InvalidDataError, match="1 empty identifiers"):
        ids_of(pd.DataFrame({"id": ["a", None]}), "id")


@pytest.mark.parametrize(
    ("name", "data"), [("a.csv", b""), ("a.csv", b"id\n"), ("a.jsonl", b"[1]\n"), ("a.jsonl", b"{\n")]
)
def test_what_is_no_table_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(InvalidDataError):
        read_table(tmp_path / name)
