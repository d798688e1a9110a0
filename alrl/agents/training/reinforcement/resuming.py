"""State of a run of Stable-Baselines3 between two roll-outs, as tensors and JSON: its own zips hold pickles.

A running environment is not saved: what it plays is a function of its seed and of the actions, which are kept and
played again. To begin with a later episode would not do: beside others its padding is another, and its last bits are.
"""

from __future__ import annotations

import random
from collections import deque
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from stable_baselines3.common.base_class import BaseAlgorithm
from stable_baselines3.common.buffers import DictReplayBuffer
from stable_baselines3.common.callbacks import BaseCallback
from stable_baselines3.common.vec_env import VecEnv, VecEnvWrapper, VecNormalize
from stable_baselines3.common.vec_env.base_vec_env import VecEnvObs, VecEnvStepReturn
from torch import Tensor

from alrl.agents.training.checkpoint import Checkpoint, State, optimiser_tensors, resume_optimiser

_COUNTS = ("num_timesteps", "_n_updates", "_n_calls", "_episode_num", "_current_progress_remaining", "exploration_rate")


class Recorder(VecEnvWrapper):
    """Keeps the actions that were played since the reset."""

    def __init__(self, venv: VecEnv) -> None:
        super().__init__(venv)
        self.actions: list[NDArray[Any]] = []

    def reset(self) -> VecEnvObs:
        self.actions = []
        return self.venv.reset()

    def step_async(self, actions: NDArray[Any]) -> None:
        self.actions.append(np.array(actions))
        self.venv.step_async(actions)

    def step_wait(self) -> VecEnvStepReturn:
        return self.venv.step_wait()


class Saves(BaseCallback):
    """Saves the state between two roll-outs, where the checkpoint is due."""

    def __init__(self, checkpoint: Checkpoint, recorder: Recorder) -> None:
        super().__init__()
        self._checkpoint, self._recorder = checkpoint, recorder

    def _on_rollout_start(self) -> None:
        if self._checkpoint.due() and self.model.num_timesteps > 0:
            self._checkpoint.save(*state_of(self.model, self._recorder))

    def _on_step(self) -> bool:
        return True


