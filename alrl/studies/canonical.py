"""Identities by content: the SHA-256 of canonical JSON."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

SOURCE = "source"
"""Key of a cell that says where its table is read from, and how."""


def canonical(value: Mapping[str, Any]) -> str:
    """Return JSON with sorted keys and no whitespace: one text for one content.

    >>> canonical({"b": 1, "a": [2]})
    '{"a":[2],"b":1}'
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def content_id(text: str) -> str:
    """Return SHA-256 of a text, in hexadecimal."""
    return hashlib.sha256(text.encode()).hexdigest()


def run_id(spec: Mapping[str, Any]) -> str:
    """Return the identity of a cell: sha256 of its specification as canonical JSON, whatever the order of its keys.

    Where the file of a data set lies does not count: its content does, by the fingerprint.

    >>> run_id({"data": "iris", "seeds": [0, 1]}) == run_id({"seeds": [0, 1], "data": "iris"})
    True
    """
    return content_id(canonical({key: value for key, value in spec.items() if key != SOURCE}))


def sums_of(folder: Path) -> str:
    """Return SHA-256 and name of every file below the folder, a line each, as ``sha256sum`` writes and checks them."""
    files = sorted(file for file in folder.rglob("*") if file.is_file())
    return "".join(
        f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.relative_to(folder).as_posix()}\n" for file in files
    )
