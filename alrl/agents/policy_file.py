"""Policy files: a folder with ``policy.json`` and ``weights.safetensors``. Reading one runs no code of the file's."""

from __future__ import annotations

import hashlib
import json
import os
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from alrl.agents.guard.guard import Guard
from alrl.agents.guard.training_ranges import TrainingRanges
from alrl.agents.networks.saved_networks import build_network
from alrl.agents.policy import Policy
from alrl.agents.policy_validation import (
    MOST_DESCRIPTION_BYTES,
    MOST_WEIGHTS_BYTES,
    check_description,
    parse_description,
    parse_weights,
)
from alrl.agents.rule_picks import chosen_from
from alrl.errors import CodeRefusedError, InvalidRecipeError, PolicyFileError
from alrl.metadata import FeatureSet
from alrl.recipes.modules import only_imported
from alrl.recipes.regular_files import read_regular

FORMAT = 2
_UNSIGNED = 1
"""The format before 2: without the SHA-256 of what ``policy.json`` says."""
_SHIPPED = Path(__file__).resolve().parent.parent / "policies"


def shipped_policies() -> list[str]:
    """Return names of the policies that come with alrl."""
    return sorted(path.parent.name for path in _SHIPPED.glob("*/policy.json"))


def save_policy(policy: Policy, folder: str | Path) -> Path:
    """Write ``policy.json`` (what it is, what it reads, where it comes from, both files' SHA-256) and the weights."""
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    weights = policy.weights()
    mixture = policy.mixture
    content = {
        "format": FORMAT,
        "name": policy.name,
        "network": policy.network.described,
        "features": policy.features.schema,
        "candidates": mixture.described,
        "card": dict(policy.card),
        "sha256": hashlib.sha256(weights).hexdigest(),
    }
    if policy.guard is not None:
        content["card"] = {**policy.card, **policy.guard.ranges.to_card(policy.features)}
        content["guard"] = policy.guard.to_json()
    content["description_sha256"] = _description_sha256(content)
    text = json.dumps(content, indent=2, sort_keys=True) + "\n"
    _replace(folder / "weights.safetensors", weights)
    _replace(folder / "policy.json", text.encode())
    return folder


def _description_sha256(content: dict[str, Any]) -> str:
    """Of all that ``policy.json`` says but this."""
    # As it is read back: keys are text there, and tuples are lists.
    description = json.loads(json.dumps({key: value for key, value in content.items() if key != "description_sha256"}))
    return hashlib.sha256(json.dumps(description, sort_keys=True).encode()).hexdigest()


def _replace(path: Path, data: bytes) -> None:
    # In one step: who is killed here leaves the old file or the new one, never half of one.
    part = path.with_name(f"{path.name}.{os.getpid()}.part")
    part.write_bytes(data)
    part.replace(path)


def load_policy(name: str | Path, *, trust: bool = False) -> Policy:
    """Load a policy from its folder, or a shipped one by name, such as ``general``.

    A file may name features, candidates or a network of one's own, ``package.module:Class``. Their modules are used if
    they have been imported already; with ``trust`` they are imported, which runs their code.

    Raises PolicyFileError if there is none, if a file is missing, not what it should be or changed after it was
    written, or if this version of alrl computes other features.
    """
    with nullcontext() if trust else only_imported():
        return _load(name)


def _load(name: str | Path) -> Policy:
    if not isinstance(name, str | os.PathLike):
        raise PolicyFileError(f"a policy called {name!r} given; give the name of a shipped one or its folder")
    folder = Path(name)
    if not (folder / "policy.json").is_file():
        if (_SHIPPED / str(name) / "policy.json").is_file():
            folder = _SHIPPED / str(name)
        else:
            raise PolicyFileError(
                f"no policy {str(name)!r}: neither a folder with policy.json nor a shipped policy"
                f" ({', '.join(shipped_policies()) or 'none'}); train one with 'alrl train'"
            )
    content = _content(folder)
    weights = _weights(folder, content)
    try:
        features = FeatureSet(content["features"]["groups"])
        mixture = chosen_from(content["candidates"])
        described = content["network"]
        str(described["kind"])
        card = dict(content.get("card", {}))
        _check_schema(folder, content["features"], features.schema)
        TrainingRanges.of_card(card, features)
        guard = Guard.from_json(content["guard"], card, features) if content.get("guard") is not None else None
    except CodeRefusedError as error:
        raise PolicyFileError(f"{folder}: {error}") from error
    except (AttributeError, KeyError, TypeError, ValueError, InvalidRecipeError) as error:
        raise PolicyFileError(f"{folder / 'policy.json'}: incomplete or malformed ({error}); train it again") from error
    try:
        network = build_network(folder, features, described, weights)
    except InvalidRecipeError as error:
        raise PolicyFileError(f"{folder}: {error}") from error
    return Policy(
        name=str(content.get("name", folder.name)),
        network=network,
        features=features,
        mixture=mixture,
        card=card,
        guard=guard,
    )


def _content(folder: Path) -> dict[str, Any]:
    path = folder / "policy.json"
    content = parse_description(_read(path, MOST_DESCRIPTION_BYTES), path)
    given = content.get("format")
    if not isinstance(given, int) or given not in {FORMAT, _UNSIGNED}:
        raise PolicyFileError(
            f"{folder / 'policy.json'}: format {given} given; this version of alrl reads {_UNSIGNED} and {FORMAT}"
        )
    if given == FORMAT and content.get("description_sha256") != _description_sha256(content):
        raise PolicyFileError(
            f"{folder / 'policy.json'}: its SHA-256 is {_description_sha256(content)[:12]}…, the file says"
            f" {str(content.get('description_sha256'))[:12]}…; it was changed after training: get the original, or"
            " train it again"
        )
    check_description(content, path)
    return content


def _read(path: Path, most: int) -> bytes:
    return read_regular(path, most, error=PolicyFileError, advice="a policy is a folder of two files")


def _weights(folder: Path, content: dict[str, Any]) -> dict[str, Any]:
    path = folder / "weights.safetensors"
    data = _read(path, MOST_WEIGHTS_BYTES)
    digest = hashlib.sha256(data).hexdigest()
    if digest != content.get("sha256"):
        raise PolicyFileError(
            f"{path}: its SHA-256 is {digest[:12]}…, policy.json says {str(content.get('sha256'))[:12]}…; the file was"
            " changed after training: get the original, or train it again"
        )
    return parse_weights(data, path)


def _check_schema(folder: Path, given: dict[str, Any], ours: dict[str, Any]) -> None:
    for part in ("record", "loop"):
        known = set(ours[part])
        listed = list(given.get(part, []))
        missing = [name for name in listed if name not in known]
        if missing:
            raise PolicyFileError(
                f"{folder}: the policy reads the feature {missing[0]!r}, which this version of alrl does not compute"
            )
        unread = [name for name in ours[part] if name not in listed]
        if unread:
            raise PolicyFileError(
                f"{folder}: the feature {unread[0]!r}, which this version of alrl computes for the policy's groups, is"
                " missing from what it reads; train the policy again"
            )
    if given != ours:
        raise PolicyFileError(
            f"{folder}: features of version {given.get('version')} in another order or number than this version of"
            f" alrl computes (version {ours['version']}); train the policy again"
        )
