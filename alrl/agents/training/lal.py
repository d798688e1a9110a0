"""LAL: regression of what a label gained in simulated loops, on the features of the record and of the loop."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

import numpy as np

from alrl.agents.networks.forest import ForestScorer
from alrl.agents.policy import Policy
from alrl.agents.training.valued_candidates import Behaviour, ValuedCandidates
from alrl.agents.training_recipes import RegressionRecipe


def gains(examples: ValuedCandidates) -> np.ndarray:
    """Return what each candidate gained, (M, K), less the mean over the candidates of its state.

    The mean does not change which candidate of a state is best, and most of what differs between states is in it.
    """
    real = examples.mask.double()
    mean = (examples.values * real).sum(1, keepdim=True) / real.sum(1, keepdim=True).clamp_min(1)
    return np.asarray(((examples.values - mean) * real).double().numpy())


def fit_forest(
    examples: ValuedCandidates, *, trees: int, leaf: int, seed: int, features: float = 1 / 3
) -> ForestScorer:
    """Return a random forest fitted to the gains of all candidates of ``examples``.

    Konyushkova, Sznitman and Fua 2017, "Learning active learning from data".

    Args:
        examples: states with the values of their candidates.
        trees: number of trees.
        leaf: candidates that a leaf holds at least.
        seed: of the bootstrap samples and of the features that a split may use.
        features: share of the features that a split may use.
    """
    from sklearn.ensemble import RandomForestRegressor

    mask = examples.mask.numpy()
    loop = examples.loop[:, None, :].expand(-1, mask.shape[1], -1)
    X = np.concatenate([examples.candidates.numpy()[mask], loop.numpy()[mask]], 1)
    forest = RandomForestRegressor(trees, min_samples_leaf=leaf, max_features=features, random_state=seed, n_jobs=1)
    return ForestScorer.of(forest.fit(X, gains(examples)[mask]))


def regressed(
    policy: Policy, recipe: RegressionRecipe, collect: Callable[[Behaviour, int], ValuedCandidates], *, seed: int
) -> Policy:
    """Return the policy after the recipe's rounds, each a forest on all states that were seen until then.

    ``collect`` returns the states of a round, by who plays in it and its number; ``seed`` is that of the forests.
    """
    seen: list[ValuedCandidates] = []
    for round_ in range(recipe.rounds):
        player = policy if round_ else None
        seen.append(collect(Behaviour(policy=player, share=recipe.share, random=recipe.random), round_))
        forest = fit_forest(
            ValuedCandidates.joined(seen),
            trees=recipe.trees,
            leaf=recipe.leaf,
            features=recipe.features,
            seed=seed + round_,
        )
        policy = dataclasses.replace(policy, network=forest)
    return policy
