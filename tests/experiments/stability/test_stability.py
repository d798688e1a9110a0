"""Stability: the three measures by hand, and the same picks of the same rule in three libraries."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from alrl.evaluation.curves import Curves
from experiments.stability import __main__ as command
from experiments.stability.measures import jaccard, rank_correlation, stability
from experiments.stability.page import figure, table
from experiments.stability.variants import BASE, VARIANTS


def curves(level: float, picks: list[int], data_set: str = "iris") -> Curves:
    accuracy = np.full((1, len(picks) + 1), level)
    return Curves(
        data_set=data_set,
        strategy="badge",
        learner="softmax-regression",
        batch=2,
        seeds=(0,),
        accuracy=accuracy,
        balanced_accuracy=accuracy,
        picks=np.array([picks]),
        first=np.array([3]),
    )


def test_shared_picks_are_those_of_both_among_those_of_either_after_each_round() -> None:
    assert jaccard([[1, 2, 3, 4]], [[2, 5, 4, 3]], 2).round(4).tolist() == [[0.3333, 0.6]]
    assert jaccard([[1, -1]], [[1, -1]], 2).tolist() == [[1.0]]
    assert jaccard([[-1, -1]], [[-1, -1]], 2).tolist() == [[1.0]]


def test_a_change_is_measured_over_data_sets_and_picks_only_on_the_same_pool() -> None:
    pairs = [(curves(0.5, [1, 2]), curves(0.6, [1, 3])), (curves(0.5, [1, 2], "wine"), curves(0.8, [1, 2], "wine"))]
    measured = stability("library", "badge", pairs, same_pool=True)
    assert measured.metric.value == pytest.approx(20.0)
    assert measured.picks == pytest.approx((1 / 3 + 1) / 2)
    assert np.isnan(stability("other seeds", "badge", pairs, same_pool=False).picks)


def test_rankings_agree_wholly_not_at_all_or_in_part() -> None:
    base = {"iris": [0.9, 0.8, 0.7], "wine": [0.9, 0.8, 0.7]}
    assert rank_correlation(base, base).value == pytest.approx(1.0)
    assert rank_correlation(base, {name: each[::-1] for name, each in base.items()}).value == pytest.approx(-1.0)
    assert rank_correlation(base, {"iris": [0.9, 0.8, 0.7], "wine": [0.7, 0.8, 0.9]}).value == pytest.approx(0.0)


def test_every_variant_but_the_base_is_a_row_of_the_table_and_the_figure() -> None:
    pairs = [(curves(0.5, [1, 2]), curves(0.6, [1, 3]))]
    names = [variant.name for variant in VARIANTS if variant.name != BASE]
    results = [stability(name, rule, pairs, same_pool=True) for name in names for rule in ("badge", "margin")]
    taus = {name: rank_correlation({"iris": [0.9, 0.8]}, {"iris": [0.9, 0.8]}) for name in names}
    written = table(results, taus, "small")
    assert [row[0] for row in written.foot] == [f"{name}: ranking" for name in names]
    assert len(written.rows) == 2 * len(names)
    assert [text.get_text() for text in figure(results, taus).axes[0].get_yticklabels()] == names


def test_margin_picks_the_same_records_in_three_libraries_and_cells_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    libraries = tuple(each for each in VARIANTS if each.name in {BASE, "scikit-activeml", "modAL"})
    monkeypatch.setattr(command, "VARIANTS", libraries)
    monkeypatch.setattr(command, "RULES", ("margin",))
    settings = {"seeds": 2, "labels": 4, "batch": 2}
    played = command.played(tmp_path / "curves.jsonl", ["iris"], settings)
    ours, *theirs = (played[each.name, "iris", "margin"].picks.tolist() for each in libraries)
    assert theirs == [ours, ours]

    def fail(*arguments: object, **settings: object) -> None:
        raise AssertionError("a cell that is kept was played again")

    monkeypatch.setattr(command, "simulate", fail)
    again = command.played(tmp_path / "curves.jsonl", ["iris"], settings)
    assert again[BASE, "iris", "margin"].picks.tolist() == ours
    assert np.array_equal(again["modAL", "iris", "margin"].aubc, played["modAL", "iris", "margin"].aubc)
