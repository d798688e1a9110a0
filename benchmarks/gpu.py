"""Thousands of episodes at once on a GPU."""

from __future__ import annotations

import time
from dataclasses import dataclass
from statistics import median

import torch

from alrl.loop.simulator import Simulator
from alrl.strategies import make_strategy
from alrl.strategies.play import play
from benchmarks.measure import COLD, Measured
from benchmarks.workloads import WORKLOADS

EPISODES, TARGET = 4096, 1000.0


@dataclass(frozen=True, kw_only=True)
class Gpu:
    """W1 on one GPU."""

    name: str
    episodes: int
    steps_a_second: float
    ratio: float
    """To the cold hand-written loop on one thread of this machine."""


def measure_gpu(measured: Measured, labels: int, episodes: int = EPISODES) -> Gpu | None:
    """Return W1 with thousands of episodes at once, compared with ``measured``, W1 in this run; None without CUDA.

    Drawing the tasks and copying them to the GPU is left out: it is done once, on the CPU.
    """
    if not torch.cuda.is_available():
        return None
    workload = WORKLOADS["W1"]
    tasks, strategy = [workload.task(seed) for seed in range(episodes)], make_strategy(workload.rule)
    play(Simulator(tasks, workload.learner(), labels=labels, device="cuda"), strategy, labels=2)
    simulator = Simulator(tasks, workload.learner(), labels=labels, device="cuda")
    torch.cuda.synchronize()
    started = time.perf_counter()
    play(simulator, strategy, labels=labels)
    torch.cuda.synchronize()
    speed = episodes * labels / (time.perf_counter() - started)
    name = torch.cuda.get_device_name()
    return Gpu(name=name, episodes=episodes, steps_a_second=speed, ratio=speed / median(measured.theirs[COLD]))
