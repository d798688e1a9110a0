"""Environments whose tasks differ in circumstances, and whose groups of a training differ in learner and budget."""

from __future__ import annotations

from collections import Counter
from typing import Any

import numpy as np
import pytest

from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.agents.training.validation import areas, by_size
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError
from alrl.recipes import identity, parse
from alrl.strategies import make_strategy

TINY: dict[str, Any] = {
    "data": {"synthetic": {"tiny": 3}, "split": {"pool": 0.4, "validation": 0.3, "test": 0.3}},
    "budget": {"labels": 6},
    "action": {"candidates": {"count": 6}},
    "observation": {"features": ["confidence", "loop", "circumstances"]},
}
VARIED: dict[str, Any] = {
    "circumstances": [
        {},
        {"contamination": [{"kind": "out-of-domain", "share": 0.3}]},
        {"contamination": [{"kind": "label-noise", "rate": 0.2}], "first": "random", "first_size": 3},
        {"contamination": [{"kind": "missing-classes", "count": 1}]},
    ],
    "learners": [{"kind": "softmax-regression"}, {"kind": "nearest-neighbours"}],
    "batches": [1, 3],
    "labels": [4, 6],
}


def made(**varied: Any) -> EnvRecipe:
    return parse(EnvRecipe, {**TINY, "varied": varied}, where="tests")


def test_each_task_draws_one_of_the_circumstances_by_its_seed() -> None:
    source = Game(made(**VARIED)).source
    tasks = [source.draw([seed], "synthetic/tiny-0") for seed in range(80)]
    kinds: Counter[str] = Counter()
    for task in tasks:
        truth, pool = task.split.truth, task.split.data_set.y[task.split.pool]
        labelled = set(pool[task.first].tolist())
        foreign = truth is not None and bool((truth.kind == 2).any())
        noisy = truth is not None and bool((truth.kind == 1).any())
        kind = "foreign" if foreign else "noisy" if noisy else "clean" if len(labelled) == 4 else "missing"
        assert len(task.first) == {"noisy": 3, "missing": 3}.get(kind, 4)
        kinds[kind] += 1
    # Twenty of each are expected.
    assert sorted(kinds) == ["clean", "foreign", "missing", "noisy"]
    assert min(kinds.values()) >= 8
    assert np.array_equal(source.draw([7], "synthetic/tiny-0").first, tasks[7].first)
    assert len(source.again(tasks[7], 1).first) == len(tasks[7].first)


def test_a_group_has_its_learner_budget_and_batch_in_turns() -> None:
    env = made(**VARIED)
    played = [env.variant(number) for number in range(9)]
    settings = [(each.learner.kind, each.budget.labels, each.budget.batch) for each in played]
    assert len(set(settings)) == 8
    assert settings[0] == settings[8] == ("softmax-regression", 4, 1)
    plain = parse(EnvRecipe, TINY, where="tests")
    assert plain.variant(5) is plain
    assert "varied" not in plain.model_dump()
    assert identity(env) != identity(plain)


def test_validation_plays_what_is_varied_the_same_for_every_strategy() -> None:
    env = made(learners=VARIED["learners"], batches=[3])
    tasks = by_size([Game(env).source.draw([seed]) for seed in range(30)])
    first, again = (areas(make_strategy("margin"), env, tasks) for _ in range(2))
    assert first.equal(again)
    plain = areas(make_strategy("margin"), parse(EnvRecipe, TINY, where="tests"), tasks)
    assert not first[:24].equal(plain[:24])


def test_a_policy_is_trained_under_all_of_it() -> None:
    imitation = {"rounds": 1, "episodes": 2, "every": 3, "epochs": 1, "expert": {"horizon": 1, "reach": 8}}
    agent = parse(TrainedRecipe, {"kind": "trained", "network": {"width": 4}, "imitation": imitation}, where="tests")
    policy = Trainer(agent=agent, env=made(**VARIED), seed=0, workers=1).train()
    assert "circumstances" in policy.features.names
    assert '"varied"' in policy.card["environment"]


@pytest.mark.parametrize(
    ("varied", "message"),
    [
        ({}, "nothing is varied"),
        ({"batches": [0]}, r"batches = \[0\] given; give numbers of at least 1"),
        ({"circumstances": [{"first": "promising", "first_size": 3, "first_candidates": 2}]}, "paid from the budget"),
        ({"circumstances": [{"first_size": 3}]}, "given without first"),
        ({"circumstances": [{"first": "random"}]}, "needs first_size"),
        ({"learners": [{"kind": "softmax"}]}, "softmax"),
    ],
)
def test_what_cannot_be_varied_is_refused(varied: dict[str, Any], message: str) -> None:
    with pytest.raises(InvalidRecipeError, match=message):
        made(**varied)
