"""Episodes of margin sampling and of the look-ahead expert as a Minari dataset, for offline reinforcement learning.

Minari is an extra: ``pip install 'alrl[minari]'``. What is written loads with ``minari.load_dataset``, and knows by
which environment it was made.
"""

from __future__ import annotations

import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.envs.env import ActiveLearningEnv
from alrl.envs.recipe import EnvRecipe, load_env_recipe
from alrl.envs.registration import environment_id, register
from alrl.envs.vector_env import ActiveLearningVectorEnv
from alrl.errors import AlrlError, InvalidRecipeError, MissingPackageError

if TYPE_CHECKING:
    from minari import MinariDataset

DemonstrationPlayer = Literal["look-ahead", "margin"]
"""Who plays: the expert, which reads the validation part to see what each candidate is worth, or margin sampling."""


@dataclass(frozen=True, kw_only=True)
class Demonstration:
    """One episode of n actions, as arrays; K candidates of F features, G features of the loop."""

    seed: int
    observations: dict[str, NDArray[np.float32]]
    """``candidates`` (n + 1, K, F), ``loop`` (n + 1, G) and ``mask`` (n + 1, K): the last one after the end."""
    actions: NDArray[np.int64]
    """Numbers of the candidates chosen, (n,)."""
    rewards: NDArray[np.float64]
    """(n,)."""

    @property
    def terminations(self) -> NDArray[np.bool_]:
        """True in the last step, (n,)."""
        last: NDArray[np.bool_] = np.arange(len(self.actions)) == len(self.actions) - 1
        return last


@dataclass
class _Notes:
    observations: list[dict[str, NDArray[Any]]] = field(default_factory=list)
    actions: list[int] = field(default_factory=list)
    rewards: list[float] = field(default_factory=list)


def play_episodes(
    recipe: EnvRecipe | str,
    *,
    player: DemonstrationPlayer,
    episodes: int,
    seed: int = 0,
    expert: LookAhead | None = None,
) -> list[Demonstration]:
    """Play ``episodes`` side by side, seeded ``seed``, ``seed + 1``, ...; each until its end.

    An episode is, step by step, the one that ``gymnasium.make`` plays with that seed and those actions. ``expert`` is
    a look-ahead of one's own settings.

    Raises InvalidRecipeError for an unknown player, fewer than one episode, actions of a kind other than ``record``, in
    which candidates cannot be compared, and candidates that have a label already, which the players do not expect.

    >>> played = play_episodes("breast-cancer", player="margin", episodes=2)
    >>> [len(episode.actions) for episode in played], played[0].observations["loop"].shape
    ([60, 60], (61, 13))
    """
    recipe = recipe if isinstance(recipe, EnvRecipe) else load_env_recipe(recipe)
    if player not in get_args(DemonstrationPlayer):
        raise InvalidRecipeError(f"player = {player!r} given; allowed are {', '.join(get_args(DemonstrationPlayer))}")
    if episodes < 1:
        raise InvalidRecipeError(f"episodes = {episodes} given; give at least 1")
    if recipe.action.kind != "record":
        raise InvalidRecipeError(
            f'actions of kind "{recipe.action.kind}" given; the players choose records: give an environment of which it'
            ' is of kind "record"'
        )
    if recipe.action.candidates.labelled:
        raise InvalidRecipeError(
            f"candidates with labelled = {recipe.action.candidates.labelled} given; the players choose records that"
            " have no label: give an environment without relabel"
        )
    env, expert = ActiveLearningVectorEnv(recipe, num_envs=episodes), expert or LookAhead()
    notes = [_Notes() for _ in range(episodes)]
    seen, _ = env.reset(seed=seed)
    running = np.ones(episodes, dtype=bool)
    while running.any():
        actions = _chosen(env, seen, player, expert)
        after, rewards, ended, _, _ = env.step(actions)
        for index in np.flatnonzero(running):
            notes[index].observations.append({name: array[index] for name, array in seen.items()})
            notes[index].actions.append(int(actions[index]))
            notes[index].rewards.append(float(rewards[index]))
            if ended[index]:
                notes[index].observations.append({name: array[index] for name, array in after.items()})
        seen, running = after, running & ~ended
    return [_whole(seed + index, note) for index, note in enumerate(notes)]


def _chosen(
    env: ActiveLearningVectorEnv, seen: dict[str, NDArray[Any]], player: DemonstrationPlayer, expert: LookAhead
) -> NDArray[np.int64]:
    real = seen["mask"] > 0
    margin = seen["candidates"][..., env.game.features.margin_column]
    worth = torch.from_numpy(-margin)
    if player == "look-ahead":
        worth = expert.value(env.game.simulator, env.game.candidates, batch=env.game.chosen).cpu()
        # A fit that broke down tells nothing of its candidate.
        worth = worth.masked_fill(~worth.isfinite(), -1e9)
    return np.asarray(worth.masked_fill(torch.from_numpy(~real), -torch.inf).argmax(1).numpy())


