"""Networks of one's own that a policy file could not keep, or that nothing could train, are named before training."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer
from alrl.agents.policy import Policy
from alrl.agents.policy_file import load_policy, save_policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.training.training import Trainer
from alrl.envs.recipe import EnvRecipe
from alrl.errors import ContractError
from alrl.metadata import FeatureSet
from alrl.recipes import parse
from alrl.testing import check_network, check_policy


class Sharp(CandidateScorer):
    """A linear score, less ``sharp`` times the first feature."""

    def __init__(self, features: FeatureSet, *, sharp: int = 0, generator: torch.Generator | None = None) -> None:
        super().__init__()
        self.sharp = sharp
        self.weight = nn.Parameter(torch.randn(len(features.record), generator=generator or torch.Generator()))

    @property
    def described(self) -> dict[str, Any]:
        return {"kind": f"{__name__}:{type(self).__name__}", "sharp": self.sharp}

    @property
    def summary(self) -> str:
        return "linear"

    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        return (candidates @ self.weight - self.sharp * candidates[..., 0]).masked_fill(~mask, -torch.inf)


class Forgets(Sharp):
    @property
    def described(self) -> dict[str, Any]:
        return {"kind": f"{__name__}:Forgets"}


class Misspelt(Sharp):
    @property
    def described(self) -> dict[str, Any]:
        return {"kind": f"{__name__}:Nope"}


class Another(Sharp):
    @property
    def described(self) -> dict[str, Any]:
        return {"kind": f"{__name__}:Sharp", "sharp": self.sharp}


class Derived(SetScorer):
    """Says that it is alrl's own network."""

    def __init__(self, features: FeatureSet, *, generator: torch.Generator | None = None) -> None:
        sizes = {"record": len(features.record), "loop": len(features.loop)}
        super().__init__(**sizes, margin_column=features.margin_column, width=8, generator=generator)


class Fixed(Sharp):
    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        return (-candidates[..., 0]).masked_fill(~mask, -torch.inf)


class Precise(Sharp):
    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        return super().forward(candidates, loop, mask).double()


class Drops(Sharp):
    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        return super().forward(nn.functional.dropout(candidates), loop, mask)


class Alone(Sharp):
    def __init__(self, features: FeatureSet) -> None:
        super().__init__(features)


class Fails(Sharp):
    def forward(self, candidates: Tensor, loop: Tensor, mask: Tensor) -> Tensor:
        return (candidates @ self.weight.double()).masked_fill(~mask, -torch.inf)


def begun(kind: str, env: EnvRecipe, **settings: Any) -> Policy:
    tables = {"network": {"kind": f"{__name__}:{kind}", **settings}, "imitation": {"rounds": 1, "episodes": 1}}
    return Trainer(agent=parse(TrainedRecipe, {"kind": "trained", **tables}, where="test"), env=env).untrained()


@pytest.mark.parametrize(
    ("kind", "settings", "message"),
    [
        (
            "Misspelt",
            {},
            'Misspelt: a policy file keeps .*Nope.*, of which no network can be built: unknown class .*Nope"',
        ),
        ("Another", {}, r"Another: described names its class; its kind .*:Sharp' is .*:Sharp, and not .*:Another"),
        (
            "Derived",
            {},
            r"Derived: described names its class; its kind 'set-scorer' is .*:SetScorer, and not .*:Derived",
        ),
        (
            "Forgets",
            {"sharp": 50},
            r"Forgets: described holds all settings; .* scores otherwise: add what it leaves out",
        ),
        ("Fixed", {}, "Fixed: scores depend on its parameters, by gradients; they do not; .*check_network"),
        ("Precise", {}, "Precise: forward gives float32 scores; it gave torch.float64; .*check_network"),
        ("Drops", {}, "Drops: one that is not in training scores a state the same every time; it did not"),
        ("Alone", {}, r"Alone: a network takes \(features, \*, generator=None, ...\).*; it takes \(features: "),
    ],
)
def test_what_a_training_could_not_save_is_named_before_it(tiny_env, kind, settings, message):
    with pytest.raises(ContractError, match=message):
        begun(kind, tiny_env, **settings)


def test_a_setting_that_is_described_comes_back(tiny_env, tmp_path):
    policy = begun("Sharp", tiny_env, sharp=50)
    again = load_policy(save_policy(policy, tmp_path / "sharp"))
    assert again.network.sharp == 50
    check_policy(policy)


@pytest.mark.parametrize(
    ("kind", "message"),
    [
        (Misspelt, "Misspelt: a policy file keeps .*Nope"),
        (Another, "Another: described names its class"),
        (Forgets, r"Forgets: described holds all settings; .* \(tried with sharp = 1\)"),
        (Fixed, "Fixed, 5 candidates: scores depend on its parameters, by gradients"),
        (Precise, r"Precise, 5 candidates: forward gives scores \(B, K\), here \(3, 5\), float32; .* torch.float64"),
        (Alone, r"Alone: a network takes \(features, \*, generator=None, ...\)"),
        (Fails, r"Fails, 5 candidates: forward raised RuntimeError: .*dtype"),
        (lambda features, generator: 1 // 0, "<lambda>: it raised ZeroDivisionError"),
    ],
)
def test_the_check_names_what_a_network_breaks(kind, message):
    with pytest.raises(ContractError, match=message):
        check_network(kind)


def test_a_network_that_keeps_its_promises_passes():
    check_network(Sharp)


def test_a_policy_that_is_read_back_scores_as_before(tiny_env):
    policy = begun("Forgets", tiny_env)
    policy.network.sharp = 3
    with pytest.raises(ContractError, match="what is read back from a policy file scores as before; it did not"):
        check_policy(policy)
