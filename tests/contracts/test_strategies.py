"""Every registered strategy keeps the contract."""

from __future__ import annotations

import pytest

from alrl.strategies import check_strategy, make_strategy, strategies


@pytest.mark.parametrize("name", strategies())
def test_keeps_the_contract(name):
    check_strategy(make_strategy(name))


@pytest.mark.parametrize("beta", [0.0, 2.5])
def test_information_density_keeps_the_contract_for_any_beta(beta):
    check_strategy(make_strategy("information-density", beta=beta))
