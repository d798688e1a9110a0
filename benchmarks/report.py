"""All that one run of the benchmark saw."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from benchmarks.environment import EnvSpeed, PolicyCost
from benchmarks.gpu import Gpu
from benchmarks.growth import Growth
from benchmarks.large_pool import LargePoolMeasure
from benchmarks.measure import COLD, WARM, Measured, Speeds
from benchmarks.recipe_speeds import RecipeSpeed
from benchmarks.shares import Shares
from benchmarks.workloads import Size


@dataclass(frozen=True, kw_only=True)
class BenchReport:
    """Measurements with place and time; parts that were not requested are empty."""

    size: Size
    measured: tuple[Measured, ...]
    shares: tuple[Shares, ...]
    environments: tuple[EnvSpeed, ...]
    policies: tuple[PolicyCost, ...]
    recipes: tuple[RecipeSpeed, ...]
    growth: tuple[Growth, ...]
    rate: float
    """Multiply-adds a second of a large float32 matrix product on one thread."""
    peers: dict[str, str | None]
    """Version of every peer, None where it is not installed."""
    gpu: Gpu | None
    large_pool: tuple[LargePoolMeasure, ...]
    source: dict[str, Any]
    """:func:`alrl.studies.provenance.provenance`."""

    def to_json(self) -> dict[str, Any]:
        """Return numbers and names alone, ready for JSON."""
        return {
            "size": asdict(self.size),
            "measured": [_measured(each) for each in self.measured],
            "shares": [asdict(each) | {"floor_share": each.floor_share(self.rate)} for each in self.shares],
            "environments": [asdict(each) for each in self.environments],
            "policies": [asdict(each) for each in self.policies],
            "recipes": [asdict(each) | {"steps_a_second": each.speeds} for each in self.recipes],
            "growth": [
                asdict(each) | {"work_exponent": each.work_exponent, "time_exponent": each.time_exponent}
                for each in self.growth
            ],
            "multiply_adds_a_second": self.rate,
            "peers": self.peers,
            "gpu": None if self.gpu is None else asdict(self.gpu),
            "large_pool": [asdict(each) for each in self.large_pool],
            "provenance": self.source,
        }


def _measured(each: Measured) -> dict[str, Any]:
    def described(speeds: Speeds) -> dict[str, Any]:
        ratios = {name: each.ratio(speeds, to)._asdict() for name, to in (("cold", COLD), ("warm", WARM))}
        return {"steps_a_second": speeds, "ratio_to": ratios}

    return {
        "workload": asdict(each.workload),
        "ours": [{"episodes": B, "workers": W, **described(speeds)} for (B, W), speeds in each.ours.items()],
        "theirs": {side: described(speeds) for side, speeds in each.theirs.items()},
        "aubc": {
            name: {"mean": test.mean, "error": test.error, "differences": test.differences, "same": test.same}
            for name, test in (("each picks", each.free), ("the same picks", each.replayed))
        },
    }
