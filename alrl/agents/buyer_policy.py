"""Play a policy that buys: how many labels it wants, and of what records, until it stops."""

from __future__ import annotations

import torch
from torch import Tensor

from alrl.agents.networks.buyer import Buyer
from alrl.agents.policy import Policy
from alrl.agents.rule_picks import RulePicks
from alrl.data.task import Task
from alrl.envs.actions import Setting, Turn
from alrl.envs.actions.rule import RuleAction
from alrl.envs.candidates import CandidateMixture
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView


def buyer_of(policy: Policy) -> Buyer:
    """Return the network of a policy that buys. Raises InvalidRecipeError for a policy that only chooses records."""
    if not isinstance(policy.network, Buyer):
        raise InvalidRecipeError(
            f"policy {policy.name!r} is a {policy.network.described['kind']}, which only chooses records; one that is"
            " trained on an environment with stop = true, such as net-value-train, also says how many and when to stop"
        )
    return policy.network


def buy(policy: Policy, view: PoolView) -> Tensor:
    """Return pool positions (B, n) of the labels to buy now, n the largest size; -1 where it buys fewer, or stops.

    An episode all of whose positions are -1 is to end: the policy stops, or there is nothing left to buy. Lots are
    drawn by the view's noise, so the same seed buys the same. Raises InvalidRecipeError for a policy that does not
    buy, InvalidQueryError if a feature cannot be computed.

    >>> from alrl.agents.networks.set_scorer import SetScorer
    >>> from alrl.metadata import FeatureSet
    >>> from alrl.testing import example_view
    >>> features = FeatureSet(["confidence", "loop"])
    >>> scorer = SetScorer(record=len(features.record), loop=len(features.loop), margin_column=features.margin_column)
    >>> chosen = RulePicks(rules=("margin", "random"))
    >>> policy = Policy(network=Buyer(scorer, sizes=(1, 5)), features=features, mixture=chosen)
    >>> buy(policy, example_view(seed=0)).shape
    torch.Size([3, 5])
    """
    network, chosen = buyer_of(policy), policy.mixture
    if not isinstance(chosen, RulePicks):
        raise InvalidRecipeError(
            f"policy {policy.name!r} buys, and chooses among {chosen.summary}; it is to name rules"
        )
    sizes = tuple(int(size) for size in network.sizes)
    setting = Setting(features=policy.features, mixture=CandidateMixture(), sizes=sizes, stop=True)
    actions = RuleAction(setting, rules=chosen.rules)
    nothing = torch.zeros_like(view.spent)
    left = torch.minimum(view.budget - view.spent, view.available.sum(1))
    seen = actions.see(Turn(view=view, filled=nothing, wanted=nothing, left=left, may_restart=nothing > 0))
    policy.features.check(seen)
    with torch.no_grad():
        chosen_actions = network.choose(seen.candidates, seen.loop, seen.mask, actions.mask, coin_of(view))
    decision = actions.decide(chosen_actions, torch.ones_like(nothing, dtype=torch.bool))
    return decision.picks.masked_fill(decision.stop[:, None], -1)


def coin_of(view: PoolView) -> Tensor:
    """Return a number in [0, 1) for each episode and query.

    (B,), independent of what breaks a tie between two records.
    """
    # The sum of two, modulo one, is independent of either.
    return view.noise[:, :2].sum(1) % 1


def returns(policy: Policy, env: EnvRecipe, tasks: list[Task], *, device: str = "cpu") -> Tensor:
    """Return what the policy's episodes on the tasks are paid by the environment's reward, (B,).

    Double, shaping left out.
    """
    network, game = buyer_of(policy.to(device)), Game(env, device=device)
    game.begin(tasks)
    active = torch.ones(len(tasks), dtype=torch.bool, device=device)
    while bool(active.any()):
        seen = game.observation
        with torch.no_grad():
            coin = coin_of(game.simulator.view)
            chosen_actions = network.choose(seen.candidates, seen.loop, seen.mask, game.action_mask, coin)
        _, ended = game.step(chosen_actions, active)
        active = active & ~ended
    return game.true_return
