"""Oracles see hidden labels, are found by no strategy's name, and are ranked nowhere."""

from __future__ import annotations

import dataclasses
import json
from functools import partial
from pathlib import Path

import pytest
import torch

from alrl.agents.look_ahead.oracle import BoSS, GreedyOracle
from alrl.agents.players import find_strategy
from alrl.agents.recipe import load_agent_recipe
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidDataError, InvalidQueryError, InvalidRecipeError
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.simulate import simulate
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.recipes import parse
from alrl.reports.report import _summaries
from alrl.reports.stored_study import read_study
from alrl.reports.summary import summarise
from alrl.reports.tables import aubc
from alrl.strategies import strategies
from alrl.studies.runner import Runner
from alrl.studies.store.store import Store
from alrl.studies.study import StudyRecipe

NAME = "greedy-oracle (upper bound)"


def loop(seeds=(0, 1)):
    data = load_data_set("synthetic/tiny-0")
    return Simulator([draw_task(data, [seed]) for seed in seeds], SoftmaxRegression(), labels=6)


@pytest.mark.parametrize("part", ["test", "validation"])
def test_it_queries_the_record_after_which_the_learner_is_best(part):
    simulator = loop()
    picks = GreedyOracle(part=part, likelihood=0.0, iterations=500).peek(simulator)
    reached = []
    for record in range(simulator.view.exists.shape[1]):
        tried = loop()
        free = tried.view.available[:, record]
        tried.step(torch.full((2, 1), record), active=free)
        reached.append(tried.outcome(part).accuracy.masked_fill(~free, -1))
    simulator.step(picks)
    best = torch.stack(reached, 1).max(1).values
    assert simulator.outcome(part).accuracy.tolist() == pytest.approx(best.tolist(), abs=1e-6)


def test_it_declares_that_it_peeks_and_no_name_of_a_strategy_stands_for_it():
    assert load_agent_recipe("greedy-oracle").build().peeks
    assert not any(kind.peeks for kind in strategies().values())
    assert "greedy-oracle" not in strategies()
    for find in (find_strategy, partial(simulate, "iris", labels=2, seeds=1)):
        with pytest.raises(InvalidRecipeError, match=r"is an oracle, which sees hidden labels"):
            find("greedy-oracle")


def test_a_view_gives_it_nothing_to_choose_by():
    with pytest.raises(InvalidQueryError, match="sees hidden labels, which no view holds"):
        GreedyOracle().select(loop().view)
    with pytest.raises(InvalidQueryError, match="does not declare that it peeks"):
        find_strategy("margin").peek(loop())


def test_it_beats_chance_by_a_wide_margin_on_the_very_part_that_it_looks_at():
    how = {"labels": 8, "seeds": 4, "split": {"pool": 0.4, "validation": 0.3, "test": 0.3}}
    oracle = simulate("wine", GreedyOracle(candidates=40, iterations=10), **how)
    chance = simulate("wine", "random", **how)
    assert oracle.strategy == "greedy-oracle"
    assert oracle.aubc.mean() > chance.aubc.mean() + 0.02


def test_boss_queries_the_proposed_batch_after_which_the_learner_is_best():
    boss = BoSS(rules=["margin", "random", "core-set"], proposals=2, likelihood=0.0, iterations=500)
    simulator = loop()
    proposed = boss._proposed(simulator.view, 3)
    assert proposed.shape == (2, 6, 3)
    reached = []
    for batch in proposed.unbind(1):
        tried = loop()
        tried.step(batch)
        reached.append(tried.outcome("test").accuracy)
    simulator.step(boss.peek(loop(), 3))
    assert simulator.outcome("test").accuracy.tolist() == pytest.approx(torch.stack(reached, 1).amax(1).tolist())


def test_boss_chooses_in_an_episode_alone_what_it_chooses_among_others():
    both, boss = loop(seeds=(0, 5)), BoSS(rules=["margin", "typiclust"], proposals=2, iterations=5)
    both.provide(boss.needs)
    picks = boss.peek(both, 2)
    for place, seed in enumerate((0, 5)):
        single = loop(seeds=(seed,))
        single.provide(boss.needs)
        assert boss.peek(single, 2).tolist() == picks[place : place + 1].tolist()


def test_boss_is_an_agent_of_studies_and_above_the_rules_that_it_follows():
    how = {"labels": 8, "batch": 4, "seeds": 4, "split": {"pool": 0.4, "validation": 0.3, "test": 0.3}}
    boss = simulate("wine", BoSS(rules=["margin", "random"], proposals=4, iterations=10), **how)
    assert boss.aubc.mean() > max(simulate("wine", rule, **how).aubc.mean() for rule in ("margin", "random"))
    assert load_agent_recipe("boss").build() == BoSS()


