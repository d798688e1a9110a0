"""Search for weights: it finds what is better, and what is valued side by side is valued as if alone."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor

from alrl.agents.networks.weighted import WEIGHED, LinearScorer
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training import search as module
from alrl.agents.training.search import gains, search
from alrl.agents.training.training import Trainer
from alrl.agents.training_recipes import SearchRecipe
from alrl.envs.recipe import EnvRecipe
from alrl.errors import InvalidRecipeError, PolicyFileError
from alrl.evaluation.simulate import simulate
from alrl.recipes import parse

BEST = torch.tensor([-0.9, 0.6, 0.0, -0.3, 0.2, 0.0])


def agent(**settings: Any) -> TrainedRecipe:
    given = {"population": 6, "generations": 2, "episodes": 3, **settings}
    return parse(TrainedRecipe, {"kind": "trained", "keep": "last", "search": given}, where="test")


@pytest.fixture
def trainer(tiny_env: EnvRecipe) -> Trainer:
    return Trainer(agent=agent(), env=tiny_env, seed=2, workers=1)


def made_up(*args: Any, **_: Any) -> Tensor:
    """Worth more the nearer the weights are to the best."""
    tried: Tensor = args[3]
    return 0.5 - (tried - BEST).norm(dim=1)


@pytest.mark.parametrize(("kind", "near"), [("random", 0.6), ("evolution", 0.25)])
def test_weights_near_the_best_are_found(
    kind: Any, near: float, trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "gains", made_up)
    settings = SearchRecipe(kind=kind, population=40, generations=10)
    answer: list[float] = []
    result = search(trainer.untrained(), trainer.env, settings, lambda _: [], seed=1, progress=answer.append)
    assert isinstance(result.network, LinearScorer)
    assert float((result.network.weight - BEST).norm()) < near < float((_start(trainer) - BEST).norm())
    assert len(answer) == 10


def test_at_random_nothing_worse_than_margin_is_kept(trainer: Trainer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "gains", lambda *args, **_: -args[3].norm(dim=1))
    result = search(trainer.untrained(), trainer.env, SearchRecipe(kind="random"), lambda _: [], seed=1)
    assert isinstance(result.network, LinearScorer)
    assert result.network.weight.equal(_start(trainer))


def _start(trainer: Trainer) -> Tensor:
    network = trainer.untrained().network
    assert isinstance(network, LinearScorer)
    return network.weight


def test_weightings_side_by_side_are_worth_what_they_are_worth_alone(
    trainer: Trainer, monkeypatch: pytest.MonkeyPatch
) -> None:
    policy, env = trainer.untrained(), trainer.env
    tasks = [trainer.game.source.draw([7, number], "synthetic/tiny-1") for number in range(3)]
    generator = torch.Generator().manual_seed(0)
    tried = torch.cat([_start(trainer)[None], torch.randn(4, len(WEIGHED), generator=generator)])
    together = gains(policy, env, tasks, tried)
    # The first plays margin sampling's records: its area differs by nothing.
    assert together[0] == 0
    assert together[1:].unique().numel() > 1
    monkeypatch.setattr(module, "_TOGETHER", 1)
    assert torch.cat([gains(policy, env, tasks, each[None]) for each in tried]).allclose(together, atol=1e-6)


@pytest.mark.parametrize("kind", ["random", "evolution"])
def test_a_search_is_a_function_of_its_seed_and_what_it_finds_plays_again(
    kind: str, tiny_env: EnvRecipe, tmp_path: Path
) -> None:
    recipe = agent(kind=kind, spread=2.0)
    first, again = (Trainer(agent=recipe, env=tiny_env, seed=2, workers=1).train("found") for _ in range(2))
    other = Trainer(agent=recipe, env=tiny_env, seed=3, workers=1).train("found")
    assert first.fingerprint == again.fingerprint != other.fingerprint
    assert first.card["stage"] == "search"
    # Six weightings and margin, three episodes of eight queries, two generations.
    assert first.card["work"]["steps"] == 7 * 3 * 8 * 2
    loaded = load_policy(save_policy(first, tmp_path / kind))
    assert loaded.fingerprint == first.fingerprint
    both, same = (simulate("iris", each, labels=5, seeds=2).picks for each in (first, loaded))
    assert (both == same).all()


def test_files_of_weights_that_do_not_fit_are_refused(trainer: Trainer, tmp_path: Path) -> None:
    policy = trainer.untrained()
    cases: Sequence[tuple[Tensor, Tensor, str]] = (
        (torch.zeros(2), torch.tensor([1, 2, 3]), "one weight for each of its 3 columns"),
        (torch.tensor([torch.nan]), torch.tensor([1]), "weights that are not finite"),
        (torch.zeros(1), torch.tensor([99]), r"columns \[99\] given of"),
        (torch.zeros(1), torch.tensor([0.5]), "columns of what is weighed are missing"),
    )
    for weight, columns, message in cases:
        network = LinearScorer(policy.features, [1])
        network.weight, network.columns = weight, columns
        folder = save_policy(dataclasses.replace(policy, network=network), tmp_path / "wrong")
        with pytest.raises(PolicyFileError, match=message):
            load_policy(folder)


def test_what_is_not_linear_is_not_searched_for(trainer: Trainer, untrained: Policy) -> None:
    with pytest.raises(InvalidRecipeError, match="a set-scorer is not searched for"):
        search(untrained, trainer.env, SearchRecipe(), lambda _: [], seed=0)


def test_search_stands_alone_and_weighs_what_is_observed(tiny_env: EnvRecipe) -> None:
    with pytest.raises(InvalidRecipeError, match="search stands alone"):
        parse(TrainedRecipe, {"kind": "trained", "search": {}, "imitation": {}}, where="test")
    with pytest.raises(InvalidRecipeError, match='unknown observed feature of a record "outlierness"'):
        Trainer(agent=agent(features=["margin", "outlierness"]), env=tiny_env)
