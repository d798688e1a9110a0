"""The contracts of networks and policies of your own."""

from __future__ import annotations

import dataclasses
import tempfile
from collections.abc import Callable

import torch
from torch import Tensor

from alrl.agents.networks.set_scorer import CandidateScorer
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.envs.candidates import CandidateMixture
from alrl.errors import AlrlError, ContractError
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.strategies.base import Strategy
from alrl.testing.strategy_checks import check_strategy

_CLOSE = 1e-4


def check_network(make: Callable[..., CandidateScorer]) -> None:
    """Check a network against the contract; ``make(features, generator=...)`` builds it, as its class does.

    It scores any number of candidates, minus infinity outside the mask, finite inside; a candidate's score does not
    depend on its place nor on masked rows; the same generator gives the same weights; it can be trained by gradients,
    and a policy file keeps it.

    Raises ContractError that names the broken promise and what was seen.

    >>> from alrl.agents.networks.set_scorer import SetScorer
    >>> def made(features, generator=None):
    ...     sizes = {"record": len(features.record), "loop": len(features.loop)}
    ...     return SetScorer(**sizes, margin_column=features.margin_column, generator=generator)
    >>> check_network(made)
    """
    features = FeatureSet(DEFAULT_GROUPS)
    network = make(features, generator=torch.Generator().manual_seed(7))
    name = type(network).__name__
    twin = make(features, generator=torch.Generator().manual_seed(7))
    for key, value in network.state_dict().items():
        if not value.equal(twin.state_dict()[key]):
            raise ContractError(f"{name}: a generator of the same seed gives the same weights; {key} differs")
    chance = torch.Generator().manual_seed(0)
    for candidates in (5, 1, 32):
        seen = _scores_well(network, features, candidates, chance)
        if seen:
            raise ContractError(f"{name}, {candidates} candidates: {seen}")
    check_policy(Policy(network=network, features=features, mixture=CandidateMixture()))


def _scores_well(network: CandidateScorer, features: FeatureSet, count: int, chance: torch.Generator) -> str | None:
    rows = torch.rand(3, count, len(features.record), generator=chance)
    loop = torch.rand(3, len(features.loop), generator=chance)
    mask = torch.ones(3, count, dtype=torch.bool)
    mask[1, count // 2 + 1 :] = False
    network.eval()
    scores: Tensor = network(rows, loop, mask)
    if tuple(scores.shape) != (3, count) or not scores.is_floating_point():
        return f"forward gives scores (B, K); it gave {tuple(scores.shape)} of {scores.dtype}"
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
        save_policy(policy, folder)
        try:
            again = load_policy(folder)
        except AlrlError as error:
            raise ContractError(f"{policy.name}: a policy file keeps it; reading it back failed: {error}") from error
    if again.fingerprint != policy.fingerprint or again.mixture != policy.mixture:
        raise ContractError(f"{policy.name}: a policy file keeps weights and candidates; what was read back is another")
