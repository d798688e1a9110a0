"""Committees of any learner: their bootstrap grows with the labels, their members are whole learners."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from alrl.data.synthetic import synthetic
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError
from alrl.learners.committee import Committee, bootstrap_counts
from alrl.learners.registry import make_learner
from alrl.learners.ridge.classifier import RidgeClassifier
from alrl.loop.simulator import Simulator
from alrl.testing.example_records import example
from alrl.testing.learner_checks import check_learner

TREE = {"estimator": "sklearn.tree:DecisionTreeClassifier", "params": {"splitter": "random"}}


@given(y=st.lists(st.integers(0, 3), min_size=2, max_size=20), more=st.integers(1, 5), seed=st.integers(0, 9))
def test_a_count_does_not_change_when_other_labels_arrive(y, more, seed):
    early, late = torch.tensor([y]), torch.tensor([[*y, *range(more)]])
    before = bootstrap_counts(early, torch.ones(early.shape), 4, seed)
    after = bootstrap_counts(late, torch.ones(late.shape), 4, seed)
    assert torch.equal(after[..., : len(y)], before)


@given(y=st.lists(st.integers(0, 3), min_size=1, max_size=20), seed=st.integers(0, 9))
def test_every_class_seen_is_in_every_member(y, seed):
    counts = bootstrap_counts(torch.tensor([y]), torch.ones(1, len(y)), 5, seed)[0]
    for label in set(y):
        assert (counts[:, torch.tensor(y) == label].sum(1) >= 1).all()


def test_counts_are_poisson_numbers_of_mean_one():
    counts = bootstrap_counts(torch.zeros(1, 5000, dtype=torch.long), torch.ones(1, 5000), 20, seed=0)
    for count in range(4):
        share = (counts == count).double().mean().item()
        assert share == pytest.approx(math.exp(-1) / math.factorial(count), abs=0.006)
    members = np.corrcoef(counts[0].numpy())
    assert np.abs(members - np.eye(20)).max() < 0.06


def test_counts_skip_padding_wherever_it_is():
    y, weight = torch.tensor([[0, 1, 0, 1, 0]]), torch.tensor([[1.0, 0.0, 1.0, 1.0, 1.0]])
    gaps = bootstrap_counts(y, weight, 6, seed=3)[0]
    dense = bootstrap_counts(y[:, weight[0] > 0], torch.ones(1, 4), 6, seed=3)[0]
    assert torch.equal(gaps[:, [0, 2, 3, 4]], dense)
    assert (gaps[:, 1] == 0).all()


def test_a_member_is_a_learner_of_its_bootstrap_sample():
    made, committee = example(1), Committee(member="ridge", members=3, seed=4)
    made.fit(committee)
    counts = bootstrap_counts(made.y, made.weight, 3, seed=4)
    for member in range(3):
        alone = RidgeClassifier()
        alone.fit(made.X, made.y, made.weight * counts[:, member], made.class_mask)
        torch.testing.assert_close(
            committee.predict_members(made.others)[:, member], made.predict(alone), atol=1e-6, rtol=0
        )
    torch.testing.assert_close(committee.predict_members(made.others).mean(1), made.predict(committee))


def test_members_by_initialisation_see_all_records_from_seeds_of_their_own():
    made = example(1)
    committee = Committee(member="scikit-learn", settings=TREE, members=3, diversity="initialisation", seed=1)
    made.fit(committee)
    members = committee.predict_members(made.others)
    seeds = [part.seed for part in committee._parts]
    assert len(set(seeds)) == 3
    for member, seed in enumerate(seeds):
        alone = make_learner("scikit-learn", seed=seed, **TREE)
        made.fit(alone)
        assert torch.equal(made.predict(alone), members[:, member])
    assert not torch.equal(members[:, 0], members[:, 1])


@pytest.mark.parametrize(
    "settings",
    [
        {"member": "ridge"},
        {"member": "nearest-neighbours", "settings": {"neighbours": 3}, "members": 2},
        {"member": "laplace-last-layer", "settings": {"members": 2}, "members": 2},
        {"member": "scikit-learn", "settings": TREE, "members": 2, "diversity": "initialisation"},
    ],
)
def test_committees_of_any_learner_keep_the_contract(settings):
    check_learner(Committee(**settings))


def test_branches_are_those_of_each_member_and_pools_are_not_copied(monkeypatch):
    made, committee = example(1), Committee(member="ridge", members=3)
    made.fit(committee)
    widths = []
    predict = RidgeClassifier.predict_branches
    monkeypatch.setattr(
        RidgeClassifier, "predict_branches", lambda self, X, b: widths.append((len(X), b)) or predict(self, X, b)
    )
    branched = committee.take(torch.tensor([0, 0, 1, 1, 2, 2]))
    given = branched.predict_branches(made.others, 2)
    assert widths == [(3, 6)]
    torch.testing.assert_close(given, made.predict(committee)[:, None].expand(-1, 2, -1, -1))


def test_the_report_sums_up_the_members():
    made, committee = example(1), Committee(member="ridge", members=3)
    report = made.fit(committee)
    work, iterations = torch.zeros(3, dtype=torch.float64), torch.zeros(3, dtype=torch.long)
    for member in range(3):
        counts = bootstrap_counts(made.y, made.weight, 3, seed=0)[:, member]
        one = RidgeClassifier().fit(made.X, made.y, made.weight * counts, made.class_mask)
        work, iterations = work + one.multiply_adds, torch.maximum(iterations, one.iterations)
    assert torch.equal(report.multiply_adds, work)
    assert torch.equal(report.iterations, iterations)
    assert report.converged.all()
    assert committee.multiply_adds_a_record().tolist() == [3 * 9, 3 * 10, 3 * 32]


def test_a_learner_without_a_model_of_its_work_leaves_the_committee_without():
    made, committee = example(1), Committee(member="scikit-learn", settings=TREE, members=2)
    assert made.fit(committee).multiply_adds is None
    assert committee.multiply_adds_a_record() is None


def test_the_embedding_is_the_first_members():
    class Doubled(RidgeClassifier):
        name = "doubled"

        def embed(self, X):
            return self.decision_function(X)

    made, committee = example(1), Committee(member=Doubled(), members=3)
    made.fit(committee)
    alone = RidgeClassifier()
    first = bootstrap_counts(made.y, made.weight, 3, seed=0)[:, 0]
    alone.fit(made.X, made.y, made.weight * first, made.class_mask)
    torch.testing.assert_close(committee.embed(made.others), alone.decision_function(made.others), atol=1e-5, rtol=0)


def test_a_committee_of_one_predicts_as_its_member():
    made, committee = example(1), Committee(member="nearest-centroid", members=1)
    made.fit(committee)
    alone = make_learner("nearest-centroid")
    counts = bootstrap_counts(made.y, made.weight, 1, seed=0)[:, 0]
    alone.fit(made.X, made.y, made.weight * counts, made.class_mask)
    assert torch.equal(made.predict(committee), made.predict(alone))


def test_a_committee_is_taught_in_the_loop_one_update_a_label():
    tasks = [draw_task(synthetic("mixed", 0), [seed]) for seed in range(2)]
    simulator = Simulator(tasks, Committee(member="ridge", members=4), labels=6)
    for _ in range(6):
        loop = simulator.step(simulator.view.available.float().argmax(1, keepdim=True))
    assert loop.fit.iterations.max() <= 1


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"members": 0}, r"committee: members = 0 given; give at least 1"),
        ({"diversity": "boosting"}, r"diversity = 'boosting' given; give \"bagging\" or \"initialisation\""),
        ({"diversity": "initialisation"}, r"softmax-regression has no setting seed, .* Give diversity = \"bagging\""),
        ({"diversity": "initialisation", "member": RidgeClassifier()}, r"name its class, as a registered name or"),
        ({"member": "rigde"}, r'unknown learner "rigde"; did you mean "ridge"\?'),
    ],
)
def test_settings_that_make_no_sense_are_refused(wrong, message):
    with pytest.raises(InvalidRecipeError, match=message):
        Committee(**wrong)
