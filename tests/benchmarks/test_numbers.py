"""What the benchmark makes of what it saw: ratios, agreement, verdicts, shares, exponents."""

from __future__ import annotations

import pytest
import torch

from alrl.learners import SoftmaxRegression
from alrl.loop.learner import FitReport, Learner
from alrl.numerics.backend import one_thread
from benchmarks.agreement import Agreement
from benchmarks.environment import EnvSpeed, PolicyCost
from benchmarks.gpu import Gpu
from benchmarks.growth import exponent
from benchmarks.large_pool import LargePoolMeasure
from benchmarks.measure import COLD, WARM, Measured, measure
from benchmarks.report import BenchReport
from benchmarks.shares import FIT, PARTS, PREDICT, SCORE, SELECT, Shares, shares
from benchmarks.targets import verdicts
from benchmarks.workloads import WORKLOADS, Size, Workload

NONE, APART = Agreement(differences=(0.001, -0.001) * 8), Agreement(differences=(0.05, 0.06) * 8)


def measured(**changes):
    known = {
        "workload": WORKLOADS["W1"],
        "ours": {(1, 1): (40.0, 10.0, 20.0), (64, 1): (200.0, 300.0, 100.0), (64, 2): (300.0, 400.0, 200.0)},
        "theirs": {COLD: (10.0, 10.0, 10.0), WARM: (20.0, 10.0, 50.0), "modAL": (5.0, 5.0, 5.0)},
        "free": NONE,
        "replayed": NONE,
    }
    return Measured(**(known | changes))


def report(**changes):
    known = {
        "size": Size(episodes=(1, 64)),
        "measured": (measured(),),
        "shares": (),
        "environments": (),
        "policies": (),
        "recipes": (),
        "growth": (),
        "rate": 1e10,
        "peers": {"modAL": "0.4.2.1", "scikit-activeml": None},
        "gpu": None,
        "large_pool": (),
        "source": {},
    }
    return BenchReport(**(known | changes))


def by_name(given):
    return {each.what: str(each) for each in verdicts(given)}


def test_ratios_are_taken_within_a_repeat():
    speeds = measured().ours[64, 1]
    assert measured().ratio(speeds) == (20.0, 10.0, 30.0)
    assert measured().ratio(speeds, WARM) == (10.0, 2.0, 30.0)
    assert str(measured().ratio(speeds)) == "20.0 (10.0 to 30.0)"


@pytest.mark.parametrize(
    ("differences", "exact", "same"),
    [
        ((0.0019,) * 16, False, True),
        ((0.0021,) * 16, False, False),
        # The mean is 0.01; the largest that counts as noise is 4.07 standard errors, for 16 seeds.
        ((0.01 + 0.0098, 0.01 - 0.0098) * 8, False, True),
        ((0.01 + 0.0092, 0.01 - 0.0092) * 8, False, False),
        ((-0.01 + 0.0092, -0.01 - 0.0092) * 8, False, False),
        ((0.01 + 0.0098, 0.01 - 0.0098) * 8, True, False),
        ((0.003, 0.003), True, False),
        ((0.03, 0.03), False, True),
    ],
)
def test_curves_agree_within_noise_or_exactly(differences, exact, same):
    assert Agreement(differences=differences, exact=exact).same is same


def test_two_seeds_do_not_tell():
    assert str(Agreement(differences=(0.5, 0.5))) == "+0.5000 ± 0.0000: too few seeds to tell"


def test_both_comparisons_have_to_agree():
    assert measured().agrees
    assert not measured(free=APART).agrees
    assert not measured(replayed=APART).agrees


def test_the_fastest_run_of_many_episodes_meets_its_target_or_falls_short():
    given = by_name(report())
    assert given["W1, 64 episodes or more (best: 64 with 2 workers)"] == "short by 33 %"
    assert given["W1, one episode"] == "short by 33 %"
    slower = measured(ours={(1, 1): (30.0,) * 3, (64, 1): (450.0,) * 3})
    given = by_name(report(measured=(slower,)))
    assert given["W1, 64 episodes or more (best: 64 with 1 worker)"] == "reached"
    assert given["W1, one episode"] == "reached"


def test_a_target_of_many_episodes_is_not_met_by_few():
    few = measured(ours={(1, 1): (10.0,) * 3, (63, 2): (9000.0,) * 3})
    assert by_name(report(measured=(few,)))["W1, 64 episodes or more"] == "not measured"