def _whole(seed: int, notes: _Notes) -> Demonstration:
    names = notes.observations[0]
    return Demonstration(
        seed=seed,
        observations={name: np.stack([each[name] for each in notes.observations]) for name in names},
        actions=np.array(notes.actions, dtype=np.int64),
        rewards=np.array(notes.rewards),
    )


def export_to_minari(
    recipe: str,
    dataset_id: str,
    *,
    player: DemonstrationPlayer,
    episodes: int,
    seed: int = 0,
    expert: LookAhead | None = None,
) -> MinariDataset:
    """Play episodes of a recipe and write them as a Minari dataset named such as ``alrl/wine-batch/margin-v0``.

    It lands where Minari keeps its datasets (``MINARI_DATASETS_PATH``), and carries the Gymnasium name of the
    environment, so that ``recover_environment()`` makes it.

    Raises MissingPackageError without the extra ``minari``; InvalidRecipeError for a name that is none or that there is
    already, for an environment that has no Gymnasium name, such as a recipe's file, and as :func:`play_episodes`, all
    before anything is played.
    """
    import gymnasium

    try:
        from minari import create_dataset_from_buffers
        from minari.data_collector import EpisodeBuffer
    except ModuleNotFoundError as error:
        raise MissingPackageError(f"exporting needs the extra minari ({error}): pip install 'alrl[minari]'") from None
    _check_dataset(dataset_id)
    parsed = load_env_recipe(recipe)
    if environment_id(recipe) not in register():
        raise InvalidRecipeError(
            f"environment {recipe!r} given; a dataset says by which Gymnasium name its environment is made, and a file"
            " has none: put it into a folder envs/ of the working directory and give its name"
        )
    played = play_episodes(parsed, player=player, episodes=episodes, seed=seed, expert=expert)
    buffers = [
        EpisodeBuffer(
            id=number,
            seed=episode.seed,
            observations=episode.observations,
            actions=episode.actions,
            rewards=list(episode.rewards),
            terminations=list(episode.terminations),
            truncations=[False] * len(episode.actions),
        )
        for number, episode in enumerate(played)
    ]
    spec, spaces = gymnasium.spec(environment_id(recipe)), ActiveLearningEnv(parsed)
    with warnings.catch_warnings():
        # Minari would have an address to write to and one of the code; which these are is the user's to say.
        warnings.filterwarnings("ignore", r"`(author|author_email|code_permalink)` is set to None", UserWarning)
        return create_dataset_from_buffers(
            dataset_id,
            buffers,
            env=spec,
            eval_env=spec,
            observation_space=spaces.observation_space,
            action_space=spaces.action_space,
            algorithm_name=player,
            description=f"Episodes of active learning in {environment_id(recipe)}, played by {player}.",
            requirements=["alrl"],
        )


def _check_dataset(dataset_id: str) -> None:
    """Raise InvalidRecipeError for a name that Minari cannot give to a dataset, or that one has."""
    from minari.dataset.minari_dataset import parse_dataset_id
    from minari.storage import get_dataset_path

    try:
        parse_dataset_id(dataset_id)
    except (TypeError, ValueError) as error:
        raise InvalidRecipeError(
            f"dataset {dataset_id!r} given; a name ends with its version, such as alrl/wine-batch/margin-v0"
        ) from error
    folder = get_dataset_path(dataset_id)
    if folder.exists():
        raise InvalidRecipeError(
            f"there is a dataset {dataset_id!r} in {folder}; give the next version, or delete that one: minari delete"
            f" {dataset_id}"
        )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; return its exit status, 2 for what cannot be used."""
    import argparse

    parser = argparse.ArgumentParser(prog="python -m alrl.adapters.minari", description=__doc__)
    parser.add_argument("recipe", help="the environment, such as wine-batch")
    parser.add_argument("dataset", help="name of the dataset, such as alrl/wine-batch/look-ahead-v0")
    parser.add_argument("--player", choices=get_args(DemonstrationPlayer), default="look-ahead")
    parser.add_argument("--episodes", type=int, default=16)
    parser.add_argument("--seed", type=int, default=0)
    given = parser.parse_args(arguments)
    try:
        made = export_to_minari(
            given.recipe, given.dataset, player=given.player, episodes=given.episodes, seed=given.seed
        )
    except (AlrlError, OSError) as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    print(f"{made.total_episodes} episodes, {made.total_steps} steps: {made.spec.data_path}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
