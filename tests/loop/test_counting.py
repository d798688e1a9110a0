"""Counting what loops do: every query and every fit once, roll-outs apart, nothing when nobody counts."""

from __future__ import annotations

import torch

from alrl.agents.look_ahead.look_ahead import LookAhead
from alrl.data.sources import load_data_set
from alrl.data.task import draw_task
from alrl.learners import SoftmaxRegression
from alrl.loop import counting
from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.play import play


def loop(episodes: int) -> Simulator:
    tasks = [draw_task(load_data_set("synthetic/tiny-0"), [seed]) for seed in range(episodes)]
    return Simulator(tasks, SoftmaxRegression(), labels=9)


def test_queries_and_fits_of_every_episode_are_counted_once() -> None:
    with counting.counted() as outer:
        simulator = loop(3)
        with counting.counted() as inner:
            play(simulator, make_strategy("margin"), labels=5, batch=2)
    # Batches of 2, 2 and 1; the fits to the first samples lie outside of the inner block.
    assert (inner.tally.steps, inner.tally.refits, inner.tally.rolled_out) == (15, 9, 0)
    assert (outer.tally.steps, outer.tally.refits) == (15, 12)
    assert outer.tally.cpu_seconds >= inner.tally.cpu_seconds > 0
    before = outer.tally
    play(loop(2), make_strategy("margin"), labels=2)
    assert outer.tally == before
    assert not counting.counting()


def test_episodes_that_stand_still_are_not_counted() -> None:
    simulator = loop(3)
    picks = make_strategy("margin").select(simulator.view)
    with counting.counted() as counter:
        simulator.step(picks, torch.tensor([True, False, True]))
        simulator.restart([1], [simulator.tasks[0]])
    assert (counter.tally.steps, counter.tally.refits) == (2, 3)


def test_roll_outs_are_counted_apart() -> None:
    simulator = loop(2)
    candidates = make_strategy("random").select(simulator.view, 5)
    with counting.counted() as counter:
        LookAhead(horizon=3, iterations=2).value(simulator, candidates)
    assert (counter.tally.steps, counter.tally.rolled_out, counter.tally.refits) == (0, 30, 30)
