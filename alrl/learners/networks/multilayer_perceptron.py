"""Multilayer perceptrons, one an episode: a compiled loop on the processor, batched products elsewhere."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor, nn

from alrl.errors import InvalidRecipeError
from alrl.learners.networks.neural_network import NeuralNetwork
from alrl.learners.networks.shape import NetworkShape
from alrl.learners.networks.training import EPSILON, FIRST_DECAY, SECOND_DECAY, Trained, TrainingSet, moments
from alrl.numerics.backend import compiles
from alrl.numerics.noise import uniform
from alrl.numerics.streams import stream_key


class MultilayerPerceptron(NeuralNetwork):
    """Fully connected layers with rectified units, the same model and training as scikit-learn's ``MLPClassifier``.

    As there, weights and biases begin uniform within plus and minus √(6 / (fan in + fan out)) (Glorot and Bengio 2010).
    Other than there, two classes have two outputs, not one, and training has no stopping rule. The number that a weight
    begins with is drawn for its layer, unit and input alone, so that more features leave the others as they were but
    for the scale. Further arguments are those of :class:`NeuralNetwork`; ``double`` is False by default, for on the
    processor an episode's sums are its own whatever its company.

    Args:
        hidden: units of each hidden layer, at least one layer of at least one unit.

    >>> X, learner = torch.tensor([[[-1.0], [1.0]]]), MultilayerPerceptron(hidden=(8,))
    >>> _ = learner.fit(X, torch.tensor([[0, 1]]), torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool))
    >>> learner.predict_proba(X).argmax(-1), learner.embed(X).shape
    (tensor([[0, 1]]), torch.Size([1, 2, 8]))
    """

    name: ClassVar[str] = "multilayer-perceptron"

    def __init__(
        self,
        *,
        hidden: Sequence[int] = (64,),
        epochs: int = 50,
        learning_rate: float = 1e-2,
        alpha: float = 1e-4,
        warm_start: bool = False,
        record: bool = False,
        seed: int = 0,
        double: bool = False,
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
        self.hidden = tuple(hidden)
        if not self.hidden or min(self.hidden) < 1:
            raise InvalidRecipeError(
                f"multilayer-perceptron: hidden = {self.hidden} given; give the units of each layer, such as (64,)"
            )

    def build(self, features: int, classes: int) -> nn.Module:
        sizes = (features, *self.hidden, classes)
        layers: list[nn.Module] = []
        for place, (fan_in, fan_out) in enumerate(pairwise(sizes)):
            layer, bound = nn.Linear(fan_in, fan_out), math.sqrt(6 / (fan_in + fan_out))
            # A row for each input, and one for the bias: the numbers of a unit do not depend on how many there are.
            key = torch.tensor([stream_key([self.seed, place], "learner")])
            drawn = bound * (2 * uniform(key.expand(fan_in + 1), torch.arange(fan_in + 1), fan_out) - 1)
            with torch.no_grad():
                layer.bias.copy_(drawn[0])
                layer.weight.copy_(drawn[1:].T)
            layers += [layer, nn.ReLU()]
        return nn.Sequential(*layers[:-1])

    def _train(self, shape: NetworkShape, start: Tensor, given: TrainingSet, steps: list[float]) -> Trained:
        if not compiles(start):
            return super()._train(shape, start, given, steps)
        # Compiling takes part in no import.
        from alrl.learners.networks.kernel import train_episodes

        (b, n), E, dtype = given.y.shape, len(steps), start.dtype
        parameters, kept = start.contiguous().clone(), E if self.record else 0
        epochs, losses = torch.zeros(b, dtype=torch.long), torch.full((b, E), torch.inf, dtype=dtype)
        whole, correct = torch.ones(b, dtype=torch.bool), torch.zeros(b, kept, n, dtype=torch.bool)
        record_losses, margins = (torch.zeros(b, kept, n, dtype=dtype) for _ in range(2))
        wanted = torch.tensor(moments(E) if self.record else [], dtype=torch.long)
        passed = torch.zeros(b, len(wanted), start.shape[1], dtype=dtype)
        seen = (epochs, whole, losses, record_losses, correct, margins, wanted, passed)
        sizes = np.array([shape.features, *self.hidden, shape.classes])
        numbers = (
            np.array(each, dtype=given.X.numpy().dtype) for each in (steps, (FIRST_DECAY, SECOND_DECAY, EPSILON))
        )
        data = (each.contiguous().numpy() for each in (given.X, given.y, given.share, given.allowed, given.decay))
        train_episodes(*data, parameters.numpy(), sizes, *numbers, tuple(each.numpy() for each in seen))
        return Trained(
            parameters=parameters,
            epochs=epochs,
            whole=whole,
            losses=losses,
            record_losses=record_losses,
            correct=correct,
            margins=margins,
            moments=passed,
        )

    def _logits(self, shape: NetworkShape, rows: Tensor, X: Tensor) -> Tensor:
        weights = list(shape.named(rows).values())
        # Records as columns: their few classes would make rows too short to be fast. Branches share the records.
        first = weights[0].flatten(1, 2)
        flat = torch.baddbmm(weights[1].flatten(1)[..., None], first, X.transpose(1, 2))
        above: Tensor = flat.unflatten(1, (rows.shape[1], -1)).flatten(0, 1)
        for weight, bias in zip(weights[2::2], weights[3::2], strict=True):
            above = torch.baddbmm(bias.flatten(0, 1)[..., None], weight.flatten(0, 1), above.relu_())
        logits: Tensor = above.unflatten(0, (rows.shape[0], rows.shape[1]))
        return logits
