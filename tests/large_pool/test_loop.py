"""A large pool, played in a part of it, against the simulator on the whole."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression

from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy
from alrl.data.data_set import DataSet
from alrl.data.split import Split
from alrl.data.task import Task
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidDataError, InvalidQueryError, InvalidRecipeError, PoolExhaustedWarning
from alrl.geometry import geometry
from alrl.large_pool.loop import LargePoolLoop
from alrl.large_pool.pool import LargePool
from alrl.large_pool.preselection import Preselection
from alrl.large_pool.run import one_of_each_class
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.metadata.feature_set import DEFAULT_GROUPS, FeatureSet
from alrl.strategies import make_strategy
from alrl.strategies.base import Strategy

RECORDS, FEATURES, CLASSES, SEED, BATCH = 5000, 12, 4, 5, 10
SAMPLED = Preselection(sample=1000)


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(0)
    y = rng.integers(0, CLASSES, RECORDS + 100)
    centres = rng.standard_normal((CLASSES, FEATURES))
    return (centres[y] + 1.2 * rng.standard_normal((len(y), FEATURES))).astype(np.float32), y


def simulator(data):
    X, y = data
    parts = {"pool": np.arange(RECORDS), "validation": np.arange(5000, 5050), "test": np.arange(5050, 5100)}
    split = Split(data_set=DataSet.from_arrays(X, y), **parts)
    task = Task(split=split, first=one_of_each_class(y[:RECORDS], [SEED]), seed=(SEED,))
    return Simulator([task], SoftmaxRegression(), labels=60)


def large(data, strategy="margin", preselection=SAMPLED, X=None, **settings):
    pool = LargePool(data[0][:RECORDS] if X is None else X, chunk_bytes=8 * FEATURES * 700)
    loop = LargePoolLoop(
        pool, classes=range(CLASSES), labels=60, strategy=strategy, preselection=preselection, seed=SEED, **settings
    )
    first = one_of_each_class(data[1][:RECORDS], [SEED])
    loop.label(first, data[1][first])
    return loop


def both(data, strategy, loops=4, **settings):
    """Picks of the simulator and of the large pool's loop on the same path, loop by loop."""
    chosen = load_policy(strategy) if strategy == "general" else make_strategy(strategy)
    whole, part = simulator(data), large(data, strategy, **settings)
    pairs = []
    for _ in range(loops):
        picks = chosen.select(whole.view, BATCH)[0].numpy()
        pairs.append((picks.tolist(), part.query(BATCH).tolist()))
        whole.step(torch.from_numpy(picks)[None])
        part.label(picks, data[1][picks])
        # What the part proposed and the whole did not is with nobody here.
        part.release()
    return pairs


@pytest.mark.parametrize("strategy", ["margin", "least-confidence", "entropy", "random"])
def test_a_part_of_the_pool_gives_rules_the_picks_of_the_whole(data, strategy):
    for whole, part in both(data, strategy):
        assert part == whole


def test_a_sample_that_is_the_pool_gives_core_set_the_picks_of_the_simulator(data):
    for whole, part in both(data, "core-set", preselection=Preselection(sample=RECORDS)):
        assert part == whole


def test_a_pool_of_500_that_is_all_seen_gives_a_policy_with_herding_the_picks_of_the_simulator(data, monkeypatch):
    # 512 records are worth a look to herding: here all of them.
    monkeypatch.setitem(globals(), "RECORDS", 500)
    for whole, part in both(data, "general", preselection=Preselection(sample=500)):
        assert part == whole


def test_a_sample_of_more_records_than_have_all_pairs_looks_up_nothing_anew(data, monkeypatch):
    usual = large(data, "general").query(BATCH).tolist()
    monkeypatch.setattr(geometry, "EXACT_RECORDS", 500)
    assert large(data, "general").query(BATCH).tolist() == usual


def test_a_policy_picks_nine_in_ten_of_what_it_would_from_the_whole(data):
    mixture = CandidateMixture(count=20, margin=1.0, random=0.0)
    policy = Policy.untrained(FeatureSet(DEFAULT_GROUPS), mixture, seed=3, margin_start=False)
    shared = [len(set(whole) & set(part)) for whole, part in both(data, policy)]
    assert min(shared) >= 8
    assert sum(shared) >= 36


