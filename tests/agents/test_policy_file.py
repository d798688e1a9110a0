"""Policy files: what was saved is loaded, what was changed is refused, and nothing in them runs."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save

from alrl.agents.policy import Policy
from alrl.agents.policy_file import _description_sha256, load_policy, save_policy
from alrl.envs.candidates import CandidateMixture
from alrl.errors import PolicyFileError
from alrl.testing import example_view


@pytest.fixture
def folder(wild: Policy, tmp_path: Path) -> Path:
    mixture = CandidateMixture(count=8, margin=0.25, random=0.75)
    return save_policy(
        dataclasses.replace(wild, name="mine", mixture=mixture, card={"trained_on": ["synthetic/tiny-0"]}),
        tmp_path / "deep" / "mine",
    )


def edit(folder: Path, change: Callable[[dict[str, Any]], object], *, signed: bool = True) -> None:
    """Change ``policy.json``, and its SHA-256 too where it is to be signed, as a stranger would."""
    content = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    change(content)
    if signed:
        content["description_sha256"] = _description_sha256(content)
    (folder / "policy.json").write_text(json.dumps(content), encoding="utf-8")


def replace_weights(folder: Path, data: bytes) -> None:
    """Put other weights there, their SHA-256 set right, as a stranger would."""
    (folder / "weights.safetensors").write_bytes(data)
    edit(folder, lambda content: content.update(sha256=hashlib.sha256(data).hexdigest()))


def test_a_loaded_policy_is_the_saved_one_to_the_last_bit(folder: Path, wild: Policy) -> None:
    loaded = load_policy(folder)
    assert loaded.fingerprint == wild.fingerprint
    for name, value in wild.network.state_dict().items():
        assert torch.equal(loaded.network.state_dict()[name], value)
    view = example_view(seed=2)
    assert torch.equal(loaded.select(view, 4), dataclasses.replace(wild, mixture=loaded.mixture).select(view, 4))
    assert (loaded.name, loaded.mixture.count, loaded.mixture.margin) == ("mine", 8, 0.25)
    assert loaded.card == {"trained_on": ["synthetic/tiny-0"]}
    assert not loaded.network.training


def test_a_folder_may_be_given_as_a_string_and_is_saved_over(folder: Path, untrained: Policy) -> None:
    save_policy(dataclasses.replace(untrained, name="second"), str(folder))
    assert load_policy(str(folder)).name == "second"
    assert sorted(path.name for path in folder.iterdir()) == ["policy.json", "weights.safetensors"]


def test_changed_weights_are_refused(folder: Path) -> None:
    path = folder / "weights.safetensors"
    data = bytearray(path.read_bytes())
    data[-1] ^= 1
    path.write_bytes(bytes(data))
    with pytest.raises(PolicyFileError, match=r"its SHA-256 is .{12}…, policy.json says .{12}…; the file was changed"):
        load_policy(folder)


def test_a_pickle_is_refused_and_not_run(folder: Path, tmp_path: Path) -> None:
    mark = tmp_path / "mark"

    class Stranger:
        def __reduce__(self) -> tuple[Any, ...]:
            return Path.touch, (mark,)

    replace_weights(folder, pickle.dumps(Stranger()))
    with pytest.raises(PolicyFileError, match="not a safetensors file"):
        load_policy(folder)
    assert not mark.exists()
    torch.save({"weights": torch.zeros(1)}, folder / "weights.safetensors")
    replace_weights(folder, (folder / "weights.safetensors").read_bytes())
    with pytest.raises(PolicyFileError, match="not a safetensors file"):
        load_policy(folder)


def test_weights_of_another_network_are_refused(folder: Path) -> None:
    replace_weights(folder, save({"head.0.bias": torch.zeros(16)}))
    with pytest.raises(PolicyFileError, match="the weights do not fit the network that policy"):
        load_policy(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it.update(format=3), "format 3 given; this version of alrl reads 1 and 2"),
        (lambda it: it.update(format=[2]), r"format \[2\] given"),
        (lambda it: it.pop("format"), "format None given"),
        (lambda it: it["network"].update(width=10**9), "the weights do not fit .* of width 1000000000"),
        (lambda it: it["network"].update(width="wide"), "incomplete or malformed"),
        (lambda it: it["network"].update(kind="transformer"), "'transformer' given; this version of alrl knows 'set"),
        (lambda it: it.pop("candidates"), r"incomplete or malformed \('candidates'\); train it again"),
        (lambda it: it["candidates"].update(count=0), "count = 0 given"),
        (lambda it: it["features"]["groups"].append("smell"), 'unknown feature group "smell"'),
        (lambda it: it["features"]["record"].append("smell"), "reads the feature 'smell', which this version of alrl"),
        (
            lambda it: it["features"]["record"].remove("entropy"),
            "the feature 'entropy', .* is missing from what it reads",
        ),
        (lambda it: it["features"]["loop"].clear(), "the feature 'budget-spent', .* is missing from what it reads"),
        (lambda it: it["features"]["record"].reverse(), "features of version 1 in another order or number"),
        (lambda it: it["features"].update(version=0), "features of version 0"),
        (lambda it: it.update(features=None), "incomplete or malformed"),
        (lambda it: it.update(card=3), "incomplete or malformed"),
    ],
)
def test_an_edited_description_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    edit(folder, change)
    with pytest.raises(PolicyFileError, match=message):
        load_policy(folder)


@pytest.mark.parametrize(
    "change",
    [
        lambda it: it["card"].update(trained_on=[]),
        lambda it: it["candidates"].update(count=7),
        lambda it: it.update(name="general"),
        lambda it: it.pop("description_sha256"),
    ],
)
def test_a_description_that_was_changed_by_the_way_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object]
) -> None:
    edit(folder, change, signed=False)
    with pytest.raises(PolicyFileError, match=r"its SHA-256 is .{12}…, the file says .{4,13}; it was changed after"):
        load_policy(folder)


def test_a_file_of_the_format_before_is_read(folder: Path, wild: Policy) -> None:
    def older(it: dict[str, Any]) -> None:
        it.update(format=1)
        del it["description_sha256"]

    edit(folder, older, signed=False)
    assert load_policy(folder).fingerprint == wild.fingerprint


@pytest.mark.parametrize("text", ["", "{", "[]", "\xff"])
def test_a_description_that_is_none_is_refused(folder: Path, text: str) -> None:
    (folder / "policy.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(PolicyFileError, match=r"policy\.json: (cannot be read as JSON|format None given)"):
        load_policy(folder)


def test_missing_weights_are_told(folder: Path) -> None:
    (folder / "weights.safetensors").unlink()
    with pytest.raises(PolicyFileError, match=r"cannot be read .*; a policy is a folder of two files"):
        load_policy(folder)


def test_an_unknown_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(PolicyFileError, match=r"no policy 'nobody': neither a folder .* train one with 'alrl train'"):
        load_policy("nobody")
    with pytest.raises(PolicyFileError, match="no policy"):
        load_policy(tmp_path)


@pytest.mark.parametrize("name", [None, 3, ["general"]])
def test_what_is_no_name_is_told(name: Any) -> None:
    with pytest.raises(PolicyFileError, match="give the name of a shipped one or its folder"):
        load_policy(name)