@pytest.mark.parametrize("wrong", [{"rules": []}, {"rules": ["ucb"]}, {"proposals": 0}, {"share": 0.0}, {"part": "no"}])
def test_settings_of_boss_that_make_no_sense_are_refused(wrong):
    with pytest.raises(InvalidRecipeError):
        BoSS(**wrong)


def test_a_batch_is_distinct_and_ends_with_the_pool():
    simulator = loop()
    most = int(simulator.view.available.sum(1).max())
    picks = GreedyOracle(candidates=5, iterations=2).peek(simulator, most + 3)
    for episode, row in enumerate(picks.tolist()):
        left = simulator.view.available[episode].nonzero()[:, 0].tolist()
        assert sorted(row[: len(left)]) == left
        assert set(row[len(left) :]) == {-1}
    with pytest.raises(InvalidQueryError, match="batch of 0 records"):
        GreedyOracle().peek(simulator, 0)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"part": "pool"}, r"part = 'pool' given; allowed: test, validation"),
        ({"candidates": 0}, r"candidates = 0 given"),
        ({"horizon": 0}, r"horizon = 0 given"),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(InvalidRecipeError, match=message):
        GreedyOracle(**wrong)


def study(**settings):
    given = {"title": "t", "data": ["iris"], "agents": ["margin", "random", "greedy-oracle"], "labels": 2, "seeds": 2}
    return parse(StudyRecipe, {**given, **settings}, where="test")


def test_a_study_that_names_it_marks_it_in_every_table_and_ranks_it_nowhere(tmp_path: Path):
    ran = Runner(study=study(), folder=tmp_path, workers=1).run()
    assert ran.failed == 0
    assert ran.upper_bounds == (NAME,)
    assert json.loads((tmp_path / "study.json").read_text())["upper_bounds"] == [NAME]
    with Store(tmp_path / "results.sqlite", read_only=True) as store:
        (comparison,) = Comparison.groups(store.curves(ran.ids))
    (summary, *_) = _summaries(comparison, read_study(tmp_path / "study.json"))
    markdown = aubc.area_table(summary).to_markdown()
    assert f"| data set | margin | random | {NAME} |" in markdown
    row = next(line for line in markdown.splitlines() if line.startswith("| mean rank"))
    assert row.endswith("| – |")
    latex = aubc.area_table(summary).to_latex()
    # A header of LaTeX is broken into lines.
    assert NAME in latex.replace(r" \\ ", " ").replace("greedy- ", "greedy-")
    for text in (markdown, latex):
        assert "Upper bounds see hidden labels" in text
    assert NAME in aubc.csv_table([summary])


def test_it_cannot_be_what_a_study_is_about(tmp_path: Path):
    wanted = study(primary=["greedy-oracle", "margin"])
    with pytest.raises(InvalidRecipeError, match="which sees hidden labels: no competitor"):
        Runner(study=wanted, folder=tmp_path, workers=1).run()


def test_without_the_upper_bound_every_rank_and_test_is_the_same():
    names = ("margin", "random", "badge")
    sets = ("iris", "wine", "digits", "breast_cancer", "synthetic/tiny-0", "synthetic/tiny-1")
    curves = [made(data, name, place + spot) for place, data in enumerate(sets) for spot, name in enumerate(names)]
    plain = summarise(Comparison(curves))
    bound = [dataclasses.replace(made(data, "margin", 1), strategy=NAME, accuracy=[[0.9, 1.0]] * 3) for data in sets]
    marked = summarise(Comparison([*bound, *curves]), upper_bounds=[NAME])
    for field in ("ranks", "friedman", "wilcoxon", "elo", "improvability", "ranked", "reference"):
        assert getattr(marked, field) == getattr(plain, field)
    assert marked.strategies == (*plain.strategies, NAME)
    assert not any(marked.cells[data, NAME].best for data in sets)
    assert {key: cell.best for key, cell in marked.cells.items() if key[1] != NAME} == {
        key: cell.best for key, cell in plain.cells.items()
    }
    assert NAME in aubc.area_table(marked).to_markdown()
    unmarked = summarise(Comparison([*bound, *curves]))
    assert unmarked.ranks[NAME] == 1
    with pytest.raises(InvalidDataError, match="was not run"):
        summarise(Comparison([*bound, *curves]), upper_bounds=[NAME], reference=NAME)


def made(data, strategy, number):
    from alrl.evaluation.curves import Curves

    end = 0.5 + (7 * number % 5) / 20
    accuracy = [[0.4, end + seed / 100] for seed in range(3)]
    return Curves(
        data_set=data,
        strategy=strategy,
        learner="softmax-regression",
        batch=1,
        seeds=(0, 1, 2),
        accuracy=accuracy,
        balanced_accuracy=accuracy,
        picks=[[0]] * 3,
        first=[3] * 3,
    )
