"""Picks that are seen again."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from alrl.data.sources import load_data_set
from alrl.errors import InvalidDataError
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.evaluation.simulate import DEFAULT_SPLIT, simulate
from alrl.learners import SoftmaxRegression
from alrl.reports.picks.picks import see_picks
from alrl.reports.picks.replay import Replay, project, replay
from alrl.reports.summary import summarise
from alrl.strategies import make_strategy

RULES = ("margin", "entropy", "random")


@pytest.fixture(scope="module")
def played() -> dict[str, Curves]:
    return {name: simulate("wine", name, labels=6, batch=2, seeds=3) for name in RULES}


def seen_again(curves: Curves, *rules: str) -> Replay:
    result = {name: make_strategy(name) for name in rules}
    return replay(curves, load_data_set("wine"), learner=SoftmaxRegression(), split=DEFAULT_SPLIT, rules=result)


@pytest.mark.parametrize("name", RULES)
def test_a_rule_overlaps_with_its_own_picks_wholly(name: str, played: dict[str, Curves]) -> None:
    result = seen_again(played[name], name, "core-set")
    assert (result.overlap[name] == 1).all()
    assert not (result.overlap["core-set"] == 1).all()


@pytest.mark.parametrize(
    "settings",
    [
        {"annotator": {"kind": "noisy", "rate": 0.4}},
        {"annotator": {"kind": "delayed", "least": 1, "most": 2}},
        {"annotator": {"kind": "abstaining", "rate": 0.3}},
        {"contamination": [{"kind": "label-noise", "rate": 0.3}]},
        {"contamination": [{"kind": "duplicates", "share": 0.3}, {"kind": "out-of-domain", "share": 0.3}]},
    ],
)
def test_under_any_condition_a_rule_overlaps_with_its_own_picks_wholly(settings: dict[str, Any]) -> None:
    curves = simulate("wine", "margin", labels=12, batch=2, seeds=3, **settings)
    rules = {"margin": make_strategy("margin")}
    again = replay(
        curves, load_data_set("wine"), learner=SoftmaxRegression(), split=DEFAULT_SPLIT, rules=rules, **settings
    )
    assert (again.overlap["margin"] == 1).all()


def test_a_study_shows_picks_under_the_settings_of_its_cells() -> None:
    annotator = {"kind": "noisy", "rate": 0.4}
    curves = [simulate("wine", name, labels=8, seeds=3, annotator=annotator) for name in ("margin", "random")]
    cells = [
        {
            "data_set": "wine",
            "agent": each.strategy,
            "fingerprint": load_data_set("wine").fingerprint,
            "learner": {"kind": "softmax-regression"},
            "split": DEFAULT_SPLIT,
            "annotator": annotator,
        }
        for each in curves
    ]
    comparison = Comparison(curves)
    picks = see_picks(comparison, summarise(comparison, emphasis="margin", reference="random"), cells)
    assert not picks.left_out
    assert (picks.own[0].overlap["margin"] == 1).all()


def test_margin_picks_records_of_small_margin_and_the_pool_is_average(played: dict[str, Curves]) -> None:
    result = seen_again(played["margin"])
    rank = result.features.index("margin-rank")
    assert result.picked.shape == result.others.shape == (3, 6, len(result.features))
    assert (result.picked[..., rank] < 0.05).all()
    assert 0.3 < result.others[..., rank].mean() < 0.7


def test_a_rule_that_the_learner_cannot_serve_is_left_out(played: dict[str, Curves]) -> None:
    assert set(seen_again(played["margin"], "margin", "vote-entropy").overlap) == {"margin"}


def test_picks_of_another_split_are_refused(played: dict[str, Curves]) -> None:
    with pytest.raises(InvalidDataError, match="is not in that seed's pool"):
        replay(
            played["margin"],
            load_data_set("wine"),
            learner=SoftmaxRegression(),
            split={**DEFAULT_SPLIT, "pool": 0.3, "max_pool": 30},
            rules={},
        )


def test_the_projection_keeps_most_variance_and_says_who_picked_what(played: dict[str, Curves]) -> None:
    result = project([played["margin"], played["random"]], load_data_set("wine"), split=DEFAULT_SPLIT)
    assert result.seed == 0
    assert result.points.shape == (89, 2)
    assert np.allclose(result.points.mean(0), 0, atol=1e-6)
    assert 0.4 < result.explained < 0.8
    assert {name: len(picks) for name, picks in result.picks.items()} == {"margin": 6, "random": 6}
    assert not set(result.first) & set(result.picks["margin"])


def cells_of(played: dict[str, Curves]) -> list[dict[str, object]]:
    return [
        {
            "data_set": "wine",
            "agent": name,
            "fingerprint": load_data_set("wine").fingerprint,
            "learner": {"kind": "softmax-regression"},
            "split": dict(DEFAULT_SPLIT),
        }
        for name in played
    ]


def test_a_study_is_seen_again_with_all_its_rules(played: dict[str, Curves]) -> None:
    comparison = Comparison(played.values())
    result = see_picks(comparison, summarise(comparison, emphasis="entropy"), cells_of(played))
    assert result.subject == "entropy"
    assert [(each.strategy, sorted(each.overlap)) for each in result.replays] == [
        ("entropy", ["entropy", "margin", "random"]),
        ("margin", []),
    ]
    assert [each.data_set for each in result.projections] == ["wine"]
    assert result.left_out == {}


def test_what_cannot_be_seen_again_says_why(played: dict[str, Curves]) -> None:
    comparison = Comparison(played.values())
    summary = summarise(comparison)
    for change, reason in (
        ({"fingerprint": "other"}, "not the same data any more"),
        ({"data_set": "elsewhere"}, "does not say how wine was played"),
        ({"protocol": "lu2023"}, "splits of its own"),
    ):
        result = see_picks(comparison, summary, [{**cell, **change} for cell in cells_of(played)])
        assert result.replays == ()
        assert reason in result.left_out["wine"]
    lost = Comparison([dataclasses.replace(each, data_set="nowhere") for each in played.values()])
    cells = [{**cell, "data_set": "nowhere"} for cell in cells_of(played)]
    assert "nowhere" in see_picks(lost, summarise(lost), cells).left_out["nowhere"]
