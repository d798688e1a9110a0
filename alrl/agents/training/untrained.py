"""Start of a training: the policy that a recipe's network and an environment's kind of action ask for."""

from __future__ import annotations

import copy
import dataclasses
import json

import torch

from alrl.agents.networks.buyer import Buyer
from alrl.agents.networks.saved_networks import check_trainable, own_network
from alrl.agents.networks.set_scorer import SetScorer
from alrl.agents.networks.weighted import LinearScorer, Weigher, columns_of
from alrl.agents.policy import Policy
from alrl.agents.recipe import NetworkRecipe, TrainedRecipe
from alrl.agents.reinforcement_recipes import LEARNS
from alrl.agents.rule_picks import RulePicks
from alrl.agents.training.evolution import check_evolvable
from alrl.envs.actions.rule import RuleAction
from alrl.envs.actions.weights import WeightsAction
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError


def untrained(agent: TrainedRecipe, env: EnvRecipe, *, seed: int, name: str) -> Policy:
    """Return a policy that plays as margin sampling does; over rules, if margin is one of them.

    Actions of kind ``record`` give a set scorer of candidates, or with a search a linear one; ``rule`` gives a set
    scorer of what each rule would query, and with ``stop`` a network that also says how many labels to buy; ``weights``
    a network that weighs features. ``seed`` draws the weights.

    Raises InvalidRecipeError for actions that no policy plays, or that the agent's training cannot learn.
    """
    check(agent, env)
    features, actions = env.observation.build(), env.actions()
    mixture = (agent.candidates or env.action.candidates).build()
    if agent.search is not None:
        linear = LinearScorer(features, columns_of(agent.search.features, features))
        return Policy(name=name, network=linear, features=features, mixture=mixture)
    if isinstance(actions, WeightsAction):
        columns = columns_of([column.name for column in actions.weighed], features)
        generator = torch.Generator().manual_seed(seed)
        weigher = Weigher(features, columns, width=agent.network.width, generator=generator)
        return Policy(name=name, network=weigher, features=features, mixture=mixture)
    chosen = RulePicks(rules=tuple(rule.name for rule in actions.rules)) if isinstance(actions, RuleAction) else mixture
    network = agent.network
    if ":" in network.kind:
        own = own_network(network.kind, features, generator=torch.Generator().manual_seed(seed), **network.own)
        check_trainable(own, features)
        return Policy(name=name, network=own, features=features, mixture=chosen)
    policy = Policy.untrained(
        features,
        chosen,
        seed=seed,
        name=name,
        width=network.width,
        members=network.members,
        margin_start=network.start == "margin",
        without=network.without,
        relative=network.relative,
    )
    if not env.action.stop or not isinstance(policy.network, SetScorer):
        return policy
    buyer = Buyer(policy.network, sizes=actions.setting.sizes, generator=torch.Generator().manual_seed(seed + 1))
    return dataclasses.replace(policy, network=buyer)


def begun(agent: TrainedRecipe, env: EnvRecipe, start: Policy, *, name: str) -> Policy:
    """Return the policy that a training begins with which goes on from ``start``, without its card and its guard.

    Raises InvalidRecipeError if ``start`` observes something else than the environment shows, or is of other actions.
    """
    check(agent, env)
    fresh = untrained(agent.model_copy(update={"network": NetworkRecipe()}), env, seed=0, name=name)
    seen, shown = (list(policy.features.names) for policy in (start, fresh))
    if start.features.schema != fresh.features.schema:
        raise InvalidRecipeError(
            f"start: policy {start.name!r} observes {', '.join(seen)}, and the environment shows {', '.join(shown)};"
            f" give an environment with features = {json.dumps(seen)}"
        )
    if env.action.kind != "record" or isinstance(start.mixture, RulePicks):
        raise InvalidRecipeError(
            f"start: policy {start.name!r} given for actions of kind {env.action.kind!r}; training goes on from a"
            " policy that picks records, in an environment of kind record"
        )
    mixture = start.mixture if agent.candidates is None else fresh.mixture
    return dataclasses.replace(
        start, name=name, mixture=mixture, network=copy.deepcopy(start.network), card={}, guard=None
    )


