"""A network of one size, its parameters as one row of numbers: what is stacked for many episodes."""

from __future__ import annotations

from math import prod
from typing import Any

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.modules.batchnorm import _BatchNorm
from torch.nn.modules.dropout import _DropoutNd
from torch.utils.flop_counter import FlopCounterMode

from alrl.errors import InvalidRecipeError


class NetworkShape:
    """A module that maps records (N, D) to logits (N, k), with its P parameters laid out in one row.

    Raises InvalidRecipeError for a module without parameters, with dropout or batch normalisation, and for one that
    gives anything but logits (N, k).

    >>> shape = NetworkShape(nn.Linear(3, 2), features=3, classes=2)
    >>> shape.start.shape, shape.multiply_adds, shape.logits(torch.zeros(8), torch.ones(5, 3)).shape
    (torch.Size([8]), 6, torch.Size([5, 2]))
    """

    def __init__(self, module: nn.Module, *, features: int, classes: int) -> None:
        self.module, self.features, self.classes = module.eval(), features, classes
        _refuse_chance(module)
        parameters = {name: value.detach() for name, value in module.named_parameters()}
        if not parameters:
            raise InvalidRecipeError(
                f"neural network: {type(module).__name__} has no parameters; there is nothing to fit"
            )
        self.sizes = {name: value.shape for name, value in parameters.items()}
        self.start = torch.cat([value.flatten() for value in parameters.values()])
        """The parameters of the module as it was built, (P,)."""
        self.decayed = torch.cat([torch.full((value.numel(),), float(value.ndim > 1)) for value in parameters.values()])
        """1 where a parameter is penalised, 0 where it is a bias or a scale, (P,)."""
        self.multiply_adds = self._try_out()
        """Modelled multiply-adds of one record's logits."""

    def _try_out(self) -> int:
        with torch.no_grad(), FlopCounterMode(display=False) as counter:
            given = self.module(self.start.new_zeros(1, self.features))
        if given.shape != (1, self.classes):
            raise InvalidRecipeError(
                f"neural network: the module gives shape {tuple(given.shape)} for one record of {self.features}"
                f" features and {self.classes} classes; let it map (records, features) to logits (records, classes)"
            )
        return int(counter.get_total_flops()) // 2

    def named(self, row: Tensor) -> dict[str, Tensor]:
        """Return the parameters by name, for any number of leading axes of ``row`` (..., P)."""
        parts = row.split([prod(size) for size in self.sizes.values()], -1)
        return {name: part.unflatten(-1, size) for (name, size), part in zip(self.sizes.items(), parts, strict=True)}

    def logits(self, row: Tensor, X: Tensor) -> Tensor:
        """Return logits (N, k) of X (N, D) with the parameters ``row`` (P,)."""
        buffers = {
            name: value.to(X.device, X.dtype if value.is_floating_point() else None)
            for name, value in self.module.named_buffers()
        }
        given: Tensor = functional_call(self.module, {**self.named(row), **buffers}, (X,))
        return given

    def hidden(self, row: Tensor, X: Tensor) -> Tensor:
        """Return what the last layer that has parameters is given, (N, E)."""
        seen = [X]

        def remember(_: nn.Module, given: tuple[Any, ...]) -> None:
            seen[0] = given[0]

        layers = [layer for layer in self.module.modules() if any(True for _ in layer.parameters(recurse=False))]
        handles = [layer.register_forward_pre_hook(remember) for layer in layers]
        try:
            self.logits(row, X)
        finally:
            for handle in handles:
                handle.remove()
        return seen[0].flatten(1)


def _refuse_chance(module: nn.Module) -> None:
    for layer in module.modules():
        if isinstance(layer, (_BatchNorm, _DropoutNd)):
            raise InvalidRecipeError(
                f"neural network: the module holds {type(layer).__name__}; layers that draw chance or keep statistics"
                " of a batch are not supported: leave it out, or take LayerNorm or GroupNorm"
            )
