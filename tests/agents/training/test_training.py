"""A whole training: the same seed gives the same weights, however many processes, and validation data stays apart."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from tensorboard.plugins.hparams.plugin_data_pb2 import HParamsPluginData

from alrl import recipes
from alrl.agents.policy import Policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.tensorboard import forget
from alrl.agents.training.training import Trainer
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError


def test_a_round_of_imitation_draws_its_own_data_sets(tiny_env: EnvRecipe, tiny_agent: TrainedRecipe) -> None:
    played: list[set[str]] = []

    class Noted(Trainer):
        def _collect(self, names, recipe, behaviour, round_, title, checkpoint):  # type: ignore[no-untyped-def]
            played.append(set(names))
            return super()._collect(names, recipe, behaviour, round_, title, checkpoint)

    imitation = {**tiny_agent.imitation.model_dump(), "rounds": 3, "sets": 2}
    agent = recipes.parse(
        TrainedRecipe, {"kind": "trained", "network": {"width": 4}, "trials": 1, "imitation": imitation}, where="test"
    )
    trainer = Noted(agent=agent, env=tiny_env, seed=3, workers=1)
    trainer.train("mine")
    rounds, aside = played[::2], played[1::2]
    assert [len(names) for names in rounds] == [2, 2, 2]
    assert len({frozenset(names) for names in rounds}) > 1
    assert set().union(*rounds) <= set(trainer.training)
    # What stages are compared on is played whole, and is never trained on.
    assert aside == [set(trainer.validation)] * 3


def test_a_training_is_a_function_of_recipes_and_seed(
    tiny_env: EnvRecipe, tiny_agent: TrainedRecipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Policy]] = []

    def keep(self: Trainer, stages: list[tuple[str, Policy]]) -> tuple[Policy, dict[str, float]]:
        made.append(dict(stages))
        return choose(self, stages)

    choose = Trainer._choose
    monkeypatch.setattr(Trainer, "_choose", keep)
    threads, state = torch.get_num_threads(), random.getstate()
    log = tmp_path / "log"
    policy = Trainer(agent=tiny_agent, env=tiny_env, seed=3, workers=1, log=log).train("mine")
    # Whatever happens to the global generators, another number of processes gives the same weights.
    torch.manual_seed(99)
    again = Trainer(agent=tiny_agent, env=tiny_env, seed=3, workers=2).train("mine")
    # In the folder of another training its curves alone are left.
    forget(log)
    other = Trainer(agent=tiny_agent, env=tiny_env, seed=4, workers=1, log=log).train("mine")
    hashes = [{name: stage.fingerprint for name, stage in stages.items()} for stages in made]
    assert hashes[0] == hashes[1]
    assert set(hashes[0]) == {"untrained", "imitation", "ppo"}
    assert len(set(hashes[0].values())) == 3
    assert not set(hashes[0].values()) & set(hashes[2].values())
    assert torch.get_num_threads() == threads
    assert random.getstate() == state
    took = [dict(each.card["work"]) for each in (policy, again)]
    assert all(each.pop("cpu_seconds") > 0 for each in took)
    assert took[0] == took[1]
    # Ten episodes of eight queries in each of two rounds, then PPO; the look-ahead refits, and so do paired runs.
    assert took[0]["steps"] == 2 * 10 * 8 + 96
    assert took[0]["refits"] > took[0]["look_ahead_steps"] + took[0]["steps"] > took[0]["steps"]
    # Four episodes of the one data set kept apart, by margin and by each of three stages.
    assert took[0]["validation_steps"] == 4 * 4 * 8
    assert {**policy.card, "work": None} == {**again.card, "work": None}
    assert policy.card["seed"] == 3
    assert other.card["seed"] == 4
    shown(policy, tiny_env, tiny_agent)
    scalars(log, tiny_agent)


def shown(policy: Policy, env: EnvRecipe, agent: TrainedRecipe) -> None:
    """The card tells how the policy came about."""
    card = policy.card
    assert policy.name == "mine"
    assert card["agent_sha256"] == recipes.identity(agent)
    assert card["environment_sha256"] == recipes.identity(env)
    assert set(card["trained_on"]) | set(card["validated_on"]) == set(env.data.names)
    assert not set(card["trained_on"]) & set(card["validated_on"])
    gains = card["validation_gain_over_margin"]
    assert gains["untrained"] == 0
    assert gains[card["stage"]] == max(gains.values())
    assert card["validation_standard_error"]["untrained"] == 0 < card["validation_standard_error"]["imitation"]
    assert card["validation_episodes"] == 4


def scalars(log: Path, agent: TrainedRecipe) -> None:
    """TensorBoard has the loss after each epoch, the ranking after each round, returns over steps, and the settings."""
    events = EventAccumulator(str(log))
    events.Reload()
    steps = {name: [point.step for point in events.Scalars(name)] for name in events.Tags()["scalars"]}
    assert agent.imitation is not None
    epochs, rounds = agent.imitation.epochs, agent.imitation.rounds
    assert steps["imitation/training_loss"] == list(range(1, rounds * epochs + 1))
    assert steps["imitation/gain"] == [epochs * (round_ + 1) for round_ in range(rounds)]
    assert steps["validation/gain_over_margin"] == [0, 1, 2]
    assert steps["reinforcement/mean_return"] == sorted(set(steps["reinforcement/mean_return"])) != []
    assert list((log / "ppo_1").glob("events.*"))
    start = HParamsPluginData.FromString(events.PluginTagToContent("hparams")["_hparams_/session_start_info"])
    given = {name: value.WhichOneof("kind") for name, value in start.session_start_info.hparams.items()}
    assert given["agent.imitation.epochs"] == "number_value"
    assert given["seed"] == "number_value"
    assert {"ended/untrained_gain_over_margin", "ended/ppo_gain_over_margin"} <= set(steps)


@pytest.mark.parametrize(("share", "kept"), [(0.15, 1), (0.4, 2), (0.8, 4)])
def test_validation_data_sets_are_kept_apart(
    share: float, kept: int, tiny_env: EnvRecipe, tiny_agent: TrainedRecipe
) -> None:
    trainer = Trainer(agent=tiny_agent.model_copy(update={"validation": share}), env=tiny_env, seed=0)
    assert len(trainer.validation) == kept
    assert not set(trainer.validation) & set(trainer.training)
    assert set(trainer.validation) | set(trainer.training) == set(tiny_env.data.names)


def test_a_policy_that_scores_records_is_not_trained_on_other_actions(
    tiny_env: EnvRecipe, tiny_agent: TrainedRecipe
) -> None:
    stopping = tiny_env.model_copy(update={"action": tiny_env.action.model_copy(update={"stop": True})})
    with pytest.raises(InvalidRecipeError, match=r"on actions of kind record with sizes = .*, stop = True"):
        Trainer(agent=tiny_agent, env=stopping)


def test_the_seed_decides_which_are_kept_apart(tiny_env: EnvRecipe, tiny_agent: TrainedRecipe) -> None:
    kept = {tuple(Trainer(agent=tiny_agent, env=tiny_env, seed=seed).validation) for seed in range(12)}
    assert len(kept) > 1


@pytest.mark.parametrize("keep", ["best", "last"])
@pytest.mark.parametrize("best", ["untrained", "imitation", "ppo"])
def test_the_stage_of_largest_gain_on_the_validation_data_sets_is_kept_or_the_last(
    best: str,
    keep: str,
    tiny_env: EnvRecipe,
    tiny_agent: TrainedRecipe,
    untrained: Policy,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    trainer = Trainer(agent=tiny_agent.model_copy(update={"keep": keep}), env=tiny_env, seed=0)
    stages = [(name, Policy.untrained(untrained.features, untrained.mixture, name=name)) for name in GAINS]
    seen: set[str] = set()

    def areas(strategy: object, env: EnvRecipe, tasks: list[object], *, device: str) -> torch.Tensor:
        seen.update(task.split.data_set.name for task in tasks)  # type: ignore[attr-defined]
        name = strategy.name  # type: ignore[attr-defined]
        return torch.full((len(tasks),), 0.5 + (0.2 if name == best else GAINS.get(name, 0.0)))

    monkeypatch.setattr("alrl.agents.training.validation.areas", areas)
    chosen, told = trainer._choose(stages)
    assert chosen.name == told["stage"] == (best if keep == "best" else "ppo")
    assert told["validation_gain_over_margin"][best] == pytest.approx(0.2)
    assert seen == set(trainer.validation)


GAINS = {"untrained": 0.0, "imitation": 0.1, "ppo": -0.1}


def test_ranges_of_features_are_taken_from_four_hundred_data_sets_at_most(
    tiny_env: EnvRecipe, tiny_agent: TrainedRecipe, untrained: Policy, monkeypatch: pytest.MonkeyPatch
) -> None:
    trainer = Trainer(agent=tiny_agent, env=tiny_env, seed=0)
    trainer.training = [f"synthetic/tiny-{i}" for i in range(1000)]
    watched: list[list[str]] = []

    def drawn(names: list[str], *_: int) -> list[object]:
        watched.append(list(names))
        return []

    monkeypatch.setattr(trainer, "_tasks", drawn)
    monkeypatch.setattr("alrl.agents.training.training.watch_tasks", lambda *_, **__: None)
    monkeypatch.setattr("alrl.agents.training.training.guarded", lambda policy, *_: policy)
    assert trainer._guarded(untrained) is untrained
    assert len(set(watched[0])) == 400
    assert set(watched[0]) < set(trainer.training)
