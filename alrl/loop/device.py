"""Where tensors live."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError

_PORTABLE: ContextVar[bool] = ContextVar("portable", default=False)


def usable_device(name: torch.device | str) -> torch.device:
    """The device of that name.

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
    """Whether compiled code is to read the tensor: it can on the processor.

    >>> compiles(torch.zeros(1)), compiles(torch.zeros(1, device="meta"))
    (True, False)
    """
    return tensor.device.type == "cpu" and not _PORTABLE.get()


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
