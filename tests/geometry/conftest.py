"""Pools of records in clusters, of the sizes that a module names."""

from __future__ import annotations

import pytest
import torch


@pytest.fixture(scope="module")
def pools(request):
    """Features (B, N, 6), zero on padding, and which records exist, (B, N): a pool for each of the module's SIZES."""
    sizes = request.module.SIZES
    random = torch.Generator().manual_seed(5)
    exists = torch.arange(max(sizes)) < torch.tensor(sizes)[:, None]
    centres = 2 * torch.randn(8, 6, generator=random)
    X = centres[torch.randint(8, exists.shape, generator=random)] + torch.randn(*exists.shape, 6, generator=random)
    return X * exists[..., None], exists
