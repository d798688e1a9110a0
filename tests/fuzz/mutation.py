"""Mutations of files and command lines that strangers may send, and the bounds that reading them has to keep."""

from __future__ import annotations

import copy
import os
import signal
import time
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st

from alrl.errors import AlrlError
from alrl.studies.cell import peak_bytes, reset_peak

SECONDS = 5.0
BYTES = 1 << 30

ODD_TEXT = (
    "", "../../x", "/dev/zero", "a" * 10_000, "\x00", "\U0001d6fc\u202e", "=1+1", "$(touch /tmp/x)", "os:system",
    "evil_module:Evil", "%s%n", "-1", "nan", "<script>", "margin", "iris", "[bold]", "\ud7ff",
)  # fmt: skip
ODD_VALUES: tuple[Any, ...] = (
    *ODD_TEXT, 0, -1, 1, 2**31, 2**63, 10**30, 10**400, -0.0, 1e308, 0.5, True, False, [], {}, [[]],
    {"a": {}}, [1, "a"],
    {"kind": "evil_module:Evil"}, ["evil_module:Evil"], {"kind": "delayed", "annotator": {"kind": "several"}},
)  # fmt: skip

places = st.floats(0, 1, exclude_max=True)


def examples(share: float, sample: int) -> settings:
    """Return settings of a part of the suite: a ``sample`` in `make test`, a ``share`` of ALRL_FUZZ in `make fuzz`."""
    most = int(os.environ.get("ALRL_FUZZ", "0"))
    return settings(
        max_examples=round(share * most) if most else sample,
        derandomize=not most,
        database=None,
        deadline=None,
        print_blob=True,
        phases=(Phase.generate, Phase.shrink) if most else (Phase.generate,),
        suppress_health_check=list(HealthCheck),
    )


@contextmanager
def bounded() -> Iterator[None]:
    """Let the block run for at most five seconds, and take at most a gigabyte more than there is."""
    before = _resident()
    reset_peak()
    began = time.process_time()
    earlier = signal.signal(signal.SIGALRM, _too_long)
    # On a busy machine others take their time too: processor time counts, and no wait is endless.
    signal.setitimer(signal.ITIMER_REAL, 20 * SECONDS)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, earlier)
    assert time.process_time() - began < SECONDS
    assert (peak_bytes() or 0) - before < BYTES


def documented(read: Callable[[], object]) -> object | None:
    """Return what is read within the bounds, None where an error of alrl says why it cannot be."""
    with bounded():
        try:
            return read()
        except AlrlError as error:
            explained = str(error).strip()
    assert explained
    return None


def spliced(data: bytes, changes: list[tuple[str, float, bytes]]) -> bytes:
    """Return ``data`` with pieces inserted, overwritten, cut out or doubled, at shares of its length."""
    for kind, place, piece in changes:
        at = int(place * len(data))
        end = at + max(1, len(piece))
        middle = {
            "insert": piece + data[at:end],
            "overwrite": piece,
            "cut": b"",
            "double": 2 * data[at:end],
            "truncate": b"",
        }
        data = data[:at] + middle[kind] + (b"" if kind == "truncate" else data[end:])
    return data


pieces = st.binary(min_size=1, max_size=8) | st.sampled_from(
    [each.encode("utf-8", "surrogatepass") for each in ODD_TEXT]
    + [b"\xff\xfe", b"[" * 5000, b"\n", b",", b'"', b"9" * 5000]
)
splices = st.lists(
    st.tuples(st.sampled_from(["insert", "overwrite", "cut", "double", "truncate"]), places, pieces),
    min_size=1,
    max_size=4,
)
values = st.sampled_from(ODD_VALUES) | st.integers() | st.floats(allow_nan=True) | st.text(max_size=20)
changes = st.lists(st.tuples(st.sampled_from(["set", "add", "drop"]), places, values), min_size=1, max_size=4)


def changed(content: Any, edits: list[tuple[str, float, Any]]) -> Any:
    """Return plain values, nested, with some set to others, dropped, or with keys added that nobody knows."""
    for kind, place, edit in edits:
        # Each its own: what is set twice must not hold itself.
        value = copy.deepcopy(edit)
        holders = list(_holders(content))
        holder, key = holders[int(place * len(holders))]
        if kind == "set":
            holder[key] = value
        elif kind == "drop":
            del holder[key]
        elif isinstance(holder, dict):
            holder[str(value)[:30] or "x"] = value
        if not content:
            break
    return content


def _holders(content: Any) -> Iterator[tuple[Any, Any]]:
    items = list(content.items()) if isinstance(content, dict) else list(enumerate(content))
    for key, value in items:
        yield content, key
        if isinstance(value, dict | list) and value:
            yield from _holders(value)


def _too_long(signal_: int, frame: FrameType | None) -> None:
    raise AssertionError(f"not done after {20 * SECONDS:.0f} s")


def _resident() -> int:
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
