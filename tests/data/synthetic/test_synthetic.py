"""Every family of synthetic tasks keeps its promises for any seed."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import balanced_accuracy_score
from sklearn.svm import SVC

from alrl.data.families import related
from alrl.data.synthetic import FAMILIES, synthetic
from alrl.errors import InvalidRecipeError

SEEDS = range(25)
PROMISED = {
    # family: records, classes, features
    "mixed": ((900, 1000), (2, 10), (3, 200)),
    "categorical": ((900, 1000), (2, 4), (16, 200)),
    "high-dimensional": ((900, 1000), (2, 6), (60, 200)),
    "overlapping": ((1000, 1000), (2, 5), (2, 20)),
    "imbalanced": ((1000, 1000), (2, 4), (2, 40)),
    "tiny": ((80, 200), (2, 4), (2, 30)),
    "many-class": ((1000, 1000), (7, 10), (5, 60)),
    "crowded": ((1200, 1200), (11, 20), (8, 60)),
    "heavy-tailed": ((1000, 1000), (2, 6), (4, 60)),
    "text-like": ((1000, 1000), (2, 10), (48, 200)),
    "noisy": ((1000, 1000), (2, 5), (5, 80)),
    "causal": ((900, 1000), (2, 10), (2, 200)),
}


@pytest.fixture(scope="module", params=sorted(FAMILIES))
def tasks(request):
    return [synthetic(request.param, seed) for seed in SEEDS]


def family_of(data):
    return data.name.removeprefix("synthetic/").rpartition("-")[0]


def test_promises_are_made_for_every_family():
    assert set(PROMISED) == set(FAMILIES)


def test_sizes_are_as_promised(tasks):
    records, classes, features = PROMISED[family_of(tasks[0])]
    for data in tasks:
        assert records[0] <= data.n_records <= records[1]
        assert classes[0] <= data.n_classes <= classes[1]
        assert features[0] <= data.n_features <= features[1]
        assert np.bincount(data.y).min() >= 10


def test_features_are_standardised_and_vary(tasks):
    for data in tasks:
        assert np.allclose(data.X.mean(0), 0, atol=1e-6)
        assert np.allclose(data.X.std(0), 1, atol=1e-6)


def test_records_come_in_random_order(tasks):
    for data in tasks:
        runs = 1 + int((np.diff(data.y) != 0).sum())
        expected = data.n_records * (1 - ((np.bincount(data.y) / data.n_records) ** 2).sum())
        assert runs > 0.6 * expected


def test_a_seed_gives_one_task_and_seeds_differ(tasks):
    again = synthetic(family_of(tasks[3]), 3)
    assert again.fingerprint == tasks[3].fingerprint
    assert again.name == f"synthetic/{family_of(again)}-3"
    assert len({data.fingerprint for data in tasks}) == len(SEEDS)


def test_tasks_are_their_own_family(tasks):
    assert tasks[0].origin == (tasks[0].name,)
    assert not related(tasks[0].name, tasks[1].name)


def test_tasks_of_a_family_vary_in_shape(tasks):
    assert len({data.n_features for data in tasks}) > 5
    assert len({data.n_classes for data in tasks}) > 1


def test_most_tasks_can_be_learnt_to_some_degree(tasks):
    learnt = 0
    for data in tasks[:12]:
        half = data.n_records // 2
        learner = SVC() if family_of(data) == "overlapping" else LogisticRegression(max_iter=2000)
        predicted = learner.fit(data.X[:half], data.y[:half]).predict(data.X[half:])
        learnt += balanced_accuracy_score(data.y[half:], predicted) > 1 / data.n_classes + 0.05
    assert learnt >= 8


def test_the_rarest_class_of_imbalanced_tasks_holds_3_to_15_percent():
    for seed in range(80):
        data = synthetic("imbalanced", seed)
        assert 0.03 <= np.bincount(data.y).min() / data.n_records <= 0.15


def test_categorical_columns_have_two_values():
    for seed in SEEDS:
        data = synthetic("categorical", seed)
        assert all(len(np.unique(column)) == 2 for column in data.X.T)


def test_overlapping_classes_are_not_separated_by_planes():
    gaps = []
    for seed in SEEDS:
        data = synthetic("overlapping", seed)
        train, test = slice(0, 500), slice(500, None)
        plane, curve = LogisticRegression(max_iter=2000), SVC()
        scores = [model.fit(data.X[train], data.y[train]).score(data.X[test], data.y[test]) for model in (plane, curve)]
        gaps.append(scores[1] - scores[0])
    assert np.median(gaps) > 0.05


def test_heavy_tailed_tasks_have_records_far_out():
    farthest = [np.abs(synthetic("heavy-tailed", seed).X).max() for seed in SEEDS]
    assert np.median(farthest) > 8
    assert np.median([np.abs(synthetic("noisy", seed).X).max() for seed in SEEDS]) < 8


def test_noisy_tasks_defy_a_learner_that_has_seen_them():
    # A tenth or more of the labels are shuffled: even where it was fitted, no smooth boundary gives them all.
    for seed in range(6):
        data = synthetic("noisy", seed)
        assert (
            LogisticRegression(max_iter=2000).fit(data.X[:800], data.y[:800]).score(data.X[800:], data.y[800:]) < 0.95
        )


def test_documents_of_one_class_point_the_same_way():
    closer = 0
    for seed in range(8):
        data = synthetic("text-like", seed)
        unit = data.X / np.linalg.norm(data.X, axis=1, keepdims=True)
        alike, same = unit @ unit.T, data.y[:, None] == data.y
        closer += alike[same].mean() > alike[~same].mean() + 0.01
    assert closer == 8


def is_sparse(column):
    return (column == np.median(column)).mean() > 0.8 and len(np.unique(column)) > 20


def test_mixed_tasks_have_heavy_tails_sparse_and_binary_columns_somewhere():
    tasks = [synthetic("mixed", seed) for seed in SEEDS]
    kurtosis = [(data.X**4).mean(0).max() for data in tasks]
    binary = [any(len(np.unique(column)) == 2 for column in data.X.T) for data in tasks]
    sparse = [any(is_sparse(column) for column in data.X.T) for data in tasks]
    assert sum(value > 20 for value in kurtosis) >= 5
    assert 3 <= sum(binary) <= 22
    assert 2 <= sum(sparse) <= 22


def test_an_unknown_family_names_the_nearest():
    with pytest.raises(
        InvalidRecipeError, match=r'unknown synthetic family "overlaping"; did you mean "overlapping"\?'
    ):
        synthetic("overlaping", 0)


def test_a_negative_seed_is_refused():
    with pytest.raises(InvalidRecipeError, match="seed -1 of a synthetic task is negative; give 0 or more"):
        synthetic("mixed", -1)
