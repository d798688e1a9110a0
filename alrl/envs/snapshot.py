"""Snapshots of running episodes, and branches of them: what tree search and branching policy gradients are made of."""

from __future__ import annotations

import copy
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from gymnasium import spaces
from numpy.typing import NDArray
from torch import Tensor

from alrl.envs.actions import read_numbers
from alrl.envs.episodes import Game
from alrl.envs.recipe import EnvRecipe
from alrl.envs.rendering import EpisodePicture
from alrl.envs.task_source import EpisodeDraws
from alrl.errors import InvalidQueryError
from alrl.metadata import Observation


@dataclass(frozen=True, kw_only=True, eq=False)
class Snapshot:
    """State of B episodes at one moment, to be restored as often as wanted; pickles and deep copies are as good.

    Nothing of it is seen by an agent, and nothing that is played later changes it.
    """

    game: Game
    """The episodes: pools, labels, learners, chance, and the run that the reward is paired with."""
    draws: EpisodeDraws
    """What the episodes after these are drawn from."""
    over: NDArray[np.bool_]
    """Episodes that had ended, (B,)."""
    pictures: list[EpisodePicture]
    """What is drawn of each; empty without a render mode."""

    @classmethod
    def of(cls, game: Game, draws: EpisodeDraws, over: NDArray[np.bool_], pictures: list[EpisodePicture]) -> Snapshot:
        """Return the state as it is now."""
        everyone = torch.arange(len(over))
        return cls(
            game=game.take(everyone), draws=draws.take(everyone), over=over.copy(), pictures=copy.deepcopy(pictures)
        )


def read_branches(actions: Any, episodes: int, space: spaces.Space[Any]) -> NDArray[Any]:
    """Return actions to branch by as an array, (B, A) or, of a Box, (B, A, D); raises InvalidQueryError for others."""
    given, box = read_numbers(actions), len(space.shape or ())
    if given.ndim != 2 + box or len(given) != episodes:
        expected = f"({episodes}, actions{', D' if box else ''})"
        raise InvalidQueryError(f"actions of shape {given.shape} given; a branch takes {expected}")
    return given


def check_snapshot(given: Any, recipe: EnvRecipe, episodes: Sequence[int]) -> None:
    """Check that what is given is a snapshot of the same recipe and of as many ``episodes`` in each process.

    Raises InvalidQueryError that says which of it is not.
    """
    parts = given if isinstance(given, tuple) else (given,)
    if not all(isinstance(part, Snapshot) for part in parts):
        raise InvalidQueryError(f"{given!r} given; give what snapshot() returned")
    if [len(part.over) for part in parts] != list(episodes):
        raise InvalidQueryError(
            f"a snapshot of other episodes or workers given; this environment plays {sum(episodes)} in"
            f" {'one process' if len(episodes) == 1 else f'{len(episodes)} processes'}"
        )
    if any(part.game.recipe != recipe for part in parts):
        raise InvalidQueryError("a snapshot of an environment of another recipe given; restore it there")


def _place(branch: int, actions: int) -> str:
    return f"episode {branch // actions}, branch {branch % actions}"


def branches(game: Game, actions: NDArray[Any], over: NDArray[np.bool_]) -> tuple[Observation, Tensor, Tensor]:
    """Play ``actions``, (B, A) or (B, A, D), in A copies of each of B episodes: one call plays all B A of them.

    Returns what is seen then, rewards and ends, which begin with the axes (B, A). A number of -1 plays nothing, and
    nothing is played in an episode that is ``over`` (B,).

    Raises InvalidQueryError for an action that the mask forbids.
    """
    given, box = torch.from_numpy(actions), len(game.actions.space.shape or ())
    shape = given.shape[:2]
    part = game.take(torch.arange(game.episodes).repeat_interleave(shape[1]))
    flat = given.flatten(0, 1)
    active = torch.from_numpy(~over).repeat_interleave(shape[1]).to(game.device)
    if not box:
        active, flat = active & (flat != -1).to(game.device), flat.masked_fill(flat == -1, 0)
    try:
        rewards, ends = part.step(flat, active)
    except InvalidQueryError as error:
        # It counts copies; those of an episode lie side by side.
        told = re.sub(r"^episode (\d+)", lambda found: _place(int(found[1]), shape[1]), str(error))
        raise InvalidQueryError(told) from None
    seen = Observation(
        candidates=part.observation.candidates.unflatten(0, shape),
        loop=part.observation.loop.unflatten(0, shape),
        mask=part.observation.mask.unflatten(0, shape),
    )
    return seen, rewards.view(shape), ends.view(shape)
