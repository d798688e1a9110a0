"""Inverses and Hessians are what they say, against autograd and NumPy."""

from __future__ import annotations

import pytest
import torch

from alrl.learners.softmax.curvature import full_curvature, inverse


@pytest.mark.parametrize("size", [1, 5, 24, 25, 60, 101])
def test_inverse_of_well_posed_matrices(size):
    root = torch.randn(3, size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(size))
    matrix = root @ root.transpose(1, 2) + torch.eye(size)
    assert torch.allclose(inverse(matrix), torch.linalg.inv(matrix), atol=1e-9)


def test_a_matrix_that_cannot_be_inverted_gives_finite_numbers_and_spoils_no_other():
    singular = torch.tensor([[1.0, 1.0], [1.0, 1.0]])
    result = inverse(torch.stack([singular - 1e-3, 2 * torch.eye(2)]))
    assert result.isfinite().all()
    assert torch.allclose(result[1], torch.eye(2) / 2)


@pytest.mark.parametrize("columns", [1, 3])
def test_the_whole_hessian_is_that_of_autograd(columns):
    generator = torch.Generator().manual_seed(columns)
    design = torch.randn(7, 4, dtype=torch.float64, generator=generator)
    weight = torch.rand(7, dtype=torch.float64, generator=generator) + 0.5
    penalty = torch.tensor([0.5, 0.5, 0.5, 0.0], dtype=torch.float64)
    at = torch.randn(columns * 4, dtype=torch.float64, generator=generator)

    def loss(parameters):
        logits = design @ parameters.view(columns, 4).T
        # The targets are linear in the parameters and do not bend the loss.
        bent = torch.nn.functional.softplus(logits[:, 0]) if columns == 1 else torch.logsumexp(logits, 1)
        return (weight * bent).sum() + 0.5 * (penalty * parameters.view(columns, 4) ** 2).sum()

    logits = (design @ at.view(columns, 4).T).T[None]
    probability = torch.sigmoid(logits) if columns == 1 else torch.softmax(logits, 1)
    nothing = torch.zeros(1, 1, 1, dtype=torch.float64)
    given = full_curvature(design[None], probability, weight[None, None], penalty[None, None], nothing)[0]
    if columns > 1:
        given[3::4, 3::4] -= weight.sum()  # for a shift of all intercepts, which has no curvature of its own
    assert torch.allclose(given, torch.autograd.functional.hessian(loss, at), atol=1e-10)
