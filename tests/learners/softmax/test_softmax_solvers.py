"""The compiled and the batched solver find the same fit; the compiled one the same bits in any company."""

from __future__ import annotations

import pytest
import torch

from alrl.errors import InvalidRecipeError
from alrl.learners import SoftmaxRegression
from alrl.testing import check_learner
from alrl.testing.example_records import example
from tests.learners.reference import gap, scikit_learn, stack, standardised

CASES = {
    "ordinary": example(1),
    "two classes": example(2, ((10, 4, 2), (25, 3, 2))),
    "more features than records": example(3, ((6, 40, 3), (9, 25, 2))),
    "classes unseen": example(4, unseen=1),
    "one class seen": example(5, ((5, 3, 2), (8, 4, 2)), unseen=1),
    "separable": example(6, spread=1e-3),
    "many records": example(7, ((260, 30, 4), (200, 33, 2))),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("C", [0.1, 1.0, 30.0])
def test_both_solvers_find_the_solution(name, C):
    made = CASES[name]
    exact = SoftmaxRegression(C=C, tolerance=1e-6, double=True)
    made.fit(exact)
    for solver in ("compiled", "batched"):
        learner = SoftmaxRegression(C=C, solver=solver)
        assert made.fit(learner).converged.all(), solver
        assert (made.predict(learner) - made.predict(exact)).abs().max() < 1e-3, solver


@pytest.mark.parametrize("solver", ["compiled", "batched"])
def test_either_keeps_the_contract(solver):
    check_learner(SoftmaxRegression(solver=solver))


@pytest.mark.parametrize("name", ["wine", "digits"])
@pytest.mark.parametrize("solver", ["compiled", "batched"])
def test_a_warm_start_ends_where_scikit_learn_does(name, solver):
    X, y, others = standardised(name)
    learner, k = SoftmaxRegression(solver=solver), int(y.max()) + 1
    for n in range(k, k + 12):
        made = stack([(X[:n], y[:n], None, k, others)])
        made.fit(learner)
    assert gap(made.predict(learner)[0], scikit_learn(X[:n], y[:n], others, k)) < 1e-3


def test_the_compiled_solver_gives_the_same_bits_alone_and_under_any_padding():
    made = example(8, ((30, 40, 3), (12, 5, 2), (90, 20, 5), (7, 3, 4)))
    together, padded = SoftmaxRegression(), SoftmaxRegression()
    made.fit(together)
    wide = made.padded(3, 5, 2)
    wide.fit(padded)
    for episode in range(4):
        one, alone = made.alone(episode), SoftmaxRegression()
        one.fit(alone)
        k, D = int(one.class_mask.sum()), one.others.shape[2]
        for other in (together, padded):
            weights = other.coefficients[episode]
            assert torch.equal(weights[:k, :D], alone.coefficients[0][:, :D])
            assert torch.equal(weights[:k, -1], alone.coefficients[0][:, -1])
        expected = one.predict(alone)[0]
        assert torch.equal(made.predict(together)[episode, :, :k], expected)
        assert torch.equal(wide.predict(padded)[episode, :, :k], expected)


def test_records_need_not_be_stored_row_by_row():
    made, learner = CASES["ordinary"], SoftmaxRegression()
    made.fit(learner)
    by_column = made.others.transpose(1, 2).contiguous().transpose(1, 2)
    assert torch.equal(learner.predict_proba(by_column), made.predict(learner))


def test_a_fit_tells_its_work():
    made = example(9, ((20, 6, 2), (20, 6, 4)), unseen=0)
    learner = SoftmaxRegression()
    cold = made.fit(learner).multiply_adds
    warm = made.fit(learner).multiply_adds
    assert cold.dtype == torch.float64
    assert cold.shape == (2,)
    assert (warm < cold).all()
    assert cold[1] > cold[0]
    # One column of six coefficients and an intercept for two classes, four of them for four.
    assert learner.multiply_adds_a_record().tolist() == [7.0, 28.0]
    assert made.fit(SoftmaxRegression(solver="batched")).multiply_adds is None


def test_one_class_costs_nothing():
    made, learner = CASES["one class seen"], SoftmaxRegression()
    assert made.fit(learner).multiply_adds.tolist() == [0.0, 0.0]
    assert learner.multiply_adds_a_record().tolist() == [0.0, 0.0]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "fastest"}, r"solver = 'fastest' given; allowed are auto, compiled, batched"),
        ({"solver": "compiled", "double": True}, r"single precision; take solver = auto"),
    ],
)
def test_a_solver_that_is_not_there_is_refused(settings, message):
    with pytest.raises(InvalidRecipeError, match=message):
        SoftmaxRegression(**settings)


def test_the_compiled_solver_refuses_another_device():
    made = CASES["ordinary"]
    with pytest.raises(InvalidRecipeError, match=r"runs on cpu, not on meta"):
        SoftmaxRegression(solver="compiled").fit(
            made.X.to("meta"), made.y.to("meta"), made.weight.to("meta"), made.class_mask.to("meta")
        )
