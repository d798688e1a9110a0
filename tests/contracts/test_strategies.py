"""Every registered strategy keeps the contract."""

from __future__ import annotations

import pytest

from alrl.strategies import make_strategy, strategies
from alrl.testing import check_strategy


@pytest.mark.parametrize("name", strategies())
def test_keeps_the_contract(name):
    check_strategy(make_strategy(name))


@pytest.mark.parametrize("beta", [0.0, 2.5])
def test_information_density_keeps_the_contract_for_any_beta(beta):
    check_strategy(make_strategy("information-density", beta=beta))


@pytest.mark.parametrize(
    ("name", "settings"),
    [
        ("power", {"base": "margin", "kind": "softmax", "beta": 3.0}),
        ("power", {"base": "core-set", "kind": "softrank"}),
        ("power", {"base": "bald"}),
        ("epsilon-greedy", {"base": "badge", "epsilon": 0.5}),
        ("epsilon-greedy", {"base": "typiclust", "epsilon": 0.3}),
        ("class-balanced", {"base": "core-set"}),
        ("class-balanced", {"base": "random"}),
        ("subsampled", {"base": "batch-bald", "records": 4}),
        ("subsampled", {"base": "badge", "records": 3}),
        ("subsampled", {"base": "typiclust", "records": 5}),
        ("batch-bald", {"configurations": 8}),
        ("weighted-kmeans", {"beta": 1.5}),
        ("cluster-margin", {"candidates": 2, "cluster_size": 2.0}),
        ("probcover", {"delta": 0.7}),
        ("probcover", {"candidates": 2}),
        ("typiclust", {"neighbours": 2, "clusters": 3}),
        ("contrastive", {"neighbours": 2}),
        ("discriminative", {"rounds": 1}),
        ("expected-error-reduction", {"loss": "zero-one", "candidates": 3, "evaluated": 4}),
        ("expected-output-change", {"candidates": 2}),
    ],
)
def test_keeps_the_contract_with_other_settings(name, settings):
    check_strategy(make_strategy(name, **settings))
