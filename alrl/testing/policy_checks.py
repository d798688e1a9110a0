"""The contracts of networks and policies of your own."""

from __future__ import annotations

import dataclasses
import inspect
import tempfile
from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from alrl.agents.networks.saved_networks import check_generator, check_trainable
from alrl.agents.networks.set_scorer import CandidateScorer
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.training.algorithm import Algorithm, improved
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import EnvRecipe
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import AlrlError, ContractError
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.strategies.base import Strategy
from alrl.testing.example_view import example_view
from alrl.testing.instance import check_instance, tried
from alrl.testing.strategy_checks import check_strategy

_CLOSE = 1e-4
_SMALL: dict[str, Any] = {
    "data": {"sets": ["synthetic/tiny-0"]},
    "budget": {"labels": 4},
    "action": {"candidates": {"count": 8}},
}
"""Tables of the environment that an algorithm is tried in."""


def check_algorithm(algorithm: Algorithm) -> None:
    """Check a training algorithm against the contract, by two short trainings on an environment made up for it.

    It returns a network that scores candidates, whose weights are finite; from the same seed it makes the same of it;
    it says how many queries it has played.

    Raises ContractError that names the broken promise and what was seen.
    """
    check_instance(algorithm, Algorithm)
    name, recipe = type(algorithm).__name__, EnvRecipe(**_SMALL)
    features, told, trained = recipe.observation.build(), list[int](), list[CandidateScorer]()
    progress: Callable[[int, float | None], object] = lambda played, _: told.append(played)  # noqa: E731
    for _ in range(2):
        environment = ActiveLearningVectorEnv(recipe, num_envs=4)
        start = Policy.untrained(features, recipe.action.candidates.build(), width=8).network
        with tried(algorithm):
            trained.append(improved(algorithm, start, environment, steps=32, seed=7, progress=progress))
        environment.close()
    first, second = (network.state_dict() for network in trained)
    changed = [key for key, weight in first.items() if not weight.equal(second[key])]
    if changed:
        raise ContractError(f"{name}: chance is drawn from the seed alone; of two trainings {changed[0]} differs")
    if not told or max(told) < 1:
        raise ContractError(f"{name}: progress is told the queries played so far; it was told {told}")
    with tried(trained[0]):
        seen = _scores_well(trained[0], features, 8, torch.Generator().manual_seed(0))
    if seen:
        raise ContractError(f"{name}, the network that it returns: {seen}")


def check_network(make: Callable[..., CandidateScorer]) -> None:
    """Check a network against the contract; ``make(features, generator=...)`` builds it, as its class does.

    It scores any number of candidates, minus infinity outside the mask, finite inside; a candidate's score does not
    depend on its place nor on masked rows; the same generator gives the same weights; it can be trained by gradients. A
    policy file keeps it, with all settings: of a class each number that has a default is tried with another value.

    Raises ContractError that names the broken promise and what was seen.

    >>> from alrl.agents.networks.set_scorer import SetScorer
    >>> def made(features, generator=None):
    ...     sizes = {"record": len(features.record), "loop": len(features.loop)}
    ...     return SetScorer(**sizes, margin_column=features.margin_column, generator=generator)
    >>> check_network(made)
    """
    if not callable(make):
        raise ContractError(f"{make!r} given; give the class, or a function that builds the network")
    if isinstance(make, type):
        check_generator(make)
    features = FeatureSet(DEFAULT_GROUPS)
    with tried(make):
        network, twin = (make(features, generator=torch.Generator().manual_seed(7)) for _ in range(2))
    check_instance(network, CandidateScorer)
    name = type(network).__name__
    for key, value in network.state_dict().items():
        if not value.equal(twin.state_dict()[key]):
            raise ContractError(f"{name}: a generator of the same seed gives the same weights; {key} differs")
    chance = torch.Generator().manual_seed(0)
    for candidates in (5, 1, 32):
        with tried(network, f"{candidates} candidates"):
            seen = _scores_well(network, features, candidates, chance)
        if seen:
            raise ContractError(f"{name}, {candidates} candidates: {seen}")
    with tried(network):
        check_trainable(network, features)
    _keeps_settings(make, features)
    check_policy(Policy(network=network, features=features, mixture=CandidateMixture()))


