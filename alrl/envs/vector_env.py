"""Active learning as a native Gymnasium vector environment: all episodes advance in one batched call."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import gymnasium
import numpy as np
import torch
from gymnasium.vector import AutoresetMode
from gymnasium.vector.utils import batch_space
from numpy.typing import NDArray

from alrl.envs.actions import read_numbers
from alrl.envs.episodes import NOT_BEGUN, Game
from alrl.envs.observable import observation_space
from alrl.envs.recipe import EnvRecipe, load_env_recipe
from alrl.envs.rendering import FRAMES_A_SECOND, Album, EpisodePicture
from alrl.envs.snapshot import Snapshot, branches, check_snapshot, read_branches
from alrl.envs.task_source import EpisodeDraws
from alrl.envs.vector_settings import check_settings, read_mode
from alrl.envs.workers import Arrays, WorkerPool
from alrl.errors import InvalidQueryError
from alrl.metadata import Observation


def to_arrays(observation: Observation) -> dict[str, NDArray[Any]]:
    """Return the observation of B episodes as float32 arrays on the CPU, which are the agent's own to write to."""
    return {
        "candidates": observation.candidates.detach().cpu().numpy().copy(),
        "loop": observation.loop.detach().cpu().numpy().copy(),
        "mask": observation.mask.cpu().numpy().astype(np.float32),
    }


