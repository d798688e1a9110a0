"""The loop as one writes it by hand with scikit-learn: what the speed of ours is measured against."""

from __future__ import annotations

from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from alrl.loop.streams import EpisodeNoise
from alrl.loop.task import Task

Rule = Literal["margin", "random"]


def hand_written_loop(task: Task, rule: Rule, labels: int, *, warm_start: bool) -> NDArray[np.float64]:
    """Test accuracy after 0, 1, ... ``labels`` queries, (labels + 1,); refitted and scored after each.

    Every step fits, predicts the pool and the test part, and picks, as ours does; chance is that of ours.

    >>> from alrl.loop.sources import load_data_set
    >>> from alrl.loop.task import draw_task
    >>> hand_written_loop(draw_task(load_data_set("iris"), [0]), "margin", 3, warm_start=False).shape
    (4,)
    """
    X, _, _ = task.standardised()
    y, split = task.split.data_set.y, task.split
    pool, truth, test, answers = X[split.pool], y[split.pool], X[split.test], y[split.test]
    chance = EpisodeNoise([task.seed], "strategy")
    asked = task.first.tolist()
    model = LogisticRegression(warm_start=warm_start, max_iter=1000)
    curve = []
    for _ in range(labels + 1):
        model.fit(pool[asked], truth[asked])
        probabilities = model.predict_proba(pool)
        curve.append((model.predict(test) == answers).mean())
        asked.append(_pick(probabilities, asked, rule, chance))
    return np.array(curve)


def _pick(probabilities: NDArray[Any], asked: list[int], rule: Rule, chance: EpisodeNoise) -> int:
    if rule == "random":
        score = chance.draw(len(probabilities))[0].numpy()
    else:
        likeliest = np.partition(probabilities, -2, axis=1)[:, -2:]
        score = likeliest[:, 0] - likeliest[:, 1]
    score[asked] = -np.inf
    return int(score.argmax())
