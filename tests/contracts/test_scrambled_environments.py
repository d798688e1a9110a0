"""No environment in the folder tells anything of what is hidden: scrambled, it is observed as it was."""

from __future__ import annotations

import numpy as np
import pytest

from alrl.envs.env import ActiveLearningEnv
from alrl.envs.recipe import EnvRecipe
from tests.envs.playing import NAMES, chosen, small
from tests.scrambling import Remembering, scrambled

OBSERVED = ("action_mask", "spent", "asked_again")


def played(name, monkeypatch, *, scramble=None, remember=True):
    """What is observed in an episode of the environment, and the scores on its validation part."""
    recipe = small(name)
    annotator = Remembering(recipe.annotator.build()) if remember else recipe.annotator.build()
    settings = {**recipe.loop_settings, "annotator": annotator}
    monkeypatch.setattr(EnvRecipe, "loop_settings", settings)
    env = ActiveLearningEnv(recipe)
    draw = env.game.source.draw

    def drawn(seed, name=None):
        task = annotator.given(draw(seed, name)) if remember else draw(seed, name)
        return task if scramble is None else scrambled(task, scramble)

    monkeypatch.setattr(env.game.source, "draw", drawn)
    observation, info = env.reset(seed=4)
    seen, scores, over = [(observation, info)], [info["score"]], False
    while not over:
        observation, _, over, _, info = env.step(chosen(env, unstopped(env, info["action_mask"]), len(seen)))
        seen.append((observation, info))
        scores.append(info["score"])
    monkeypatch.undo()
    return seen, scores


def unstopped(env, mask):
    """The mask without the number that stops, which would end the episode early."""
    setting, mask = env.game.actions.setting, mask.copy()
    if setting.stop:
        mask[len(mask) - 1 - setting.restart] = False
    return mask


def differences(given, expected):
    """Names of what is not to the last bit the same, in the steps that both were played."""
    result = set()
    for (seen, info), (other, others) in zip(given, expected, strict=False):
        result |= {name for name in seen if not np.array_equal(seen[name], other[name])}
        result |= {name for name in OBSERVED if not np.array_equal(info[name], others[name])}
    return result


@pytest.mark.parametrize("name", NAMES)
def test_scrambling_what_is_hidden_changes_nothing_that_is_observed(name, monkeypatch):
    plain, scores = played(name, monkeypatch)
    given, others = played(name, monkeypatch, scramble=1)
    assert differences(given, plain) == set()
    # Where a target is reached the episode ends: that much it says of its scores.
    assert len(plain) == len(given) or small(name).reward.kind == "target"
    assert min(len(plain), len(given)) >= 2
    assert scores[:2] != others[:2]


@pytest.mark.parametrize("name", ["breast-cancer", "delayed-labels", "several-annotators"])
def test_labels_that_are_bought_are_observed(name, monkeypatch):
    # Else the test above could not fail: nobody remembers what the labels were.
    plain, _ = played(name, monkeypatch)
    given, _ = played(name, monkeypatch, scramble=1, remember=False)
    assert {"candidates", "loop"} <= differences(given, plain)
