"""The vector environment for Stable-Baselines3."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from gymnasium.vector import AutoresetMode
from numpy.typing import NDArray
from stable_baselines3.common.monitor import Monitor
from stable_baselines3.common.vec_env import VecEnv
from stable_baselines3.common.vec_env.base_vec_env import VecEnvIndices, VecEnvObs, VecEnvStepReturn

from alrl.envs.recipe import EnvRecipe
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidRecipeError
from alrl.numerics.arguments import whole_number

_INFO_KEYS = ("data", "labels", "score", "spent", "asked_again", "true_return")


class ActiveLearningVecEnv(VecEnv):
    """A :class:`~alrl.envs.vector_env.ActiveLearningVectorEnv` under Stable-Baselines3's interface.

    Episodes begin anew in the step that ends them, as Stable-Baselines3 expects: ``terminal_observation`` and, for its
    logger, ``episode`` (return ``r``, length ``l``) are in the infos of that step, as of an environment in a Monitor.
    """

    def __init__(
        self,
        recipe: EnvRecipe | str,
        *,
        num_envs: int = 1,
        device: str = "cpu",
        workers: int = 1,
        seed: int = 0,
        render_mode: str | None = None,
    ) -> None:
        self.vector = ActiveLearningVectorEnv(
            recipe,
            num_envs=num_envs,
            autoreset_mode=AutoresetMode.SAME_STEP,
            device=device,
            workers=workers,
            render_mode=render_mode,
        )
        super().__init__(num_envs, self.vector.single_observation_space, self.vector.single_action_space)
        self.metadata["render_fps"] = self.vector.metadata["render_fps"]
        self.seed(seed)
        self._returns = np.zeros(num_envs)
        self._lengths = np.zeros(num_envs, dtype=int)

    def reset(self) -> VecEnvObs:
        seeds = [seed for seed in self._seeds if seed is not None]
        observation, info = self.vector.reset(seed=seeds if len(seeds) == self.num_envs else None)
        self.reset_infos = [{name: value[i] for name, value in info.items()} for i in range(self.num_envs)]
        self._returns[:], self._lengths[:] = 0.0, 0
        self._reset_seeds()
        return observation

    def set_options(self, options: list[dict[str, Any]] | dict[str, Any] | None = None) -> None:
        """Let the options of ``reset`` (``data``, ``task``) be in force from the next episodes on; None lifts them."""
        if isinstance(options, list):
            options = {
                name: [each.get(name) for each in options] for name in {name for each in options for name in each}
            }
        self.vector.set_options(options or {})

    def get_images(self) -> Sequence[NDArray[np.uint8] | None]:
        return self.vector.render() or [None] * self.num_envs

    def step_async(self, actions: NDArray[Any]) -> None:
        self._actions = actions

    def step_wait(self) -> VecEnvStepReturn:
        observation, rewards, terminated, _, info = self.vector.step(self._actions)
        self._returns += rewards
        self._lengths += 1
        infos: list[dict[str, Any]] = []
        for i in range(self.num_envs):
            own: dict[str, Any] = {name: info[name][i] for name in ("action_mask", *_INFO_KEYS)}
            if terminated[i]:
                own["terminal_observation"] = info["final_obs"][i]
                own |= {name: info["final_info"][name][i] for name in _INFO_KEYS}
                own["episode"] = {"r": float(self._returns[i]), "l": int(self._lengths[i])}
                own["TimeLimit.truncated"] = False
            infos.append(own)
        self._returns[terminated], self._lengths[terminated] = 0.0, 0
        return observation, rewards.astype(np.float32), terminated, infos

    def close(self) -> None:
        self.vector.close()

    def get_attr(self, attr_name: str, indices: VecEnvIndices = None) -> list[Any]:
        return [getattr(self.vector, attr_name) for _ in self._get_indices(indices)]

    def set_attr(self, attr_name: str, value: Any, indices: VecEnvIndices = None) -> None:  # noqa: ARG002
        setattr(self.vector, attr_name, value)

    def env_method(
        self,
        method_name: str,
        *method_args: Any,  # noqa: ARG002
        indices: VecEnvIndices = None,
        **method_kwargs: Any,  # noqa: ARG002
    ) -> list[Any]:
        if method_name not in {"action_masks", "render"}:
            raise AttributeError(
                f"the environment has no method {method_name!r} per episode; action_masks and render are some"
            )
        answers = self.vector.action_masks() if method_name == "action_masks" else self.get_images()
        return [answers[i] for i in self._get_indices(indices)]

    def has_attr(self, attr_name: str) -> bool:
        return hasattr(self.vector, attr_name)

    def env_is_wrapped(self, wrapper_class: type[Any], indices: VecEnvIndices = None) -> list[bool]:
        return [wrapper_class is Monitor for _ in self._get_indices(indices)]

    def action_masks(self) -> NDArray[np.int8]:
        """Return what may be done, (num_envs, M)."""
        return self.vector.action_masks()

    def seed(self, seed: int | None = None) -> Sequence[int | None]:
        if seed is None:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        seed = whole_number("seed", seed, least=0, error=InvalidRecipeError)
        self._seeds = [seed + i for i in range(self.num_envs)]
        return list(self._seeds)