def test_the_first_pick_of_a_batch_is_the_simulators_where_herding_looks_at_all_records(data, monkeypatch):
    # Later ones may want records that were not worth a look when the batch began.
    monkeypatch.setitem(globals(), "RECORDS", 2000)
    pairs = both(data, "general", preselection=Preselection(sample=2000))
    assert [whole[0] for whole, _ in pairs] == [part[0] for _, part in pairs]
    assert min(len(set(whole) & set(part)) for whole, part in pairs) >= 5


def test_a_policy_chooses_among_records_whose_neighbours_were_looked_up(data):
    loop = large(data, "general")
    view = loop.view(BATCH)
    candidates = load_policy("general").mixture.draw(view)
    assert view.surrounded is not None
    assert bool(view.surrounded[0, candidates].all())
    apart = view.geometry.neighbours[0][0]
    assert bool((apart[view.surrounded[0], -1] > 0).all())
    assert 500 < int(view.surrounded.sum()) < int(view.exists.sum())


def test_half_precision_changes_no_pick_that_more_than_rounding_decides(data):
    X = data[0][:RECORDS]
    full, half = large(data), large(data, X=X.astype(np.float16))
    for _ in range(3):
        picks = full.query(BATCH)
        certainty = full.view(BATCH).margin[0]
        # The error of the margin by rounding features to 11 bits, far above what occurs here.
        least = np.sort(certainty[full.view(BATCH).available[0]].numpy())[: BATCH + 1]
        if least[-1] - least[-2] > 2e-3:
            assert set(half.query(BATCH)) == set(picks)
        assert len(set(half.query(BATCH)) & set(picks)) >= BATCH - 2
        for loop in (full, half):
            loop.label(picks, data[1][picks])


def test_what_a_view_says_of_its_records_is_what_the_whole_pool_says(data):
    whole, part = simulator(data), large(data, "general")
    for _ in range(3):
        picks = part.query(BATCH)
        seen = part.view(BATCH)
        at = torch.from_numpy(seen.position)
        candidates = seen.available[0] & (seen.geometry.neighbours[0][0, :, 0] > 0)
        assert candidates.sum() >= 2 * BATCH
        true = whole.view
        torch.testing.assert_close(seen.probabilities[0], true.probabilities[0, at], rtol=0, atol=1e-4)
        assert seen.trajectory.flips[0].equal(true.trajectory.flips[0, at])
        assert seen.trajectory.loops.equal(true.trajectory.loops)
        for mine, others in zip(seen.trajectory.probabilities, true.trajectory.probabilities, strict=True):
            torch.testing.assert_close(mine[0], others[0, at], rtol=0, atol=1e-4)
        assert seen.noise[0].equal(true.noise[0, at])
        assert at[seen.labelled_index[0]].equal(true.labelled_index[0])
        torch.testing.assert_close(seen.geometry.extent, true.geometry.extent, rtol=1e-4, atol=0)
        exists, near = seen.exists[0], seen.geometry.neighbours[1][0]
        torch.testing.assert_close(
            seen.geometry.sparsity[0, exists], true.geometry.sparsity[0, at[exists]], rtol=1e-4, atol=1e-5
        )
        torch.testing.assert_close(
            seen.distance_to_known[0, exists], true.distance_to_known[0, at[exists]], rtol=1e-4, atol=1e-5
        )
        agree = at[near[candidates]] == true.geometry.neighbours[1][0, at[candidates]]
        assert agree.float().mean() > 0.999
        whole.step(torch.from_numpy(picks)[None])
        part.label(picks, data[1][picks])