def test_environments_pools_and_gpus_have_verdicts(monkeypatch):
    digits, cancer = (
        f"environment of {name}, 64 episodes, 32 candidates, all features, paired"
        for name in ("digits", "breast_cancer")
    )
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    nothing = by_name(report())
    assert nothing[digits] == "not measured"
    assert nothing["pool of 1,000,000 × 64, a loop"] == "not measured"
    assert nothing["W1 on a GPU, 4,096 episodes"] == "no GPU here"
    by_hand = (100.0, 100.0, 100.0)
    fast = EnvSpeed(data_set="digits", episodes=64, workers=1, speeds=(2000.0, 3000.0, 4000.0), by_hand=by_hand)
    both = EnvSpeed(data_set="digits", episodes=64, workers=2, speeds=(3400.0, 5000.0, 7000.0), by_hand=by_hand)
    slow = EnvSpeed(data_set="breast_cancer", episodes=64, workers=1, speeds=(1500.0,) * 3, by_hand=by_hand)
    small = EnvSpeed(data_set="breast_cancer", episodes=4, workers=1, speeds=(99000.0,) * 3, by_hand=by_hand)
    pool = LargePoolMeasure(
        strategy="margin",
        seconds=(4.0, 6.0),
        standardisation_seconds=1.0,
        index_seconds=0.0,
        peak_anonymous=2**30,
        file_bytes=1,
    )
    given = by_name(
        report(
            environments=(fast, both, slow, small),
            policies=(PolicyCost(data_set="digits", ratios=(2.5, 2.0, 3.0)),),
            large_pool=(pool,),
            gpu=Gpu(name="a GPU", episodes=4096, steps_a_second=5e4, ratio=900.0),
        )
    )
    assert given[digits] == "reached"
    assert given[f"{digits}, two workers over one"] == "reached"
    assert given[cancer] == "short by 75 %"
    assert given["general over margin in simulate, digits, 64 episodes"] == "over by 25 %"
    assert given["pool of 1,000,000 × 64, margin, the slowest of 2 loops"] == "over by 20 %"
    assert given["pool of 1,000,000 × 64, margin, peak memory beyond the file"] == "reached"
    assert given["W1 on a GPU, 4,096 episodes"] == "short by 10 %"


def test_every_side_is_measured_in_every_repeat():
    ticks = []
    size = Size(repeats=2, seeds=2, episodes=(1, 3), workers=(1,))
    workload = Workload(name="W0", data_set="breast_cancer", labels=3, target=1)
    with one_thread():
        given = measure(workload, size, ticks.append)
    assert list(given.ours) == [(1, 1), (3, 1)]
    assert {COLD, WARM} <= set(given.theirs)
    assert {len(speeds) for speeds in (*given.ours.values(), *given.theirs.values())} == {2}
    assert min(min(speeds) for speeds in (*given.ours.values(), *given.theirs.values())) > 0
    # The cold loop plays both seeds, the others one of them.
    assert len(ticks) == 2 * (2 + len(given.theirs) - 1 + 2)
    # Four seeds: the second repeat plays others than the first.
    assert len(given.free.differences) == 4
    assert given.replayed.same


class Stiff(Workload):
    def learner(self, seed=0):
        return SoftmaxRegression(C=1e-4)


def test_a_learner_that_learns_something_else_is_seen_on_the_same_picks():
    size = Size(repeats=1, seeds=2, episodes=(1,), workers=(1,))
    with one_thread():
        given = measure(Stiff(name="W0", data_set="digits", labels=3, target=1), size, lambda done: None)
    assert not given.agrees
    assert not given.replayed.same


class Sleeper(Learner):
    """Sleeps in fits, and while it predicts; says that a fit takes 1000 multiply-adds and a record 10."""

    name = "sleeper"

    def fit(self, X, y, weight, class_mask):
        torch.mm(*(torch.ones(400, 400) for _ in range(2)))
        self.classes = class_mask
        B = len(X)
        work = torch.full((B,), 1000.0, dtype=torch.float64)
        return FitReport(iterations=y[:, 0] * 0, converged=torch.ones(B, dtype=torch.bool), multiply_adds=work)

    def predict_proba(self, X):
        even = self.classes / self.classes.sum(1, keepdim=True)
        return even[:, None].expand(-1, X.shape[1], -1)

    def multiply_adds_a_record(self):
        return torch.full((len(self.classes),), 10.0, dtype=torch.float64)

    def restart(self, episodes):
        pass

    def take(self, episodes):
        return self

    def fresh(self):
        return self


class Toy(Workload):
    def learner(self, seed=0):
        return Sleeper()


def test_shares_sum_to_one_and_count_the_work_of_fit_pool_and_test_part():
    workload = Toy(name="W0", data_set="breast_cancer", labels=4, batch=2, target=1)
    given = shares(workload, 3, 4)
    split = workload.task(0).split
    assert set(given.shares) == set(PARTS)
    assert sum(given.shares.values()) == pytest.approx(1)
    assert min(given.shares[part] for part in (FIT, PREDICT, SCORE, SELECT)) > 0
    assert given.multiply_adds_a_step == 1000 + 10 * (len(split.pool) + len(split.test))


def test_without_a_model_of_the_work_there_is_no_floor():
    given = Shares(workload="W1", episodes=1, seconds_a_step=1e-3, shares={}, multiply_adds_a_step=None)
    assert given.floor_share(1e10) is None


def test_exponents_are_those_of_the_growth():
    labels = range(4, 804, 4)
    assert exponent(labels, [1.0] * 200) == pytest.approx(1)
    assert exponent(labels, list(labels)) == pytest.approx(2, abs=0.02)
    # What happened in the first quarter changes little.
    assert exponent(labels, [1e-9] * 49 + [50.0] + [1.0] * 150) == pytest.approx(1, abs=1e-6)
