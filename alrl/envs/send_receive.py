"""The interface of EnvPool: actions are sent, and what they led to is received, with the numbers of the episodes."""

from __future__ import annotations

from typing import Any

import numpy as np
from gymnasium.error import AlreadyPendingCallError, NoAsyncCallError
from numpy.typing import NDArray

from alrl.envs.vector_env import ActiveLearningVectorEnv


class SendReceive:
    """A vector environment by ``async_reset``, ``send`` and ``recv``, as loops written for EnvPool call it.

    All episodes advance at once, so every ``recv`` is of all of them, in order; ``info["env_id"]`` says so.

    >>> env = SendReceive(ActiveLearningVectorEnv("breast-cancer", num_envs=2))
    >>> env.async_reset()
    >>> _, _, _, _, info = env.recv()
    >>> env.send(info["action_mask"].argmax(1), info["env_id"])
    >>> env.recv()[1].shape
    (2,)
    """

    def __init__(self, environment: ActiveLearningVectorEnv) -> None:
        self.environment = environment
        self.observation_space, self.action_space = (
            environment.single_observation_space,
            environment.single_action_space,
        )
        self._received: tuple[Any, ...] | None = None
        self._begun = False

    def __len__(self) -> int:
        return self.environment.num_envs

    def async_reset(self, seed: int | None = None) -> None:
        """Begin every episode; :meth:`recv` gives what is seen, with rewards of zero."""
        observation, info = self.environment.reset(seed=seed)
        self._begun, nothing = True, np.zeros(len(self))
        self._received = observation, nothing, nothing.astype(bool), nothing.astype(bool), info

    def send(self, actions: NDArray[Any], env_id: NDArray[Any] | None = None) -> None:
        """Play the actions (num_envs, ...), in the order of the episodes ``env_id`` (num_envs,) if it is given.

        Raises Gymnasium's AlreadyPendingCallError where what the last actions led to has not been received.
        """
        if self._received is not None:
            raise AlreadyPendingCallError("send was called, and nothing received since; call recv first", "recv")
        order = np.arange(len(self)) if env_id is None else np.argsort(env_id)
        self._received = self.environment.step(np.asarray(actions)[order])

    def recv(self) -> tuple[Any, ...]:
        """Return observations, rewards, terminated, truncated and infos. Begins the episodes if that was forgotten.

        Raises Gymnasium's NoAsyncCallError where nothing was sent since.
        """
        if self._received is None:
            if self._begun:
                raise NoAsyncCallError("recv was called, and nothing sent since the last time; call send first", "send")
            self.async_reset()
        *what, info = self._received or ()
        self._received = None
        return (*what, {**info, "env_id": np.arange(len(self))})
