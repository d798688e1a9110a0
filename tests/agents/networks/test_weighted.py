"""Weighted sums of features: constant weights and learned ones start as margin, and play as the environment does."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from alrl.agents.networks.weighted import WEIGHED, LinearScorer, Weigher, columns_of
from alrl.agents.policy import Policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.untrained import untrained
from alrl.envs.recipe import EnvRecipe
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidRecipeError
from alrl.metadata import DEFAULT_GROUPS, FeatureSet
from alrl.recipes import parse
from alrl.strategies import make_strategy
from alrl.testing import example_view

FEATURES = FeatureSet(DEFAULT_GROUPS)
COLUMNS = columns_of(WEIGHED, FEATURES)


def seen(episodes: int = 3, count: int = 7) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    generator = torch.Generator().manual_seed(5)
    candidates = torch.rand(episodes, count, len(FEATURES.record), generator=generator)
    mask = torch.ones(episodes, count, dtype=torch.bool)
    mask[0, -2:] = False
    return candidates, torch.rand(episodes, len(FEATURES.loop), generator=generator), mask


def wild(width: int = 8) -> Weigher:
    """Weights that depend on what is seen."""
    network = Weigher(FEATURES, COLUMNS, width=width)
    with torch.no_grad():
        network.head.weight.uniform_(-2, 2, generator=torch.Generator().manual_seed(1))
    return network


@pytest.mark.parametrize("network", [LinearScorer(FEATURES, COLUMNS), Weigher(FEATURES, COLUMNS, width=8)])
def test_before_training_the_smallest_margin_is_chosen(network: Any) -> None:
    candidates, loop, mask = seen()
    scores = network(candidates, loop, mask)
    smallest = candidates[..., FEATURES.margin_column].masked_fill(~mask, 9.0).argmin(1)
    assert scores.argmax(1).equal(smallest)
    assert (scores[~mask] == -torch.inf).all()
    assert scores[mask].isfinite().all()


def test_a_linear_score_is_the_sum_of_weights_times_features_in_their_ranges() -> None:
    names = ("margin", "isolation-ratio", "probability-spread")
    columns = columns_of(names, FEATURES)
    candidates, loop, mask = seen()
    scores = LinearScorer(FEATURES, columns, torch.tensor([-1.0, 2.0, 0.5]))(candidates, loop, mask)
    margin, ratio, spread = (candidates[..., column] for column in columns)
    # Their ranges are 0 to 1, -1 to 1 and 0 to 0.5.
    expected = -margin + 2 * (ratio + 1) / 2 + 0.5 * spread / 0.5
    torch.testing.assert_close(scores[mask], expected[mask])


def test_learned_weights_do_not_depend_on_the_order_of_candidates_or_on_padding() -> None:
    network = wild()
    candidates, loop, mask = seen()
    scores = network(candidates, loop, mask)
    order = torch.randperm(7, generator=torch.Generator().manual_seed(3))
    torch.testing.assert_close(network(candidates[:, order], loop, mask[:, order]), scores[:, order])
    less = network(candidates[:1, :5], loop[:1], mask[:1, :5])
    torch.testing.assert_close(less, scores[:1, :5])


@pytest.mark.parametrize(
    ("names", "message"),
    [
        (["margin", "margn"], 'unknown observed feature of a record "margn"; did you mean "margin"'),
        (["entropy"], "name each once, and margin among them"),
        (["margin", "margin"], "name each once"),
        ([], "margin among them"),
    ],
)
def test_what_cannot_be_weighed_is_refused(names: list[str], message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        columns_of(names, FEATURES)


def test_the_policy_queries_what_its_weights_query_as_the_environments_action() -> None:
    action = {"kind": "weights", "features": list(WEIGHED), "scored": "candidates", "candidates": {"count": 9}}
    data = {"synthetic": {"tiny": 2}, "split": {"pool": 0.5, "validation": 0.2, "test": 0.3}}
    env = parse(EnvRecipe, {"data": data, "budget": {"labels": 6}, "action": action}, where="test")
    network, vector = wild(), ActiveLearningVectorEnv(env, num_envs=3)
    policy = Policy(network=network, features=FEATURES, mixture=env.action.candidates.build())
    observed, _ = vector.reset(seed=4)
    margin = 0
    for _ in range(5):
        view = vector.game.simulator.view
        chosen = policy.select(view)[:, 0]
        margin += int((chosen == make_strategy("margin").select(view)[:, 0]).sum())
        with torch.no_grad():
            weights = network.weights(torch.from_numpy(observed["candidates"]), torch.from_numpy(observed["loop"]))
        observed, *_ = vector.step(weights.numpy())
        bought = vector.game.simulator.view.labelled & ~view.labelled
        assert bought.nonzero()[:, 1].equal(chosen)
    assert margin < 15


def test_rules_may_name_one_record_twice_and_it_is_worth_the_better_score() -> None:
    rules = ["margin", "random", "least-confidence"]
    action = {"kind": "rule", "rules": rules}
    env = parse(EnvRecipe, {"data": {"sets": ["iris"]}, "action": action}, where="test")
    agent = parse(TrainedRecipe, {"kind": "trained", "reinforcement": {"kind": "ppo"}}, where="test")
    policy, view = untrained(agent, env, seed=0, name="rules"), example_view(seed=3)
    candidates, scores = policy.score_candidates(view)
    assert candidates.equal(torch.cat([make_strategy(rule).select(view, 1) for rule in rules], 1))
    full = policy.score(view)
    for episode in range(len(full)):
        for record in set(candidates[episode].tolist()):
            assert full[episode, record] == scores[episode][candidates[episode] == record].max()
    assert int(full.isfinite().sum()) == sum(len(set(row)) for row in candidates.tolist())
    # Margin's record has the smallest margin of all: a policy that was not trained queries it.
    assert policy.select(view).equal(make_strategy("margin").select(view))
    assert np.isfinite(scores.numpy()).all()
