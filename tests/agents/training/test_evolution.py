from __future__ import annotations

from functools import partial

import pytest
import torch

from alrl.agents.networks.mixture import NETWORK
from alrl.agents.policy import Policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.checkpoint import Checkpoint
from alrl.agents.training.evolution import TaskGroup, averaged, evolve, fitness, mixture_of, trial_areas, with_weights
from alrl.agents.training.task_groups import FRESH, task_groups
from alrl.agents.training.training import Trainer
from alrl.agents.training_recipes import EvolutionRecipe
from alrl.envs.candidates import CandidateMixture
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.recipes import parse

SMALL = {
    "pairs": 2,
    "generations": 2,
    "tasks": 2,
    "episodes": 2,
    "features": ["margin", "entropy"],
    "start": {NETWORK: 1.0},
}


def recipe(**changed):
    return parse(EvolutionRecipe, SMALL | changed, where="test")


@pytest.fixture(scope="module")
def env():
    data = {
        "data": {"synthetic": {"tiny": 4}, "split": {"pool": 0.4, "validation": 0.3, "test": 0.3}},
        "budget": {"labels": 5},
        "reward": {"against": "margin"},
    }
    return parse(EnvRecipe, data, where="test")


def start(env, **changed):
    policy = Policy.untrained(env.observation.build(), CandidateMixture(count=8), width=4)
    return mixture_of(policy, recipe(**changed))


def drawn(env, **changed):
    return lambda number: task_groups(env, recipe(**changed), [], seed=0, generation=number)


def test_a_feature_that_is_not_observed_is_told_before_anything_is_trained(env):
    tables = {"imitation": {"rounds": 1}, "evolution": {"features": ["doubtful-cover-gain"]}}
    agent = parse(TrainedRecipe, {"kind": "trained", **tables}, where="test")
    with pytest.raises(InvalidRecipeError, match='doubtful-cover-gain is of the group "coverage"'):
        Trainer(agent=agent, env=env)


def test_at_first_the_mixture_plays_as_its_start_says(env):
    assert start(env).network.weight.tolist() == [1.0, 0.0, 0.0]
    begun = start(env, start={NETWORK: 1.0, "entropy": 2.0})
    assert begun.network.weight.tolist() == [0.5, 0.0, 1.0]
    each = start(env, by_size=True).network
    assert each.sizes.tolist() == [1, 10]
    assert each.weight.tolist() == [[1.0, 0.0, 0.0]] * 2


def test_a_mixture_goes_on_from_its_weights_of_each_size(env):
    begun = with_weights(start(env), torch.tensor([[1.0, 0.5, 0.0], [0.0, 1.0, 0.2]]), [1, 100])
    features = {"features": SMALL["features"], "by_size": True}
    again = mixture_of(begun, parse(EvolutionRecipe, features, where="test"))
    assert again.network.sizes.tolist() == [1, 10, 100]
    weight = torch.tensor([[1.0, 0.5, 0.0], [2 / 3, 1.0, 2 / 15], [0.0, 1.0, 0.2]])
    torch.testing.assert_close(again.network.weight, weight)
    shared = mixture_of(begun, parse(EvolutionRecipe, {"features": SMALL["features"]}, where="test"))
    assert shared.network.weight.tolist() == [1.0, 0.5, 0.0]


def test_weights_that_were_for_every_size_become_those_of_single_queries(env):
    begun = with_weights(start(env), torch.tensor([1.0, 0.5, 0.2]))
    features = {"features": SMALL["features"], "batches": [10], "by_size": True}
    tens = parse(EvolutionRecipe, features, where="test")
    made = mixture_of(begun, tens).network
    assert made.sizes.tolist() == [1, 10]
    assert made.weight.equal(begun.network.weight.expand(2, -1))
    anew = mixture_of(begun, recipe(batches=[10], by_size=True)).network
    assert anew.weight.tolist() == [begun.network.weight.tolist(), [1.0, 0.0, 0.0]]


