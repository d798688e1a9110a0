"""Networks built again from what a policy file says: arrays and a few integers, checked before anything is built."""

from __future__ import annotations

import inspect
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch

from alrl.agents.networks.buyer import Buyer
from alrl.agents.networks.ensemble import Ensemble
from alrl.agents.networks.forest import ForestScorer
from alrl.agents.networks.mixture import Mixture
from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer
from alrl.agents.networks.weighted import LinearScorer, Weigher
from alrl.agents.policy_validation import check_weights
from alrl.errors import ContractError, PolicyFileError
from alrl.metadata import FeatureSet
from alrl.recipes.modules import resolve
from alrl.recipes.registry import Registry

_MOST_SIZES = 1000
"""Sizes of a batch that a file may name: a made-up number must not fill the memory."""

_MASK = torch.tensor([[True, True, True], [True, True, False]])
"""Which candidates there are in the two states that a network of one's own is tried on."""

Build = Callable[[Path, FeatureSet, dict[str, Any], dict[str, Any]], CandidateScorer]


def _set_scorer(folder: Path, features: FeatureSet, described: dict[str, Any], weights: dict[str, Any]) -> SetScorer:
    width = described.get("width", 0)
    given = weights.get("head.0.bias")
    _check_width(given, width, folder)
    network = SetScorer(
        record=len(features.record),
        loop=len(features.loop),
        margin_column=features.margin_column,
        width=width,
        relative=bool(described.get("relative", False)),
    )
    _fill(network, weights, folder)
    return network


def _ensemble(folder: Path, features: FeatureSet, described: dict[str, Any], weights: dict[str, Any]) -> Ensemble:
    width, members = described.get("width", 0), described.get("members", 0)
    stored = {name.split(".")[1] for name in weights if name.startswith("members.") and name.count(".") > 1}
    if len(stored) != members or not members:
        raise PolicyFileError(f"{folder}: weights of {len(stored)} members given; policy.json names {members}")
    parts = []
    for number in range(members):
        start = f"members.{number}."
        own = {name.removeprefix(start): value for name, value in weights.items() if name.startswith(start)}
        parts.append(_set_scorer(folder, features, {**described, "width": width}, own))
    ensemble = Ensemble(parts)
    check_weights(ensemble.state_dict(), weights, folder)
    return ensemble


def _buyer(folder: Path, features: FeatureSet, described: dict[str, Any], weights: dict[str, Any]) -> Buyer:
    sizes, start = _sizes(folder, weights), "scorer."
    # Before 0.2 the buffer had another name.
    weights = {"stochastic" if name == "by_lot" else name: value for name, value in weights.items()}
    own = {name.removeprefix(start): value for name, value in weights.items() if name.startswith(start)}
    network = Buyer(_set_scorer(folder, features, described, own), sizes=sizes)
    _fill(network, weights, folder)
    return network


def _sizes(folder: Path, weights: dict[str, Any]) -> list[int]:
    """Return sizes of a batch: at least one, rising."""
    sizes = weights.get("sizes")
    if sizes is None or sizes.ndim != 1 or sizes.is_floating_point() or not 0 < len(sizes) <= _MOST_SIZES:
        raise PolicyFileError(f"{folder}: the sizes of what is bought at once are missing")
    if int(sizes.min()) < 1 or not bool((sizes.diff() > 0).all()):
        raise PolicyFileError(f"{folder}: sizes {sizes.tolist()} given; they are at least 1, in rising order")
    return [int(size) for size in sizes]


def _forest(folder: Path, features: FeatureSet, described: dict[str, Any], weights: dict[str, Any]) -> ForestScorer:
    inputs = len(features.record) + len(features.loop)
    if described.get("inputs") != inputs:
        raise PolicyFileError(
            f"{folder}: a forest of {described.get('inputs')} inputs given; its features are {inputs}"
        )
    try:
        return ForestScorer(weights, inputs=inputs, steps=described.get("steps", -1))
    except PolicyFileError as error:
        raise PolicyFileError(f"{folder}: {error}") from error


