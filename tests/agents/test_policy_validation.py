"""Policy files that a stranger made on purpose: refused at once, in words, within little time and memory."""

from __future__ import annotations

import hashlib
import json
import os
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save

from alrl.agents.policy import Policy
from alrl.agents.policy_file import _description_sha256, load_policy, save_policy
from alrl.agents.policy_validation import MOST_DESCRIPTION_BYTES
from alrl.envs.candidates import CandidateMixture
from alrl.errors import InvalidQueryError, PolicyFileError
from alrl.metadata import FeatureSet
from alrl.metadata.feature_set import DEFAULT_GROUPS
from alrl.testing import example_view


def policy(members: int = 1) -> Policy:
    mixture = CandidateMixture(count=8, margin=1.0, random=0.0)
    return Policy.untrained(FeatureSet(DEFAULT_GROUPS), mixture, width=16, members=members, margin_start=False)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_policy(policy(), tmp_path / "mine")


def sign(folder: Path, content: dict[str, Any]) -> None:
    content["sha256"] = hashlib.sha256((folder / "weights.safetensors").read_bytes()).hexdigest()
    content["description_sha256"] = _description_sha256(content)
    (folder / "policy.json").write_text(json.dumps(content), encoding="utf-8")


def describe(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    content = json.loads((folder / "policy.json").read_text(encoding="utf-8"))
    change(content)
    sign(folder, content)


def weigh(folder: Path, change: Callable[[dict[str, torch.Tensor]], object]) -> None:
    weights = load_file(folder / "weights.safetensors")
    change(weights)
    (folder / "weights.safetensors").write_bytes(save({name: each.contiguous() for name, each in weights.items()}))
    describe(folder, lambda content: None)


@pytest.mark.parametrize("members", [1, 3])
@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_weights_that_are_not_finite_are_refused(value: float, members: int, tmp_path: Path) -> None:
    folder = save_policy(policy(members), tmp_path / "mine")
    weigh(folder, lambda weights: next(iter(weights.values())).view(-1)[:1].fill_(value))
    with pytest.raises(PolicyFileError, match="holds weights that are not finite"):
        load_policy(folder)


def test_finite_weights_whose_scores_are_no_numbers_choose_nothing(folder: Path) -> None:
    weigh(folder, lambda weights: [value.mul_(1e38) for value in weights.values() if value.is_floating_point()])
    with pytest.raises(InvalidQueryError, match="scores a candidate with NaN: its weights are too large"):
        load_policy(folder).select(example_view(seed=2), 2)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it.update({"head.0.bias": it["head.0.bias"].long()}), "the weights do not fit the network"),
        (lambda it: it.update({"head.0.weight": it["head.0.weight"].long()}), "head.0.weight is torch.int64 of shape"),
        (lambda it: it.update({"head.0.weight": it["head.0.weight"][:-1]}), "head.0.weight is torch.float32 of shape"),
        (lambda it: it.update(more=torch.zeros(2)), "'more' is missing or superfluous"),
        (lambda it: it.pop("head.0.weight"), "'head.0.weight' is missing or superfluous"),
        (lambda it: it.update(more=torch.zeros(2, dtype=torch.complex64)), "more is of type torch.complex64"),
    ],
)
def test_weights_of_other_shapes_and_kinds_are_refused(
    folder: Path, change: Callable[[dict[str, torch.Tensor]], object], message: str
) -> None:
    weigh(folder, change)
    with pytest.raises(PolicyFileError, match=message):
        load_policy(folder)


