from __future__ import annotations

import itertools

import numpy as np
import pytest
import torch

from alrl.errors import InvalidRecipeError
from alrl.strategies.base import top
from alrl.strategies.batch_bald import BatchBALD
from alrl.strategies.query_by_committee import BALD
from alrl.testing.example_view import example_view

A, C = [0.99, 0.99, 0.01, 0.01], [0.95, 0.05, 0.95, 0.05]


@pytest.fixture
def abc(view_of):
    """The records a, b = a and c of KNOWN_VALUES: four members' probabilities of the first class."""
    return view_of(members=[[[p, 1 - p] for p in row] for row in zip(A, A, C, strict=True)], noise=[0.9, 0.5, 0.1])


def information(members, batch):
    """Mutual information of the labels of ``batch`` and the member, by all configurations; members (M, N, k)."""
    M, _, k = members.shape
    joint = known = 0.0
    for labels in itertools.product(range(k), repeat=len(batch)):
        p = np.ones(M)
        for record, label in zip(batch, labels, strict=True):
            p = p * members[:, record, label]
        joint -= p.mean() * np.log(max(p.mean(), 1e-300))
    for record in batch:
        p = members[:, record]
        known -= (p * np.log(np.maximum(p, 1e-300))).sum(1).mean()
    return joint - known


def test_known_information(abc):
    expected = [0.63714565, 0.63714565, 0.49463194]
    assert BALD().score(abc)[0].tolist() == pytest.approx(expected, abs=1e-6)
    assert BatchBALD().score(abc)[0].tolist() == pytest.approx(expected, abs=1e-6)
    begun = abc.with_selected(torch.tensor([0]))
    assert BatchBALD().score(begun)[0, 1:].tolist() == pytest.approx([0.67840384, 1.13177758], abs=1e-6)


def test_a_batch_is_joint_where_that_of_bald_is_twice_the_same(abc):
    assert BatchBALD().select(abc, 2).tolist() == [[0, 2]]
    assert BALD().select(abc, 2).tolist() == [[0, 1]]


def test_scores_are_the_joint_information_of_the_batch():
    view = example_view(seed=3)
    members = view.members.double().numpy()
    for _ in range(3):
        pick = BatchBALD().select(view, 1)
        view = view.with_selected(pick[:, 0])
        score = BatchBALD().score(view)
        for episode in range(3):
            batch = view.selected[episode].nonzero()[:, 0].tolist()
            real = members[episode][..., view.class_mask[episode].numpy()]
            for record in view.available[episode].nonzero()[:, 0].tolist():
                expected = information(real, [*batch, record])
                assert float(score[episode, record]) == pytest.approx(expected, abs=1e-6)


def test_a_batch_is_what_single_picks_give():
    view = example_view(seed=8)
    kept, single = view, []
    for _ in range(4):
        pick = BatchBALD().select(kept, 1)
        single.append(pick)
        kept = kept.with_selected(pick[:, 0])
    assert BatchBALD().select(view, 4).equal(torch.cat(single, 1))


def test_drawn_configurations_estimate_the_exact_information():
    view = example_view(seed=5, records=(10,), classes=(4,), labelled=(0,))
    for record in range(7):
        view = view.with_selected(torch.tensor([record]))
    exact, many, few = (
        BatchBALD(configurations=configurations).score(view)[view.available] for configurations in (4**7, 4000, 40)
    )
    assert 0 < float((many - exact).abs().max()) < 0.03
    assert float((many - exact).abs().max()) < float((few - exact).abs().max()) < 0.5


def test_certain_members_give_finite_scores():
    view = example_view(case="certain")
    picks = BatchBALD().select(view, 9)
    assert BatchBALD().score(view.with_selected(picks[:, 0])).isfinite().all()
    assert sorted(picks[1].tolist()) == sorted([*view.available[1].nonzero()[:, 0].tolist(), *[-1] * 5])


@pytest.mark.parametrize("seed", range(3))
def test_records_that_are_not_measured_would_not_have_been_picked(seed):
    # More records than are measured at once, so that bounds decide about the rest.
    view = example_view(seed=seed, records=(700, 400), classes=(2, 3), labelled=(5,))
    kept, single = view, []
    for _ in range(5):
        pick = top(BatchBALD().score(kept), kept, 1)
        single.append(pick)
        kept = kept.with_selected(pick[:, 0])
    assert BatchBALD().select(view, 5).equal(torch.cat(single, 1))


def test_of_a_larger_pool_the_records_of_highest_bald_are_candidates():
    view = example_view(seed=2, records=(30,), labelled=(0,))
    left = top(BALD().score(view), view, 30)[0].tolist()
    picks = BatchBALD(candidates=5).select(view, 35)[0].tolist()
    places = []
    for pick in picks[:30]:
        places.append(left.index(pick))
        left.remove(pick)
    # The first of all, then one of the five that are left of highest BALD.
    assert places[0] == 0
    assert 0 < max(places) < 5
    assert sorted(picks[:30]) == list(range(30))
    assert picks[30:] == [-1] * 5


@pytest.mark.parametrize("setting", ["configurations", "candidates"])
def test_none_of_them_is_refused(setting):
    with pytest.raises(InvalidRecipeError, match=f"{setting} = 0 given; give at least 1"):
        BatchBALD(**{setting: 0})