def test_weightings_play_the_same_episodes(env):
    policy = start(env)
    group = drawn(env)(0)[0]
    tried = policy.network.weight.expand(3, -1)
    areas = trial_areas(policy, env, recipe(), group, tried)
    assert areas.shape == (3, 2)
    assert areas[0].equal(areas[1])
    assert areas[0].equal(areas[2])


def test_fresh_tasks_are_none_of_the_environments_own_and_differ_from_generation_to_generation(env):
    first, second = (drawn(env)(number) for number in (0, 1))
    names = [group.data_set for group in (*first, *second)]
    assert len(set(names)) == 4
    assert all(int(name.rpartition("-")[2]) >= FRESH for name in names)
    assert not set(names) & set(env.data.names)
    assert [group.batch for group in first] == [1, 10]
    again = drawn(env)(0)
    assert [group.tasks[1].seed for group in again] == [group.tasks[1].seed for group in first]


def test_tables_come_in_their_share(env):
    own = task_groups(
        env, recipe(tasks=4, tables=0.5), ["iris", "wine", "digits", "synthetic/tiny-0"], seed=1, generation=3
    )
    assert sum(not group.data_set.startswith("synthetic/") for group in own) == 2


def test_one_data_set_cannot_decide_alone():
    areas = [torch.tensor([[0.9], [0.1]]), torch.tensor([[0.50], [0.52]]), torch.tensor([[0.50], [0.52]])]
    assert fitness(areas, 0.01).tolist() == pytest.approx([(0.01 - 0.02) / 3, (0.02 - 0.01) / 3], rel=1e-4)


def test_bred_weights_are_the_mean_of_the_later_half():
    assert averaged([[9.0, 9.0], [1.0, 0.0], [0.5, 1.0]]).tolist() == pytest.approx([1.0, 2 / 3])


def known_optimum(target, monkeypatch, *, in_tens=None):
    """Areas that fall with the square of the distance of the weights' direction to ``target``."""

    def areas(_policy, _env, _recipe, group, tried, *, device="cpu"):
        unit = tried / tried.norm(dim=1, keepdim=True)
        best = target if in_tens is None or group.batch == 1 else in_tens
        gap = (unit - best / best.norm()).square().sum(1)
        noise = torch.Generator().manual_seed(hash(group.data_set) % 2**31)
        return (0.8 - 0.01 * gap)[:, None] + 0.002 * torch.randn(len(tried), 4, generator=noise)

    monkeypatch.setattr("alrl.agents.training.evolution.trial_areas", areas)


def cosine(policy, target, size=1):
    return float(torch.nn.functional.cosine_similarity(policy.network.of_batch(size).weight, target, dim=0))


def made_up(number, batches=(1,)):
    return [TaskGroup(data_set=f"{number}-{place}", tasks=[], batch=batch) for place in range(6) for batch in batches]


TARGET = torch.tensor([0.2, -1.0, 0.6])


def test_it_finds_a_known_optimum_through_noise(env, monkeypatch):
    known_optimum(TARGET, monkeypatch)
    result = evolve(start(env), env, recipe(pairs=6, generations=25), made_up, seed=0)
    assert cosine(result, TARGET) > 0.95


def test_each_size_of_a_batch_finds_an_optimum_of_its_own(env, monkeypatch):
    other = torch.tensor([0.1, 0.3, -1.0])
    known_optimum(TARGET, monkeypatch, in_tens=other)
    draw = partial(made_up, batches=(1, 10))
    how = recipe(pairs=6, generations=25, by_size=True)
    result = evolve(start(env, by_size=True), env, how, draw, seed=0)
    assert cosine(result, TARGET, 1) > 0.95
    assert cosine(result, other, 10) > 0.95
    assert cosine(result, other, 50) == cosine(result, other, 10)


