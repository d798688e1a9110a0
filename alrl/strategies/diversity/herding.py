"""Herding: query what covers most of what no known record covers yet, in smooth balls, weighed by doubt or not."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import ClassVar, Literal, get_args

import numpy as np
import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.pool_view import PoolView
from alrl.loop.view_fields import Need, refits_of
from alrl.numerics.ranking import best
from alrl.strategies.base import Strategy, top
from alrl.strategies.batches import checked, completed, largest_batch, one_of_copies
from alrl.strategies.diversity.clustering import rows_of
from alrl.strategies.expected_change import checked_counts
from alrl.strategies.randomness import fresh

_STEP = 1 << 21
Radius = Literal["smallest", "mean"]
"""``smallest``: the least distance of two labelled records; ``mean``: that of the pool to the nearest known one."""
_TEMPERATURES = np.logspace(-1, 1, 49)
_BINS = 15
_KEPT = 0.2
"""Share of the labelled records that the temperature is fitted on."""


@dataclass(frozen=True, kw_only=True)
class MaxHerding(Strategy):
    """Score a record by the mean of the kernel coverage that it would add to that of the known records.

    Bae, Noh and Sutherland 2024, "Generalized coverage for more robust low-budget active learning":
    C(S) = mean over x of the largest exp(-|x - s|² / radius²) over s in S, made large greedily; features are scaled to
    length one. Each pick of a batch counts as known for the next. In larger pools
    ``candidates`` records, drawn anew for every query, may be queried, and ``others`` records stand for the pool.

    Raises InvalidRecipeError for a ``radius`` that is not above 0 and finite, ``candidates`` or ``others`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> MaxHerding().select(example_view(seed=0, records=(8,), labelled=(1,)), 3)
    tensor([[5, 3, 2]])
    """

    name: ClassVar[str] = "max-herding"
    paper: ClassVar[str] = "Bae, Noh and Sutherland 2024"
    batch: ClassVar[str] = "one by one, each pick counts as known"
    cost: ClassVar[str] = "2,048 · 1,024 (D + m)"

    radius: float | Radius = 1.0
    """Radius of the kernel, or how it follows from the records."""
    unit_length: bool = True
    """Whether features are scaled to length one."""
    candidates: int = 2048
    """Available records that may be queried."""
    others: int = 1024
    """Available records that stand for the pool."""

    def __post_init__(self) -> None:
        _check(self.name, self.radius, self.candidates, self.others)

    def score(self, view: PoolView) -> Tensor:
        return self._herd(view, 0)[0]

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        score, picks = self._herd(view, largest_batch(view, checked(count)))
        return completed(picks, score, view, count)

    def _herd(self, view: PoolView, count: int) -> tuple[Tensor, Tensor]:
        weight = view.available.double()
        return herded(view, weight, count, self.radius, self.candidates, self.others, unit_length=self.unit_length)


@dataclass(frozen=True, kw_only=True)
class UHerding(Strategy):
    """Score a record by the coverage that it would add, each record covered counting by how uncertain it is.

    Bae, Oliveira and Sutherland 2025, "Uncertainty herding: one active learning method for all label budgets": the
    coverage of :class:`MaxHerding`, weighed by one minus the margin. As published, the radius is the least distance
    between two labelled records, and probabilities are made softer or sharper by the temperature of least expected
    calibration error on a fifth of the labelled records, of a learner fitted to the rest; the ties of few records go to
    the temperature nearest to one. Give ``temperature = 1`` to do without that refit.

    Raises InvalidRecipeError for a ``radius`` or ``temperature`` that is not above 0 and finite, ``candidates`` or
    ``others`` below 1.

    >>> from alrl.testing.example_view import example_view
    >>> UHerding().select(example_view(seed=0, records=(8,), labelled=(3,)), 3)
    tensor([[3, 2, 6]])
    """

    name: ClassVar[str] = "uherding"
    paper: ClassVar[str] = "Bae, Oliveira and Sutherland 2025"
    batch: ClassVar[str] = "one by one, each pick counts as known"
    cost: ClassVar[str] = "a refit, then 2,048 · 1,024 (D + m)"

    radius: float | Radius = "smallest"
    """Radius of the kernel, or how it follows from the records."""
    temperature: float | None = None
    """What logits are divided by; None fits it to the labelled records."""
    unit_length: bool = True
    """Whether features are scaled to length one."""
    candidates: int = 2048
    """Available records that may be queried."""
    others: int = 1024
    """Available records that stand for the pool."""

    def __post_init__(self) -> None:
        _check(self.name, self.radius, self.candidates, self.others)
        if self.temperature is not None and not 0 < self.temperature < math.inf:
            raise InvalidRecipeError(f"uherding: temperature = {self.temperature} given; it must be above 0 and finite")

    @property
    def needs(self) -> frozenset[Need]:
        return frozenset({"refits"}) if self.temperature is None else frozenset()

    def score(self, view: PoolView) -> Tensor:
        return self._herd(view, 0)[0]

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        score, picks = self._herd(view, largest_batch(view, checked(count)))
        return completed(picks, score, view, count)

    def _herd(self, view: PoolView, count: int) -> tuple[Tensor, Tensor]:
        if self.temperature is None:
            temperature = calibrated_temperature(view, self.name)
        else:
            temperature = torch.full_like(view.noise[:, 0], self.temperature, dtype=torch.float64)
        weight = 1 - _margin(view.probabilities, temperature[:, None])
        return herded(view, weight, count, self.radius, self.candidates, self.others, unit_length=self.unit_length)


def _check(name: str, radius: float | str, candidates: int, others: int) -> None:
    checked_counts(name, candidates=candidates, others=others)
    if isinstance(radius, str) and radius not in get_args(Radius):
        raise InvalidRecipeError(f'{name}: radius = "{radius}" given; give a number or one of {get_args(Radius)}')
    if not isinstance(radius, str) and not 0 < radius < math.inf:
        raise InvalidRecipeError(f"{name}: radius = {radius} given; it must be above 0 and finite")


def herded(
    view: PoolView,
    weight: Tensor,
    count: int,
    radius: float | Radius,
    candidates: int,
    others: int,
    *,
    unit_length: bool,
) -> tuple[Tensor, Tensor]:
    """Return gains (B, N) of the available records and the greedy choice of ``count`` (B, count), -1 beyond.

    What is covered counts by ``weight`` (B, N). A record that is no candidate has the gain -1.
    """
    from alrl.geometry import compiled_coverage

    kinds = {"smallest": compiled_coverage.SMALLEST, "mean": compiled_coverage.MEAN}
    kind, given = (kinds[radius], 0.0) if isinstance(radius, str) else (compiled_coverage.FIXED, radius)
    records = view.exists.shape[1]
    chance = fresh(view.noise, _STEP)
    points = top(chance, view, min(others, records)).sort(1).values
    allowed = view.offered
    if records > candidates:
        luck = fresh(view.noise, view.selected.sum(1) + _STEP + 1)
        drawn = best(luck, allowed, view.noise, candidates)
        allowed = torch.zeros(len(allowed), records + 1, dtype=torch.bool, device=allowed.device)
        allowed = allowed.scatter(1, torch.where(drawn >= 0, drawn, records), value=True)[:, :-1]
    if count > 1:
        allowed = one_of_copies(allowed, view)
    mass = weight.double().gather(1, points.clamp_min(0))
    score = np.full(view.exists.shape, -1.0)
    picks = np.empty((len(score), count), dtype=np.int64)
    compiled_coverage.herd(
        rows_of(view.features),
        *(part.cpu().contiguous().numpy() for part in (view.feature_count, allowed, points, mass)),
        *(part.cpu().contiguous().numpy() for part in (view.known, view.labelled, view.noise)),
        np.array([kind, given, unit_length], dtype=np.float64),
        (score, picks),
    )
    device = view.noise.device
    return torch.from_numpy(score).to(device), torch.from_numpy(picks).to(device)


def _margin(probabilities: Tensor, temperature: Tensor) -> Tensor:
    """Return Margin (...) of probabilities (..., k) whose logits are divided by ``temperature`` (...)."""
    logit = probabilities.double().clamp_min(1e-300).log() / temperature[..., None]
    first, second = torch.softmax(logit.masked_fill(probabilities <= 0, -torch.inf), -1).topk(2, -1).values.unbind(-1)
    return first - second


def calibrated_temperature(view: PoolView, name: str) -> Tensor:
    """Return the temperature of least expected calibration error on labelled records kept aside, (B,), double.

    Of the ``name``d strategy. A fifth of the labelled records, one at least, is kept aside by chance; 1 where there are
    fewer than two. Calibration errors are taken in 15 bins of equal width (Guo et al. 2017).
    """
    refits = refits_of(view, name)
    number = view.labelled_mask.sum(1)
    one = torch.ones(len(number), dtype=torch.float64, device=view.noise.device)
    if not number.numel() or int(number.max()) < 2:
        return one
    chance = fresh(view.noise, _STEP + 2).gather(1, view.labelled_index).masked_fill(~view.labelled_mask, torch.inf)
    aside = chance.argsort(1).argsort(1) < (_KEPT * number).round().clamp_min(1)[:, None]
    probabilities = refits.by_part(view, view.labelled_mask & ~aside)
    temperatures = torch.from_numpy(_TEMPERATURES).to(one.device)
    error = torch.stack([_calibration_error(probabilities, view.labels, aside, each) for each in temperatures], 1)
    # Of equal errors that of the temperature nearest to one.
    far = temperatures.log().abs()
    order = far.argsort(stable=True)
    best = temperatures[order][(error[:, order] * 1e9).round().argmin(1)]
    return torch.where(number >= 2, best, one)


def _calibration_error(probabilities: Tensor, labels: Tensor, counted: Tensor, temperature: Tensor) -> Tensor:
    """Return expected calibration error (B,) of probabilities (B, L, k) on the records ``counted`` (B, L)."""
    logit = probabilities.double().clamp_min(1e-300).log() / temperature
    soft = torch.softmax(logit.masked_fill(probabilities <= 0, -torch.inf), -1).nan_to_num(0.0)
    sure = soft.amax(-1)
    right = (soft.gather(2, labels[..., None])[..., 0] >= sure).double()
    bins = (sure * _BINS).long().clamp(0, _BINS - 1)
    gap = torch.zeros(len(probabilities), _BINS, dtype=torch.float64, device=probabilities.device)
    gap = gap.scatter_add(1, bins, (right - sure) * counted)
    return gap.abs().sum(1) / counted.sum(1).clamp_min(1)
