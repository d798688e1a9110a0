"""What is said before a label is bought."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import alrl
from alrl.projects import Project, fitting
from alrl.projects.models import FittedRound, LearnerModel
from alrl.projects.outlook import batch_for, first_size
from alrl.projects.records.pool import Pool
from tests.projects.conftest import table

Make = Callable[..., Project]


def test_an_outlook_needs_no_label_and_writes_nothing(make: Make) -> None:
    project = make(prices=alrl.Prices(label=0.5, hour=2.0), labels=40)
    number = project.state.number
    result = project.outlook()
    assert project.state.number == number
    assert (result.records, result.classes, result.labels, result.first) == (60, 2, 40, 10)
    assert result.rounds * result.batch >= 40
    assert result.label_money == 20.0
    assert result.everything == 30.0
    assert result.pays
    assert "margin is a rule, which was not trained" in result.sentences()[-1]


def test_a_round_is_measured_once_its_code_is_loaded(make: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    fitted: list[int] = []

    class SlowAtFirst(LearnerModel):
        def fit(self, pool: Pool, at: Any, codes: Any, classes: int) -> FittedRound:
            time.sleep(0.0 if fitted else 0.5)
            fitted.append(len(at))
            return FittedRound(probabilities=np.zeros((pool.records, classes), np.float32), seconds=0, record_epochs=0)

        def out_of_fold(self, pool: Pool, at: Any, codes: Any, classes: int, fold: Any) -> Any:
            return np.zeros((len(at), classes), np.float32)

    monkeypatch.setattr(fitting, "model_of", lambda *_: SlowAtFirst("ridge"))
    assert make(labels=50).outlook().round_seconds < 0.4
    assert fitted == [40, 50]


def test_a_policy_is_held_against_its_training(make: Make) -> None:
    result = make(strategy="general").outlook()
    assert result.distance is not None
    assert 0 <= result.distance < 0.5
    assert "with clusters in place of classes" in result.distance_words


@pytest.mark.parametrize(
    ("seconds", "settings", "batch"),
    [
        (0.5, {"label": 0.8, "hour": 2.5}, 1),
        (60.0, {"label": 0.8, "hour": 2.5}, 100),
        (0.01, {"label": 0.0, "hour": 9.0}, 200),
    ],
)
def test_slow_or_dear_fits_ask_for_larger_batches(seconds: float, settings: dict[str, Any], batch: int) -> None:
    assert batch_for(1000, seconds, **settings) == batch


def test_more_classes_need_a_larger_first_sample() -> None:
    assert [first_size(classes) for classes in (2, 3, 10, 26)] == [10, 10, 44, 142]


def test_labels_that_the_table_held_are_not_paid_again(make: Make) -> None:
    pool = table().assign(churn=["no", "yes"] * 10 + [None] * 40)
    project = make(pool=pool, prices=alrl.Prices(label=0.5, hour=2.0))
    result = project.outlook()
    assert (result.known, result.first, result.labels, result.everything) == (20, 0, 40, 20.0)
    assert "first sample: no records beside the 20 labels that are there" in result.sentences()
    assert project.bill().everything == 20.0


def test_a_class_without_a_label_is_named(make: Make) -> None:
    result = make(pool=table().assign(churn=["no"] * 4 + [None] * 56)).outlook()
    assert result.first == 6
    assert result.sentences()[2].endswith("6 records beside the 4 labels that are there; no label is of yes")


def test_querying_every_record_saves_none(make: Make) -> None:
    result = make(prices=alrl.Prices(label=0.5, hour=2.0)).outlook()
    assert result.labels == result.unlabelled == 60
    assert not result.pays
    assert "it does not pay: every record would be labelled" in result.sentences()[1]
