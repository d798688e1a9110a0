from __future__ import annotations

import pytest
import torch

from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.errors import InvalidRecipeError
from alrl.learners import SoftmaxRegression
from alrl.loop.simulator import Simulator
from alrl.numerics.backend import usable_device


@pytest.mark.parametrize("name", ["gpu", "meta", "cuda:99"])
def test_a_device_that_is_not_there_is_refused(name):
    with pytest.raises(InvalidRecipeError, match=rf"device '{name}' given"):
        usable_device(name)


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_the_loop_says_so_at_once():
    with pytest.raises(InvalidRecipeError, match=r"torch sees 0 GPUs here"):
        Simulator([draw_task(load_data_set("iris"), [0])], SoftmaxRegression(), labels=1, device="cuda")


@pytest.mark.skipif(not torch.cuda.is_available(), reason="there is no GPU")
@pytest.mark.parametrize("name", ["iris", "breast_cancer", "digits"])
def test_a_gpu_plays_what_the_processor_plays(name):
    from alrl.evaluation.simulate import simulate

    here, there = (simulate(name, "margin", labels=12, seeds=6, device=device) for device in ("cpu", "cuda"))
    assert abs(here.accuracy - there.accuracy).max() < 0.05
    assert (here.picks == there.picks).mean() > 0.9