class ActiveLearningVectorEnv(gymnasium.vector.VectorEnv[Arrays, NDArray[Any], NDArray[Any]]):
    """``num_envs`` episodes of one environment recipe in lockstep.

    Sub-environment i is seeded with ``seed + i``, as in Gymnasium's own vector environments, and plays the very
    episodes that a single environment of that seed plays. With the autoreset mode ``NEXT_STEP`` the step after an
    episode's end begins the next one; with ``SAME_STEP`` the last step does, and the final observation is in
    ``info["final_obs"]``. With ``DISABLED`` an episode that has ended stands still until ``reset`` begins another
    there, by ``options={"reset_mask": ...}``.

    Args:
        recipe: an environment recipe, or its name or file.
        num_envs: number of episodes played at once.
        autoreset_mode: ``NEXT_STEP``, ``SAME_STEP`` or ``DISABLED``.
        device: where the loop is computed, ``cpu`` or ``cuda``.
        workers: processes to share the episodes among, each with one thread; 1 plays them in this process. What is
            played does not depend on it.
        render_mode: ``rgb_array`` for pictures by :meth:`render`, None for none.

    Raises InvalidRecipeError for no sub-environment, a number of workers that is below 1, above ``num_envs``, or above
    1 on an accelerator, or another render mode.
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
        mode = read_mode(autoreset_mode)
        check_settings(num_envs, workers, device, render_mode)
        self.recipe = recipe if isinstance(recipe, EnvRecipe) else load_env_recipe(recipe)
        self.metadata = {**self.metadata, "autoreset_mode": mode}
        self.num_envs, self.mode, self.render_mode = num_envs, mode, render_mode
        self.game = Game(self.recipe, device=device)
        actions = self.game.actions
        self.single_observation_space = observation_space(self.game.features, actions.rows)
        self.single_action_space = actions.space
        self.observation_space = batch_space(self.single_observation_space, num_envs)
        self.action_space = batch_space(self.single_action_space, num_envs)
        self._draws = EpisodeDraws(self.game.source, num_envs)
        self.over: NDArray[np.bool_] = np.zeros(num_envs, dtype=bool)
        """Sub-environments whose episode has ended and not begun anew, (num_envs,)."""
        self._mask: NDArray[np.int8] = np.zeros((num_envs, actions.mask_length), dtype=np.int8)
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

        Sub-environment i takes ``seed + i``, or the i-th of a list of seeds. Options are ``data``, the data set to play
        (a name, or a list of one each, None for any), ``task``, a task to play (the number of one, or a
        :class:`~alrl.data.task.Task`, or a list), and ``reset_mask``, (num_envs,), which sub-environments begin. They
        stay in force for the episodes that follow; ``options={}`` lifts them.

        Raises InvalidRecipeError for another option, a value that is none and a list of another length,
        InvalidQueryError for a mask before the first reset. What was in force stays in force then.
        """
        draws = self._draws.copied()
        begin = draws.reset(seed, options)
        if self._worker_pool is not None:
            seeds = None if seed is None else draws.seeds
            observation, info = self._worker_pool.reset(seeds, options, before=self._draws.options)
            self._mask = info["action_mask"]
        else:
            index = np.flatnonzero(begin).tolist()
            tasks = [draws.next(episode) for episode in index]
            if begin.all():
                self.game.begin(tasks)
            else:
                self.game.replace(index, tasks)
            observation, info = to_arrays(self.game.observation), self._info(np.zeros(self.num_envs, dtype=np.int64))
            if self._album is not None:
                self._album.begin(index)
        # Only now: a reset that fails leaves everything as it was.
        self._draws, self.over = draws, self.over & ~begin
        if seed is not None:
            super().reset(seed=(draws.seeds or [0])[0])
        return observation, info

    def set_options(self, options: dict[str, Any]) -> None:
        """Let the options ``data`` and ``task`` of :meth:`reset` be in force from the next episode on: a curriculum.

        Raises InvalidRecipeError as :meth:`reset` does; those before stay in force then.
        """
        self._draws.set_options(options)
        if self._worker_pool is not None:
            self._worker_pool.call("set_options", [(share,) for share in self._worker_pool.shares(options)])

    def step(self, actions: NDArray[Any]) -> tuple[Arrays, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        """Play one action in every episode.

        Raises InvalidQueryError before the first reset, for what is no number, and for an action that the mask forbids.
        """
        actions = read_numbers(actions)
        if self._worker_pool is not None:
            return self._step_shared(self._worker_pool, actions)
        active = torch.from_numpy(~self.over).to(self.game.device)
        before = self.game.simulator.view.spent
        rewards, ends = self.game.step(torch.from_numpy(actions), active)
        labels = (self.game.simulator.view.spent - before).cpu().numpy()
        terminated = ends.cpu().numpy() | (self.over & (self.mode == AutoresetMode.DISABLED))
        begin = {AutoresetMode.NEXT_STEP: self.over, AutoresetMode.SAME_STEP: terminated}.get(
            self.mode, np.zeros_like(terminated)
        )
        info: dict[str, Any] = {}
        if self.mode == AutoresetMode.SAME_STEP and begin.any():
            info = self._final(begin, labels)
        index = np.flatnonzero(begin).tolist()
        self.game.replace(index, [self._draws.next(episode) for episode in index])
        if self._album is not None:
            self._album.add(begun=index)
        self.over = np.zeros_like(terminated) if self.mode == AutoresetMode.SAME_STEP else terminated.copy()
        truncated = np.zeros(self.num_envs, dtype=bool)
        return (
            to_arrays(self.game.observation),
            rewards.cpu().numpy().astype(np.float64),
            terminated,
            truncated,
            {**self._info(labels), **info},
        )

    def _step_shared(
        self, pool: WorkerPool, actions: NDArray[Any]
    ) -> tuple[Arrays, NDArray[Any], NDArray[Any], NDArray[Any], dict[str, Any]]:
        if self._draws.seeds is None:
            raise InvalidQueryError(NOT_BEGUN)
        observation, rewards, terminated, truncated, info, self.over = pool.step(actions)
        self._mask = info["action_mask"]
        return observation, rewards, terminated, truncated, info

    def _info(self, labels: NDArray[np.int64]) -> dict[str, Any]:
        tasks = self.game.simulator.tasks
        return {
            "action_mask": self.action_masks(),
            "data": np.array([task.split.data_set.name for task in tasks]),
            "labels": labels,
            "score": self.game.score().cpu().numpy().copy(),
            "spent": self.game.simulator.view.spent.cpu().numpy().copy(),
            "asked_again": self.game.simulator.repeat_queries.cpu().numpy().copy(),
            "true_return": self.game.true_return.cpu().numpy().copy(),
        }

    def _final(self, ended: NDArray[np.bool_], labels: NDArray[np.int64]) -> dict[str, Any]:
        arrays = to_arrays(self.game.observation)
        observations = np.full(self.num_envs, None, dtype=object)
        for index in np.flatnonzero(ended):
            observations[index] = {name: array[index] for name, array in arrays.items()}
        infos = {name: value.copy() for name, value in self._info(labels).items()}
        return {
            "final_obs": observations,
            "_final_obs": ended.copy(),
            "final_info": infos,
            "_final_info": ended.copy(),
        }

    def action_masks(self) -> NDArray[np.int8]:
        """Return what may be done, (num_envs, M), int8, as ``Discrete.sample`` takes it.

        One entry for each number of a Discrete, for each dimension of a Box. Raises InvalidQueryError before the first
        reset.
        """
        if self._worker_pool is not None:
            if self._draws.seeds is None:
                raise InvalidQueryError(NOT_BEGUN)
            return self._mask.copy()
        mask: NDArray[np.int8] = self.game.action_mask.cpu().numpy().astype(np.int8)
        return mask

    def snapshot(self) -> Snapshot | tuple[Snapshot, ...]:
        """Return the state of the episodes, for :meth:`restore`; of every worker process, where there are several.

        Raises InvalidQueryError before the first reset.
        """
        if self._worker_pool is not None:
            return tuple(self._worker_pool.call("snapshot"))
        return Snapshot.of(self.game, self._draws, self.over, list(self.pictures))

    def restore(self, snapshot: Snapshot | tuple[Snapshot, ...]) -> None:
        """Go back to a snapshot of this environment, or of another of the same recipe, as many episodes and workers.

        Raises InvalidQueryError for anything else.
        """
        pool = self._worker_pool
        check_snapshot(snapshot, self.recipe, [self.num_envs] if pool is None else pool.shares_of_episodes)
        parts = snapshot if isinstance(snapshot, tuple) else (snapshot,)
        if pool is not None:
            pool.call("restore", [(part,) for part in parts])
            self._mask = np.concatenate(pool.call("action_masks"))
            self.over = np.concatenate([part.over for part in parts])
            self._draws.seeds = [seed for part in parts for seed in part.draws.seeds or ()]
            return
        fresh = Snapshot.of(parts[0].game, parts[0].draws, parts[0].over, parts[0].pictures)
        vars(self.game).update(vars(fresh.game))
        self._draws, self.over = fresh.draws, fresh.over
        if self._album is not None:
            self._album.pictures = fresh.pictures

    def branch(self, actions: NDArray[Any]) -> tuple[Arrays, NDArray[Any], NDArray[np.bool_]]:
        """Return what several actions a state would lead to: observations, rewards, and whether the episode ends.

        ``actions`` is (num_envs, A), or (num_envs, A, D) of a Box; -1 plays nothing. All are played in one batched
        call, each in a copy of its episode with the same chance; the episodes themselves stay as they are. What is
        returned begins with the axes (num_envs, A).

        Raises InvalidQueryError before the first reset, for another shape, and for an action that the mask forbids.
        """
        if self._draws.seeds is None:
            raise InvalidQueryError(NOT_BEGUN)
        actions = read_branches(actions, self.num_envs, self.single_action_space)
        if self._worker_pool is not None:
            shares = np.split(actions, self._worker_pool.ends)
            parts = self._worker_pool.call("branch", [(share,) for share in shares])
            observations = {name: np.concatenate([part[0][name] for part in parts]) for name in parts[0][0]}
            return observations, *(np.concatenate([part[i] for part in parts]) for i in (1, 2))  # type: ignore[return-value]
        seen, rewards, ends = branches(self.game, actions, self.over)
        return to_arrays(seen), rewards.cpu().numpy().astype(np.float64), ends.cpu().numpy()

    def render(self) -> tuple[NDArray[np.uint8], ...] | None:
        """Return one picture a sub-environment, (450, 900, 3) each; None without a render mode.

        Raises InvalidQueryError before the first reset.
        """
        if self.render_mode is None:
            gymnasium.logger.warn("render was called without a render mode; give render_mode='rgb_array'")
            return None
        if self._draws.seeds is None:
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
