"""The pictures of the episodes that a game plays side by side."""

from __future__ import annotations

from collections.abc import Sequence

from alrl.envs.game import Game
from alrl.envs.picture import EpisodePicture


class Album:
    """One picture an episode, kept up to date after every step.

    Args:
        game: what is played.
        metric: the metric of its reward, to be named in the pictures.
    """

    def __init__(self, game: Game, metric: str) -> None:
        self._game, self._metric = game, metric
        self.pictures: list[EpisodePicture] = []
        """In the order of the episodes; none before the first has begun."""

    def begin(self, episodes: Sequence[int]) -> None:
        """Take up new episodes at these places."""
        while len(self.pictures) < self._game.episodes:
            self.pictures.append(EpisodePicture(metric=self._metric))
        view, score = self._game.view, self._game.score()
        for episode in episodes:
            self.pictures[episode].begin(view, episode=episode, score=float(score[episode]))

    def add(self, begun: Sequence[int]) -> None:
        """Take up a step, in which the episodes ``begun`` have begun anew."""
        view, score = self._game.view, self._game.score()
        for episode in set(range(self._game.episodes)) - set(begun):
            self.pictures[episode].add(view, score=float(score[episode]))
        self.begin(begun)
