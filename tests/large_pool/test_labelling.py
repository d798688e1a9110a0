"""People label a large pool: batches that come back in parts, budgets that end, models of one's own, copies."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression
from sklearn.svm import LinearSVC

from alrl.errors import BudgetExhaustedWarning, InvalidDataError, InvalidQueryError, PoolExhaustedWarning
from alrl.large_pool.loop import LargePoolLoop
from alrl.large_pool.pool import LargePool
from alrl.large_pool.preselection import Preselection
from alrl.large_pool.run import run_large_pool

RECORDS = 1500
RNG = np.random.default_rng(0)
Y = RNG.integers(3, size=RECORDS)
X = (RNG.normal(size=(3, 6))[Y] + 1.2 * RNG.normal(size=(RECORDS, 6))).astype(np.float32)


def begun(strategy: str = "margin", labels: int = 500, X: NDArray[Any] = X, **more: Any) -> LargePoolLoop:
    loop = LargePoolLoop(LargePool(X), classes=range(3), labels=labels, strategy=strategy, seed=1, **more)
    loop.label(np.arange(12), Y[:12])
    return loop


def models() -> tuple[LogisticRegression, LogisticRegression]:
    one = LogisticRegression().fit(X[:12], Y[:12])
    return one, LogisticRegression().fit(-X[:200], Y[:200])


def least_margin(model: LogisticRegression, count: int = 5) -> set[int]:
    answer = np.sort(model.predict_proba(X), 1)
    gap = answer[:, -1] - answer[:, -2]
    gap[:12] = np.inf
    return set(gap.argsort()[:count].tolist())


def test_a_model_is_asked_whoever_was_asked_before() -> None:
    one, other = models()
    for before in (lambda loop: loop.query(5), lambda loop: loop.predict_proba(X[:3]), lambda loop: loop.view(5)):
        loop = begun()
        before(loop)
        assert set(loop.query(5, model=one).tolist()) == least_margin(one)
        assert set(loop.query(5, model=other).tolist()) == least_margin(other)
        np.testing.assert_allclose(loop.predict_proba(X[:3], model=one), one.predict_proba(X[:3]), atol=1e-6)
        np.testing.assert_allclose(loop.predict_proba(X[:3]), other.predict_proba(X[:3]), atol=1e-6)
        assert set(loop.query(5).tolist()) == least_margin(other)


def test_a_model_that_was_fitted_anew_is_asked_anew() -> None:
    one, _ = models()
    loop = begun()
    loop.query(5, model=one)
    one.fit(-X[:200], Y[:200])
    assert set(loop.query(5, model=one).tolist()) == least_margin(one)


def test_asking_others_is_one_loop_of_the_trajectory() -> None:
    one, other = models()
    loop, plain = begun(), begun()
    for rounds in range(7):
        loop.query(5, model=other)
        loop.query(5)
        picks = loop.query(5, model=one)
        plain.query(5, model=one)
        assert picks.tolist() == plain.query(5, model=one).tolist()
        for mine, theirs in ((loop.view(5), plain.view(5)),):
            assert mine.trajectory.loops.tolist() == theirs.trajectory.loops.tolist() == [rounds]
            assert mine.trajectory.flips.equal(theirs.trajectory.flips)
            assert len(mine.trajectory.probabilities) == len(theirs.trajectory.probabilities)
        for each in (loop, plain):
            each.label(picks, Y[picks])
        one.fit(X[loop.labelled_set.index], Y[loop.labelled_set.index])


@pytest.mark.parametrize("model", [LinearSVC(), "function", "committee"], ids=str)
def test_models_of_every_kind_score_the_pool(model: Any) -> None:
    one, other = models()
    given = {"function": one.predict_proba, "committee": [one, other]}.get(model) if isinstance(model, str) else model
    if hasattr(given, "fit"):
        given.fit(X[:12], Y[:12])
    loop = begun()
    assert len(set(loop.query(5, model=given).tolist())) == 5
    strange = LogisticRegression().fit(X[:12], Y[:12] + 1)
    with pytest.raises(InvalidDataError, match=r"the model knows the classes \[3\], which the loop does not have"):
        loop.query(5, model=strange)


@pytest.mark.parametrize("strategy", ["margin", "random", "core-set", "general"])
def test_records_that_people_still_have_are_not_proposed_again(strategy: str) -> None:
    loop = begun(strategy)
    batch = loop.query(40)
    loop.label(batch[:10], Y[batch[:10]])
    assert sorted(loop.pending.tolist()) == sorted(batch[10:].tolist())
    again = loop.query(40)
    assert not set(again.tolist()) & set(batch.tolist())
    assert len(set(again.tolist())) == 40
    # The rest comes late, in two parts, and out of order.
    loop.label(batch[25:][::-1], Y[batch[25:][::-1]])
    assert set(loop.pending.tolist()) == set(batch[10:25].tolist()) | set(again.tolist())
    loop.label(batch[10:25], Y[batch[10:25]])
    assert set(loop.pending.tolist()) == set(again.tolist())
    assert loop.spent == 40


def test_pending_records_count_as_known() -> None:
    loop = begun("core-set")
    batch = loop.query(40)
    loop.label(batch[:10], Y[batch[:10]])
    view = loop.view(5)
    assert sorted(view.position[view.selected[0].numpy()].tolist()) == sorted(batch[10:].tolist())
    assert not (view.available & view.selected).any()


def test_a_repeated_query_is_the_same_batch_and_pending_records_can_be_taken_back() -> None:
    loop = begun()
    batch = loop.query(20)
    assert loop.query(20).tolist() == batch.tolist()
    assert not len(loop.pending)
    loop.label(batch[:5], Y[batch[:5]])
    loop.release(batch[5:8])
    assert sorted(loop.pending.tolist()) == sorted(batch[8:].tolist())
    loop.release()
    assert not len(loop.pending)
    assert not set(loop.query(20).tolist()) & set(batch[:5].tolist())


def test_a_pool_of_which_people_have_all_is_told() -> None:
    loop = begun(X=X[:60])
    batch = loop.query(48)
    loop.label(batch[:8], Y[batch[:8]])
    with pytest.raises(InvalidQueryError, match=r"every record is labelled or pending \(40 of them\).*release"):
        loop.query(1)
    loop.release()
    with pytest.warns(PoolExhaustedWarning, match="and 40 records are left"):
        assert len(loop.query(50)) == 40


def test_the_budget_is_kept() -> None:
    loop = begun(labels=30)
    for _ in range(3):
        batch = loop.query(10)
        loop.label(batch, Y[batch])
    assert (loop.spent, loop.labels_left) == (30, 0)
    with pytest.raises(
        InvalidQueryError, match=r"the budget of 30 labels is spent: 30 given, 0 pending; raise loop\.bud"
    ):
        loop.query(10)
    with pytest.raises(InvalidQueryError, match="1 labels given, and 0 of the budget of 30 are left"):
        loop.label([900], [0])
    loop.budget = 45
    batch = loop.query(10)
    loop.label(batch, Y[batch])
    with pytest.warns(BudgetExhaustedWarning, match="batch_size = 10 given, and 5 labels of the budget of 45 are left"):
        assert len(loop.query(10)) == 5


def test_a_batch_beyond_pool_and_budget_has_one_warning() -> None:
    loop = begun(labels=30)
    with pytest.warns(BudgetExhaustedWarning, match="30 labels of the budget of 30 are left") as warned:
        assert len(loop.query(10**6)) == 30
    assert [each.category for each in warned] == [BudgetExhaustedWarning]


def test_more_labels_than_the_budget_are_refused_before_any_is_taken() -> None:
    loop = begun(labels=30)
    loop.query(10)
    with pytest.raises(InvalidQueryError, match="80 labels given, and 30 of the budget of 30 are left: give fewer"):
        loop.label(np.arange(100, 180), Y[100:180])
    assert loop.spent == 0
    assert len(loop.labelled_set.index) == 12


def test_pending_labels_are_spent_in_advance() -> None:
    loop = begun(labels=30)
    batch = loop.query(20)
    loop.label(batch[:5], Y[batch[:5]])
    assert loop.labels_left == 10
    with pytest.warns(BudgetExhaustedWarning, match="10 labels of the budget of 30 are left"):
        assert len(loop.query(25)) == 10


def test_a_run_ends_with_its_budget() -> None:
    loop = LargePoolLoop(LargePool(X), classes=range(3), labels=25, seed=1)
    run = run_large_pool(loop, Y, batch_size=10, loops=8)
    assert [len(picks) for picks in run.picks] == [10, 10, 5]
    assert loop.spent == 25


@pytest.mark.parametrize("strategy", ["margin", "general", "entropy"])
def test_copies_of_the_likeliest_record_take_no_places(strategy: str) -> None:
    one, _ = models()
    likeliest = X[sorted(least_margin(one, 1))]
    pool = np.concatenate([X, np.repeat(likeliest, 400, 0)])
    loop = begun(strategy, X=pool, preselection=Preselection(sample=600))
    batch = loop.query(20, model=one)
    assert len({row.tobytes() for row in pool[batch]}) == 20
    if strategy == "margin":
        original = {row.tobytes() for row in X[sorted(least_margin(one, 20))]}
        assert {row.tobytes() for row in pool[batch]} == original
    loop.label(batch[1:], np.zeros(19, dtype=int))
    assert pool[batch[0]].tobytes() not in {row.tobytes() for row in pool[loop.query(20, model=one)]}


@pytest.mark.parametrize("value", [None, 2.5, "5", True, -3])
def test_sizes_and_seeds_are_whole_numbers(value: Any) -> None:
    loop = begun()
    with pytest.raises(InvalidQueryError, match="batch_size = "):
        loop.query(value)
    with pytest.raises(InvalidQueryError, match="seed = "):
        LargePoolLoop(LargePool(X), classes=range(3), labels=5, seed=value)
    with pytest.raises(InvalidQueryError, match="labels = "):
        LargePoolLoop(LargePool(X), classes=range(3), labels=value)
    assert len(loop.query(np.int64(5))) == len(loop.query(5.0)) == 5  # type: ignore[arg-type]
