"""Branching policy gradient: candidates of one state played on side by side, which this simulator makes cheap."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from alrl.agents.policy import Policy
from alrl.agents.training.checkpoint import Checkpoint, optimiser_tensors, resume_optimiser, tensors_of
from alrl.agents.training.imitation import targets
from alrl.agents.training.validation import by_size, chunks
from alrl.agents.training.valued_candidates import Behaviour, ValuedCandidates, collect
from alrl.agents.training_recipes import BranchingRecipe
from alrl.data.task import Task
from alrl.envs.recipe import EnvRecipe

_FACTORS = torch.logspace(-2, 3, 101)


@dataclass(frozen=True, kw_only=True)
class Update:
    """Measurements of one update, on the states that it was made from."""

    advantage: float
    """Mean standardised value of a draw before the update: 0 is as good as chance."""
    advantage_after: float
    kl: float
    """Mean divergence from the start, nats."""
    argmax_changed: float
    """Share of states in which another candidate is chosen than at the start."""


def branch(
    policy: Policy,
    env: EnvRecipe,
    recipe: BranchingRecipe,
    draw: Callable[[int], Sequence[Task]],
    *,
    device: str = "cpu",
    checkpoint: Checkpoint | None = None,
    progress: Callable[[Update], object] | None = None,
) -> Policy:
    """Return the policy after the recipe's updates, each on tasks of its own.

    In every state that is looked at, each candidate is a branch: it is queried, and the policy as it is plays on
    (:class:`alrl.agents.look_ahead.look_ahead.LookAhead`, with the same chance for all). A branch's advantage is its
    value against the others of its state (Shao et al. 2024), in their standard deviations, so that no critic is
    needed; the mean advantage of a draw is made larger, less ``kl`` times its divergence from the start.

    Args:
        policy: where it starts, and what it stays near to.
        env: whose learner, budget and candidates are played.
        recipe: how long.
        draw: the tasks of an update, by its number.
        device: where loops are computed.
        checkpoint: where the state is kept after each update, and gone on from.
        progress: called after each update.
    """
    start, checkpoint = copy.deepcopy(policy.network), checkpoint or Checkpoint()
    policy = dataclasses.replace(policy, network=copy.deepcopy(policy.network))
    optimiser, factor, done = torch.optim.Adam(policy.network.parameters(), recipe.learning_rate), None, 0
    state = checkpoint.load()
    if state is not None:
        done, factor = state.values["done"], state.values["factor"]
        policy.network.load_state_dict(state.within("network"))
        resume_optimiser(optimiser, state.within("optimiser"))
    for number in range(done, recipe.updates):
        behaviour = Behaviour(policy=policy, share=recipe.share, random=recipe.random)
        expert = recipe.expert.build(policy)
        parts = [
            collect(
                group, env.variant(number + offset), behaviour, expert, every=recipe.every, offset=offset, device=device
            )
            for offset, group in enumerate(chunks(by_size(draw(number))))
        ]
        examples = ValuedCandidates.joined(parts)
        factor = factor or _sharpness(policy, examples, recipe.certainty)
        update = improve_on(policy, start, examples, recipe, factor, optimiser)
        learned = tensors_of(network=policy.network) | optimiser_tensors("optimiser", optimiser)
        checkpoint.save({"done": number + 1, "factor": factor}, learned)
        if progress is not None:
            progress(update)
    policy.network.eval()
    return policy


def improve_on(
    policy: Policy,
    start: torch.nn.Module,
    examples: ValuedCandidates,
    recipe: BranchingRecipe,
    factor: float,
    optimiser: torch.optim.Optimizer,
) -> Update:
    """Take the recipe's gradient steps on the branches of ``examples``; the policy's network changes in place."""
    _, advantage = targets(examples.values, examples.mask, 1.0)
    with torch.no_grad():
        anchor = _log_chances(start, examples, factor)
        before = _log_chances(policy.network, examples, factor)
    for _ in range(recipe.epochs):
        log = _log_chances(policy.network, examples, factor)
        loss = recipe.kl * _divergence(log, anchor, examples.mask) - _expected(log, advantage, examples.mask)
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(policy.network.parameters(), recipe.gradient)
        optimiser.step()
    with torch.no_grad():
        after = _log_chances(policy.network, examples, factor)
    return Update(
        advantage=float(_expected(before, advantage, examples.mask)),
        advantage_after=float(_expected(after, advantage, examples.mask)),
        kl=float(_divergence(after, anchor, examples.mask)),
        argmax_changed=float((after.argmax(1) != anchor.argmax(1)).double().mean()),
    )


def _log_chances(network: torch.nn.Module, examples: ValuedCandidates, factor: float) -> Tensor:
    """Return logarithms (M, K) of the probabilities by which candidates are drawn.

    Minus infinity where there is none.
    """
    return torch.log_softmax(network(examples.candidates, examples.loop, examples.mask) * factor, 1)


def _expected(log: Tensor, advantage: Tensor, mask: Tensor) -> Tensor:
    return (log.exp() * advantage).masked_fill(~mask, 0.0).sum(1).mean()


def _divergence(log: Tensor, anchor: Tensor, mask: Tensor) -> Tensor:
    gap = log.masked_fill(~mask, 0.0) - anchor.masked_fill(~mask, 0.0)
    return (log.exp() * gap).masked_fill(~mask, 0.0).sum(1).mean()


def _sharpness(policy: Policy, examples: ValuedCandidates, certainty: float) -> float:
    """Return the factor on scores by which the likeliest candidate has this probability on average at the start."""
    with torch.no_grad():
        scores = policy.network(examples.candidates, examples.loop, examples.mask)
    reached = torch.stack([torch.softmax(scores * each, 1).amax(1).mean() for each in _FACTORS])
    return float(_FACTORS[(reached - certainty).abs().argmin()])
