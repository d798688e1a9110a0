"""What a stranger sends is read within bounds, and what is no file is refused without waiting."""

from __future__ import annotations

import os
import signal
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from alrl import recipes
from alrl.errors import InvalidDataError, InvalidRecipeError
from alrl.recipes.regular_files import irregular, irregular_store, read_regular


@pytest.fixture(autouse=True)
def in_time() -> Iterator[None]:
    """Ends what waits, or reads for ever."""
    signal.alarm(30)
    yield
    signal.alarm(0)


def read(path: Path, most: int = 4) -> bytes:
    return read_regular(path, most, error=InvalidDataError, advice="give another")


def test_a_file_within_the_bound_is_read_and_one_beyond_it_is_not(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"1234")
    (tmp_path / "link").symlink_to("file")
    assert read(tmp_path / "link") == b"1234"
    (tmp_path / "file").write_bytes(b"12345")
    with pytest.raises(InvalidDataError, match=r"file: 5 bytes given, at most 4 are read; give another"):
        read(tmp_path / "file")


def test_what_is_no_regular_file_is_named_and_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("pipe")
    Path("folder").mkdir()
    Path("device").symlink_to("/dev/zero")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind("socket")
        for kind in ("pipe", "folder", "device", "socket"):
            assert irregular(kind) == f"a {kind}"
            with pytest.raises(InvalidDataError, match=rf"^{kind}: a {kind}, not a regular file; give another$"):
                read(Path(kind))
    with pytest.raises(InvalidDataError, match=r"^gone: cannot be read \(No such file or directory\); give another$"):
        read(Path("gone"))


def test_what_sqlite_reads_beside_a_store_is_looked_at(tmp_path: Path) -> None:
    store = tmp_path / "results.sqlite"
    store.touch()
    assert irregular_store(store) == ""
    os.mkfifo(tmp_path / "results.sqlite-journal")
    assert irregular_store(store) == f"{store}-journal is a pipe, not a regular file"


def test_a_pipe_that_is_given_as_a_recipe_is_called_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("agents").mkdir()
    os.mkfifo("agents/r.toml")
    assert recipes.first_line_comment("agents/r.toml") == ""
    with pytest.raises(InvalidRecipeError, match=r"^agents/r\.toml: a pipe, not a regular file; give the path of a"):
        recipes.find("agents", "agents/r.toml")
    with pytest.raises(InvalidRecipeError, match=r"r\.toml: a pipe, not a regular file"):
        recipes.read(recipes.find("agents", "r"))
