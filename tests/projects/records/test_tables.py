"""Tables of all kinds, as projects take them."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import polars as pl
import pytest

from alrl.errors import InvalidDataError
from alrl.projects.records.tables import ids_of, read_table


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
