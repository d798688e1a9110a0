"""The examples of docs/adapters.md run."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest


@pytest.mark.filterwarnings("ignore::DeprecationWarning:small_text")
def test_the_examples_run(capsys: pytest.CaptureFixture[str]) -> None:
    text = (Path(__file__).parents[2] / "docs" / "adapters.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {}
    rows = []
    blocks = re.findall(r"(?ms)^```python\n(.*?)^```$", text)
    assert len(blocks) == 5
    for block in blocks:
        exec(block, names)  # noqa: S102
        rows.append(names.get("rows"))
    assert names["pool"][rows[1]].tolist() == rows[2].tolist() == rows[3].tolist()
    assert capsys.readouterr().out.count("0.") == 3