def state_of(model: BaseAlgorithm, recorder: Recorder) -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Return all that the rest of a training depends on: values for JSON, and tensors by name."""
    values = {name: getattr(model, name) for name in _COUNTS if hasattr(model, name)}
    values |= {"episodes": [{"r": each["r"], "l": each["l"]} for each in model.ep_info_buffer or ()]}
    values |= {"chance": _chance(model)}
    tensors = {"torch": torch.get_rng_state(), "numpy": torch.from_numpy(_numpy_state().astype(np.int64))}
    for name, content in model.get_parameters().items():
        if name.endswith("optimizer"):
            tensors |= optimiser_tensors(name, _at(model, name))
        else:
            tensors |= {f"{name}/{key}": each for key, each in content.items()}
    tensors |= {f"variables/{name}": getattr(model, name) for name in _variables(model)}
    arrays = {"actions": np.array(recorder.actions)}
    rewards = model.get_vec_normalize_env()
    if rewards is not None:
        arrays |= {name: np.asarray(getattr(rewards.ret_rms, name)) for name in ("mean", "var", "count")}
        arrays["returns"] = rewards.returns
    buffer = getattr(model, "replay_buffer", None)
    if buffer is not None:
        values |= {"place": buffer.pos, "full": buffer.full}
        arrays |= {f"buffer/{name}": each for name, each in _remembered(buffer).items()}
    return values, tensors | {name: torch.from_numpy(np.array(each, order="C")) for name, each in arrays.items()}


def resume(model: BaseAlgorithm, state: State) -> None:
    """Bring a model, as it was made, and its environment to the ``state`` that :func:`state_of` gave."""
    _play_again(model, state)
    for name, content in model.get_parameters().items():
        own = state.within(name)
        if name.endswith("optimizer"):
            resume_optimiser(_at(model, name), own)
        else:
            _at(model, name).load_state_dict({key: own[key] for key in content})
    for name in _variables(model):
        getattr(model, name).data = state.tensors[f"variables/{name}"]
    for name in _COUNTS:
        if name in state.values:
            setattr(model, name, state.values[name])
    model.ep_info_buffer = deque(state.values["episodes"], maxlen=model._stats_window_size)
    model.ep_success_buffer = deque(maxlen=model._stats_window_size)
    rewards = model.get_vec_normalize_env()
    if rewards is not None:
        _resume_rewards(rewards, state)
    buffer = getattr(model, "replay_buffer", None)
    if buffer is not None:
        buffer.pos, buffer.full = state.values["place"], state.values["full"]
        for name, each in _remembered(buffer).items():
            each[:] = state.tensors[f"buffer/{name}"].numpy()
    _resume_chance(model, state)


def _play_again(model: BaseAlgorithm, state: State) -> None:
    environment: VecEnv = model.get_env()  # type: ignore[assignment]
    seen, ended = environment.reset(), np.ones(environment.num_envs, dtype=bool)
    for actions in state.tensors["actions"].numpy():
        seen, _, ended, _ = environment.step(actions)
    model._last_obs, model._last_episode_starts = seen, ended  # type: ignore[assignment]
    if model.get_vec_normalize_env() is not None:
        model._last_original_obs = model.get_vec_normalize_env().get_original_obs()  # type: ignore[union-attr]


def _resume_rewards(rewards: VecNormalize, state: State) -> None:
    mean, var, count = (state.tensors[name].numpy().copy() for name in ("mean", "var", "count"))
    rewards.ret_rms.mean, rewards.ret_rms.var, rewards.ret_rms.count = mean, var, float(count)
    rewards.returns = state.tensors["returns"].numpy().copy()


def _remembered(buffer: DictReplayBuffer) -> dict[str, NDArray[Any]]:
    """Return the part of each of a buffer's arrays that is filled, not copied."""
    filled = buffer.buffer_size if buffer.full else buffer.pos
    seen = {f"observations/{name}": each for name, each in buffer.observations.items()}
    after = {f"next/{name}": each for name, each in buffer.next_observations.items()}
    rest = {name: getattr(buffer, name) for name in ("actions", "rewards", "dones", "timeouts")}
    return {name: each[:filled] for name, each in {**seen, **after, **rest}.items()}


def _variables(model: BaseAlgorithm) -> list[str]:
    return [name for name in model._get_torch_save_params()[1] if getattr(model, name, None) is not None]


def _at(model: BaseAlgorithm, name: str) -> Any:
    """Return a module or an optimiser of the model by its dotted name."""
    part: Any = model
    for each in name.split("."):
        part = getattr(part, each)
    return part


def _numpy_state() -> NDArray[Any]:
    # Stable-Baselines3 draws from the global generators.
    _, keys, place, has_gauss, gauss = np.random.get_state()  # noqa: NPY002
    return np.array([*keys, place, has_gauss, np.float64(gauss).view(np.int64)])


def _chance(model: BaseAlgorithm) -> dict[str, Any]:
    own = getattr(model, "_explorer", None)
    return {
        "python": random.getstate(),
        "actions": model.action_space.np_random.bit_generator.state,
        "explorer": None if own is None else own.bit_generator.state,
    }


def _resume_chance(model: BaseAlgorithm, state: State) -> None:
    chance = state.values["chance"]
    version, inner, gauss = chance["python"]
    random.setstate((version, tuple(inner), gauss))
    model.action_space.np_random.bit_generator.state = chance["actions"]
    if chance["explorer"] is not None:
        model._explorer.bit_generator.state = chance["explorer"]  # type: ignore[attr-defined]
    *keys, place, has_gauss, gauss = state.tensors["numpy"].tolist()
    own = ("MT19937", np.array(keys, dtype=np.uint32), place, has_gauss, float(np.int64(gauss).view(np.float64)))
    np.random.set_state(own)  # noqa: NPY002
    torch.set_rng_state(state.tensors["torch"])
