"""Recipes whose learner cannot tell what is to be observed, and observations that need more than probabilities."""

from __future__ import annotations

import pytest
import torch

from alrl import recipes
from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.agents.policy import Policy
from alrl.agents.training.valued_candidates import Behaviour, collect
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.envs.candidates import CandidateMixture
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.learners import learners, make_learner
from alrl.loop.simulator import Simulator
from alrl.metadata import GROUPS, FeatureSet
from alrl.strategies.play import play

COMMITTEE = {"kind": "committee", "member": "nearest-centroid", "members": 3}
SEEN = ["confidence", "loop", "disagreement", "activation"]


def recipe(learner, features):
    data = {
        "data": {"sets": ["iris"]},
        "learner": learner,
        "budget": {"labels": 3},
        "action": {"candidates": {"count": 6}},
        "observation": {"features": ["confidence", "loop", *features]},
    }
    return recipes.parse(EnvRecipe, data, where="test")


def test_disagreement_needs_a_committee():
    with pytest.raises(InvalidRecipeError, match=r"disagreement need a learner .* members.*committee") as error:
        recipe({"kind": "softmax-regression"}, ["disagreement"])
    assert "with at least 2 members" in str(error.value)
    with pytest.raises(InvalidRecipeError, match="provides members"):
        recipe(COMMITTEE | {"members": 1}, ["disagreement"])
    assert recipe(COMMITTEE, ["disagreement"]).observation.build().needs == {"members"}


def test_training_dynamics_need_epochs_that_are_kept():
    needing = ["training-dynamics", "labelled-dynamics"]
    for learner in ({"kind": "softmax-regression"}, {"kind": "multilayer-perceptron"}):
        with pytest.raises(InvalidRecipeError, match=r"training-dynamics, labelled-dynamics need .* epochs") as error:
            recipe(learner, needing)
        assert "multilayer-perceptron with record = true" in str(error.value)
    recipe({"kind": "multilayer-perceptron", "record": True}, needing)


@pytest.mark.parametrize("learner", ["softmax-regression", "nearest-centroid"])
def test_every_learner_provides_for_the_other_groups(learner):
    recipe({"kind": learner}, [name for name, group in GROUPS.items() if not group.needs & {"members", "epochs"}][1:])


def test_a_game_asks_for_what_it_observes():
    game = Game(recipe(COMMITTEE, SEEN[2:]))
    game.begin([draw_task(load_data_set("iris"), [seed]) for seed in range(2)])
    for _ in range(2):
        assert bool(game.observation.candidates.isfinite().all())
        game.step(torch.zeros(2, dtype=torch.long), torch.ones(2, dtype=torch.bool))
    game.replace([1], [draw_task(load_data_set("wine"), [7])])
    assert bool(game.observation.candidates.isfinite().all())


def test_a_policy_asks_for_what_its_features_need():
    policy = Policy.untrained(FeatureSet(SEEN), CandidateMixture(count=8), width=8)
    assert policy.needs == {"members", "embedding", "earlier-embedding"}
    simulator = Simulator([draw_task(load_data_set("iris"), [0])], make_learner("committee", members=2), labels=3)
    assert play(simulator, policy, labels=3).picks.shape == (1, 3)


def test_imitation_asks_for_what_it_observes():
    made = collect(
        [draw_task(load_data_set("iris"), [0])],
        recipe(COMMITTEE, SEEN[2:]),
        Behaviour(policy=None, share=0.0),
        LookAhead(horizon=1),
        every=1,
    )
    assert len(made) == 3
    assert made.candidates.shape[2] == len(FeatureSet(SEEN).record)


def test_the_learners_that_an_error_names_are_registered():
    with pytest.raises(InvalidRecipeError) as error:
        recipe({"kind": "softmax-regression"}, ["disagreement"])
    named = str(error.value).split("the learners ")[1].split(" with at least")[0].split(", ")
    assert named
    assert set(named) <= set(learners())
