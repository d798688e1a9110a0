"""Every side of the benchmark plays the same loop."""

from __future__ import annotations

import sys

import numpy as np
import pytest

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError
from alrl.evaluation.simulate import simulate
from benchmarks import peers
from benchmarks.baseline_loop import hand_written_loop
from benchmarks.workloads import QUICK, SPLIT, WORKLOADS, Size, Workload, chosen


def small(**changes):
    return Workload(**({"name": "W0", "data_set": "breast_cancer", "labels": 6, "target": 1} | changes))


def ours(workload, seed):
    return simulate(
        workload.data_set, workload.rule, labels=workload.labels, batch=workload.batch, seeds=[seed], split=SPLIT
    )


@pytest.mark.parametrize(("rule", "batch"), [("margin", 1), ("margin", 5), ("random", 1)])
def test_the_hand_written_loop_plays_our_curve(rule, batch):
    workload = Workload(name="W0", data_set="breast_cancer", rule=rule, labels=15, batch=batch, target=1)
    expected = ours(workload, 3).accuracy[0, [*range(0, 15, batch), 15]]
    for warm_start in (False, True):
        given = hand_written_loop(workload.task(3), rule, 15, batch=batch, warm_start=warm_start)
        gaps = np.abs(given - expected)
        # Probabilities agree within 1e-3: a record at the border may fall to either side, but not two.
        assert gaps.max() < 1.5 / len(workload.task(3).split.test)
        assert gaps.mean() < 1e-3


def test_the_hand_written_loop_follows_given_picks():
    task = small().task(0)
    follow = np.setdiff1d(np.arange(len(task.split.pool)), task.first)[:6]
    margin, random = (hand_written_loop(task, rule, 6, follow=follow) for rule in ("margin", "random"))
    assert np.array_equal(margin, random)
    assert not np.array_equal(margin, hand_written_loop(task, "margin", 6))


def test_the_last_batch_is_what_is_left_of_the_budget():
    task = small().task(0)
    whole, cut = (hand_written_loop(task, "margin", labels, batch=4) for labels in (8, 6))
    assert whole.shape == cut.shape == (3,)
    assert np.array_equal(whole[:2], cut[:2])


def test_the_perceptron_of_the_hand_written_loop_has_its_epochs_and_all_records_in_each(monkeypatch):
    from sklearn.neural_network import MLPClassifier

    seen = []
    fit = MLPClassifier.fit

    def watched(self, X, y):
        fitted = fit(self, X, y)
        seen.append((self.hidden_layer_sizes, self.n_iter_, self.t_, self.batch_size, self.random_state))
        return fitted

    monkeypatch.setattr(MLPClassifier, "fit", watched)
    hand_written_loop(small().task(7), "margin", 2, model="multilayer-perceptron")
    # So many records are seen in 50 epochs of one step each.
    assert seen == [((64,), 50, 50 * n, n, 7) for n in (2, 3, 4)]


@pytest.mark.parametrize("name", peers.PEERS)
@pytest.mark.parametrize("rule", ["margin", "random"])
def test_peers_play_a_curve_of_the_same_length(name, rule):
    module, _, loop = peers.PEERS[name]
    pytest.importorskip(module)
    workload = small(rule=rule, batch=4)
    curve = loop(workload, workload.task(0), 6)
    assert curve.shape == (3,)
    assert curve[0] == hand_written_loop(workload.task(0), "margin", 1)[0]


@pytest.mark.parametrize("name", peers.PEERS)
def test_peers_query_by_margin_as_we_do(name):
    module, _, loop = peers.PEERS[name]
    pytest.importorskip(module)
    workload = Workload(name="W0", data_set="breast_cancer", labels=12, target=1)
    assert np.allclose(loop(workload, workload.task(3), 12), hand_written_loop(workload.task(3), "margin", 12))


def test_a_peer_that_is_not_installed_has_no_version(monkeypatch):
    monkeypatch.setattr(peers, "find_spec", lambda module: None)
    assert peers.peers() == {"modAL": None, "scikit-activeml": None}
    assert "modAL.nowhere" not in sys.modules


@pytest.mark.parametrize(("name", "pool"), [("digits", 898), ("breast_cancer", 285)])
def test_half_the_data_is_the_pool_and_half_the_test_part(name, pool):
    split = draw_task(load_data_set(name), [0], split=SPLIT).split
    assert len(split.pool) == pool
    assert len(split.validation) <= 4
    assert abs(len(split.test) - pool) <= 3


def test_the_workloads_are_those_of_the_issue():
    loops = {name: (each.loops, each.target, each.single_target) for name, each in WORKLOADS.items()}
    assert loops == {
        "W1": (100, 45, 3),
        "W2": (100, 180, 8),
        "W3": (20, 30, None),
        "W4": (100, 30, None),
        "W5": (30, 15, None),
    }
    assert Size().runs == ((1, 1), (16, 1), (16, 2), (64, 1), (64, 2), (256, 1), (256, 2))
    assert Size().repeats * Size().seeds >= 16
    assert QUICK.cut(WORKLOADS["W3"]) == 40


def test_workloads_are_chosen_by_name():
    assert [each.name for each in chosen("w5,W2")] == ["W5", "W2"]
    assert len(chosen(None)) == 5
    with pytest.raises(InvalidRecipeError, match=r'unknown workload "W9".*Known: W1, W2, W3, W4, W5'):
        chosen("W1,W9")


def test_no_repeat_is_no_size():
    with pytest.raises(InvalidRecipeError, match="repeats = 0 given; give at least 1"):
        Size(repeats=0)
