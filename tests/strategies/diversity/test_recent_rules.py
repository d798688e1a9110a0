"""Known values of TCM, CLUE, FALCUN, DropQuery, McPAL, EPIG, BAIT, QUIRE and Refine."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest
import torch

from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.strategies import make_strategy
from alrl.strategies.diversity.bait import BAIT, greedy
from alrl.strategies.diversity.clue import CLUE
from alrl.strategies.diversity.drop_query import DropQuery
from alrl.strategies.diversity.falcun import Falcun
from alrl.strategies.diversity.tcm import TCM
from alrl.strategies.diversity.typiclust import TypiClust
from alrl.strategies.epig import EPIG, information, posterior_probabilities
from alrl.strategies.mcpal import McPAL, expected_gain
from alrl.strategies.quire import QUIRE
from alrl.strategies.uncertainty_sampling import Margin
from alrl.strategies.wrappers.refine import Refine
from alrl.testing.example_view import example_view

SURE, EVEN = [1.0, 0.0], [0.5, 0.5]


def spent(view, labels):
    return dataclasses.replace(view, spent=torch.full_like(view.spent, labels))


def test_tcm_is_typiclust_for_two_queries_a_class_then_margin():
    view = example_view(seed=2, records=(20,), classes=(3,), labelled=(4,))
    assert TCM().select(spent(view, 5)).equal(TypiClust().select(view))
    assert TCM().select(spent(view, 6), 4).equal(Margin().select(view, 4))


def test_a_batch_of_tcm_over_the_change_begins_typical_and_ends_uncertain():
    view = spent(example_view(seed=2, records=(20,), classes=(3,), labelled=(4,)), 4)
    picks, typical = TCM().select(view, 5)[0].tolist(), TypiClust().select(view, 5)[0].tolist()
    rest = [each for each in Margin().select(view, 16)[0].tolist() if each not in typical[:2]]
    assert picks == typical[:2] + rest[:3]


def test_clue_takes_the_record_nearest_to_the_mean_by_entropy(view_of):
    # Entropies 0, 1 and 1: the mean of 2 and 6 is 4.
    view = view_of(features=[[0.0], [2.0], [6.0], [4.5]], probabilities=[SURE, EVEN, EVEN, SURE])
    assert CLUE().score(view)[0].tolist() == pytest.approx([1 / 5, 1 / 3, 1 / 3, 1 / 1.5])
    assert CLUE().select(view).tolist() == [[3]]


def test_clue_spreads_a_batch_over_clusters(view_of):
    view = view_of(features=[[0.0], [0.1], [9.0], [9.1]], probabilities=[EVEN] * 4)
    picks = CLUE().select(view, 2)[0]
    assert sorted((picks // 2).tolist()) == [0, 1]


def test_falcun_of_great_gamma_takes_the_most_uncertain_and_then_the_unlike(view_of):
    P = [[0.5, 0.5, 0.0], [0.5, 0.5, 0.0], [0.0, 0.6, 0.4], [0.9, 0.05, 0.05]]
    view = view_of(probabilities=P, noise=[0.4, 0.3, 0.2, 0.1])
    assert Falcun(gamma=1e6).select(view, 2)[0].tolist()[1] == 2


def test_falcun_of_gamma_zero_is_a_draw_of_all():
    view = example_view(seed=1, records=(12,), labelled=(2,))
    noise = [torch.rand(1, 12, generator=torch.Generator().manual_seed(seed)) for seed in range(300)]
    picks = [int(Falcun(gamma=0.0).select(dataclasses.replace(view, noise=each))) for each in noise]
    assert np.bincount(picks, minlength=12)[view.available[0]].min() > 5


def test_expected_gains_of_mcpal_known_in_closed_form():
    counts = torch.tensor([[[0.0, 0.0], [3.0, 0.0], [1.0, 1.0]]]).double()
    # (1, 1): after a label 2/3 against 1/2; (4, 1): no label changes the decision; (2, 2): 3/5 against 1/2.
    assert expected_gain(counts, torch.ones(1, 2).bool(), 1.0)[0].tolist() == pytest.approx([1 / 6, 0.0, 0.1])


def test_mcpal_prefers_the_dense_among_the_unseen(view_of):
    view = view_of(features=[[0.0], [0.1], [0.2], [9.0]], probabilities=[EVEN] * 4)
    assert int(McPAL().select(view)) != 3


def test_information_of_independent_draws_is_zero_and_of_one_fact_ln_two():
    draws = torch.eye(2).double()
    one = draws.repeat_interleave(2, 0).view(1, 4, 1, 2)
    other = draws.repeat(2, 1).view(1, 4, 1, 2)
    assert float(information(one, one, torch.ones(1, 1).bool())) == pytest.approx(np.log(2))
    assert float(information(one, other, torch.ones(1, 1).bool())) == pytest.approx(0, abs=1e-9)


def test_epig_draws_agree_with_the_posterior_where_much_is_known():
    view = example_view(seed=4, records=(60,), features=(2,), classes=(2,), labelled=(50,))
    few = dataclasses.replace(
        view,
        labelled=view.labelled & False,
        labelled_index=view.labelled_index[:, :0],
        labelled_mask=view.labelled_mask[:, :0],
        labels=view.labels[:, :0],
    )
    index = view.available[0].nonzero()[:, 0][None]
    known, unknown = (posterior_probabilities(each, index, 200).var(1).mean() for each in (view, few))
    assert float(known) < 0.7 * float(unknown)


def test_epig_looks_for_what_the_pool_has_in_common(view_of):
    # Nine records in one direction, one in another: a label of the nine tells of eight more.
    features = [[1.0, 0.0]] * 9 + [[0.0, 1.0]]
    view = view_of(features=features, probabilities=[EVEN] * 10)
    assert int(EPIG(samples=256).select(view)) != 9


def test_bait_leaves_least_of_the_trace_in_one_dimension():
    X = np.array([[3.0], [1.0], [2.0]])
    pool, start = X.T @ X / 3, np.array([[1.0]])
    # 14/3 over 1 + x²: the longest first, and the longest two of four kept.
    assert greedy(X, start, pool, 2, 1.0, np.zeros(3, np.float32)).tolist() == [0, 2]
    assert sorted(greedy(X, start, pool, 2, 1.5, np.zeros(3, np.float32)).tolist()) == [0, 2]


@pytest.mark.parametrize("seed", range(20))
def test_a_score_of_bait_is_what_the_inverse_says(seed):
    view = example_view(seed=seed, records=(15,), features=(3,), labelled=(3,))
    first = view.probabilities[0].amax(-1).double()
    H = torch.nn.functional.pad(view.embedding[0].double(), (0, 1), value=1.0)
    H = (H * (first * (1 - first)).sqrt()[:, None]).numpy()
    pool, kept = H.T @ H / 15, H[view.known[0].numpy()]
    known = kept.T @ kept + np.eye(H.shape[1])
    before = np.trace(np.linalg.inv(known) @ pool)
    for record in view.available[0].nonzero()[:, 0].tolist():
        after = np.trace(np.linalg.inv(known + np.outer(H[record], H[record])) @ pool)
        assert float(BAIT().score(view)[0, record]) == pytest.approx(1 - after / before, abs=1e-9)


def test_drop_query_never_changes_what_no_feature_moves():
    view = example_view(seed=3, records=(12,), labelled=(3,))
    still = dataclasses.replace(view, features=view.features * 0)
    assert DropQuery().disagreement(still)[0].tolist() == [0.0] * 12


def test_quire_of_one_label_known_in_closed_form(view_of):
    # Kernel exp(-1) with the labelled record of class 0, which is (1 + 1)^-1 of its target: class 1 is the surprise.
    view = view_of(features=[[0.0], [1.0], [50.0]], probabilities=[EVEN] * 3, labelled=[0], labels=[0])
    near = np.exp(-1)
    surprise = (1 + near / 2) ** 2 / (2 - near**2 / 2)
    assert QUIRE().score(view)[0, 1:].tolist() == pytest.approx([-0.5 - surprise, -0.5 - 0.5])
    assert int(QUIRE().select(view)) == 2


def test_refine_chooses_among_what_its_rules_leave(view_of):
    # Of sixteen records one rule keeps the four of smallest margin, which are those of doubt.
    doubtful = [3, 6, 8, 13]
    P = [[0.5 + 0.01 * n, 0.5 - 0.01 * n] if n in doubtful else [0.9, 0.1] for n in range(16)]
    view = view_of(features=[[float(n)] for n in range(16)], probabilities=P)
    refine = Refine(rules=["margin"], rounds=1, sees=1.0, share=0.25, least=1)
    assert (refine.score(view)[0] > -2).nonzero()[:, 0].tolist() == doubtful
    assert sorted(refine.select(view, 4)[0].tolist()) == doubtful


def test_refine_never_leaves_fewer_than_the_least(view_of):
    view = view_of(features=[[float(n)] for n in range(16)], probabilities=[EVEN] * 16)
    refine = Refine(rules=["margin", "max-herding"], rounds=9, least=6)
    assert 6 <= int((refine.score(view)[0] > -2).sum()) < 16


def test_a_strategy_that_lacks_what_it_needs_says_so():
    bare = dataclasses.replace(example_view(), embedding=None, refits=None)
    for name in ("clue", "bait", "drop-query", "tcm"):
        with pytest.raises(InvalidQueryError, match="needs"):
            make_strategy(name).score(bare)


@pytest.mark.parametrize(
    ("name", "setting"),
    [
        ("tcm", {"typical": -1}),
        ("falcun", {"gamma": -1.0}),
        ("drop-query", {"rate": 1.0}),
        ("drop-query", {"drops": 0}),
        ("mcpal", {"prior": 0.0}),
        ("epig", {"samples": 0}),
        ("quire", {"ridge": 0.0}),
        ("refine", {"rules": []}),
        ("refine", {"rounds": 0}),
        ("refine", {"share": 1.0}),
        ("refine", {"sees": 0.0}),
        ("bait", {"ridge": 0.0}),
        ("bait", {"candidates": 0}),
    ],
)
def test_settings_out_of_range_are_refused(name, setting):
    with pytest.raises(InvalidRecipeError, match=f"{name}: .* given"):
        make_strategy(name, **setting)
