"""Who answers queries: a simulated annotator who knows the true classes, perfectly or with errors."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Self

import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.streams import EpisodeNoise, uniform


class Annotator(ABC):
    """Gives labels for the queried records of B episodes."""

    @abstractmethod
    def answer(self, hidden: Tensor, picks: Tensor) -> Tensor:
        """Labels (B, b) of the records at the pool positions ``picks`` (B, b), given the true classes (B, N).

        A pick of -1 is no query: its answer is 0 and to be ignored.
        """

    def restart(self, episode: int, seed: Sequence[int]) -> None:  # noqa: B027 - most annotators have nothing to restart
        """Answer the queries of one episode from now on as an episode of ``seed`` would."""

    def take(self, episodes: Tensor) -> Self:  # noqa: ARG002
        """An annotator of some episodes (long, repeats allowed) who answers as this one would."""
        return self


class PerfectAnnotator(Annotator):
    """Always gives the true class.

    >>> PerfectAnnotator().answer(torch.tensor([[2, 0, 1]]), torch.tensor([[1, 0, -1]]))
    tensor([[0, 2, 0]])
    """

    def answer(self, hidden: Tensor, picks: Tensor) -> Tensor:
        """The true classes (B, b); 0 where a pick is -1."""
        return hidden.gather(1, picks.clamp_min(0)).masked_fill(picks < 0, 0)


class NoisyAnnotator(Annotator):
    """Gives a wrong class with probability ``rate``, each other class of the episode being equally likely.

    The errors belong to the records, by the stream ``annotator`` of each episode's seed: asked again the annotator says
    the same, and two strategies that query the same record are told the same. The classes of an episode are 0 to the
    largest in ``hidden``; a pool that :func:`alrl.loop.split.draw_split` drew has a record of every class.

    Raises InvalidRecipeError for a rate outside 0 to 1.

    >>> annotator = NoisyAnnotator(1.0, [[0], [1]])
    >>> annotator.answer(torch.tensor([[0, 1, 1], [1, 0, 1]]), torch.tensor([[0, 2, -1], [1, 2, 0]]))
    tensor([[1, 0, 0],
            [1, 0, 0]])
    """

    def __init__(self, rate: float, seeds: Sequence[Sequence[int]], device: torch.device | str = "cpu") -> None:
        if not 0 <= rate <= 1:
            raise InvalidRecipeError(f"an error rate of {rate:g} is not allowed; give a number from 0 to 1")
        self.rate = rate
        self._noise = EpisodeNoise(seeds, "annotator", device)

    def answer(self, hidden: Tensor, picks: Tensor) -> Tensor:
        """The classes that the annotator says (B, b); 0 where a pick is -1."""
        keys, counter = self._noise.keys, self._noise.counter
        chosen = picks.clamp_min(0)
        # The counter never advances, so a record's numbers depend on its episode and position alone.
        error = uniform(keys, counter, hidden.shape[1]).gather(1, chosen) < self.rate
        other = uniform(keys, counter + 1, hidden.shape[1]).gather(1, chosen)
        truth = hidden.gather(1, chosen)
        classes = hidden.amax(1, keepdim=True) + 1
        wrong = (truth + 1 + (other * (classes - 1)).long()) % classes
        return torch.where(error, wrong, truth).masked_fill(picks < 0, 0)

    def restart(self, episode: int, seed: Sequence[int]) -> None:
        """Answer the queries of one episode from now on as an episode of ``seed`` would."""
        self._noise.restart(episode, seed)

    def take(self, episodes: Tensor) -> Self:
        """An annotator of some episodes (long, repeats allowed) who answers as this one would."""
        part = type(self)(self.rate, [])
        part._noise.keys = self._noise.keys[episodes]
        part._noise.counter = self._noise.counter[episodes]
        return part
