"""How loops over records and episodes are compiled for the processor, by numba.

A function is compiled when it is first called, some seconds once, and kept in the cache beside the module.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from numba import njit

_ALWAYS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_INNER: dict[str, Any] = {**_ALWAYS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}

called: Callable[..., Any] = njit(**_ALWAYS, fastmath={"contract"})
"""Compile what Python calls."""
compiled: Callable[..., Any] = njit(**_INNER, fastmath={"contract"})
"""Compile what compiled code calls, and never Python, which would crash.

As written, but for fused multiply-adds, which round the same in every lane.
"""
summing: Callable[..., Any] = njit(**_INNER, fastmath={"contract", "reassoc", "nsz"})
"""The same, with sums in whatever order is fast."""
