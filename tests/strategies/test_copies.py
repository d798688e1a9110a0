"""Twenty copies of the likeliest record in a pool: no batch holds two of them while others are left."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.datasets import load_wine
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

import alrl
from alrl.agents.policy_file import load_policy
from alrl.data.data_set import DataSet
from alrl.errors import ContractError
from alrl.geometry.copies import copy_groups, occurrence
from alrl.geometry.geometry import Geometry
from alrl.loop.pool_view import PoolView
from alrl.strategies import Strategy, make_strategy, strategies
from alrl.strategies.base import batch_of, distinct_first
from alrl.testing import check_strategy, example_view

RULES = [name for name in strategies() if not make_strategy(name).learns]
PLAIN = [name for name in RULES if not make_strategy(name).needs - {"embedding"}]


class Case:
    """Wine of which the least certain record of the pool stands there twenty times, and each of the others once."""

    def __init__(self, noise: float = 0.0) -> None:
        X, y = load_wine(return_X_y=True)
        X = StandardScaler().fit_transform(X)
        order = np.random.default_rng(0).permutation(len(X))
        self.labelled, self.y = X[order[:12]], y[order[:12]]
        pool = X[order[12:100]]
        self.model = LogisticRegression().fit(self.labelled, self.y)
        answer = np.sort(self.model.predict_proba(pool), 1)
        likeliest = pool[(answer[:, -1] - answer[:, -2]).argmin()]
        copies = likeliest + noise * np.random.default_rng(1).normal(size=(20, 13))
        self.pool = np.concatenate([copies, pool])

    def copies(self, strategy: str, batch: int = 10) -> int:
        """How many of the copies a batch holds."""
        rows = alrl.query(self.model, self.pool, self.labelled, self.y, strategy=strategy, batch_size=batch)
        same = (np.abs(self.pool - self.pool[0]) < 0.05).all(1)
        return int(same[np.asarray(rows)].sum())


@pytest.mark.parametrize("name", ["general", *PLAIN])
def test_a_batch_holds_one_of_the_copies_at_most(name: str) -> None:
    assert Case().copies(name) <= 1


@pytest.mark.parametrize("noise", [1e-9, 1e-6, 1e-4])
def test_the_policy_holds_near_copies_for_known(noise: float) -> None:
    assert Case(noise).copies("general") <= 1


def test_the_copies_come_when_nothing_else_is_left() -> None:
    case = Case()
    for name in ("general", "margin", "core-set", "badge", "cluster-margin", "typiclust"):
        rows = alrl.query(case.model, case.pool, case.labelled, case.y, strategy=name, batch_size=108)
        assert sorted(np.asarray(rows).tolist()) == list(range(108))
        same = (case.pool == case.pool[0]).all(1)[np.asarray(rows)]
        # One of them, then the 87 others, then the rest of them.
        assert same[:88].sum() == 1


def test_a_simulation_buys_no_copies_in_a_batch() -> None:
    X, y = load_wine(return_X_y=True)
    doubled = DataSet.from_arrays(np.repeat(X, 3, 0), np.repeat(y, 3), name="thrice")
    for name in ("margin", "general", "weighted-kmeans"):
        curves = alrl.simulate(doubled, name, labels=20, batch=10, seeds=2)
        for batch in curves.picks.reshape(-1, 10) // 3:
            assert len(set(batch.tolist())) == 10


def test_a_strategy_that_takes_copies_breaks_the_contract() -> None:
    class Greedy(Strategy):
        name = "greedy"

        def score(self, view: PoolView) -> torch.Tensor:
            return -view.margin

        def select(self, view: PoolView, count: int = 1) -> torch.Tensor:
            score = (self.score(view) + 1e-9 * view.noise).masked_fill(~view.available, -torch.inf)
            order = score.argsort(1, descending=True)
            picks = order.masked_fill(~view.available.gather(1, order), -1)[:, :count]
            return torch.nn.functional.pad(picks, (0, count - picks.shape[1]), value=-1)

    with pytest.raises(ContractError, match="no batch holds records of equal features while others"):
        check_strategy(Greedy())


@given(st.integers(0, 10**6), st.integers(1, 3), st.integers(1, 12), st.sampled_from([1, 70]))
def test_groups_are_those_of_equal_rows(seed: int, columns: int, records: int, times: int) -> None:
    rng = np.random.default_rng(seed)
    X = torch.from_numpy(rng.choice([-1.0, -0.0, 0.0, 2.5], size=(2, records, columns)).astype(np.float32))
    X = X.repeat(1, 1, times)
    exists = torch.arange(records).expand(2, -1) < torch.tensor([[records], [max(1, records - 3)]])
    X = X * exists[..., None]
    groups = copy_groups(X, exists)
    for episode in range(2):
        first: dict[object, int] = {}
        for record, row in enumerate(X[episode]):
            key = tuple((row + 0.0).tolist()) if exists[episode, record] else record
            first.setdefault(key, record)
            expected = first[key]
            assert (record if groups is None else int(groups[episode, record])) == expected
    assert occurrence(torch.tensor([[5, 5, 1, 5]])).tolist() == [[0, 1, 0, 2]]


def test_a_pool_that_is_renewed_has_new_groups() -> None:
    X = torch.tensor([[[1.0], [1.0], [2.0]], [[1.0], [2.0], [3.0]]])
    geometry = Geometry(X, torch.ones(2, 3, dtype=torch.bool))
    assert geometry.copies.tolist() == [[0, 0, 2], [0, 1, 2]]
    assert geometry.take(torch.tensor([1, 0])).copies.tolist() == [[0, 1, 2], [0, 0, 2]]
    X[0] = torch.tensor([[4.0], [5.0], [6.0]])
    X[1] = torch.tensor([[7.0], [8.0], [7.0]])
    geometry.renew(torch.tensor([0, 1]))
    assert geometry.copies.tolist() == [[0, 1, 2], [0, 1, 0]]
    alone = Geometry(X[:1], torch.ones(1, 3, dtype=torch.bool))
    assert alone.copies is None
    X[0] = 9.0
    alone.renew(torch.tensor([0]))
    assert alone.copies.tolist() == [[0, 0, 0]]


def test_without_copies_a_batch_is_that_of_the_highest_scores() -> None:
    view = example_view(seed=3)
    assert view.geometry.copies is None
    order = batch_of(-view.margin, view, 4)
    assert distinct_first(order, view).equal(order)


def test_what_is_pending_keeps_its_copies_back() -> None:
    view = example_view(seed=0, records=(6,), labelled=(0,), case="pairs")
    assert view.available.tolist() == [[True] * 6]
    begun = view.with_selected(torch.tensor([2]))
    assert begun.available.tolist() == [[True, True, False, False, True, True]]
    for pick in (0, 4):
        begun = begun.with_selected(torch.tensor([pick]))
    assert begun.available.tolist() == [[False, True, False, True, False, True]]


def test_the_policys_near_copies_are_had_when_others_are_gone() -> None:
    case = Case(1e-6)
    rows = load_policy("general").query(case.model, case.pool[:23], case.labelled, case.y, batch_size=23)
    assert sorted(rows.tolist()) == list(range(23))
