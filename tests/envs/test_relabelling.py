"""Asking again as an action: who is offered, what it costs, what it repairs, and where it is refused."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from alrl import recipes
from alrl.adapters.minari import play_episodes
from alrl.agents.policy import Policy
from alrl.agents.recipe import load_agent_recipe
from alrl.agents.training.training import Trainer
from alrl.envs.candidates import CandidateMixture
from alrl.envs.env import ActiveLearningEnv
from alrl.envs.recipe import EnvRecipe
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidRecipeError
from alrl.metadata import FeatureSet
from alrl.metadata.own_label import doubted
from alrl.testing.example_view import example_view

MIXTURE = {"count": 12, "margin": 0.25, "random": 0.25, "labelled": 0.5}
FEATURES = ("confidence", "own-label", "loop")
PLAIN = {
    "relabel": "majority",
    "data": {"sets": ["wine"]},
    "annotator": {"kind": "noisy", "rate": 0.3},
    "budget": {"first": "random", "first_size": 30, "labels": 90},
    "action": {"candidates": MIXTURE},
    "observation": {"features": FEATURES},
}


def recipe(**changes):
    return recipes.parse(EnvRecipe, {**PLAIN, **changes}, where="mine.toml")


def wanted(view, times=1):
    """The view where records may be asked for again, and each that has a label was so often."""
    return dataclasses.replace(view, times_queried=times * view.labelled.long())


def wrong(env):
    """How many of the labels that are believed are wrong, in each episode."""
    view, truth = env.game.simulator.view, env.game.simulator.parts("pool").labels
    return ((view.labels != truth.gather(1, view.labelled_index)) & view.labelled_mask).sum(1)


def test_asking_again_repairs_wrong_labels_and_is_charged():
    env = ActiveLearningVectorEnv(recipe(), num_envs=4)
    _, info = env.reset(seed=0)
    before = wrong(env)
    assert int(before.sum()) > 20
    for step in range(89):
        # Always the label most to be doubted.
        assert info["action_mask"][:, 6].all()
        _, _, ended, _, info = env.step(np.full(4, 6))
        assert not ended.any()
        assert info["asked_again"].tolist() == info["spent"].tolist() == [step + 1] * 4
    view = env.game.simulator.view
    assert view.labelled.sum(1).tolist() == [30] * 4
    assert int(wrong(env).sum()) < 0.4 * int(before.sum())
    assert env.game.simulator.cost.labels.tolist() == [30 + 89] * 4
    assert env.step(np.full(4, 6))[2].all()


def test_the_count_begins_anew_with_the_episode():
    env = ActiveLearningVectorEnv(recipe(budget={"labels": 2}), num_envs=1)
    _, info = env.reset(seed=0)
    assert info["asked_again"].tolist() == [0]
    number = int(np.flatnonzero(info["action_mask"][0])[-1])
    answer = [env.step(np.array([number]))[4]["asked_again"].tolist() for _ in range(4)]
    assert answer == [[1], [2], [0], [1]]


def test_labelled_candidates_have_the_last_places_the_most_doubtful_first():
    mixture = CandidateMixture(**MIXTURE)
    view = example_view(seed=3, records=(14, 9), labelled=(8, 2))
    view = wanted(view)
    drawn = mixture.draw(view)
    assert drawn[:, :6].equal(CandidateMixture(count=6).draw(view))
    for episode, row in enumerate(drawn[:, 6:]):
        chosen = row[row >= 0]
        assert len(set(chosen.tolist())) == min(6, int(view.labelled[episode].sum()))
        assert view.labelled[episode, chosen].all()
        value = doubted(view)[episode]
        assert value[chosen].tolist() == sorted(value[view.labelled[episode]].tolist(), reverse=True)[: len(chosen)]


def test_who_is_being_asked_is_no_candidate_and_without_leave_nobody_is():
    mixture = CandidateMixture(**MIXTURE)
    plain = example_view(seed=3, records=(14,), labelled=(8,))
    assert (mixture.draw(plain)[:, 6:] == -1).all()
    view = wanted(plain)
    first = mixture.draw(view)[:, 6]
    assert int(first) not in mixture.draw(view.with_selected(first))[0].tolist()
    silent = dataclasses.replace(view, silent=view.labelled.clone())
    assert (mixture.draw(silent)[:, 6:] == -1).all()


def test_the_more_often_a_record_was_asked_for_the_less_its_label_is_doubted():
    view = example_view(seed=3, records=(14,), labelled=(8,))
    assert doubted(wanted(view, 3)).allclose(doubted(view) / 3)


def test_the_own_label_is_told_of_records_that_have_one_and_of_no_other():
    features = FeatureSet(FEATURES)
    view = wanted(example_view(seed=3, records=(14,), labelled=(8,)), 2)
    everyone = torch.arange(14)[None]
    shown = features.observe(view, everyone).candidates[0, :, 7:]
    labelled = view.labelled[0]
    assert shown[~labelled].abs().sum() == 0
    assert shown[labelled, 0].tolist() == [1.0] * 8
    assert shown[labelled, 4].allclose(torch.tensor(2 / 3))
    place = int(view.labelled_index[0, 3])
    p, y = view.probabilities[0, place], int(view.labels[0, 3])
    expected = (p - torch.nn.functional.one_hot(torch.tensor(y), len(p))).norm() / 2**0.5
    assert float(shown[place, 3]) == pytest.approx(float(expected), abs=1e-6)


def test_an_episode_goes_on_while_labels_may_be_asked_for_though_the_pool_is_used_up():
    split = {"pool": 0.08, "validation": 0.5, "test": 0.3}
    env = ActiveLearningEnv(
        recipe(data={"sets": ["wine"], "split": split}, budget={"labels": 40}, annotator={"kind": "perfect"})
    )
    _, info = env.reset(seed=0)
    over, steps, pool = False, 0, int(env.game.simulator.view.exists.sum())
    while not over:
        number = int(np.flatnonzero(info["action_mask"])[0])
        _, _, over, _, info = env.step(number)
        steps += 1
    assert env.game.simulator.view.labelled.all()
    assert steps == info["spent"] == 40
    assert info["asked_again"] == 40 - (pool - int(env.game.simulator.first_counts()[0]))


def test_an_annotator_who_says_nothing_for_nothing_ends_the_episode():
    mute = {"kind": "abstaining", "rate": 1.0, "charged": False}
    env = ActiveLearningEnv(recipe(annotator=mute))
    _, info = env.reset(seed=0)
    over, steps = False, 0
    while not over and steps < 200:
        _, _, over, _, info = env.step(int(np.flatnonzero(info["action_mask"])[-1]))
        steps += 1
    assert over
    assert info["spent"] == 0
    assert steps == int(env.game.simulator.view.exists.sum())


def test_weights_may_pick_labelled_candidates_and_not_from_the_whole_pool():
    action = {"kind": "weights", "features": ["has-label", "own-doubt"], "candidates": MIXTURE}
    env = ActiveLearningEnv(recipe(action={**action, "scored": "candidates"}))
    env.reset(seed=0)
    assert env.step(np.array([1.0, 1.0], dtype=np.float32))[4]["asked_again"] == 1
    assert env.step(np.array([-1.0, 0.0], dtype=np.float32))[4]["asked_again"] == 1
    with pytest.raises(InvalidRecipeError, match='give scored = "candidates", or leave labelled out'):
        recipe(action=action)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"relabel": None}, "relabel = None given with action.candidates.labelled = 0.5"),
        ({"action": {}}, "relabel = 'majority' given with action.candidates.labelled = 0.0"),
        (
            {"action": {"candidates": {"count": 4, "margin": 0.5, "random": 0.4, "labelled": 0.1}}},
            "labelled = 0.1 of count = 4 given, which is no candidate",
        ),
        (
            {"action": {"candidates": {**MIXTURE, "labelled": 0.4}}},
            "shares margin = 0.25, random = 0.25, labelled = 0.4 given; each is 0 to 1, their sum 1",
        ),
    ],
)
def test_half_a_declaration_is_refused(changes, message):
    written = {name: value for name, value in {**PLAIN, **changes}.items() if value is not None}
    with pytest.raises(InvalidRecipeError) as error:
        recipes.parse(EnvRecipe, written, where="mine.toml")
    assert message in str(error.value)


def test_who_picks_records_without_a_label_says_so():
    given = recipe()
    with pytest.raises(InvalidRecipeError, match="a policy picks records that have no label"):
        Trainer(agent=load_agent_recipe("imitation-ppo"), env=given)
    with pytest.raises(InvalidRecipeError, match="give an environment without relabel"):
        play_episodes(given, player="margin", episodes=1)
    with pytest.raises(InvalidRecipeError, match="for a policy, which picks records that have no label"):
        Policy.untrained(FeatureSet(FEATURES), CandidateMixture(**MIXTURE))
