"""Files of one's own for the tests of this folder."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from alrl.data.data_set import DataSet

CASES = Path(__file__).parent / "cases"


@pytest.fixture
def own(tmp_path: Path) -> Callable[..., Path]:
    """Writes a file and returns its path."""

    def write(content: str | bytes, name: str = "own.csv", encoding: str = "utf-8") -> Path:
        file = tmp_path / name
        file.write_bytes(content if isinstance(content, bytes) else content.encode(encoding))
        return file

    return write


@pytest.fixture
def read(own: Callable[..., Path]) -> Callable[..., DataSet]:
    """Reads a table of which the header and a way to make record i are given."""

    def reader(header: str, record: Callable[[int], str], count: int = 30, **how: object) -> DataSet:
        text = header + "\n" + "".join(record(number) + "\n" for number in range(count))
        return DataSet.read(own(text), **how)  # type: ignore[arg-type]

    return reader
