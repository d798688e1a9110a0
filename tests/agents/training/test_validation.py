"""Validation: which stage is kept, and how sure its gain is."""

from __future__ import annotations

import pytest
import torch

from alrl.agents.training.validation import judged, kept_stage, standard_error
from alrl.data.synthetic import synthetic
from alrl.data.task import Task, draw_task

TASKS: list[Task] = [draw_task(synthetic("tiny", number), [seed]) for number in range(4) for seed in range(2)]
"""Two episodes on each of four data sets."""


def test_a_standard_error_has_data_sets_as_units() -> None:
    # Means of the data sets: 1, 2, 3, 4; their standard deviation is 1.2910.
    differences = torch.tensor([0.0, 2.0, 2.0, 2.0, 1.0, 5.0, 4.0, 4.0])
    assert standard_error(differences, TASKS) == pytest.approx(1.29099 / 2, abs=1e-5)
    assert standard_error(differences[:2], TASKS[:2]) == pytest.approx(1.0)
    assert standard_error(differences[:1], TASKS[:1]) == float("inf")


def test_a_stage_is_proved_by_two_standard_errors_over_the_one_kept_before() -> None:
    start = torch.zeros(8)
    doubtful = torch.tensor([-2.0, -2.0, 5.0, 5.0, -1.0, -1.0, 3.0, 3.0])
    sure = torch.tensor([1.0, 1.0, 1.1, 1.1, 0.9, 0.9, 1.0, 1.0])
    assert kept_stage([start, sure, doubtful], TASKS, "best") == 2
    assert kept_stage([start, sure, doubtful], TASKS, "proved") == 1
    assert kept_stage([start, doubtful], TASKS, "proved") == 0
    assert kept_stage([start, sure, doubtful, sure + 0.1], TASKS, "proved") == 3
    assert kept_stage([start, sure, start], TASKS, "last") == 2


def test_a_card_tells_gains_their_errors_and_the_episodes() -> None:
    stages = judged({"untrained": torch.zeros(8), "imitation": torch.full((8,), 0.5)}, TASKS, 1)
    assert stages == {
        "stage": "imitation",
        "validation_gain_over_margin": {"untrained": 0.0, "imitation": 0.5},
        "validation_standard_error": {"untrained": 0.0, "imitation": 0.0},
        "validation_episodes": 8,
    }
