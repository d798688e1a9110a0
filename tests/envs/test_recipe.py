from __future__ import annotations

import gymnasium
import pytest

from alrl import recipes
from alrl.envs.recipe import EnvRecipe, load_env_recipe
from alrl.envs.registration import environment_id, register
from alrl.errors import AlrlError, InvalidRecipeError

WINE = {"data": {"sets": ["wine"]}}


def refusal(written):
    with pytest.raises(InvalidRecipeError) as error:
        recipes.parse(EnvRecipe, written, where="mine.toml")
    return str(error.value)


@pytest.mark.parametrize("name", recipes.names("envs"))
def test_every_recipe_in_the_folder_is_read(name):
    recipe = load_env_recipe(name)
    assert recipe.data.names
    assert recipes.parse(EnvRecipe, recipe.model_dump(mode="json"), where=name) == recipe


def test_what_a_recipe_means_unless_it_says_otherwise():
    recipe = recipes.parse(EnvRecipe, WINE, where="mine.toml")
    assert recipe.learner.build().C == 1.0
    assert (recipe.budget.first, recipe.budget.labels, recipe.budget.batch) == ("one-per-class", 60, 1)
    assert recipe.action.candidates.build().count == 32
    assert recipe.reward.against == "nothing"


def test_synthetic_tasks_are_named_from_the_offset_on():
    data = recipes.parse(
        EnvRecipe, {"data": {"sets": ["wine"], "synthetic": {"tiny": 2}, "offset": 7}}, where="mine.toml"
    ).data
    assert data.names == ("wine", "synthetic/tiny-7", "synthetic/tiny-8")


@pytest.mark.parametrize(
    ("written", "message"),
    [
        ({**WINE, "budgt": {}}, 'budgt: unknown key, did you mean "budget"?'),
        ({**WINE, "budget": {"lables": 3}}, 'budget.lables: unknown key, did you mean "labels"?'),
        ({"data": {}}, "no data set is named; list some under sets, or synthetic families under synthetic"),
        ({}, "data: missing"),
        ({**WINE, "budget": {"labels": 0}}, "budget.labels: 0 given"),
        ({**WINE, "budget": {"labels": "60"}}, 'budget.labels: "60" given'),
        ({**WINE, "budget": {"first": "random"}}, 'first = "random" needs first_size, and one-per-class takes none'),
        ({**WINE, "budget": {"first_size": 4}}, 'first = "random" needs first_size, and one-per-class takes none'),
        (
            {**WINE, "action": {"candidates": {"margin": 0.9}}},
            "candidates: shares margin = 0.9, random = 0.5 given; each is 0 to 1, their sum 1",
        ),
        (
            {**WINE, "observation": {"features": ["confidence", "loop", "ballance"]}},
            'unknown feature group "ballance"; did you mean "balance"?',
        ),
        ({**WINE, "observation": {"features": ["loop"]}}, "'confidence' must be one of them"),
        ({**WINE, "learner": {"kind": "softmax-regresion"}}, 'did you mean "softmax-regression"?'),
        ({**WINE, "learner": {"C": -1.0}}, "C = -1.0 given"),
        ({**WINE, "annotator": {"kind": "nosy", "rate": 0.1}}, 'unknown annotator "nosy"; did you mean "noisy"?'),
        ({**WINE, "annotator": {"kind": "noisy", "rte": 0.1}}, 'unknown setting "rte"; did you mean "rate"?'),
        ({**WINE, "annotator": {"kind": "noisy", "rate": 1.1}}, "rate = 1.1 is not allowed"),
        ({**WINE, "relabel": "first"}, "relabel"),
        ({**WINE, "cost": {"label": -1.0}}, "cost.label: -1.0 given"),
        ({**WINE, "reward": {"metric": "acuracy"}}, 'reward.metric: "acuracy" given, did you mean "accuracy"?'),
        ({**WINE, "action": {"kind": "recrod"}}, 'unknown kind of action "recrod"; did you mean "record"?'),
    ],
)
def test_a_recipe_that_does_not_fit_is_refused_with_what_to_do(written, message):
    answer = refusal(written)
    assert answer.startswith("mine.toml:\n")
    assert message in answer


def test_shares_of_the_split_that_exceed_the_whole_are_refused(recipe):
    from alrl.envs.env import ActiveLearningEnv

    with pytest.raises(AlrlError, match=r"sum to 1\.5; lower them until they sum to at most 1"):
        ActiveLearningEnv(recipe(data={"sets": ["wine"], "split": {"pool": 1.0}})).reset(seed=0)
    assert "data.split.pool" in refusal({"data": {"sets": ["wine"], "split": {"pool": 0.0}}})


def test_a_random_first_sample_has_the_size_that_it_says(recipe):
    from alrl.envs.env import ActiveLearningEnv

    env = ActiveLearningEnv(recipe(budget={"first": "random", "first_size": 9, "labels": 2}))
    env.reset(seed=0)
    assert int(env.game.simulator.view.labelled.sum()) == 9


def test_an_environment_goes_by_its_gymnasium_id_wherever_it_is_named():
    assert load_env_recipe("alrl/digits-v0") == load_env_recipe("digits")
    with pytest.raises(InvalidRecipeError, match='unknown environment "alrl/digits-v7"; did you mean "digits"'):
        load_env_recipe("alrl/digits-v7")


def test_an_unknown_environment_names_the_nearest():
    with pytest.raises(InvalidRecipeError, match='did you mean "digits"'):
        load_env_recipe("digit")


def test_a_recipe_in_the_working_directory_becomes_an_environment(tmp_path, monkeypatch):
    (tmp_path / "envs").mkdir()
    (tmp_path / "envs" / "my-wine.toml").write_text('version = 3\n[data]\nsets = ["wine"]\n[budget]\nlabels = 4\n')
    monkeypatch.chdir(tmp_path)
    before = set(gymnasium.registry)
    assert environment_id("my-wine") == "alrl/my-wine-v3"
    assert "alrl/my-wine-v3" in register()
    assert set(gymnasium.registry) - before == {"alrl/my-wine-v3"}
    try:
        env = gymnasium.make("alrl/my-wine-v3")
        assert env.reset(seed=0)[0]["candidates"].shape == (32, 26)
    finally:
        del gymnasium.registry["alrl/my-wine-v3"]


def test_registering_again_changes_nothing():
    before = dict(gymnasium.registry)
    assert "alrl/digits-v0" in register()
    assert gymnasium.registry == before


def test_the_game_is_played_with_the_annotator_and_the_prices_of_its_recipe(recipe):
    from alrl.envs.env import ActiveLearningEnv

    wrong = {"kind": "delayed", "least": 1, "most": 1, "annotator": {"kind": "noisy", "rate": 1.0}}
    env = ActiveLearningEnv(recipe(annotator=wrong, cost={"label": 3.0}, reward={"against": "margin"}))
    env.reset(seed=0)
    first = int(env.game.simulator.first_counts()[0])
    for _ in range(3):
        env.step(int(env.action_masks().argmax()))
    loop = env.game.simulator
    truth = loop.parts("pool").labels.gather(1, loop.view.labelled_index)
    assert int(loop.view.labelled.sum()) == first + 2
    assert int(loop.view.selected.sum()) == 1
    assert not bool((loop.view.labels == truth).any())
    assert loop.cost.money.tolist() == [3.0 * (first + 3)]
