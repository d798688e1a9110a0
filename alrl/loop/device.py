"""Where tensors live."""

from __future__ import annotations

import torch

from alrl.errors import InvalidRecipeError


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