def test_ranks_of_the_sample_are_those_of_the_pool_to_a_few_hundredths(data):
    part = large(data, "general", preselection=Preselection(sample=2000, surplus=10))
    seen, full = part.view(BATCH), simulator(data).view
    for mine, true in ((seen.margin, full.margin), (seen.geometry.sparsity, full.geometry.sparsity)):
        values, every = mine[0, seen.available[0]], true[0, full.available[0]]
        points = torch.linspace(0.05, 0.95, 19)
        ranks = (values[:, None] < every.quantile(points)).float().mean(0)
        assert (ranks - points).abs().max() < 0.05


@pytest.mark.parametrize("model", [LogisticRegression(max_iter=500), RandomForestClassifier(20, random_state=0)])
def test_any_fitted_classifier_may_score_the_pool(data, model):
    X, y = data[0][:RECORDS], data[1][:RECORDS]
    loop = large(data)
    for _ in range(2):
        model.fit(X[loop.labelled_set.index], y[loop.labelled_set.index])
        picks = loop.query(BATCH, model=model)
        top = np.sort(model.predict_proba(X), 1)
        gap = top[:, -1] - top[:, -2]
        gap[loop.labelled_set.index] = np.inf
        assert gap[picks].max() <= np.sort(gap)[BATCH - 1] + 1e-6
        np.testing.assert_allclose(loop.predict_proba(X[:9]), model.predict_proba(X[:9]), atol=1e-6)
        loop.label(picks, y[picks])


def test_asking_again_gives_the_same_picks_and_is_no_loop(data):
    loop = large(data, "general")
    first = loop.query(BATCH).tolist()
    assert loop.query(BATCH).tolist() == first
    assert loop.view(BATCH).trajectory.loops.tolist() == [0]
    assert loop.spent == 0
    loop.label(first, data[1][first])
    assert loop.spent == BATCH
    assert not set(loop.query(BATCH)) & set(first)


def test_the_same_seed_plays_the_same_and_another_does_not(data):
    one, same, other = (large(data, "random") for _ in range(3))
    other.seed = (SEED + 1,)
    assert one.query(5).tolist() == same.query(5).tolist()
    assert one.first_sample(9).tolist() == same.first_sample(9).tolist() != other.first_sample(9).tolist()


def test_the_last_records_of_a_pool_are_all_picked():
    pool = LargePool(np.arange(6.0)[:, None])
    for strategy in ("margin", "general"):
        loop = LargePoolLoop(pool, classes=["low", "high"], labels=9, strategy=strategy)
        loop.label([0, 5], ["low", "high"])
        with pytest.warns(PoolExhaustedWarning, match="batch_size = 50 given, and 4 records are left"):
            picks = loop.query(50)
        assert sorted(picks.tolist()) == [1, 2, 3, 4]
        loop.label(picks, ["low", "low", "high", "high"])
        with pytest.raises(InvalidQueryError, match="nothing left"):
            loop.query()


def test_a_rule_that_wants_neighbours_is_told_how_to_get_them(data):
    class Lonely(Strategy):
        name = "lonely"

        def score(self, view):
            return view.geometry.sparsity

    with pytest.raises(InvalidQueryError, match="neighbours=True"):
        large(data, Lonely()).query(2)
    loop = large(data, Lonely(), neighbours=True)
    loop.prepare()
    picks = loop.query(2)
    assert len(set(picks.tolist())) == 2


def test_mistakes_are_told(data):
    pool = LargePool(data[0][:50])
    with pytest.raises(InvalidQueryError, match="budget of 0"):
        LargePoolLoop(pool, classes=[0, 1], labels=0)
    with pytest.raises(InvalidDataError, match="at least two"):
        LargePoolLoop(pool, classes=[0], labels=1)
    with pytest.raises(InvalidRecipeError, match="unknown agent"):
        LargePoolLoop(pool, classes=[0, 1], labels=1, strategy="margn")
    loop = LargePoolLoop(pool, classes=[0, 1], labels=1)
    with pytest.raises(InvalidQueryError, match="first_sample"):
        loop.query()
    for count in (0, 51):
        with pytest.raises(InvalidQueryError, match=r"count = .* given; it must be"):
            loop.first_sample(count)
    loop.label([0, 1], [0, 1])
    with pytest.raises(InvalidQueryError, match="batch_size = 0"):
        loop.query(0)
