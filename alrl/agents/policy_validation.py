"""Checks of a policy file that a stranger may have made: bounds on everything, before anything is built from it."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_tensors
from torch import Tensor

from alrl.errors import PolicyFileError

MOST_DESCRIPTION_BYTES = 4 * 2**20
MOST_WEIGHTS_BYTES = 256 * 2**20
_MOST_DEPTH = 32
_MOST_TENSORS = 10_000
_MOST_CANDIDATES = 10_000
_MOST_NAME = 100
_FLOATS = (torch.float16, torch.bfloat16, torch.float32, torch.float64)
_WHOLE = (torch.bool, torch.int32, torch.int64)
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{}]', re.DOTALL)


def parse_description(data: bytes, path: Path) -> dict[str, Any]:
    """Return what ``policy.json`` describes: one JSON object, of bounded depth, whose numbers are finite.

    >>> parse_description(b'{"width": 1e999}', Path("policy.json"))
    Traceback (most recent call last):
        ...
    alrl.errors.PolicyFileError: policy.json: cannot be read as JSON (1e999 given; numbers are finite)

    Raises:
        PolicyFileError: it is anything else, or names a key twice.
    """
    _check_depth(data, path)
    try:
        content = json.loads(
            data.decode("utf-8"),
            object_pairs_hook=_object,
            parse_float=_finite,
            parse_int=_integer,
            parse_constant=_finite,
        )
    except (ValueError, RecursionError) as error:
        raise PolicyFileError(f"{path}: cannot be read as JSON ({error})") from error
    return content if isinstance(content, dict) else {}


def _check_depth(data: bytes, path: Path) -> None:
    depth = 0
    for token in _TOKENS.finditer(data):
        depth += {b"[": 1, b"{": 1, b"]": -1, b"}": -1}.get(token.group(), 0)
        if depth > _MOST_DEPTH:
            raise PolicyFileError(f"{path}: nested deeper than {_MOST_DEPTH} levels; no policy needs that")


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise ValueError("a key is given twice")
    return content


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(f"{text[:20]} given; numbers are finite")
    return number


def _integer(text: str) -> int:
    if len(text) > 19:
        raise ValueError(f"{text[:20]}... given; whole numbers have at most 18 digits")
    return int(text)


def check_description(content: Mapping[str, Any], path: Path) -> None:
    """Check kinds and sizes of what is built from a description: name, network, candidates and card.

    Raises:
        PolicyFileError: one of them is of another kind or larger than a policy needs.
    """
    name = content.get("name", "")
    if not isinstance(name, str) or len(name) > _MOST_NAME or not name.isprintable():
        raise PolicyFileError(f"{path}: incomplete or malformed (its name is up to {_MOST_NAME} printable characters)")
    for part in ("network", "features", "candidates", "card"):
        if not isinstance(content.get(part, {}), dict):
            raise PolicyFileError(f"{path}: incomplete or malformed ({part} is a table); train it again")
    for key, value in content.get("network", {}).items():
        if key != "kind" and not isinstance(value, int):
            raise PolicyFileError(
                f"{path}: incomplete or malformed (network: {key} = {value!r} given, a whole number expected); train it"
                " again"
            )
    _check_candidates(content.get("candidates", {}), path)
    _check_card(content.get("card", {}), path)


def _check_candidates(candidates: Mapping[str, Any], path: Path) -> None:
    count = candidates.get("count", 1)
    if not isinstance(count, int) or count > _MOST_CANDIDATES:
        raise PolicyFileError(f"{path}: candidates: count = {count} given; it is a whole number up to 10,000")
    rules = candidates.get("rules", [])
    if not isinstance(rules, list) or not all(isinstance(rule, str) for rule in rules):
        raise PolicyFileError(f"{path}: incomplete or malformed (rules are a list of names); train it again")


def _check_card(card: Mapping[str, Any], path: Path) -> None:
    kinds = {"trained_on": list, "validated_on": list, "work": dict}
    kinds |= {"validation_gain_over_margin": dict, "validation_standard_error": dict}
    for key, kind in kinds.items():
        value = card.get(key, kind())
        inner = str if kind is list else int | float
        values = value.values() if isinstance(value, dict) else value
        if not isinstance(value, kind) or not all(isinstance(each, inner) for each in values):
            wanted = "a list of names" if kind is list else "a table of numbers"
            raise PolicyFileError(f"{path}: incomplete or malformed (card: {key} is {wanted}); train it again")


def parse_weights(data: bytes, path: Path) -> dict[str, Tensor]:
    """Return the tensors of a safetensors file: of plain types, all of their numbers finite.

    Raises:
        PolicyFileError: the file is no safetensors file, or holds other numbers or too many tensors.
    """
    try:
        weights = dict(load_tensors(data))
    except (SafetensorError, KeyError, ValueError, RuntimeError) as error:
        raise PolicyFileError(f"{path}: not a safetensors file ({error})") from error
    if len(weights) > _MOST_TENSORS:
        raise PolicyFileError(f"{path}: {len(weights)} tensors given; a policy has at most {_MOST_TENSORS}")
    for name, value in weights.items():
        if value.dtype not in _FLOATS + _WHOLE:
            raise PolicyFileError(f"{path}: {name} is of type {value.dtype}; weights are floats, integers or bools")
        if not bool(value.isfinite().all()):
            raise PolicyFileError(
                f"{path}: {name} holds weights that are not finite (NaN or infinity); the policy would choose without"
                " a reason: get the original, or train it again"
            )
    return weights


def check_weights(expected: Mapping[str, Tensor], weights: Mapping[str, Tensor], folder: Path) -> None:
    """Check that ``weights`` have the names, shapes and kinds of number (floating point or integers) of ``expected``.

    >>> check_weights({"bias": torch.zeros(2)}, {"bias": torch.zeros(2, dtype=torch.long)}, Path("mine"))
    Traceback (most recent call last):
        ...
    alrl.errors.PolicyFileError: mine: the weights do not fit the network that policy.json names: bias is torch.int64
    of shape [2], expected torch.float32 of shape [2]

    Raises:
        PolicyFileError: they have not.
    """
    misfit = f"{folder}: the weights do not fit the network that policy.json names"
    strange = sorted(expected.keys() ^ weights.keys())
    if strange:
        raise PolicyFileError(f"{misfit}: {strange[0][:_MOST_NAME]!r} is missing or superfluous")
    for name, value in expected.items():
        given = weights[name]
        if given.shape != value.shape or given.is_floating_point() != value.is_floating_point():
            raise PolicyFileError(
                f"{misfit}: {name} is {given.dtype} of shape {list(given.shape)}, expected {value.dtype} of shape"
                f" {list(value.shape)}"
            )
