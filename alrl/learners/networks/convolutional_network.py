"""Small convolutional networks for images, one an episode."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor, nn
from torch.nn.functional import max_pool2d, unfold

from alrl.errors import InvalidRecipeError
from alrl.learners.networks.neural_network import NeuralNetwork, in_parts
from alrl.learners.networks.shape import NetworkShape


class ConvolutionalNetwork(NeuralNetwork):
    """Convolutions, each rectified and halved, then a hidden layer.

    A convolution is of 3 by 3 pixels; of every 2 by 2 pixels of its result the largest goes on, but axes of one pixel
    are not halved. The flat features of a record are an image of ``shape``, in the order of ``image.reshape(-1)``;
    columns that a record lacks, and pixels outside, are zero. Weights begin as those of torch's own layers do. Further
    arguments are those of :class:`NeuralNetwork`.

    Args:
        shape: channels, height and width, such as (1, 8, 8) for digits; None takes the smallest square of one channel
            that holds the columns in use, the last pixels zero: give the shape where there is one.
        channels: output channels of each convolution.
        hidden: units of the last hidden layer.

    Raises InvalidRecipeError for sizes below 1, and for records of more columns in use than ``shape`` has pixels.

    >>> X = torch.zeros(1, 2, 64)
    >>> X[0, 1] = 1.0
    >>> learner = ConvolutionalNetwork(shape=(1, 8, 8), channels=(4,), epochs=20)
    >>> _ = learner.fit(X, torch.tensor([[0, 1]]), torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool))
    >>> learner.predict_proba(X).argmax(-1), learner.embed(X).shape
    (tensor([[0, 1]]), torch.Size([1, 2, 64]))
    """

    name: ClassVar[str] = "convolutional-network"

    def __init__(
        self,
        *,
        shape: Sequence[int] | None = None,
        channels: Sequence[int] = (16, 32),
        hidden: int = 64,
        epochs: int = 50,
        learning_rate: float = 1e-2,
        alpha: float = 1e-4,
        warm_start: bool = False,
        record: bool = False,
        seed: int = 0,
        double: bool = True,
    ) -> None:
        super().__init__(
            epochs=epochs,
            learning_rate=learning_rate,
            alpha=alpha,
            warm_start=warm_start,
            record=record,
            seed=seed,
            double=double,
        )
        self.shape = None if shape is None else tuple(shape)
        self.channels, self.hidden = tuple(channels), hidden
        if self.shape is not None and (len(self.shape) != 3 or min(self.shape) < 1):
            raise InvalidRecipeError(
                f"convolutional-network: shape = {self.shape} given; give channels, height and width, such as (1, 8, 8)"
            )
        if not self.channels or min(*self.channels, self.hidden, 10**9) < 1:
            raise InvalidRecipeError(
                f"convolutional-network: channels = {self.channels} and hidden = {self.hidden} given; give the output"
                " channels of at least one convolution, such as (16, 32), and at least 1 hidden unit"
            )

    def columns(self, width: int) -> int:
        if self.shape is None:
            return (math.isqrt(width - 1) + 1) ** 2
        if width > math.prod(self.shape):
            raise InvalidRecipeError(
                f"convolutional-network: records have {width} columns in use, images of shape {self.shape} have"
                f" {math.prod(self.shape)} pixels; give the shape of the images of this data set"
            )
        return math.prod(self.shape)

    def build(self, features: int, classes: int) -> nn.Module:
        inputs, height, width = self._image(features)
        layers: list[nn.Module] = [nn.Unflatten(1, (inputs, height, width))]
        for outputs in self.channels:
            halved = (min(height, 2), min(width, 2))
            layers += [nn.Conv2d(inputs, outputs, 3, padding=1), nn.ReLU(), nn.MaxPool2d(halved)]
            inputs, height, width = outputs, height // halved[0], width // halved[1]
        layers += [nn.Flatten(), nn.Linear(inputs * height * width, self.hidden), nn.ReLU()]
        return nn.Sequential(*layers, nn.Linear(self.hidden, classes))

    def _logits(self, shape: NetworkShape, rows: Tensor, X: Tensor) -> Tensor:
        return torch.cat([self._logits_of(shape, rows, part) for part in in_parts(X, rows.shape[1])], 3)

    def _logits_of(self, shape: NetworkShape, rows: Tensor, X: Tensor) -> Tensor:
        """Return the same as the module's, several times faster than by ``vmap``."""
        weights = [each.flatten(0, 1) for each in shape.named(rows).values()]
        (b, branches), (N, D) = rows.shape[:2], X.shape[1:]
        # Records stand behind channels, so that all of an episode's go into one product.
        images = (
            X[:, None].expand(b, branches, N, D).reshape(b * branches, N, *self._image(shape.features)).transpose(1, 2)
        )
        for kernel, bias in zip(weights[:-4:2], weights[1:-4:2], strict=True):
            height, width = images.shape[3:]
            patches = unfold(images.flatten(0, 1), 3, padding=1).unflatten(1, (N, 9)).transpose(1, 2)
            patches = patches.reshape(b * branches, kernel[0, 0].numel(), -1)
            result = torch.baddbmm(bias[..., None], kernel.flatten(2), patches).relu()
            pooled = max_pool2d(result.reshape(b * branches, -1, height, width), (min(height, 2), min(width, 2)))
            images = pooled.unflatten(1, (-1, N))
        below = images.transpose(2, 3).transpose(3, 4).reshape(b * branches, -1, N)
        hidden = torch.baddbmm(weights[-3][..., None], weights[-4], below).relu()
        logits: Tensor = torch.baddbmm(weights[-1][..., None], weights[-2], hidden).unflatten(0, (b, branches))
        return logits

    def _image(self, features: int) -> tuple[int, ...]:
        side = math.isqrt(features)
        return self.shape or (1, side, side)
