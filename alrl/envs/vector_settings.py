"""What a vector environment may be asked for: how many episodes, workers, pictures, and how episodes begin anew."""

from __future__ import annotations

from typing import Any

from gymnasium.vector import AutoresetMode

from alrl.errors import InvalidRecipeError
from alrl.numerics.arguments import whole_number
from alrl.numerics.backend import usable_device


def read_mode(given: AutoresetMode | str) -> AutoresetMode:
    """Return an autoreset mode by its value or its name; raises InvalidRecipeError for another.

    >>> read_mode("SameStep") is read_mode("SAME_STEP") is AutoresetMode.SAME_STEP
    True
    """
    for mode in AutoresetMode:
        if given in {mode, mode.value, mode.name}:
            return mode
    allowed = ", ".join(mode.name for mode in AutoresetMode)
    raise InvalidRecipeError(f"autoreset_mode = {given!r} given; allowed are {allowed}")


def check_settings(num_envs: Any, workers: Any, device: str, render_mode: str | None) -> None:
    """Raise InvalidRecipeError that names the setting which cannot be played, and what is allowed."""
    whole_number("num_envs", num_envs, least=1, error=InvalidRecipeError)
    usable_device(device)
    if not isinstance(workers, int) or not 1 <= workers <= num_envs or (workers > 1 and device != "cpu"):
        raise InvalidRecipeError(
            f"workers = {workers} given for {num_envs} sub-environments on {device}; allowed are 1 and, on cpu, up"
            " to one a sub-environment"
        )
    if render_mode not in {None, "rgb_array"}:
        raise InvalidRecipeError(f'render_mode = {render_mode!r} given; allowed are None and "rgb_array"')
