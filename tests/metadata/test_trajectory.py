from __future__ import annotations

import pytest
import torch

from alrl.data.data_set import DataSet
from alrl.data.task import draw_task
from alrl.loop.learner import FitReport, Learner
from alrl.loop.simulator import Simulator


def two_classes(*second):
    return [[1 - p, p] for p in second]


class Scripted(Learner):
    """Predicts what the script says: in loop t of record n the t-th figure of the n-th sequence."""

    def __init__(self, sequences):
        self.sequences, self.loop = sequences, -1

    def fit(self, X, y, weight, class_mask):
        self.loop += 1
        return FitReport(iterations=y[:, 0], converged=class_mask[:, 0])

    def predict_proba(self, X):
        predicted = [int(sequence[min(self.loop, len(sequence) - 1)]) for sequence in self.sequences]
        return torch.eye(2)[predicted].repeat(len(X), X.shape[1] // len(predicted) + 1, 1)[:, : X.shape[1]]

    def restart(self, episodes):
        pass

    def take(self, episodes):
        return self

    def fresh(self):
        return Scripted(self.sequences)


# Forgetting counts 1 to 0 alone, and knows the true label; without it every change of the prediction counts.
@pytest.mark.parametrize(
    ("sequence", "changes"), [("01101", 3), ("10101", 4), ("111", 0), ("000", 0), ("001", 1), ("100", 1)]
)
def test_flips_are_the_changes_of_the_predicted_class(features_of, sequence, changes):
    data = DataSet.from_arrays([[float(n)] for n in range(20)], [0, 1] * 10)
    simulator = Simulator([draw_task(data, [0])], Scripted([sequence]), labels=8)
    for _ in sequence[1:]:
        pick = simulator.view.available.to(torch.uint8).argmax(1, keepdim=True)
        simulator.step(pick)
    loops = len(sequence) - 1
    assert features_of(simulator.view)["flip-rate"] == pytest.approx([changes / loops] * 10)


def test_before_the_second_loop_nothing_has_flipped(view_of, features_of):
    seen = features_of(view_of(probabilities=two_classes(0.2, 0.7), loops=0))
    assert seen["flip-rate"] == [0, 0]
    assert seen["probability-spread"] == [0, 0]
    assert seen["probability-drift"] == [0, 0]
    assert seen["probability-mean"] == pytest.approx([0.8, 0.7])


def test_the_rank_of_flips_is_among_available_records(view_of, features_of):
    view = view_of(probabilities=two_classes(0.5, 0.5, 0.5, 0.5), flips=[3, 1, 1, 0], loops=4)
    seen = features_of(view)
    assert seen["flip-rate"] == pytest.approx([0.75, 0.25, 0.25, 0])
    assert seen["flip-rank"] == pytest.approx([0.875, 0.5, 0.5, 0.125])


def test_mean_spread_and_drift_of_the_predicted_class(view_of, features_of):
    past = [two_classes(0.2, 0.8), two_classes(0.6, 0.4), two_classes(0.4, 0.6)]
    seen = features_of(view_of(probabilities=two_classes(0.8, 0.2), past=past))
    # The second record is the first with the classes swapped: now it is class 0 that is predicted.
    assert seen["probability-mean"] == pytest.approx([0.5, 0.5])
    assert seen["probability-spread"] == pytest.approx([0.2236068, 0.2236068])
    assert seen["probability-drift"] == pytest.approx([0.6, 0.6])


def test_loops_that_were_not_lived_through_do_not_count(view_of, features_of):
    past = [two_classes(0.9), two_classes(0.2), two_classes(0.6)]
    view = view_of(probabilities=two_classes(1.0), past=past, remembered=[False, True, True, True])
    seen = features_of(view)
    assert seen["probability-mean"] == pytest.approx([0.6])
    assert seen["probability-spread"] == pytest.approx([0.3265986])
    assert seen["probability-drift"] == pytest.approx([0.8])


def test_drift_is_the_total_variation_distance_of_all_classes(view_of, features_of):
    view = view_of(probabilities=[[0.5, 0.5, 0.0]], past=[[[0.5, 0.0, 0.5]]])
    assert features_of(view)["probability-drift"] == pytest.approx([0.5])


def test_an_episode_remembers_the_same_loops_whatever_others_do():
    data = DataSet.from_arrays([[float(n), n % 3] for n in range(40)], [0, 1] * 20)
    tasks = [draw_task(data, [seed]) for seed in range(2)]
    both, alone = (Simulator(of, Scripted(["01101", "10101", "11110", "00000"]), labels=9) for of in (tasks, tasks[:1]))
    for _ in range(4):
        pick = alone.view.available.to(torch.uint8).argmax(1, keepdim=True)
        alone.step(pick)
        both.step(torch.cat([pick, torch.full_like(pick, -1)]), torch.tensor([True, False]))
        # The learner of both is fitted once more whenever the other episode plays or begins anew.
        both.learner.loop -= 2
        both.step(
            torch.tensor([[-1], [int(both.view.available[1].to(torch.uint8).argmax())]]), torch.tensor([False, True])
        )
        both.restart([1], [tasks[1]])
    mine, ours = alone.view.trajectory, both.view.trajectory
    kept = [past[0] for past, lived in zip(ours.probabilities, ours.remembered, strict=True) if lived[0]]
    assert len(kept) == 5
    assert all(a.equal(b[0]) for a, b in zip(kept, mine.probabilities, strict=True))
    assert ours.flips[0].equal(mine.flips[0])
    assert ours.probabilities[-1][0].equal(both.view.probabilities[0])
