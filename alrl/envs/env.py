"""Active learning as a single Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from alrl.envs.actions import read_numbers
from alrl.envs.recipe import EnvRecipe
from alrl.envs.rendering import FRAMES_A_SECOND, Window
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.envs.workers import Arrays
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.numerics.arguments import whole_number


class ActiveLearningEnv(gymnasium.Env[Arrays, Any]):
    """One episode of active learning at a time: the vector environment with one sub-environment.

    What is observed, done and paid is the recipe's to say. In most of them an observation describes K candidate records
    and the state of the loop; an action is the number of the candidate to be labelled next; the reward is what its
    label brought on the validation part.

    Args:
        recipe: an environment recipe, or its name or file.
        device: where the loop is computed, ``cpu`` or ``cuda``.
        render_mode: ``rgb_array`` for a picture by :meth:`render`; ``human`` for a window that is brought up to date in
            every step, or a line of text where there is no screen; None for neither.

    >>> import gymnasium, alrl
    >>> env = gymnasium.make("alrl/breast-cancer-v0")
    >>> observation, info = env.reset(seed=0)
    >>> observation["candidates"].shape, env.action_space
    ((32, 26), Discrete(32))
    """

    metadata = {  # noqa: RUF012 - Gymnasium's own form
        "render_modes": ["human", "rgb_array"],
        "render_fps": FRAMES_A_SECOND,
    }

    def __init__(self, recipe: EnvRecipe | str, *, device: str = "cpu", render_mode: str | None = None) -> None:
        if render_mode not in {None, *self.metadata["render_modes"]}:
            raise InvalidRecipeError(
                f"render_mode = {render_mode!r} given; allowed: None, {', '.join(self.metadata['render_modes'])}"
            )
        self._vector = ActiveLearningVectorEnv(
            recipe, num_envs=1, device=device, render_mode="rgb_array" if render_mode else None
        )
        self._window = Window() if render_mode == "human" else None
        self.recipe, self.game = self._vector.recipe, self._vector.game
        self.observation_space = self._vector.single_observation_space
        self.action_space = self._vector.single_action_space
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Arrays, dict[str, Any]]:
        """Begin an episode; without a seed, the next one of the last seed.

        Raises what :meth:`ActiveLearningVectorEnv.reset` raises; what was in force stays in force then.
        """
        if seed is not None:
            seed = whole_number("seed", seed, least=0, error=InvalidRecipeError)
        observation, info = self._vector.reset(seed=seed, options=options)
        super().reset(seed=seed)
        self._show()
        return self._single(observation), self._single(info)

    def step(self, action: Any) -> tuple[Arrays, float, bool, bool, dict[str, Any]]:
        """Play ``action``.

        Raises InvalidQueryError for an action that is masked or no number, and after the episode's end.
        """
        if self._vector.over[0]:
            raise InvalidQueryError("the episode is over; call reset to begin the next one")
        observation, reward, terminated, truncated, info = self._vector.step(read_numbers([action]))
        self._show()
        return (
            self._single(observation),
            float(reward[0]),
            bool(terminated[0]),
            bool(truncated[0]),
            self._single(info),
        )

    def render(self) -> NDArray[np.uint8] | None:
        """Return the episode as a picture, (450, 900, 3), in the mode ``rgb_array``; else None.

        The pool in two dimensions with what was picked, and the curve of the metric on the validation part. Raises
        InvalidQueryError before the first reset.
        """
        if self._window is not None:
            self._show()
            return None
        frames = self._vector.render()
        return None if frames is None else frames[0]

    def _show(self) -> None:
        if self._window is not None and self._vector.pictures:
            self._window.show(self._vector.pictures[0])

    def close(self) -> None:
        """Close the window, if there is one."""
        if self._window is not None:
            self._window.close()
        self._vector.close()

    @staticmethod
    def _single(batched: dict[str, Any]) -> dict[str, Any]:
        return {name: str(value[0]) if name == "data" else value[0] for name, value in batched.items()}

    def action_masks(self) -> NDArray[np.int8]:
        """Return what may be done, (M,), int8: one entry for each number of a Discrete, for each dimension of a Box.

        Raises InvalidQueryError before the first reset.
        """
        mask: NDArray[np.int8] = self._vector.action_masks()[0]
        return mask

    def snapshot(self) -> Any:
        """Return the state of the episode, to be given to :meth:`restore` as often as wanted."""
        return self._vector.snapshot()

    def restore(self, snapshot: Any) -> None:
        """Go back to a snapshot of this environment, or of another of the same recipe; what comes plays as it did.

        >>> import gymnasium, alrl
        >>> env = gymnasium.make("alrl/breast-cancer-v0")
        >>> _, info = env.reset(seed=0)
        >>> here = env.unwrapped.snapshot()
        >>> _, reward, *_ = env.step(0)
        >>> env.unwrapped.restore(here)
        >>> env.step(0)[1] == reward
        True
        """
        self._vector.restore(snapshot)

    def branch(self, actions: NDArray[Any]) -> tuple[Arrays, NDArray[Any], NDArray[np.bool_]]:
        """Return what several actions, (A,) or (A, D), would lead to: observations, rewards, ends, (A, ...) each.

        The episode stays as it is; see :meth:`ActiveLearningVectorEnv.branch`.
        """
        observations, rewards, ends = self._vector.branch(np.asarray(actions)[None])
        return self._single(observations), rewards[0], ends[0]
