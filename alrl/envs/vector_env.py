"""Active learning as a native Gymnasium vector environment: all episodes advance in one batched call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium import spaces
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from alrl.data.task import Task
from alrl.envs.episodes import NOT_BEGUN, Game
from alrl.envs.recipe import EnvRecipe, load_env_recipe
from alrl.envs.rendering import FRAMES_A_SECOND, Album, EpisodePicture
from alrl.envs.workers import WorkerPool
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.metadata import Feature, FeatureSet, Observation


def observation_space(features: FeatureSet, rows: int) -> spaces.Dict:
    """Return ``Dict(candidates: (K, F), loop: (G,), mask.

    (K,))`` of K rows, float32, bounded by the features' ranges.
    """
    low, high = _bounds(features.record)
    return spaces.Dict(
        {
            # A masked row is all zeros, whatever its features' ranges.
            "candidates": spaces.Box(np.tile(np.minimum(low, 0), (rows, 1)), np.tile(high, (rows, 1))),
            "loop": spaces.Box(*_bounds(features.loop)),
            "mask": spaces.Box(0.0, 1.0, (rows,), np.float32),
        }
    )


def _bounds(features: tuple[Feature, ...]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    low = np.array([feature.low for feature in features], dtype=np.float32)
    return low, np.array([feature.high for feature in features], dtype=np.float32)


def to_arrays(observation: Observation) -> dict[str, NDArray[Any]]:
    """Return the observation of B episodes as float32 arrays on the CPU."""
    return {
        "candidates": observation.candidates.cpu().numpy(),
        "loop": observation.loop.cpu().numpy(),
        "mask": observation.mask.cpu().numpy().astype(np.float32),
    }


Arrays = dict[str, NDArray[Any]]


class ActiveLearningVectorEnv(gymnasium.vector.VectorEnv[Arrays, NDArray[Any], NDArray[Any]]):
    """``num_envs`` episodes of one environment recipe in lockstep.

    Sub-environment i is seeded with ``seed + i``, as in Gymnasium's own vector environments, and plays the very
    episodes that a single environment of that seed plays. With the autoreset mode ``NEXT_STEP`` the step after an
    episode's end begins the next one; with ``SAME_STEP`` the last step does, and the final observation is in
    ``info["final_obs"]``.

    Args:
        recipe: an environment recipe, or its name or file.
        num_envs: number of episodes played at once.
        autoreset_mode: ``NEXT_STEP`` or ``SAME_STEP``.
        device: where the loop is computed, ``cpu`` or ``cuda``.
        workers: processes to share the episodes among, each with one thread; 1 plays them in this process. What is
            played does not depend on it.
        render_mode: ``rgb_array`` for pictures by :meth:`render`, None for none.

    Raises InvalidRecipeError for another autoreset mode, no sub-environment, a number of workers that is below 1, above
    ``num_envs``, or above 1 on an accelerator, or another render mode.
    """

    metadata = {  # noqa: RUF012 - Gymnasium's own form
        "render_modes": ["rgb_array"],
        "render_fps": FRAMES_A_SECOND,
        "autoreset_mode": AutoresetMode.NEXT_STEP,
    }

    def __init__(
        self,
        recipe: EnvRecipe | str,
        *,
        num_envs: int = 1,
        autoreset_mode: AutoresetMode | str = AutoresetMode.NEXT_STEP,
        device: str = "cpu",
        workers: int = 1,
        render_mode: str | None = None,
    ) -> None:
        mode = AutoresetMode(autoreset_mode)
        if mode not in {AutoresetMode.NEXT_STEP, AutoresetMode.SAME_STEP}:
            raise InvalidRecipeError(f"autoreset mode {mode.value} given; allowed are NextStep and SameStep")
        if num_envs < 1:
            raise InvalidRecipeError(f"num_envs = {num_envs} given; it must be at least 1")
        if not 1 <= workers <= num_envs or (workers > 1 and device != "cpu"):
            raise InvalidRecipeError(
                f"workers = {workers} given for {num_envs} sub-environments on {device}; allowed are 1 and, on cpu, up"
                " to one a sub-environment"
            )
        if render_mode not in {None, "rgb_array"}:
            raise InvalidRecipeError(f'render_mode = {render_mode!r} given; allowed are None and "rgb_array"')
        self.recipe = recipe if isinstance(recipe, EnvRecipe) else load_env_recipe(recipe)
        self.metadata = {**self.metadata, "autoreset_mode": mode}
        self.num_envs, self.mode, self.render_mode = num_envs, mode, render_mode
        self.game = Game(self.recipe, device=device)
        actions = self.game.actions
        self.single_observation_space = observation_space(self.game.features, actions.rows)
        self.single_action_space = actions.space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._seeds = [0] * num_envs
        self._episodes = [-1] * num_envs
        self.over: NDArray[np.bool_] = np.zeros(num_envs, dtype=bool)
        """Sub-environments whose episode has ended and not begun anew, (num_envs,)."""
        self._mask: NDArray[np.bool_] = np.zeros((num_envs, actions.mask_length), dtype=bool)
        self._seeded = False
        alone = render_mode and workers == 1
        self._album = Album(self.game, self.recipe.reward.metric) if alone else None
        self._worker_pool: WorkerPool | None = None
        if workers > 1:
            sizes = [len(part) for part in np.array_split(np.arange(num_envs), workers)]
            self._worker_pool = WorkerPool(partial(_shard, self.recipe, mode.value, render_mode), sizes)

    def reset(
        self, *, seed: int | Sequence[int] | None = None, options: dict[str, Any] | None = None
    ) -> tuple[Arrays, dict[str, Any]]:
        """Begin ``num_envs`` episodes; without a seed, the next ones of the last seed.

        Sub-environment i takes ``seed + i``, or the i-th of a list of seeds. Raises InvalidRecipeError for options and
        for a list of another length.
        """
        if options:
            raise InvalidRecipeError(f"reset options {sorted(options)} given; this environment takes none")
        if seed is None and not self._seeded:
            seed = int(np.random.SeedSequence().generate_state(1)[0])
        if seed is not None:
            seeds = list(seed) if isinstance(seed, Sequence) else [seed + i for i in range(self.num_envs)]
            if len(seeds) != self.num_envs:
                raise InvalidRecipeError(
                    f"{len(seeds)} seeds given for {self.num_envs} sub-environments; give one each"
                )
            super().reset(seed=seeds[0])
            self._seeds = [int(each) for each in seeds]
            self._episodes, self._seeded = [-1] * self.num_envs, True
        if self._worker_pool is not None:
            observation, info = self._worker_pool.reset(None if seed is None else self._seeds)
            self._mask, self.over = info["action_mask"], np.zeros(self.num_envs, dtype=bool)
            return observation, info
        self.game.begin([self._next(index) for index in range(self.num_envs)])
        self.over = np.zeros(self.num_envs, dtype=bool)
        if self._album is not None:
            self._album.begin(range(self.num_envs))
        return to_arrays(self.game.observation), self._info()

    def _next(self, index: int) -> Task:
        self._episodes[index] += 1
        return self.game.source.draw([self._seeds[index], self._episodes[index]])

    def step(self, actions: NDArray[Any]) -> tuple[Arrays, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Play one action in every episode.

        Raises InvalidQueryError before the first reset, and for an action that the mask forbids.
        """
        if self._worker_pool is not None:
            return self._step_shared(self._worker_pool, actions)
        active = torch.from_numpy(~self.over).to(self.game.device)
        rewards, ends = self.game.step(torch.as_tensor(np.asarray(actions)), active)
        begin = self.over if self.mode == AutoresetMode.NEXT_STEP else ends.cpu().numpy()
        info: dict[str, Any] = {}
        if self.mode == AutoresetMode.SAME_STEP and begin.any():
            info = self._final(begin)
        index = np.flatnonzero(begin).tolist()
        self.game.replace(index, [self._next(episode) for episode in index])
        if self._album is not None:
            self._album.add(begun=index)
        terminated = ends.cpu().numpy()
        self.over = terminated.copy() if self.mode == AutoresetMode.NEXT_STEP else np.zeros_like(terminated)
        truncated = np.zeros(self.num_envs, dtype=bool)
        return (
            to_arrays(self.game.observation),
            rewards.cpu().numpy().astype(np.float64),
            terminated,
            truncated,
            {**self._info(), **info},
        )

    def _step_shared(
        self, pool: WorkerPool, actions: NDArray[Any]
    ) -> tuple[Arrays, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        if not self._seeded:
            raise InvalidQueryError(NOT_BEGUN)
        observation, rewards, terminated, truncated, info, self.over = pool.step(actions)
        self._mask = info["action_mask"]
        return observation, rewards, terminated, truncated, info

    def _info(self) -> dict[str, Any]:
        return {
            "action_mask": self.action_masks(),
            "score": self.game.score().cpu().numpy(),
            "spent": self.game.simulator.view.spent.cpu().numpy(),
            "asked_again": self.game.simulator.repeat_queries.cpu().numpy(),
            "true_return": self.game.true_return.cpu().numpy(),
        }

    def _final(self, ended: NDArray[np.bool_]) -> dict[str, Any]:
        arrays = to_arrays(self.game.observation)
        observations = np.full(self.num_envs, None, dtype=object)
        for index in np.flatnonzero(ended):
            observations[index] = {name: array[index] for name, array in arrays.items()}
        infos = {name: value.copy() for name, value in self._info().items()}
        return {
            "final_obs": observations,
            "_final_obs": ended.copy(),
            "final_info": infos,
            "_final_info": ended.copy(),
        }

    def action_masks(self) -> NDArray[np.bool_]:
        """Return what may be done, (num_envs, M).

        One entry for each number of a Discrete, for each dimension of a Box.
        """
        if self._worker_pool is not None:
            return self._mask.copy()
        mask: NDArray[np.bool_] = self.game.action_mask.cpu().numpy()
        return mask

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """Return one picture a sub-environment, (450, 900, 3) each; None without a render mode.

        Raises InvalidQueryError before the first reset.
        """
        if self.render_mode is None:
            gymnasium.logger.warn("render was called without a render mode; give render_mode='rgb_array'")
            return None
        if not self._seeded:
            raise InvalidQueryError(NOT_BEGUN)
        if self._worker_pool is not None:
            return tuple(self._worker_pool.render())
        return tuple(picture.frame() for picture in self.pictures)

    @property
    def pictures(self) -> Sequence[EpisodePicture]:
        """What is drawn of each sub-environment; empty without a render mode, and where worker processes draw."""
        return () if self._album is None else self._album.pictures

    def close_extras(self, **kwargs: Any) -> None:  # noqa: ARG002
        """End the worker processes, if there are any."""
        if self._worker_pool is not None:
            self._worker_pool.close()


def _shard(recipe: EnvRecipe, mode: str, render_mode: str | None, episodes: int) -> ActiveLearningVectorEnv:
    """Return what one worker process plays."""
    return ActiveLearningVectorEnv(recipe, num_envs=episodes, autoreset_mode=mode, render_mode=render_mode)
