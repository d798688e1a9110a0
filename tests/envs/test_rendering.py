from __future__ import annotations

import io

import matplotlib as mpl
import numpy as np
import pytest
import torch
from rich.console import Console

from alrl.envs.rendering import EpisodePicture, Window
from alrl.testing.example_view import example_view


def begun(view, score=0.5, episode=0):
    picture = EpisodePicture(metric="accuracy")
    picture.begin(view, episode=episode, score=score)
    return picture


def test_the_same_episode_gives_the_same_frame_and_a_pick_another():
    view = example_view(seed=1)
    picture = begun(view)
    before = picture.frame()
    assert before.shape == (450, 900, 3)
    np.testing.assert_array_equal(before, begun(view).frame())
    picture.add(view.with_selected(view.available.to(torch.uint8).argmax(1)), score=0.5)
    assert (picture.frame() != before).any()


def test_the_ring_is_round_what_was_picked_last():
    view = example_view(seed=1)
    free = view.available[1].nonzero()[:2, 0].tolist()
    picture = begun(view, episode=1)
    for pick in free:
        view = view.with_selected(torch.tensor([-1, pick, -1]))
        picture.add(view, score=0.6)
    assert picture.line() == f"picked {free[1]}; 1 labels bought, accuracy 0.600 on the validation part"


@pytest.mark.parametrize("case", ["duplicates", "one class", "certain"])
def test_a_degenerate_pool_is_drawn(case):
    frame = begun(example_view(seed=2, records=(4,), features=(1,), case=case, padding=2)).frame()
    assert len(np.unique(frame.reshape(-1, 3), axis=0)) > 10


def test_the_order_of_principal_axes_and_their_sign_do_not_depend_on_the_records_order():
    from alrl.envs.rendering import _principal_axes

    X = torch.tensor([[3.0, 0.0], [-9.0, 1.0], [1.0, -2.0], [5.0, 1.0]])
    np.testing.assert_allclose(_principal_axes(X)[::-1], _principal_axes(X.flip(0)), atol=1e-12)
    # The first axis is the long one, and its farthest record is on the positive side.
    assert _principal_axes(X)[1, 0] == pytest.approx(9.0, abs=0.2)


def test_without_a_screen_a_line_is_written():
    assert mpl.get_backend().lower() == "agg"
    console = Console(file=io.StringIO(), width=100)
    window = Window(console)
    window.show(begun(example_view(seed=1), score=0.25))
    window.close()
    assert "accuracy 0.250" in console.file.getvalue()
