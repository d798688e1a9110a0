"""Capability cards: gains by hand, data sets as units, the radar, and a card of an agent that plays what is missing."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from alrl.agents.policy_file import load_policy, save_policy
from alrl.errors import InvalidRecipeError
from alrl.evaluation.comparison import Comparison
from alrl.evaluation.curves import Curves
from alrl.evaluation.statistics import Estimate
from alrl.recipes import parse
from alrl.reports.capability_card import capability_card
from alrl.reports.figures import styles
from alrl.reports.figures.canvas import COLUMN, TEXT
from alrl.reports.figures.capabilities import radar
from alrl.reports.tables.capabilities import CapabilityScore, capability_scores, capability_table
from alrl.studies.loading import load_study
from alrl.studies.study import ConditionRecipe, StudyRecipe

TINY: dict[str, Any] = {
    "title": "tiny",
    "data": ["iris", "wine"],
    "agents": ["entropy", "random", "margin"],
    "primary": ["entropy", "margin"],
    "labels": 3,
    "seeds": 2,
    "split": {"max_pool": 40, "max_validation": 10, "max_test": 40},
    "conditions": [
        {"name": "ordinary"},
        {"name": "neighbours", "learner": {"kind": "nearest-neighbours"}},
        {"name": "batches", "batch": 2, "labels": 4, "data": ["iris"]},
    ],
}


def curves(data_set: str, strategy: str, condition: str, levels: tuple[float, ...], batch: int = 1) -> Curves:
    """One label bought; accuracy stays at one level a seed, which is its area."""
    accuracy = np.repeat(np.array(levels)[:, None], 2, 1)
    return Curves(
        data_set=data_set,
        strategy=strategy,
        learner="softmax-regression",
        condition=condition,
        batch=batch,
        seeds=tuple(range(len(levels))),
        accuracy=accuracy,
        balanced_accuracy=accuracy,
        picks=np.zeros((len(levels), 1), dtype=np.int64),
        first=np.full(len(levels), 3),
    )


def scores() -> list[CapabilityScore]:
    """Six data sets under three conditions: gains of 1 to 6 points, of 1 point each, and on one data set alone."""
    every = []
    for place in range(6):
        gain = (place + 1) / 100
        every += [curves(f"d{place}", "margin", "noise", (0.5, 0.6)), curves(f"d{place}", "margin", "wide", (0.5, 0.6))]
        every.append(curves(f"d{place}", "entropy", "noise", (0.5 + gain, 0.6 + gain)))
        every.append(curves(f"d{place}", "entropy", "wide", (0.5, 0.62)))
    every += [curves("d0", "margin", "batches", (0.5, 0.6), 5), curves("d0", "entropy", "batches", (0.4, 0.6), 5)]
    return capability_scores(Comparison.groups(every), "margin")


def test_a_score_is_the_mean_over_data_sets_with_an_interval_over_them() -> None:
    noise, wide, batches = scores()
    assert (noise.capability, noise.strategy, noise.better, noise.data_sets) == ("noise", "entropy", 6, 6)
    # Student's interval of 1 to 6: 3.5 ± 2.5706 x 1.8708 / √6.
    assert np.allclose([noise.gain.value, noise.gain.low, noise.gain.high], [3.5, 1.5367, 5.4633], atol=1e-4)
    assert np.allclose([wide.gain.value, wide.gain.low, wide.gain.high], 1.0)
    assert batches.gain.value == pytest.approx(-5.0)
    assert np.isnan(batches.gain.low)
    assert (batches.better, batches.batch) == (0, 5)


def test_the_table_has_a_row_a_capability_and_the_mean_of_all() -> None:
    rows = list(capability_table(scores(), "margin").markdown_rows())
    assert rows[2] == "| noise | 1, 1 | **+3.50 (+1.54 to +5.46), 6 of 6** |"
    assert rows[4] == "| batches | 1, 5 | -5.00, 0 of 1 |"
    assert rows[5] == "| mean of all |  | -0.17 |"


def test_the_reference_is_the_ring_of_zero_and_intervals_stand_on_the_subject() -> None:
    figure = radar(scores(), "entropy", "margin", mark="INCOMPLETE")
    (axes,) = figure.axes
    lines = [np.asarray(line.get_ydata(), dtype=float) for line in axes.lines]
    assert np.allclose(lines[0], [3.5, 1, -5, 3.5])
    assert [each.shape for each in lines[1:3]] == [(2,), (2,)]
    assert np.allclose(lines[3], 0)
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["entropy", "margin (0)"]
    assert figure.legends[0].get_title().get_text().startswith("INCOMPLETE")


def test_on_a_radar_of_many_strategies_have_the_colours_of_their_study_and_the_rest_one_entry() -> None:
    rules = [f"rule {place}" for place in range(20)]
    gain = Estimate(value=1.0, low=0.5, high=1.5)
    given = [
        CapabilityScore(
            capability=capability, strategy=name, gain=gain, better=6, data_sets=6, labels=1, batch=1, seeds=2
        )
        for capability in ("clean", "noise", "batches")
        for name in ("entropy", "random", *rules)
    ]
    looks = styles(["entropy", "margin", "random", *rules], "entropy", reference="margin")
    figure = radar(given, "entropy", "margin", looks=looks)
    entries = dict(
        zip([text.get_text() for text in figure.legends[0].get_texts()], figure.legends[0].get_lines(), strict=True)
    )
    assert list(entries) == ["entropy", "rule 0", "rule 1", "rule 2", "rule 3", "random", "16 others", "margin (0)"]
    assert all(entries[name].get_color() == looks[name].colour for name in ("entropy", "rule 0", "random"))
    assert entries["margin (0)"].get_color() == looks["margin"].colour


@pytest.mark.parametrize("width", [TEXT, COLUMN])
def test_long_names_of_conditions_stand_whole_around_a_radar(width: float) -> None:
    names = [
        "late labels, multilayer-perceptron-committee, batch 10",
        "noisy annotators, calibrated-random-forest-classifier, batch 10",
        "imbalanced, softmax-regression, batch 1",
        "many classes",
        "out-of-domain, convolutional-network, batch 10",
    ]
    gain = Estimate(value=1.0, low=0.5, high=1.5)
    given = [
        CapabilityScore(
            capability=name, strategy="entropy", gain=gain, better=6, data_sets=6, labels=1, batch=1, seeds=2
        )
        for name in names
    ]
    figure = radar(given, "entropy", "margin", width=width)
    figure.draw_without_rendering()
    (axes,) = figure.axes
    labels = axes.get_xticklabels()
    assert [each.get_text().replace("-\n", "-").replace("\n", " ") for each in labels] == names
    legend = figure.legends[0].get_window_extent()
    for box in (label.get_window_extent() for label in labels):
        assert min(box.x0, box.y0) >= 0
        assert box.x1 <= figure.bbox.width
        assert not box.overlaps(legend)
    assert axes.get_window_extent().width > 0.4 * figure.bbox.width


def test_a_condition_has_its_own_data_learner_and_budget_and_others_keep_their_identity() -> None:
    study = parse(StudyRecipe, TINY, where="tests")
    played = [(each.data_set, each.condition, each.learner.kind, each.labels, each.batch) for each in study.settings()]
    assert played == [
        ("iris", "ordinary", "softmax-regression", 3, 1),
        ("iris", "neighbours", "nearest-neighbours", 3, 1),
        ("iris", "batches", "softmax-regression", 4, 2),
        ("wine", "ordinary", "softmax-regression", 3, 1),
        ("wine", "neighbours", "nearest-neighbours", 3, 1),
    ]
    assert not {"data", "learner", "labels", "batch"} & set(ConditionRecipe(name="clean").model_dump())


def test_a_card_plays_what_no_other_card_has_played(tmp_path: Path) -> None:
    study = parse(StudyRecipe, TINY, where="tests")
    first = capability_card("entropy", study, folder=tmp_path, workers=1)
    assert first.played == 15
    assert [path.relative_to(tmp_path).as_posix() for path in first.files] == [
        f"entropy/capabilities{ending}" for ending in (".md", ".csv", ".png", ".pdf", "-column.png", "-column.pdf")
    ]
    second = capability_card("least-confidence", study, against=["random"], folder=tmp_path, workers=1)
    assert second.played == 5
    assert second.table.header == ("capability", "labels, batch", "least-confidence", "random")


def test_what_a_policy_was_trained_on_is_left_out_of_its_card(tmp_path: Path) -> None:
    general = load_policy("general")
    seen = dataclasses.replace(general, card={**general.card, "trained_on": ["wine"]})
    folder = save_policy(seen, tmp_path / "own")
    study = parse(StudyRecipe, {**TINY, "labels": 1, "conditions": TINY["conditions"][:1]}, where="tests")
    card = capability_card(str(folder), study, against=[], folder=tmp_path / "cards", workers=1)
    assert card.left_out == ("wine",)
    assert card.played == 2
    both = dataclasses.replace(general, card={**general.card, "trained_on": ["wine", "iris"]})
    with pytest.raises(InvalidRecipeError, match="trained on every data set of the study"):
        capability_card(str(save_policy(both, tmp_path / "both")), study, folder=tmp_path / "cards", workers=1)


def test_the_shipped_study_has_ten_capabilities_of_six_data_sets_that_the_shipped_policy_never_saw() -> None:
    study = load_study("capabilities")
    sets: dict[str, int] = {}
    for setting in study.settings():
        sets[setting.condition] = sets.get(setting.condition, 0) + 1
    assert list(sets.values()) == [6] * 10