def test_a_size_that_nothing_was_played_in_keeps_its_weights(env, monkeypatch):
    known_optimum(TARGET, monkeypatch)
    result = evolve(start(env, by_size=True), env, recipe(by_size=True), made_up, seed=0)
    assert result.network.of_batch(10).weight.tolist() == [1.0, 0.0, 0.0]
    assert result.network.of_batch(1).weight.tolist() != [1.0, 0.0, 0.0]


def test_of_a_negated_fitness_it_finds_the_opposite(env, monkeypatch):
    known_optimum(TARGET, monkeypatch)
    monkeypatch.setattr("alrl.agents.training.evolution.fitness", lambda areas, clip: -fitness(areas, clip))
    result = evolve(start(env), env, recipe(pairs=6, generations=25), made_up, seed=0)
    assert cosine(result, TARGET) < -0.8


def test_of_a_spread_of_almost_nothing_it_stays_where_it_starts(env, monkeypatch):
    known_optimum(TARGET, monkeypatch)
    result = evolve(start(env), env, recipe(spread=1e-6), made_up, seed=0)
    assert cosine(result, start(env).network.weight) > 0.999


def test_what_was_interrupted_goes_on_to_the_same_end(env, tmp_path):
    kept = Checkpoint(path=tmp_path / "evolution.safetensors", identity="mine")
    whole = evolve(start(env), env, recipe(generations=3), drawn(env), seed=5)

    class StoppedError(Exception):
        pass

    def stop(state):
        if len(state.means) == 2:
            raise StoppedError

    with pytest.raises(StoppedError):
        evolve(start(env), env, recipe(generations=3), drawn(env), seed=5, checkpoint=kept, progress=stop)
    assert len(kept.load().values["means"]) == 2
    given = []
    again = evolve(
        start(env),
        env,
        recipe(generations=3),
        drawn(env),
        seed=5,
        checkpoint=kept,
        progress=lambda state: given.append(len(state.means)),
    )
    assert given == [3]
    assert again.network.weight.equal(whole.network.weight)


def test_it_averages_the_later_half_or_the_share_that_its_recipe_says():
    means = [[1.0, float(place)] for place in range(4)]
    assert averaged(means).tolist() == pytest.approx([1 / 2.5, 1.0])
    assert averaged(means, 0.25).tolist() == pytest.approx([1 / 3, 1.0])
    assert averaged(means, 0.01).tolist() == pytest.approx([1 / 3, 1.0])


def test_a_network_that_is_no_mixture_is_not_bred(env):
    plain = Policy.untrained(env.observation.build(), CandidateMixture(count=8), width=4)
    with pytest.raises(InvalidRecipeError, match="cannot be evolved"):
        with_weights(plain, torch.ones(3))


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"start": {"reach": 1.0}}, "'reach' is not among the features"),
        ({"start": {NETWORK: 0.0}}, "every weight is zero"),
        ({"batches": [0]}, "give sizes of at least 1"),
    ],
)
def test_recipes_that_cannot_be_played_are_refused(changed, message):
    with pytest.raises(InvalidRecipeError, match=message):
        recipe(**changed)


def test_a_feature_that_is_not_observed_is_refused_with_the_nearest(env):
    with pytest.raises(InvalidRecipeError, match="margins"):
        start(env, features=["margins"])


def test_a_training_breeds_after_it_imitates(env, tiny_agent):
    data = tiny_agent.model_dump() | {"reinforcement": None, "evolution": SMALL | {"labels": 5}, "keep": "last"}
    trainer = Trainer(agent=parse(TrainedRecipe, data, where="test"), env=env, workers=1)
    policy = trainer.train("bred")
    assert policy.network.described["kind"] == "mixture"
    assert set(policy.card["validation_gain_over_margin"]) == {"untrained", "imitation", "evolution"}
    assert policy.card["stage"] == "evolution"


def test_a_recipe_without_evolution_has_the_identity_that_it_had(tiny_agent):
    from alrl.recipes import canonical_json

    text = canonical_json(tiny_agent)
    assert "evolution" not in text
    assert "herding" not in text
