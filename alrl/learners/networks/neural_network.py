"""Any PyTorch module as a learner: one network an episode, all trained at once by ``torch.func``."""

from __future__ import annotations

import copy
import inspect
import math
import time
from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import Self

import torch
from torch import Tensor, nn
from torch.func import vmap
from torch.nn.functional import pad

from alrl.errors import InvalidRecipeError
from alrl.learners.networks.shape import NetworkShape
from alrl.learners.networks.state import NetworkGroup, NetworkState, NetworkTally
from alrl.learners.networks.training import Trained, TrainingSet, moments, step_sizes, train, with_columns
from alrl.learners.scores import allowed_classes, class_weights, used_width
from alrl.loop.learner import FitReport, Learner
from alrl.numerics.streams import stream_key

AT_ONCE = 2**20
"""Features that are predicted in one go: bounds the memory that activations take."""


def in_parts(X: Tensor, branches: int) -> Sequence[Tensor]:
    """Return X (b, N, D) in parts of so few records that their activations in all branches fit into memory."""
    parts: Sequence[Tensor] = X.split(max(16, AT_ONCE // max(1, len(X) * branches * X.shape[2])), 1)
    return parts


class NeuralNetwork(Learner):
    """A neural network for each of B episodes, trained with Adam on all labelled records for a number of epochs.

    A subclass says what the network is, by :meth:`build`; everything else is done here. The loss is the weighted mean
    log loss plus ``alpha / (2 n)`` times the sum of squares of the weights, n the sum of the records' weights: that of
    scikit-learn's ``MLPClassifier``. Biases are not penalised. Every network begins at the same numbers, those that
    ``build`` gives under the stream ``learner`` of ``seed``: a refit differs by its labels alone, and no episode by its
    place.

    Classes without a labelled record get probability zero; with one class seen, that class gets one and nothing is
    trained. A network is built for the columns up to the last that is not zero in every labelled record of its episode,
    and for its own classes: padding has no part in it. ``FitReport.converged`` is False where the loss or a parameter
    ceased to be finite, or the loss ended above both its first value and that of guessing; weights stay finite always.
    Modelled multiply-adds: three times those of the records' logits in each epoch.

    Args:
        epochs: steps of Adam, each on all labelled records.
        learning_rate: Adam's. The default is ten times that of Adam's authors and of scikit-learn, with which fifty
            epochs move no weight by more than 0.05: on digits with 40 labels that leaves an accuracy of 0.64 for 0.75.
        alpha: strength of the penalty, at least 0.
        warm_start: begin each fit at the last one's parameters (True) or from scratch (False).
        record: keep what happened to each record in each epoch, in ``FitReport.epochs``, and the parameters at the
            start of eight epochs, by which ``epoch_confidence`` tells pseudo-losses of any record.
        seed: drives the parameters that a network begins with.
        double: train in float64. Adam divides a slope by its own size: where that is rounding, float32 gives an episode
            another fit in another batch.

    >>> class Linear(NeuralNetwork):
    ...     def build(self, features, classes):
    ...         return nn.Linear(features, classes)
    >>> X, learner = torch.tensor([[[-1.0], [1.0]]]), Linear(epochs=200)
    >>> report = learner.fit(X, torch.tensor([[0, 1]]), torch.ones(1, 2), torch.ones(1, 2, dtype=torch.bool))
    >>> report.losses.shape, learner.predict_proba(X).argmax(-1)
    (torch.Size([1, 200]), tensor([[0, 1]]))
    """

    def __init__(
        self,
        *,
        epochs: int = 50,
        learning_rate: float = 1e-2,
        alpha: float = 1e-4,
        warm_start: bool = False,
        record: bool = False,
        seed: int = 0,
        double: bool = True,
    ) -> None:
        if epochs < 1:
            raise InvalidRecipeError(f"neural network: epochs = {epochs} given; give at least 1")
        if not 0 < learning_rate < math.inf:
            raise InvalidRecipeError(
                f"neural network: learning_rate = {learning_rate} given; allowed is any number above 0"
            )
        if not 0 <= alpha < math.inf:
            raise InvalidRecipeError(f"neural network: alpha = {alpha} given; allowed is 0 or any number above")
        self.epochs, self.learning_rate, self.alpha = epochs, learning_rate, alpha
        self.warm_start, self.record, self.seed, self.double = warm_start, record, seed, double
        self._shapes: dict[tuple[int, int], NetworkShape] = {}
        self._state: NetworkState | None = None

    @abstractmethod
    def build(self, features: int, classes: int) -> nn.Module:
        """Return an untrained module that maps records (N, features) to logits (N, classes).

        Without layers that draw chance or keep statistics of a batch. It is called with torch's own generator seeded
        for the call and put back after it.
        """

    def columns(self, width: int) -> int:
        """Return columns that a network is built for, where those after the first ``width`` are zero."""
        return width

    @property
    def _fitted(self) -> NetworkState:
        if self._state is None:
            raise InvalidRecipeError(f"{self._title}: not fitted yet; call fit first")
        return self._state

    @property
    def _title(self) -> str:
        return getattr(self, "name", type(self).__name__)

    def fit(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> FitReport:
        started = time.perf_counter()
        given = self._training_set(X, y, weight, class_mask)
        before = self._state if self.warm_start and self._state and len(self._state.allowed) == len(X) else None
        state = NetworkState(groups=(), allowed=given.allowed) if before is None else before
        tally, groups = NetworkTally(given, self.epochs, record=self.record), []
        steps = step_sizes(self.epochs, self.learning_rate)
        for shape, episodes in self._sizes(given.X, class_mask):
            parameters = state.start(shape, episodes).to(given.X.dtype)
            passed = parameters[:, None].repeat(1, len(moments(self.epochs)), 1) if self.record else None
            busy = (given.allowed[episodes].sum(1) > 1) & (given.share[episodes] > 0).any(1)
            if bool(busy.any()):
                part = given.cut(episodes[busy], shape.features, shape.classes)
                trained = self._train(shape, parameters[busy], part, steps)
                parameters[busy] = trained.parameters
                if passed is not None:
                    passed[busy] = trained.moments
                tally.add(episodes[busy], part, trained, shape.multiply_adds)
            groups.append(NetworkGroup(shape=shape, episodes=episodes, parameters=parameters, moments=passed))
        self._state = NetworkState(groups=tuple(groups), allowed=given.allowed)
        return tally.report(time.perf_counter() - started)

    def _training_set(self, X: Tensor, y: Tensor, weight: Tensor, class_mask: Tensor) -> TrainingSet:
        dtype = torch.float64 if self.double else torch.float32
        weights = class_weights(y, weight, class_mask)
        total = weights.sum((1, 2)).clamp_min(torch.finfo(torch.float64).tiny)
        share = weights.sum(2) / total[:, None]
        return TrainingSet(
            X=torch.where((share > 0)[..., None], X, 0).to(dtype),
            y=y,
            share=share.to(dtype),
            allowed=allowed_classes(weights, class_mask),
            decay=(self.alpha / total).to(dtype),
        )

    def _sizes(self, X: Tensor, class_mask: Tensor) -> Iterator[tuple[NetworkShape, Tensor]]:
        """Yield episodes (long) whose networks are of one size, for each size.

        By each episode's own records and classes.
        """
        classes = torch.where(class_mask, torch.arange(1, class_mask.shape[1] + 1, device=X.device), 0).amax(1)
        widths = used_width(X).clamp_min(1)
        columns = {width: self.columns(width) for width in widths.unique().tolist()}
        built = torch.zeros_like(widths)
        for width, count in columns.items():
            built[widths == width] = count
        for features, k in torch.stack([built, classes], 1).unique(dim=0).tolist():
            yield self._shape(features, k), ((built == features) & (classes == k)).nonzero()[:, 0]

    def _shape(self, features: int, classes: int) -> NetworkShape:
        if (features, classes) not in self._shapes:
            with torch.random.fork_rng(devices=[]):
                # The module's own initialisation draws from this generator and no other; it is put back at once.
                torch.default_generator.manual_seed(stream_key([self.seed], "learner") % 2**63)
                module = self.build(features, classes)
            self._shapes[features, classes] = NetworkShape(module, features=features, classes=classes)
        return self._shapes[features, classes]

    def _train(self, shape: NetworkShape, start: Tensor, given: TrainingSet, steps: list[float]) -> Trained:
        """Train from the parameters ``start`` (b, P)."""

        def logits(rows: Tensor, X: Tensor) -> Tensor:
            return self._logits(shape, rows[:, None], X)[:, 0].transpose(1, 2)

        return train(logits, start, shape.decayed, given, steps, record=self.record)

    def predict_proba(self, X: Tensor) -> Tensor:
        state = self._state_for(len(X))
        whole = state.whole()
        if whole is not None:
            return self._probabilities(whole.shape, whole.parameters[:, None], X, state.allowed)[:, 0]
        probabilities = torch.zeros(*X.shape[:2], state.allowed.shape[1], device=X.device)
        for group in state.groups:
            rows, own = group.parameters[:, None], group.episodes
            probabilities[own] = self._probabilities(group.shape, rows, X[own], state.allowed[own])[:, 0]
        return probabilities

    def predict_branches(self, X: Tensor, branches: int) -> Tensor:
        state = self._state_for(len(X) * branches)
        whole = state.whole()
        if whole is None:
            return super().predict_branches(X, branches)
        return self._probabilities(whole.shape, whole.parameters.unflatten(0, (len(X), branches)), X, state.allowed)

    def epoch_confidence(self, X: Tensor) -> Tensor | None:
        if not self.record:
            return None
        state = self._state_for(len(X))
        confidence = torch.ones(len(X), len(moments(self.epochs)), X.shape[1], device=X.device)
        for group in state.groups:
            own, passed = group.episodes, group.moments
            if passed is None:
                return None
            records, allowed = X[own], state.allowed[own]
            now = self._probabilities(group.shape, group.parameters[:, None], records, allowed).argmax(3)
            for place in range(passed.shape[1]):
                then = self._probabilities(group.shape, passed[:, place : place + 1], records, allowed)
                confidence[own, place] = then.gather(3, now[..., None])[:, 0, :, 0]
        return confidence

    def _state_for(self, episodes: int) -> NetworkState:
        state = self._fitted
        if len(state.allowed) != episodes:
            raise InvalidRecipeError(
                f"{self._title}: {episodes} episodes to predict, {len(state.allowed)} fitted; call fit with these first"
            )
        return state

    def _probabilities(self, shape: NetworkShape, rows: Tensor, X: Tensor, allowed: Tensor) -> Tensor:
        """Return class probabilities (b, branches, N, k) of X (b, N, D) by the parameters ``rows`` (b, branches, P)."""
        b, k = len(X), shape.classes
        with torch.no_grad():
            scores = self._logits(shape, rows.float(), with_columns(X, shape.features).float())
        mask = allowed[:, :k].view(b, -1, k, 1)
        if not bool(mask.all()):
            scores = scores.masked_fill(~mask, -torch.inf)
        probabilities = torch.softmax(scores, 2).transpose(2, 3)
        return pad(probabilities, (0, allowed.shape[1] - k)).contiguous()

    def _logits(self, shape: NetworkShape, rows: Tensor, X: Tensor) -> Tensor:
        """Return logits (b, branches, k, N) of X (b, N, D) by parameters ``rows`` (b, branches, P)."""
        logits = vmap(vmap(shape.logits, in_dims=(0, None)))
        return torch.cat([logits(rows, part) for part in in_parts(X, rows.shape[1])], 2).transpose(2, 3)

    def embed(self, X: Tensor) -> Tensor:
        """Return what the last layer is given, (B, N, E); narrower networks have zeros behind."""
        state, parts = self._state_for(len(X)), []
        for group in state.groups:
            records = with_columns(X[group.episodes], group.shape.features).float()
            with torch.no_grad():
                parts.append(vmap(group.shape.hidden)(group.parameters.float(), records))
        embedded = X.new_zeros(*X.shape[:2], max(part.shape[2] for part in parts))
        for group, part in zip(state.groups, parts, strict=True):
            embedded[group.episodes, :, : part.shape[2]] = part
        return embedded

    def multiply_adds_a_record(self) -> Tensor:
        state = self._fitted
        work = torch.zeros(len(state.allowed), dtype=torch.double, device=state.allowed.device)
        for group in state.groups:
            work[group.episodes] = group.shape.multiply_adds
        return work

    def restart(self, episodes: Tensor) -> None:
        if self._state is not None:
            self._state = self._state.cleared(episodes)

    def take(self, episodes: Tensor) -> Self:
        part = copy.copy(self)
        part._state = None if self._state is None else self._state.take(episodes)
        return part

    def with_max_iterations(self, iterations: int) -> Self:
        """Return a copy of at most ``iterations`` epochs a fit, each begun at the last.

        They are too few to begin from scratch.

        It records no epochs: branches of a look-ahead have no use for them.
        """
        if iterations < 1:
            raise InvalidRecipeError(f"a maximum of {iterations} iterations given; a fit takes at least 1")
        part = copy.copy(self)
        part.epochs, part.warm_start, part.record = min(iterations, self.epochs), True, False
        return part

    def fresh(self) -> Self:
        part = copy.copy(self)
        part._state = None
        return part

    def __repr__(self) -> str:
        settings = inspect.signature(type(self)).parameters
        given = {name: getattr(self, name) for name in settings if getattr(self, name) != settings[name].default}
        return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in given.items())})"