def _linear(folder: Path, features: FeatureSet, described: dict[str, Any], weights: dict[str, Any]) -> LinearScorer:
    columns, weight = _weighed(folder, weights), weights.get("weight")
    if weight is None or described.keys() != {"kind"} or not _floats_of(weight, len(columns)):
        raise PolicyFileError(f"{folder}: a linear scorer has one weight for each of its {len(columns)} columns")
    return LinearScorer(features, columns, weight)


def _weigher(folder: Path, features: FeatureSet, described: dict[str, Any], weights: dict[str, Any]) -> Weigher:
    columns, width, given = _weighed(folder, weights), described.get("width", 0), weights.get("trunk.0.bias")
    _check_width(given, width, folder)
    network = Weigher(features, columns, width=width)
    _fill(network, weights, folder)
    return network


def _mixture(folder: Path, features: FeatureSet, described: dict[str, Any], weights: dict[str, Any]) -> Mixture:
    columns, weight, start = _weighed(folder, weights), weights.get("weight"), "prior."
    sizes = _sizes(folder, weights) if "sizes" in weights else []
    shape = (len(sizes), 1 + len(columns)) if sizes else (1 + len(columns),)
    if weight is None or tuple(weight.shape) != shape or not weight.is_floating_point():
        each = f", for each of its {len(sizes)} sizes of a batch" if sizes else ""
        raise PolicyFileError(
            f"{folder}: a mixture has one weight for its network and each of its {len(columns)} columns{each}"
        )
    own = {name.removeprefix(start): value for name, value in weights.items() if name.startswith(start)}
    build = _ensemble if "members" in described else _set_scorer
    prior = build(folder, features, {name: value for name, value in described.items() if name != "kind"}, own)
    network = Mixture(features, prior, columns, weight, sizes=sizes)
    _fill(network, weights, folder)
    return network


def _check_width(bias: Any, width: int, folder: Path) -> None:
    """Before a network is built: a made-up width must not fill the memory."""
    if bias is None or not _floats_of(bias, width):
        raise PolicyFileError(f"{folder}: the weights do not fit the network that policy.json names, of width {width}")


def _floats_of(vector: Any, length: int) -> bool:
    return tuple(vector.shape) == (length,) and bool(vector.is_floating_point())


def _fill(network: CandidateScorer, weights: dict[str, Any], folder: Path) -> None:
    check_weights(network.state_dict(), weights, folder)
    network.load_state_dict(weights)
    network.eval()


def _weighed(folder: Path, weights: dict[str, Any]) -> list[int]:
    """Return columns of the features that are weighed."""
    columns = weights.get("columns")
    if columns is None or columns.ndim != 1 or columns.is_floating_point():
        raise PolicyFileError(f"{folder}: the columns of what is weighed are missing")
    return [int(column) for column in columns]


_OWN: Registry[CandidateScorer] = Registry(CandidateScorer, package="alrl.agents.networks", noun="network")  # type: ignore[type-abstract]


def own_network(kind: str, features: FeatureSet, **settings: Any) -> CandidateScorer:
    """Return a network of a class of one's own, ``package.module:Class``, which takes the features first.

    Raises InvalidRecipeError where there is none, or for a setting that it does not take; ContractError where it takes
    no generator, or does not score candidates as a network has to.
    """
    if "generator" in settings:
        check_generator(resolve(kind, {}, base=CandidateScorer, noun="network"))
    network = _OWN.make(kind, features=features, **settings)
    for name, value in network.described.items():
        if name != "kind" and not isinstance(value, int):
            raise ContractError(
                f"{type(network).__name__}: described has {name} = {value!r}; a policy file keeps whole numbers alone:"
                " leave it out, or give it another unit"
            )
    _check_scores(network, features)
    return network


def check_generator(kind: Callable[..., object]) -> None:
    """Raise ContractError unless a network's class takes the features, and the generator of its weights.

    >>> check_generator(lambda features, generator=None: None)
    """
    given: dict[str, Any] = {"features": None, "generator": None}
    name = getattr(kind, "__name__", repr(kind))
    try:
        inspect.signature(kind).bind_partial(**given)
    except TypeError:
        raise ContractError(
            f"{name}: a network takes (features, *, generator=None, ...), and draws its weights from the"
            f" generator; it takes {inspect.signature(kind)}; try it with alrl.testing.check_network"
        ) from None


