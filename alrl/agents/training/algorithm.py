"""The contract of training algorithms of one's own: any loop that makes a network better in an environment."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any

from alrl.agents.networks.set_scorer import CandidateScorer
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import ContractError
from alrl.numerics.arguments import whole_number
from alrl.recipes.registry import Registry


class Algorithm(ABC):
    """Trains a network on a vector environment; the keys of its table ``[agent.algorithm]`` go to the constructor."""

    @abstractmethod
    def improve(
        self,
        network: CandidateScorer,
        environment: ActiveLearningVectorEnv,
        *,
        steps: int,
        seed: int,
        progress: Callable[[int, float | None], object],
    ) -> CandidateScorer:
        """Return the network after about ``steps`` queries in all sub-environments; it may be trained in place.

        The environment has not been reset, and its autoreset mode is ``NEXT_STEP``: the step after an episode's end
        begins the next one and teaches nothing. Chance is drawn from ``seed`` alone. ``progress`` takes the queries
        played so far and the mean return of the last episodes, None while there is none.
        """


def improved(
    algorithm: Algorithm, network: CandidateScorer, environment: ActiveLearningVectorEnv, **given: Any
) -> CandidateScorer:
    """Return what an algorithm makes of a network; ``given`` are the further arguments of :meth:`Algorithm.improve`.

    Raises ContractError where ``improve`` does not take what it is given, tells ``progress`` no numbers, returns no
    network, or one whose weights are not finite.
    """
    name = type(algorithm).__name__
    given |= {"progress": _in_numbers(name, given["progress"])}
    signature = inspect.signature(algorithm.improve)
    try:
        signature.bind(network, environment, **given)
    except TypeError as error:
        raise ContractError(
            f"{name}: improve takes (network, environment, *, steps, seed, progress); yours takes {signature}: {error}"
        ) from None
    better: Any = algorithm.improve(network, environment, **given)
    if not isinstance(better, CandidateScorer):
        raise ContractError(f"{name}: improve returns the network that it trained; it returned {better!r}")
    wrong = [key for key, weight in better.state_dict().items() if not bool(weight.isfinite().all())]
    if wrong:
        raise ContractError(
            f"{name}: weights are finite after improve; {wrong[0]} is not: a lower learning rate, or gradients that are"
            " clipped, may help"
        )
    return better


def _in_numbers(name: str, progress: Callable[[int, float | None], object]) -> Callable[..., None]:
    """Return what tells ``progress`` plain numbers; raises ContractError for what an algorithm says that are none."""

    def told(*given: Any) -> None:
        try:
            played, mean = given
            played = whole_number("played", played, least=0)
            mean = None if mean is None else _number(mean)
        except (TypeError, ValueError, RuntimeError) as error:
            raise ContractError(
                f"{name}: progress takes the queries played so far, a whole number, and the mean return of the last"
                f" episodes, a number, or None while there is none; it was told {given!r}"
            ) from error
        progress(played, mean)

    return told


def _number(given: Any) -> float:
    """Return a number, also one in a tensor or an array, as a float; raises TypeError for text."""
    if isinstance(given, str | bytes):
        raise TypeError(f"{given!r} is no number")
    return float(given.item() if hasattr(given, "item") else given)


_OWN: Registry[Algorithm] = Registry(Algorithm, package="alrl.agents.training", noun="training algorithm")  # type: ignore[type-abstract]


def make_algorithm(kind: str, **settings: object) -> Algorithm:
    """Return the algorithm of a class ``package.module:Class``.

    Raises InvalidRecipeError where there is none, or for a setting that it does not take.
    """
    return _OWN.make(kind, **settings)
