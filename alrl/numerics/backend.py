"""Find the device of tensors, compile for the processor, and keep to a number of threads."""

from __future__ import annotations

import hashlib
import os
import re
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import lru_cache
from multiprocessing import current_process
from pathlib import Path
from typing import Any

import numba
import torch
from numba import njit
from numba.core import event
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits
from torch import Tensor

from alrl.errors import InvalidRecipeError

_PORTABLE: ContextVar[bool] = ContextVar("portable", default=False)


def usable_device(name: torch.device | str) -> torch.device:
    """Return the device of that name.

    Raises InvalidRecipeError for a name that torch does not know, and for an accelerator that is not there.

    >>> usable_device("cpu")
    device(type='cpu')
    """
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise InvalidRecipeError(f"device {name!r} given; allowed are cpu, cuda and cuda:0, cuda:1, ...") from error
    if device.type == "cuda" and (device.index or 0) >= torch.cuda.device_count():
        raise InvalidRecipeError(
            f"device {name!r} given; torch sees {torch.cuda.device_count()} GPUs here. Take cpu, or install the torch"
            " build for your GPU: see pytorch.org"
        )
    if device.type not in {"cpu", "cuda"}:
        raise InvalidRecipeError(f"device {name!r} given; allowed are cpu, cuda and cuda:0, cuda:1, ...")
    return device


def compiles(tensor: Tensor) -> bool:
    """Return whether compiled code is to read the tensor: it can on the processor.

    >>> compiles(torch.zeros(1)), compiles(torch.zeros(1, device="meta"))
    (True, False)
    """
    return tensor.device.type == "cpu" and not _PORTABLE.get()


def arrays(*tensors: Tensor) -> tuple[NDArray[Any], ...]:
    """Return the tensors as arrays for compiled code: contiguous, and of the same memory where they are so already.

    >>> arrays(torch.zeros(2, 1))[0].shape
    (2, 1)
    """
    return tuple(tensor.contiguous().numpy() for tensor in tensors)


@contextmanager
def portable() -> Iterator[None]:
    """Compute on the processor as on an accelerator, by torch alone: to test that way where there is none.

    >>> with portable():
    ...     compiles(torch.zeros(1))
    False
    """
    before = _PORTABLE.set(True)
    try:
        yield
    finally:
        _PORTABLE.reset(before)


_ALWAYS: dict[str, Any] = {"cache": True, "nogil": True, "error_model": "numpy"}
_INNER: dict[str, Any] = {**_ALWAYS, "no_cpython_wrapper": True, "no_cfunc_wrapper": True}


@lru_cache(maxsize=1)
def source_digest(module: str) -> str:
    """Return a digest of the text of a module and of all modules of alrl that it imports at its beginning.

    >>> len(source_digest("alrl.numerics.backend"))
    64
    """
    texts: dict[str, str] = {}
    pending = [module]
    while pending:
        name = pending.pop()
        if name not in texts and getattr(sys.modules.get(name), "__file__", None):
            texts[name] = Path(str(sys.modules[name].__file__)).read_text()
            pending += _IMPORTED.findall(texts[name])
    return hashlib.sha256("\0".join(texts[name] for name in sorted(texts)).encode()).hexdigest()


_IMPORTED = re.compile(r"^from (alrl[\w.]*) import", re.MULTILINE)


def _compiler(options: dict[str, Any], fastmath: set[str]) -> Callable[..., Any]:
    """Return a decorator that compiles and caches, wherever a cache can be written.

    It compiles anew when a module that the function's own imports has changed. Numba itself looks at the function's own
    file alone, though it compiles what is called from others into the same code.
    """

    def decorate(function: Callable[..., Any]) -> Any:
        made = make(function)
        # Without a cache, as where numba is switched off, there is nothing to stamp.
        with suppress(AttributeError, OSError):
            kept = made._cache._cache_file
            kept._source_stamp = (kept._source_stamp, source_digest(function.__module__))
        return made

    def make(function: Callable[..., Any]) -> Any:
        try:
            return njit(**options, fastmath=fastmath)(function)
        except RuntimeError as error:
            if "no locator available" not in str(error):
                raise
        # Neither the package's folder nor the user's can be written: a private one of the temporary folder.
        folder = _private_folder()
        if folder is None:
            return njit(**{**options, "cache": False}, fastmath=fastmath)(function)
        setattr(numba.config, "CACHE_DIR", folder)  # noqa: B010 - numba makes its settings when it is loaded
        return njit(**options, fastmath=fastmath)(function)

    return decorate


class _FirstCompilation(event.Listener):
    """Says once, of the main process, that code is compiled which no run before this one has kept."""

    def __init__(self) -> None:
        self._said = False

    def on_start(self, event: Any) -> None:
        """Write a line to standard error where a function of alrl is compiled for the first time."""
        dispatcher = event.data["dispatcher"]
        if self._said or not str(dispatcher.py_func.__module__).startswith("alrl.") or _is_kept(dispatcher):
            return
        self._said = True
        if current_process().name == "MainProcess":
            print("compiling alrl's inner loops, once for this installation (up to a minute or two)", file=sys.stderr)

    def on_end(self, event: Any) -> None:
        """Say nothing."""


def _is_kept(dispatcher: Any) -> bool:
    """Return whether the function was compiled for other types before, or never can be kept."""
    try:
        return bool(dispatcher._cache._cache_file._load_index())
    except (AttributeError, OSError):
        return True


event.register("numba:compile", _FirstCompilation())  # type: ignore[no-untyped-call]


def _private_folder() -> str | None:
    """Return a folder that no other user can write to, for what is compiled is run; None if none can be had."""
    try:
        folder = Path(tempfile.gettempdir()) / f"alrl-numba-{os.getuid() if hasattr(os, 'getuid') else 'cache'}"
        folder.mkdir(mode=0o700, exist_ok=True)
        status = folder.lstat()
        mine = not hasattr(os, "getuid") or (status.st_uid == os.getuid() and not status.st_mode & 0o022)
        if mine and stat.S_ISDIR(status.st_mode) and os.access(folder, os.W_OK):
            return str(folder)
        return tempfile.mkdtemp(prefix="alrl-numba-")
    except OSError:
        return None


called: Callable[..., Any] = _compiler(_ALWAYS, {"contract"})
"""Compile what Python calls."""
compiled: Callable[..., Any] = _compiler(_INNER, {"contract"})
"""Compile what compiled code calls, and never Python, which would crash.

As written, but for fused multiply-adds, which round the same in every lane.
"""
summing: Callable[..., Any] = _compiler(_INNER, {"contract", "reassoc", "nsz"})
"""The same, with sums in whatever order is fast."""


@contextmanager
def one_thread() -> Iterator[None]:
    """Pin this process to one thread of torch and BLAS for a while: on a busy machine, spinning threads only wait.

    >>> with one_thread():
    ...     torch.get_num_threads()
    1
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        with threadpool_limits(1):
            yield
    finally:
        torch.set_num_threads(threads)