def check_trainable(network: CandidateScorer, features: FeatureSet) -> None:
    """Raise ContractError unless gradients train a network of one's own and a policy file keeps it.

    It is built again from what it describes and its weights, as loading does: the same class, which scores the same.
    """
    scores = _scored(network, features)
    if not scores.requires_grad:
        raise _broken(network, "scores depend on its parameters, by gradients; they do not")
    if not _scored(network, features).equal(scores):
        raise _broken(network, "one that is not in training scores a state the same every time; it did not")
    described = network.described
    try:
        # As it is read back: keys are text there, and tuples are lists.
        again = build_network(Path("policy"), features, json.loads(json.dumps(described)), network.state_dict())
    except Exception as error:
        raise _broken(network, f"a policy file keeps {described}, of which no network can be built: {error}") from error
    if type(again) is not type(network):
        other = f"{type(again).__module__}:{type(again).__qualname__}"
        own = f"{type(network).__module__}:{type(network).__qualname__}"
        raise _broken(network, f"described names its class; its kind {described['kind']!r} is {other}, and not {own}")
    if not _scored(again, features).equal(scores):
        wrong = f"described holds all settings; the network built again from {described} scores otherwise"
        raise _broken(network, f"{wrong}: add what it leaves out")


def _scored(network: CandidateScorer, features: FeatureSet) -> Any:
    """Return how it scores two states of three candidates, of which one is masked; it is not in training meanwhile."""
    chance = torch.Generator().manual_seed(0)
    record, loop = (
        torch.tensor([[each.low, each.high] for each in columns]).float()
        for columns in (features.record, features.loop)
    )
    given = (
        low + torch.rand(*shape, len(low), generator=chance) * (high - low)
        for (low, high), shape in ((record.unbind(1), (2, 3)), (loop.unbind(1), (2,)))
    )
    training = network.training
    network.eval()
    try:
        return network(*given, _MASK)
    finally:
        network.train(training)


def _check_scores(network: CandidateScorer, features: FeatureSet) -> None:
    """Raise ContractError unless it scores two states of three candidates, of which one is masked."""
    mask = _MASK
    with torch.no_grad():
        scores = _scored(network, features)
    if not isinstance(scores, torch.Tensor) or scores.shape != mask.shape:
        given = f"a tensor {tuple(scores.shape)}" if isinstance(scores, torch.Tensor) else repr(scores)
        wrong = f"forward gives scores (B, K), here (2, 3); it gave {given}"
    elif scores.dtype != torch.float32:
        wrong = f"forward gives float32 scores; it gave {scores.dtype}"
    elif not bool(scores[mask].isfinite().all()) or bool((scores[~mask] != -torch.inf).any()):
        wrong = (
            f"scores are finite within the mask {mask.tolist()}, minus infinity outside; they were {scores.tolist()}"
        )
    else:
        return
    raise _broken(network, wrong)


def _broken(network: CandidateScorer, wrong: str) -> ContractError:
    return ContractError(f"{type(network).__name__}: {wrong}; try it with alrl.testing.check_network")


def build_network(
    folder: Path, features: FeatureSet, described: dict[str, Any], weights: dict[str, Any]
) -> CandidateScorer:
    """Return the network that a policy file describes.

    Raises PolicyFileError for a kind that is not known, and for weights that do not fit.
    """
    kind = str(described["kind"])
    if ":" in kind:
        network = own_network(kind, features, **{name: each for name, each in described.items() if name != "kind"})
        _fill(network, weights, folder)
        return network
    if kind not in NETWORKS:
        known = ", ".join(map(repr, NETWORKS))
        raise PolicyFileError(f"{folder}: a network of kind {kind!r} given; this version of alrl knows {known}")
    return NETWORKS[kind](folder, features, described, weights)


NETWORKS: dict[str, Build] = {
    "set-scorer": _set_scorer,
    "ensemble": _ensemble,
    "buyer": _buyer,
    "forest": _forest,
    "linear": _linear,
    "weigher": _weigher,
    "mixture": _mixture,
}
"""What builds a network of each kind from its description and tensors, or raises PolicyFileError."""
