"""One run of the benchmark: all of its parts, one after another."""

from __future__ import annotations

import time
from collections.abc import Sequence

import torch

from alrl.numerics.backend import one_thread
from alrl.progress import Bar, Bars
from alrl.studies.provenance import provenance
from benchmarks.environment import TARGETS, EnvSpeed, PolicyCost, measure_environment, measure_policy
from benchmarks.gpu import Gpu, measure_gpu
from benchmarks.growth import WAYS, Growth, measure_growth
from benchmarks.large_pool import LargePoolMeasure, measure_large_pool
from benchmarks.measure import Measured, effort, measure
from benchmarks.peers import peers
from benchmarks.recipe_speeds import RecipeSpeed, measure_recipe, recipe_names
from benchmarks.report import BenchReport
from benchmarks.shares import shares
from benchmarks.workloads import Size, Workload


def multiply_add_rate(size: int = 1024, repeats: int = 7) -> float:
    """Return multiply-adds a second of a large float32 matrix product on the present threads: the best of ``repeats``.

    >>> multiply_add_rate(64, 2) > 1e6
    True
    """
    generator = torch.Generator().manual_seed(0)
    a, b = (torch.rand(size, size, generator=generator) for _ in range(2))
    out = torch.mm(a, b)
    best = float("inf")
    for _ in range(repeats):
        started = time.perf_counter()
        torch.mm(a, b, out=out)
        best = min(best, time.perf_counter() - started)
    return size**3 / best


_PROFILED = 64
"""Episodes at once of the profile."""
_RECIPE = 250
"""Work of a recipe at one number of episodes, in the units of :func:`~benchmarks.measure.effort`."""


def run(
    workloads: Sequence[Workload], size: Size, *, rest: bool, recipes: bool, large_pool: bool, bars: Bars
) -> BenchReport:
    """Measure the workloads; with ``rest`` also environments, growth and the GPU; if told, recipes and large pool."""
    whole = bars.bar("all", _whole(workloads, size, rest=rest, recipes=recipes))
    with one_thread():
        rate = multiply_add_rate()
        measured = tuple(_measured(each, size, bars, whole) for each in workloads)
        profiled = tuple(shares(each, min(_PROFILED, max(size.episodes)), size.cut(each)) for each in workloads)
        environments = _environments(size, bars, whole) if rest else ()
        policies = _policies(size, bars) if rest else ()
        played = _recipes(size, bars, whole) if recipes else ()
        grown = _growth(size, bars, whole) if rest else ()
        gpu = _gpu(measured, size) if rest else None
        pool = _large_pool(size, bars) if large_pool else ()
    whole.done()
    return BenchReport(
        size=size,
        measured=measured,
        shares=profiled,
        environments=environments,
        policies=policies,
        recipes=played,
        growth=grown,
        rate=rate,
        peers=peers(),
        gpu=gpu,
        large_pool=pool,
        source=provenance(),
    )


def _whole(workloads: Sequence[Workload], size: Size, *, rest: bool, recipes: bool) -> int:
    more = len(TARGETS) * len(size.workers) * size.env_repeats * size.env_steps + len(WAYS) * size.growth_loops
    played = len(recipe_names()) * len(size.recipe_episodes) * _RECIPE
    return sum(effort(each, size) for each in workloads) + rest * more + recipes * played


def _measured(workload: Workload, size: Size, bars: Bars, whole: Bar) -> Measured:
    bar = bars.bar(workload.title, effort(workload, size))

    def tick(done: int) -> None:
        bar.advance(done)
        whole.advance(done)

    measured = measure(workload, size, tick)
    bar.done()
    return measured


def _environments(size: Size, bars: Bars, whole: Bar) -> tuple[EnvSpeed, ...]:
    bar = bars.bar("environments", len(TARGETS) * len(size.workers))
    speeds = []
    for data_set in TARGETS:
        for workers in size.workers:
            speeds.append(measure_environment(data_set, workers, size=size, tick=whole.advance))
            bar.advance()
    bar.done()
    return tuple(speeds)


def _policies(size: Size, bars: Bars) -> tuple[PolicyCost, ...]:
    bar = bars.bar("policies", len(TARGETS))
    costs = []
    for data_set in TARGETS:
        costs.append(measure_policy(data_set, size=size))
        bar.advance()
    bar.done()
    return tuple(costs)


def _recipes(size: Size, bars: Bars, whole: Bar) -> tuple[RecipeSpeed, ...]:
    names = recipe_names()
    bar = bars.bar("recipes", len(names) * len(size.recipe_episodes))

    def tick(name: str) -> None:
        bar.advance(note=name)
        whole.advance(_RECIPE)

    speeds = tuple(each for name in names for each in measure_recipe(name, size, tick))
    bar.done()
    return speeds


def _growth(size: Size, bars: Bars, whole: Bar) -> tuple[Growth, ...]:
    bar = bars.bar("growth", len(WAYS) * size.growth_loops)

    def tick(done: int) -> None:
        bar.advance(done)
        whole.advance(done)

    growth = tuple(measure_growth(*way, loops=size.growth_loops, tick=tick) for way in WAYS)
    bar.done()
    return growth


def _gpu(measured: Sequence[Measured], size: Size) -> Gpu | None:
    first = next((each for each in measured if each.workload.name == "W1"), None)
    return None if first is None else measure_gpu(first, size.cut(first.workload))


def _large_pool(size: Size, bars: Bars) -> tuple[LargePoolMeasure, ...]:
    bar = bars.bar("large pool", 1)
    measured = measure_large_pool(records=size.large_pool, loops=size.large_pool_loops)
    bar.done()
    return tuple(measured)
