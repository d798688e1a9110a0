"""A solver that loses none of its problems' starts."""

from __future__ import annotations

import dataclasses

import torch

from alrl.learners.softmax.conjugate_gradient import minimise
from alrl.learners.softmax.softmax_group import SoftmaxGroup


def group():
    X = torch.tensor([[[-1.0], [1.0], [0.5]]]).expand(2, -1, -1)
    targets = torch.tensor([[[1.0, 0.0, 0.0], [0.0, 1.0, 1.0]]]).expand(2, -1, -1)
    seen = torch.ones(2, 2, dtype=torch.bool)
    return SoftmaxGroup.of(X, targets, torch.ones(2, 3), seen, 1.0, paired=True)


def test_a_fit_that_runs_into_infinity_keeps_its_start_and_says_so():
    start = torch.full((2, 1, 2), 0.25)
    problem = group().over_features(start, whole=True)
    design = problem.design.clone()
    design[0] = 1e30
    solution = minimise(dataclasses.replace(problem, design=design), start, tolerance=1e-4, max_iterations=5)
    assert solution.converged.tolist() == [False, True]
    torch.testing.assert_close(solution.parameters[0], start[0])
    assert not torch.allclose(solution.parameters[1], start[1])


def test_a_fit_does_not_depend_on_a_broken_one_beside_it():
    start = torch.zeros(2, 1, 2)
    problem = group().over_features(start, whole=True)
    spoilt = problem.inverse.clone()
    spoilt[0] = torch.inf
    beside = minimise(dataclasses.replace(problem, inverse=spoilt), start, tolerance=1e-4, max_iterations=20)
    whole = minimise(problem, start, tolerance=1e-4, max_iterations=20)
    torch.testing.assert_close(beside.parameters[1], whole.parameters[1])