def test_weights_beside_those_of_an_ensemble_are_refused(tmp_path: Path) -> None:
    folder = save_policy(policy(3), tmp_path / "mine")
    weigh(folder, lambda weights: weights.update(more=torch.zeros(2)))
    with pytest.raises(PolicyFileError, match="'more' is missing or superfluous"):
        load_policy(folder)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda it: it["candidates"].update(count=10**7), "count = 10000000 given; it is a whole number up to 10,000"),
        (lambda it: it["candidates"].update(count=2.5), "count = 2.5 given"),
        (lambda it: it["candidates"].update(margin="all"), "incomplete or malformed"),
        (lambda it: it["network"].update(width=10**9), "do not fit the network"),
        (lambda it: it["network"].update(width=10**17), "do not fit the network"),
        (lambda it: it["network"].update(width=-1), "do not fit the network"),
        (lambda it: it["network"].update(width=16.5), "width = 16.5 given, a whole number expected"),
        (lambda it: it["network"].update(width="16"), "width = '16' given, a whole number expected"),
        (lambda it: it["network"].update(kind="ensemble", members=10**9), "weights of 0 members given; policy.json na"),
        (lambda it: it["network"].update(kind=["set-scorer"]), "incomplete or malformed|knows"),
        (lambda it: it.update(network=[]), "network is a table"),
        (lambda it: it.update(candidates={"rules": "margin"}), "rules are a list of names"),
        (lambda it: it.update(candidates={"rules": ["os:system", "margin"]}), "registered strategies alone"),
        (lambda it: it.update(name="x" * 10**5), "up to 100 printable characters"),
        (lambda it: it.update(name="\x1b[2Jgeneral"), "up to 100 printable characters"),
        (lambda it: it.update(name="\ud800"), "up to 100 printable characters"),
        (lambda it: it.update(name=7), "up to 100 printable characters"),
        (lambda it: it["card"].update(trained_on=7), "trained_on is a list of names"),
        (lambda it: it["card"].update(validated_on=[7]), "validated_on is a list of names"),
        (lambda it: it["card"].update(work={"steps": "many"}), "work is a table of numbers"),
        (lambda it: it["card"].update(feature_ranges=[]), "no range of the feature|incomplete or malformed"),
        (lambda it: it.update(guard=[]), "incomplete or malformed"),
        (lambda it: it["features"].update(groups=[["confidence"]]), "incomplete or malformed"),
        (lambda it: it["features"].update(record=7), "incomplete or malformed"),
    ],
)
def test_a_description_of_made_up_sizes_and_kinds_is_refused(
    folder: Path, change: Callable[[dict[str, Any]], object], message: str
) -> None:
    describe(folder, change)
    began = time.perf_counter()
    with pytest.raises(PolicyFileError, match=message):
        load_policy(folder)
    assert time.perf_counter() - began < 5


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("[" * 100_000, "nested deeper than 32 levels"),
        ('{"a":' * 100_000, "nested deeper than 32 levels"),
        ('{"format": 2, "network": {"width": 1e999}}', "1e999 given; numbers are finite"),
        ('{"format": 2, "network": {"width": -Infinity}}', "-Infinity given; numbers are finite"),
        ('{"format": ' + "9" * 5000 + "}", r"999\.\.\. given; whole numbers have at most 18 digits"),
        ('{"format": 2, "format": 2}', "a key is given twice"),
        ('"' + "\\" * 99, "cannot be read as JSON"),
        (" " * (MOST_DESCRIPTION_BYTES + 1), "4,194,305 bytes given, at most 4,194,304 are read; a policy is a folder"),
        ("7", "format None given"),
    ],
)
def test_json_without_bounds_is_refused(folder: Path, text: str, message: str) -> None:
    (folder / "policy.json").write_text(text, encoding="utf-8")
    began = time.perf_counter()
    with pytest.raises(PolicyFileError, match=message):
        load_policy(folder)
    assert time.perf_counter() - began < 5


def test_brackets_within_text_are_not_depth(folder: Path) -> None:
    describe(folder, lambda content: content["card"].update(agent='{"a": "\\"[' * 100))
    assert load_policy(folder).card["agent"].count("[") == 100


@pytest.mark.parametrize("file", ["policy.json", "weights.safetensors"])
@pytest.mark.parametrize("kind", ["pipe", "device", "folder", "loop"])
def test_what_is_no_regular_file_is_refused_without_waiting(folder: Path, file: str, kind: str) -> None:
    (folder / file).unlink()
    if kind == "pipe":
        os.mkfifo(folder / file)
    elif kind == "folder":
        (folder / file).mkdir()
    else:
        (folder / file).symlink_to("/dev/zero" if kind == "device" else folder / file)
    with pytest.raises(PolicyFileError, match=r"not a regular file|cannot be read|no policy"):
        load_policy(folder)


def test_a_link_to_a_policys_file_is_followed(folder: Path) -> None:
    (folder / "weights.safetensors").rename(folder / "elsewhere")
    (folder / "weights.safetensors").symlink_to(folder / "elsewhere")
    assert load_policy(folder).name == "policy"


def test_weights_with_a_header_of_made_up_length_are_refused(folder: Path) -> None:
    for data in (b"\xff" * 8, (2**62).to_bytes(8, "little") + b"{}", b"", b"\x00" * 64):
        (folder / "weights.safetensors").write_bytes(data)
        describe(folder, lambda content: None)
        with pytest.raises(PolicyFileError, match="not a safetensors file"):
            load_policy(folder)