def check(agent: TrainedRecipe, env: EnvRecipe) -> None:
    """Raise InvalidRecipeError where the environment's actions cannot be learnt as the agent's recipe says."""
    action = env.action
    buying = action.kind == "rule" and action.stop
    plain = action.kind in {"record", "rule", "weights"} and not action.sizes and not action.stop
    if action.restart or not (plain or buying):
        raise InvalidRecipeError(
            f"a policy cannot be trained on actions of kind {action.kind} with sizes = {list(action.sizes)}, stop ="
            f" {action.stop}, restart = {action.restart}; give an environment of kind record, rule or weights without"
            " them, or of kind rule with stop and sizes, or train with an agent of Stable-Baselines3's own on"
            " ActiveLearningVecEnv"
        )
    if action.candidates.labelled:
        raise InvalidRecipeError(
            f"a policy picks records that have no label, and the environment has candidates with labelled ="
            f" {action.candidates.labelled}; leave it out together with relabel, or train with an agent of"
            " Stable-Baselines3's own on ActiveLearningVecEnv"
        )
    algorithm = agent.reinforcement
    if algorithm is not None and action.kind not in LEARNS[algorithm.kind]:
        able = ", ".join(name for name, kinds in LEARNS.items() if action.kind in kinds)
        raise InvalidRecipeError(
            f"reinforcement by {algorithm.kind} cannot learn actions of kind {action.kind}; these can: {able}"
        )
    if agent.search is not None:
        _check_network(agent.network, "weights that are searched for")
        columns_of(agent.search.features, env.observation.build())
    if agent.evolution is not None and agent.imitation is not None:
        check_evolvable(env.observation.build(), agent.evolution)
    if action.kind != "record":
        _check_other(agent, env)
    if buying:
        _check_buying(agent, env)


def _check_network(network: NetworkRecipe, what: str) -> None:
    """Raise InvalidRecipeError for settings that only set scorers have."""
    if network != NetworkRecipe(width=network.width):
        raise InvalidRecipeError(
            f"network: members, start, without and relative have no meaning for {what}; leave them out"
        )


def _check_buying(agent: TrainedRecipe, env: EnvRecipe) -> None:
    """Refuse what only concerns actions that say how many labels to buy and when to stop."""
    _check_network(agent.network, "a policy that buys")
    if agent.reinforcement is None or agent.reinforcement.kind != "maskable-ppo":
        raise InvalidRecipeError(
            "sizes of batches and stop are learnt by maskable-ppo alone, since what is allowed changes from loop to"
            ' loop; give reinforcement = { kind = "maskable-ppo" }'
        )
    if agent.guard is not None:
        raise InvalidRecipeError("a guard gives the choice to a rule, which cannot stop; leave the table out")
    smallest = env.actions().setting.sizes[0]
    if smallest != 1:
        raise InvalidRecipeError(
            f"action: a smallest batch of {smallest} given; a policy that buys is shown what each rule would query"
            " next, one record: give sizes that begin with 1"
        )


def _check_other(agent: TrainedRecipe, env: EnvRecipe) -> None:
    """Refuse what only concerns actions that are no records."""
    action, actions = env.action, env.actions()
    if agent.reinforcement is None or agent.imitation is not None:
        raise InvalidRecipeError(
            f"actions of kind {action.kind} are learnt by reinforcement alone; give an environment of kind record for"
            " imitation, regression and search"
        )
    if env.budget.batch != 1:
        raise InvalidRecipeError(
            f"budget: batch = {env.budget.batch} given; a policy over {action.kind} is trained on single queries, and"
            " fills larger batches pick by pick when it plays: give batch = 1"
        )
    if isinstance(actions, WeightsAction):
        _check_network(agent.network, "a policy over weights")
        if actions.scored != "candidates":
            raise InvalidRecipeError(
                f'action: scored = "{actions.scored}" given; a policy scores its candidates: give scored = "candidates"'
            )
        columns_of([column.name for column in actions.weighed], env.observation.build())
    if isinstance(actions, RuleAction):
        if agent.candidates is not None:
            raise InvalidRecipeError("candidates have no meaning for a policy over rules; leave them out of the agent")
        # By their names in the recipe: a rule of another package has a name too.
        RulePicks(rules=tuple((action.model_extra or {})["rules"]))
