"""State of a training on disk, from which one that was killed goes on: files of tensors and JSON, nothing pickled."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
import shutil
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save
from torch import Tensor, nn

from alrl import recipes
from alrl.agents.networks.saved_networks import build_network
from alrl.agents.policy import Policy
from alrl.agents.recipe import TrainedRecipe
from alrl.agents.rule_picks import chosen_from
from alrl.envs.recipe import EnvRecipe
from alrl.errors import CodeRefusedError, InvalidRecipeError
from alrl.loop.counting import Counter, Tally
from alrl.recipes.code_identity import code_of
from alrl.recipes.modules import only_imported


@dataclass(kw_only=True, eq=False)
class Work:
    """What a training has done so far, as its card tells it."""

    steps: int = 0
    """Queries played to learn from."""
    validation_steps: int = 0
    """Queries played to compare the stages."""
    scalars: dict[str, float] = field(default_factory=dict)
    """What the stages came to, by name."""
    counter: Counter = field(default_factory=Counter)

    def to_json(self) -> dict[str, Any]:
        """Return all of it for JSON."""
        own = {name: getattr(self, name) for name in ("steps", "validation_steps", "scalars")}
        return {**own, "tally": dataclasses.asdict(self.counter.tally)}

    def resume(self, content: Mapping[str, Any]) -> None:
        """Go on from what :meth:`to_json` gave."""
        self.steps, self.validation_steps = int(content["steps"]), int(content["validation_steps"])
        self.scalars.clear()
        self.scalars.update(content["scalars"])
        self.counter.resume(Tally(**content["tally"]))

    @property
    def summary(self) -> dict[str, int | float]:
        """What a card tells of it."""
        return {"steps": self.steps, "validation_steps": self.validation_steps, **self.counter.tally.summary}


@dataclass(frozen=True, kw_only=True)
class State:
    """What a checkpoint holds: ``values`` for JSON, ``tensors`` by name, and the work until then."""

    values: Mapping[str, Any]
    tensors: Mapping[str, Tensor]
    work: Mapping[str, Any]

    def within(self, name: str) -> dict[str, Tensor]:
        """Return the tensors that were saved under ``name``."""
        return {key.removeprefix(f"{name}/"): each for key, each in self.tensors.items() if key.startswith(f"{name}/")}


@dataclass(kw_only=True, eq=False)
class Checkpoint:
    """A file that a stage of a training, or a part of a stage, keeps its state in.

    A file is written whole or not at all, so whoever is killed leaves the state before. One of another ``identity``
    (other recipes, seed or code) is not gone on from. The work of the training is saved with it, and taken up again
    where it is loaded.

    >>> Checkpoint().part("imitation").load() is None
    True
    """

    path: Path | None = None
    """None keeps nothing."""
    identity: str = ""
    work: Work = field(default_factory=Work)
    seconds: float = 60.0
    """Between two states of what could be saved at every step, see :meth:`due`."""

    def __post_init__(self) -> None:
        self._last = monotonic()

    @classmethod
    def of(
        cls,
        folder: Path | None,
        work: Work,
        agent: TrainedRecipe,
        env: EnvRecipe,
        *,
        seed: int,
        device: str,
        start: str | None = None,
    ) -> Checkpoint:
        """Return the checkpoint of a whole training, whose parts lie in ``folder``; nothing is kept without one.

        ``start`` is the fingerprint of the policy that it goes on from, if any.
        """
        if folder is None:
            return cls(work=work)
        own = [recipes.canonical_json(agent), recipes.canonical_json(env)]
        code = code_of(*(json.loads(each) for each in own), training=True)
        whole = json.dumps([*own, seed, device, code, torch.__version__, *([start] if start else [])], sort_keys=True)
        path = folder.with_name(f"{folder.name}.safetensors")
        return cls(path=path, identity=hashlib.sha256(whole.encode()).hexdigest(), work=work)

    @property
    def begun(self) -> bool:
        """Whether a part of this very training has kept a state."""
        files = [] if self.path is None else list(self.path.with_suffix("").glob("**/*.safetensors"))
        fresh = [dataclasses.replace(self, path=file, work=Work()) for file in files]
        return any(each.load() is not None for each in fresh)

    def part(self, name: str) -> Checkpoint:
        """Return the checkpoint of a part, in a folder beside the file."""
        path = None if self.path is None else self.path.with_suffix("") / f"{name}.safetensors"
        return dataclasses.replace(self, path=path)

    def due(self) -> bool:
        """Return whether a state is to be saved now: so many seconds after the last one."""
        return self.path is not None and monotonic() - self._last >= self.seconds

    def save(self, values: Mapping[str, Any], tensors: Mapping[str, Tensor] | None = None) -> None:
        """Write the state, whole or not at all."""
        if self.path is None:
            return
        content = {"identity": self.identity, "work": self.work.to_json(), "values": values}
        apart = {name: each.detach().clone().contiguous() for name, each in (tensors or {}).items()}
        self.path.parent.mkdir(parents=True, exist_ok=True)
        half = self.path.with_suffix(".part")
        half.write_bytes(save(apart, {"alrl": json.dumps(content)}))
        half.replace(self.path)
        self._last = monotonic()

    def load(self) -> State | None:
        """Return what :meth:`save` wrote; None where there is nothing, or something of another training.

        Raises InvalidRecipeError for a file that is none of ours.
        """
        if self.path is None or not self.path.is_file():
            return None
        try:
            with safe_open(self.path, "pt") as file:
                content = json.loads((file.metadata() or {})["alrl"])
                if content["identity"] != self.identity:
                    return None
                tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
            state = State(values=content["values"], tensors=tensors, work=content["work"])
            self.work.resume(state.work)
        except (KeyError, TypeError, ValueError, SafetensorError) as error:
            raise InvalidRecipeError(f"{self.path}: not the state of a training ({error}); delete it") from error
        return state

    def remove(self) -> None:
        """Delete the parts, and the file itself."""
        if self.path is not None:
            self.path.unlink(missing_ok=True)
            self.remove_parts()

    def remove_parts(self) -> None:
        """Delete the parts: what they led to is saved."""
        if self.path is not None:
            shutil.rmtree(self.path.with_suffix(""), ignore_errors=True)


def keep(checkpoint: Checkpoint, policy: Policy) -> None:
    """Save the policy that a stage has made, and delete what the stage had kept on its way."""
    described = {"network": policy.network.described, "candidates": policy.mixture.described}
    checkpoint.save(described, policy.network.state_dict())
    checkpoint.remove_parts()


def kept(checkpoint: Checkpoint, policy: Policy) -> Policy | None:
    """Return what :func:`keep` saved, ``policy`` being what the stage began with; None where the stage has not ended.

    Nor where its network is of a class whose module has not been imported.
    """
    state = checkpoint.load()
    if state is None or checkpoint.path is None:
        return None
    described, tensors = state.values["network"], dict(state.tensors)
    if described == json.loads(json.dumps(policy.network.described)):
        network = copy.deepcopy(policy.network)
        network.load_state_dict(tensors)
        network.eval()
    else:
        try:
            with only_imported():
                network = build_network(checkpoint.path, policy.features, described, tensors)
        except CodeRefusedError:
            return None
    mixture = policy.mixture
    if state.values["candidates"] != json.loads(json.dumps(mixture.described)):
        mixture = chosen_from(state.values["candidates"])
    return dataclasses.replace(policy, network=network, mixture=mixture)


def tensors_of(**modules: nn.Module) -> dict[str, Tensor]:
    """Return the tensors of modules, each under its name, for :meth:`Checkpoint.save`."""
    return {f"{name}/{key}": each for name, module in modules.items() for key, each in module.state_dict().items()}


def optimiser_tensors(name: str, optimiser: Any) -> dict[str, Tensor]:
    """Return what an optimiser remembers of each parameter; its settings are the recipe's."""
    return {
        f"{name}/{number}/{key}": torch.as_tensor(each)
        for number, remembered in optimiser.state_dict()["state"].items()
        for key, each in remembered.items()
    }


def resume_optimiser(optimiser: Any, tensors: Mapping[str, Tensor]) -> None:
    """Let an optimiser remember what :func:`optimiser_tensors` gave, names without its own."""
    remembered: dict[int, dict[str, Tensor]] = {}
    for name, each in tensors.items():
        number, key = name.split("/")
        remembered.setdefault(int(number), {})[key] = each
    optimiser.load_state_dict({"state": remembered, "param_groups": optimiser.state_dict()["param_groups"]})
