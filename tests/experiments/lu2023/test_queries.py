"""Each strategy chooses as the benchmark's programs do, on episodes small enough to follow."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from experiments.lu2023.committee import LuCommittee
from experiments.lu2023.kernel_machine import KernelMachine, rbf
from experiments.lu2023.queries import Compatible, Known, LuCoreSet, LuQuery, NotCompatible, Uniform

X = np.array([[0.0], [1.0], [2.0], [10.0], [6.0]])


def known(decision=(0.0,) * 5, labelled=(0, 1), y=(0, 1)) -> Known:
    return Known(labelled=np.array(labelled), y=np.array(y), decision=np.array(decision))


def made(query: type[LuQuery], records: np.ndarray = X) -> LuQuery:
    return query(records, KernelMachine(rbf(records, records[:0])))


def test_uniform_takes_the_next_of_the_shuffled_records():
    assert made(Uniform).pick(known(labelled=(0, 2))) == 1
    assert made(Uniform).pick(known(labelled=(0, 1, 2, 4), y=(0, 1, 0, 1))) == 3


def test_us_c_takes_the_smallest_absolute_decision_and_the_first_of_equals():
    assert made(Compatible).pick(known(decision=(0.0, 0.1, -0.4, -0.2, 0.2))) == 3


def test_core_set_takes_the_farthest_then_the_next_farthest():
    query = made(LuCoreSet)
    assert query.pick(known(labelled=(0, 1))) == 3
    assert query.pick(known(labelled=(0, 1, 3), y=(0, 1, 0))) == 4
    assert query.pick(known(labelled=(0, 1, 3, 4), y=(0, 1, 0, 1))) == 2


def test_us_nc_takes_the_least_certain_record_of_its_own_model():
    records = np.random.default_rng(0).normal(size=(40, 3))
    y = (records[:, 0] > 0).astype(int)
    labelled = np.arange(12)
    p = LogisticRegression(C=0.1, tol=1e-8).fit(records[labelled], y[labelled]).predict_proba(records)[:, 1]
    expected = 12 + int(np.abs(p[12:] - 0.5).argmin())
    now = Known(labelled=labelled, y=y[labelled], decision=np.zeros(40))
    assert made(NotCompatible, records).pick(now) == expected


def test_us_nc_takes_a_record_of_probability_one_first_as_their_program_does():
    records = np.array([[-1.0], [1.0], [0.1], [1e4]])
    assert made(NotCompatible, records).pick(known(decision=(0.0,) * 4)) == 3


def test_the_committee_draws_as_libact_does():
    y = np.array([0, 1, 1, 0, 1])
    draws = np.random.RandomState(1126)
    expected = []
    while len(expected) < 2:
        # libact draws one number at a time, and the whole sample again if a class is missing.
        sample = [draws.randint(0, 5) for _ in range(5)]
        if len(set(y[sample])) == 2:
            expected.append(np.bincount(sample, minlength=5).tolist())
    committee = made(LuCommittee)
    assert [committee._bag(y).tolist() for _ in range(2)] == expected


def test_the_committee_asks_where_its_members_disagree():
    records = np.random.default_rng(1).normal(size=(120, 2))
    y = (records[:, 0] > 0).astype(int)
    labelled = np.arange(30)
    now = Known(labelled=labelled, y=y[labelled], decision=np.zeros(120))
    split = made(LuCommittee, records).score(now)
    assert set(split.tolist()) <= {0.0, 1.0, 2.0}
    assert split.max() > 0
    picked = made(LuCommittee, records).pick(now)
    assert picked >= 30
    assert split[picked] == split[30:].max()
    assert np.abs(records[split > 0, 0]).mean() < np.abs(records[:, 0]).mean()


@pytest.mark.parametrize("query", [Uniform, Compatible, NotCompatible, LuCoreSet, LuCommittee])
def test_the_last_record_is_picked(query):
    assert made(query).pick(known(labelled=(0, 1, 2, 4), y=(0, 1, 0, 1))) == 3
