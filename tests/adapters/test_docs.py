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
    # modAL gives the unlabelled records alone: to a policy that looks at some drawn by chance, others than of all 150.
    assert names["pool"][rows[1]].tolist() == rows[3].tolist()
    assert len({*rows[2].tolist()} - {*names["labelled"].tolist()}) == 5
    assert capsys.readouterr().out.count("0.") == 3
