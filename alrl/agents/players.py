"""Make what plays from a name: a rule, a trained policy, or an oracle."""

from __future__ import annotations

from alrl.agents.look_ahead.oracle import Oracle, Player
from alrl.agents.recipe import OracleRecipe, TrainedRecipe, load_agent_recipe
from alrl.errors import InvalidRecipeError
from alrl.strategies import Strategy


def rule_or_policy(name: str) -> Strategy:
    """Return the strategy of an agent that needs no training.

    Raises InvalidRecipeError for one that does, for an oracle, or if there is no such agent.
    """
    player = study_player(name)
    if isinstance(player, Oracle):
        raise InvalidRecipeError(
            f"agent {name!r} is an oracle, which sees hidden labels: no strategy, but an upper bound for studies; name"
            " it among the agents of one"
        )
    return player


def is_oracle(name: str) -> bool:
    """Return whether this is an agent that sees hidden labels.

    Raises InvalidRecipeError if there is no such agent.
    """
    return isinstance(load_agent_recipe(name), OracleRecipe)


def study_player(name: str) -> Player:
    """Return the strategy or the oracle of an agent that needs no training.

    Raises InvalidRecipeError for one that does, or if there is no such agent.
    """
    recipe = load_agent_recipe(name)
    if isinstance(recipe, TrainedRecipe):
        raise InvalidRecipeError(
            f"agent {name!r} is to be trained first: add a table [train.{name}] with agent = {name!r} and env = the"
            " environment to train on, as experiments/README.md shows"
        )
    return recipe.build()
