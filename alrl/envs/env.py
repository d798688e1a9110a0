"""Active learning as a single Gymnasium environment."""

from __future__ import annotations

from typing import Any

import gymnasium
import numpy as np
from numpy.typing import NDArray

from alrl.envs.recipe import EnvRecipe
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import InvalidQueryError

Arrays = dict[str, NDArray[Any]]


class ActiveLearningEnv(gymnasium.Env[Arrays, Any]):
    """One episode of active learning at a time: the vector environment with one sub-environment.

    What is observed, done and paid is the recipe's to say. In most of them an observation describes K candidate records
    and the state of the loop; an action is the number of the candidate to be labelled next; the reward is what its
    label brought on the validation part.

    Args:
        recipe: an environment recipe, or its name or file.
        device: where the loop is computed, ``cpu`` or ``cuda``.
        render_mode: None; nothing is rendered.

    >>> import gymnasium, alrl
    >>> env = gymnasium.make("alrl/breast-cancer-v0")
    >>> observation, info = env.reset(seed=0)
    >>> observation["candidates"].shape, env.action_space
    ((32, 26), Discrete(32))
    """

    metadata = {"render_modes": []}  # noqa: RUF012 - Gymnasium's own form

    def __init__(self, recipe: EnvRecipe | str, *, device: str = "cpu", render_mode: str | None = None) -> None:
        self._vector = ActiveLearningVectorEnv(recipe, num_envs=1, device=device)
        self.recipe, self.game = self._vector.recipe, self._vector.game
        self.observation_space = self._vector.single_observation_space
        self.action_space = self._vector.single_action_space
        self.render_mode = render_mode

    def reset(self, *, seed: int | None = None, options: dict[str, Any] | None = None) -> tuple[Arrays, dict[str, Any]]:
        """Begin an episode; without a seed, the next one of the last seed."""
        super().reset(seed=seed)
        observation, info = self._vector.reset(seed=seed, options=options)
        return self._single(observation), self._single(info)

    def step(self, action: Any) -> tuple[Arrays, float, bool, bool, dict[str, Any]]:
        """Play ``action``.

        Raises InvalidQueryError for an action that is masked, and after the episode's end.
        """
        if self._vector.over[0]:
            raise InvalidQueryError("the episode is over; call reset to begin the next one")
        observation, reward, terminated, truncated, info = self._vector.step(np.asarray([action]))
        return (
            self._single(observation),
            float(reward[0]),
            bool(terminated[0]),
            bool(truncated[0]),
            self._single(info),
        )

    @staticmethod
    def _single(batched: dict[str, Any]) -> dict[str, Any]:
        return {name: value[0] for name, value in batched.items()}

    def action_masks(self) -> NDArray[np.bool_]:
        """What may be done, (M,): one entry for each number of a Discrete, for each dimension of a Box."""
        mask: NDArray[np.bool_] = self._vector.action_masks()[0]
        return mask
