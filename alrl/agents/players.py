"""Make what plays from a name: a rule, a trained policy, or an oracle. There is one way, for Python and commands."""

from __future__ import annotations

import warnings
from pathlib import Path

from alrl import recipes
from alrl.agents.policy_file import load_policy, shipped_policies
from alrl.agents.recipe import OracleRecipe, TrainedRecipe, agent_names, load_agent_recipe
from alrl.errors import InvalidRecipeError, ShadowedNameWarning
from alrl.recipes.modules import CLASS
from alrl.strategies import Strategy, strategies


def find_strategy(strategy: Strategy | str | Path) -> Strategy:
    """Return a strategy itself, or what goes by a name: the agent that needs no training, or the policy in a folder.

    A name is looked for as a ``.toml`` file, as a policy's folder and as ``package.module:Class``, then in the folder
    ``agents`` of the working directory, then among the agents, rules and policies that come with alrl. A
    ShadowedNameWarning says where the working directory's hides one of those.

    Raises InvalidRecipeError if there is none, for an oracle, and for an agent that is to be trained first.

    >>> find_strategy("margin").name, find_strategy("general").name
    ('margin', 'general')
    """
    if isinstance(strategy, Strategy):
        return strategy
    if not isinstance(strategy, str | Path):
        raise InvalidRecipeError(
            f"strategy = {strategy!r} given; give the name of a strategy or policy, a policy's folder, or a Strategy"
        )
    agent = find_agent(strategy)
    if agent.peeks:
        raise InvalidRecipeError(
            f"agent {str(strategy)!r} is an oracle, which sees hidden labels: no strategy, but an upper bound for"
            " studies; name it among the agents of one"
        )
    return agent


def find_agent(name: str | Path) -> Strategy:
    """Return the rule, the policy or the oracle that goes by a name, as :func:`find_strategy` looks for it.

    Raises InvalidRecipeError if there is none, and for an agent that is to be trained first.
    """
    if (Path(name) / "policy.json").is_file():
        return load_policy(name)
    named = str(name).endswith(".toml") or CLASS.fullmatch(str(name))
    if str(name) not in agent_names() and not named:
        if str(name) in shipped_policies():
            return load_policy(name)
        if str(name) and Path(name).is_dir():
            raise InvalidRecipeError(
                f"{str(name)!r} is a folder without a policy.json, so it holds no policy; give the folder that"
                " `alrl train` wrote a policy to, or a name: alrl list strategies"
            )
        known = sorted({*agent_names(), *shipped_policies()})
        raise InvalidRecipeError(
            f"{recipes.missing('agents', str(name), known)}. Or give the path of a .toml file, the folder of a policy,"
            " or a class, package.module:Class."
        )
    hiding = shadowed(str(name))
    if hiding:
        warnings.warn(hiding, ShadowedNameWarning, stacklevel=3)
    recipe = load_agent_recipe(name)
    if isinstance(recipe, TrainedRecipe):
        raise InvalidRecipeError(
            f"agent {str(name)!r} is to be trained first: add a table [train.{name}] with agent = {str(name)!r} and"
            " env, the environment to train on, to a study, as experiments/README.md shows; or run `alrl train`"
        )
    return recipe.build()


def shadowed(name: str) -> str | None:
    """Return a sentence if a recipe of the working directory hides what alrl ships under a name, else None.

    >>> shadowed("margin") is None
    True
    """
    own = recipes.own("agents", name)
    if own is None:
        return None
    hidden = "agent" if recipes.hides("agents", name) else None
    if hidden is None and not recipes.shipped("agents", name):
        hidden = "rule" if name in strategies() else "policy" if name in shipped_policies() else None
    return (
        None if hidden is None else f"{own} plays as {name!r}: it hides the {hidden} of that name that comes with alrl"
    )


def is_oracle(name: str) -> bool:
    """Return whether this is an agent that sees hidden labels.

    Raises InvalidRecipeError if there is no such agent.
    """
    return isinstance(load_agent_recipe(name), OracleRecipe)