def _keeps_settings(make: Callable[..., CandidateScorer], features: FeatureSet) -> None:
    """Check that a policy file keeps the settings of a class where they are not those that it has by default."""
    parameters = inspect.signature(make).parameters if isinstance(make, type) else {}
    for name, parameter in parameters.items():
        if not isinstance(parameter.default, int | float):
            continue
        value = not parameter.default if isinstance(parameter.default, bool) else parameter.default + 1
        try:
            network = make(features, generator=torch.Generator().manual_seed(7), **{name: value})
            network(
                *(torch.zeros(1, 2, len(features.record)), torch.zeros(1, len(features.loop))), torch.ones(1, 2) > 0
            )
        except Exception:  # noqa: BLE001, S112 - not every number is one that a setting may have
            continue
        try:
            with tried(network):
                check_trainable(network, features)
        except ContractError as error:
            raise ContractError(f"{error} (tried with {name} = {value})") from error


def _scores_well(network: CandidateScorer, features: FeatureSet, count: int, chance: torch.Generator) -> str | None:
    rows = torch.rand(3, count, len(features.record), generator=chance)
    loop = torch.rand(3, len(features.loop), generator=chance)
    mask = torch.ones(3, count, dtype=torch.bool)
    mask[1, count // 2 + 1 :] = False
    network.eval()
    scores: Any = network(rows, loop, mask)
    if not isinstance(scores, Tensor) or scores.shape != mask.shape or scores.dtype != torch.float32:
        given = f"{tuple(scores.shape)} of {scores.dtype}" if isinstance(scores, Tensor) else repr(scores)
        return f"forward gives scores (B, K), here {tuple(mask.shape)}, float32; it gave {given}"
    if not bool(scores[mask].isfinite().all()) or bool((scores[~mask] != -torch.inf).any()):
        return "scores are finite within the mask and minus infinity outside"
    if scores.requires_grad:
        scores[mask].sum().backward()
    if not any(weight.grad is not None for weight in network.parameters()):
        return "scores depend on its parameters, by gradients"
    order = torch.randperm(count, generator=chance)
    with torch.no_grad():
        again = {
            "a candidate's score does not depend on its place": network(rows[:, order], loop, mask[:, order])[
                :, order.argsort()
            ],
            "masked rows change nothing": network(torch.where(mask[..., None], rows, 0.5), loop, mask),
            "a state is scored alone as among others": torch.cat(
                [network(rows[i : i + 1], loop[i : i + 1], mask[i : i + 1]) for i in range(3)]
            ),
        }
    broken = [promise for promise, others in again.items() if not torch.allclose(others, scores, atol=_CLOSE)]
    return f"{broken[0]}; scores changed" if broken else None


def check_policy(policy: Strategy) -> None:
    """Check a policy against the contract of strategies; one that can be saved is also read back from its file.

    Views hold up to 14 records: of a policy's mixture so many candidates are drawn, that every record is scored.

    Raises ContractError that names the broken promise and what was seen.

    >>> import alrl
    >>> check_policy(alrl.load_policy("general"))
    """
    if not isinstance(policy, Policy):
        check_strategy(policy)
        return
    if isinstance(policy.mixture, CandidateMixture):
        more = dataclasses.replace(policy.mixture, count=max(policy.mixture.count, 64))
        check_strategy(dataclasses.replace(policy, mixture=more))
    with tempfile.TemporaryDirectory() as folder:
        with tried(policy.network):
            save_policy(policy, folder)
        try:
            again = load_policy(folder)
        except AlrlError as error:
            raise ContractError(f"{policy.name}: a policy file keeps it; reading it back failed: {error}") from error
    if again.fingerprint != policy.fingerprint or again.mixture != policy.mixture:
        raise ContractError(f"{policy.name}: a policy file keeps weights and candidates; what was read back is another")
    scores, others = (each.score_candidates(example_view(seed=1))[1] for each in (policy, again))
    if not scores.equal(others):
        raise ContractError(
            f"{policy.name}: what is read back from a policy file scores as before; it did not: described leaves out"
            " what its network is built of"
        )
