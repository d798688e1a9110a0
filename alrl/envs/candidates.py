"""The records that an action may choose from: a declared mixture drawn from the pool."""

from __future__ import annotations

import dataclasses
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from alrl.errors import InvalidRecipeError
from alrl.loop.labelled_set import mark
from alrl.loop.pool_view import PoolView
from alrl.loop.promises import check_drawn, is_own, left_as_given
from alrl.loop.view_fields import Need
from alrl.metadata.own_label import doubted
from alrl.numerics.ranking import best
from alrl.recipes.registry import Registry
from alrl.strategies.base import top
from alrl.strategies.batches import closed_up
from alrl.strategies.diversity.clustering import kmeans, rows_of
from alrl.strategies.diversity.herding import herded

_LOOKED_AT, _STANDING, _WORTH = 2048, 128, 512
"""Records that herding chooses among, that stand for the pool, and that it may come to want in a batch."""
_CLUSTERED = 256
"""Records that are clustered at most, drawn at random: what they cost must not grow with the pool."""


class CandidateSource(ABC):
    """Draws the records that an action, or a policy, chooses from. One of your own is a frozen dataclass."""

    count: int
    """Candidates, K."""
    labelled: float = 0.0
    """Share of them that have a label and may be asked for again."""

    @property
    def again(self) -> int:
        """Places of candidates that have a label."""
        return round(self.count * self.labelled)

    @property
    def needs(self) -> frozenset[Need]:
        """What a view must hold beyond what every view holds."""
        return frozenset()

    @property
    def summary(self) -> str:
        """Source of the candidates, in words."""
        return f"{self.count} records by {type(self).__name__}"

    @property
    def described(self) -> dict[str, Any]:
        """What a policy file says of it: its class, and its settings."""
        kind = f"{type(self).__module__}:{type(self).__qualname__}"
        return {"kind": kind, **dataclasses.asdict(self)}  # type: ignore[call-overload]

    @abstractmethod
    def draw(self, view: PoolView) -> Tensor:
        """Return pool positions of the candidates, (B, K), distinct; -1 where the pool ran out."""


def drawn(source: CandidateSource, view: PoolView) -> Tensor:
    """Return the candidates that a source draws, (B, K); raises ContractError where one's own breaks its promise."""
    with left_as_given(source, "candidates", view=view):
        records = source.draw(view)
    if is_own(source):
        check_drawn(source, records, view, source.count, again=source.again > 0)
    return records


_OWN: Registry[CandidateSource] = Registry(CandidateSource, package="alrl.envs", noun="source of candidates")  # type: ignore[type-abstract]


def make_candidates(kind: str, **settings: Any) -> CandidateSource:
    """Return the candidates of a kind: ``mixture``, or a class of your own, ``package.module:Class``.

    Raises InvalidRecipeError for another kind, and for settings that it does not take.
    """
    if kind == "mixture":
        return CandidateMixture(**settings)
    if ":" not in kind:
        raise InvalidRecipeError(f"candidates: kind = {kind!r} given; allowed: mixture, or package.module:Class")
    source = _OWN.make(kind, **settings)
    check_count(source)
    return source


def check_count(source: CandidateSource) -> None:
    """Raise InvalidRecipeError unless a source says how many candidates it draws.

    >>> check_count(CandidateMixture(count=4))
    """
    count: Any = getattr(source, "count", None)
    if not isinstance(count, int) or count < 1:
        raise InvalidRecipeError(
            f"{type(source).__name__} has count = {count!r}; a source of candidates has a field count, how many it"
            " draws: a whole number of at least 1"
        )


@dataclass(frozen=True, kw_only=True)
class CandidateMixture(CandidateSource):
    """K candidates: top of margin sampling, clusters' representatives, top of uncertain herding, random, then doubtful.

    Representatives are the records nearest to the centres of as many clusters (k-means in the features) of the records
    left, of 256 of them at random where there are more. A policy is to be used with the mixture that it was trained
    with: let loose on a whole pool, one trained on random candidates is drawn to outliers.

    Candidates that have a label are those whose label is most likely wrong: by the votes of the nearest other labelled
    records, and the less so the more often the record was asked for (:func:`alrl.metadata.own_label.doubted`).

    Raises InvalidRecipeError for a count below 1, a share outside 0 to 1, shares that do not sum to 1, or a share of
    labelled records that is less than one candidate.
    """

    count: int = 32
    """Candidates, K."""
    margin: float = 0.5
    """Share of them that are the available records of smallest margin."""
    random: float = 0.5
    """Share of them drawn at random from the rest."""
    clusters: float = 0.0
    """Share of them that represent clusters."""
    herding: float = 0.0
    """Share of them that would cover most of what is in doubt and not covered yet."""
    labelled: float = 0.0
    """Share of them that have a label and may be asked for again, where the recipe allows it."""

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidRecipeError(f"candidates: count = {self.count} given; it must be at least 1")
        shares = (self.margin, self.random, self.clusters, self.herding, self.labelled)
        if min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
            more = f", clusters = {self.clusters}" if self.clusters else ""
            more += f", herding = {self.herding}" if self.herding else ""
            more += f", labelled = {self.labelled}" if self.labelled else ""
            raise InvalidRecipeError(
                f"candidates: shares margin = {self.margin}, random = {self.random}{more} given; each is 0 to 1, their"
                " sum 1"
            )
        if self.labelled and not self.again:
            raise InvalidRecipeError(
                f"candidates: labelled = {self.labelled} of count = {self.count} given, which is no candidate; raise"
                " either"
            )

    @property
    def summary(self) -> str:
        """Source of the candidates, in words."""
        parts = {
            "of smallest margin": self.margin,
            "for clusters": self.clusters,
            "of herding": self.herding,
            "at random": self.random,
        }
        shares = [f"{100 * share:g} % {how}" for how, share in parts.items() if share]
        shares += [f"{self.again} of them labelled"] if self.again else []
        return f"{self.count} records, {', '.join(shares)}"

    @property
    def described(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    def draw(self, view: PoolView) -> Tensor:
        """Return pool positions of the candidates, (B, K), distinct, smallest margin first; -1 where the pool ran out.

        The last records of the pool are all candidates: where fewer random ones are left than asked for, none is lost.
        Labelled ones have the last places, the most doubtful first; of equals chance decides.
        """
        if self.again:
            return torch.cat([self._unlabelled(view, self.count - self.again), self._labelled(view)], 1)
        return self._unlabelled(view, self.count)

    def _labelled(self, view: PoolView) -> Tensor:
        return best(doubted(view), view.repeatable, view.noise, self.again)

    def _unlabelled(self, view: PoolView, count: int) -> Tensor:
        """Return candidates without a label, (B, count)."""
        sure = min(round(self.count * self.margin), count)
        typical = min(round(self.count * self.clusters), count - sure)
        covering = min(round(self.count * self.herding), count - sure - typical)
        parts = [top(-view.margin, view, sure)] if sure else []
        if covering:
            parts.append(top(doubtful_cover(view), _without(view, parts), covering))
        if typical:
            parts.append(_representatives(_without(view, parts), typical))
        lots = count - sure - typical - covering
        if lots or typical:
            rest = _without(view, parts)
            # Empty clusters leave places to chance, among as many records as there are places.
            parts.append(best(rest.noise, rest.available, rest.noise, lots + typical))
        if not parts:
            return torch.full((len(view.exists), 0), -1, device=view.exists.device)
        chosen = parts[0] if len(parts) == 1 else torch.cat(parts, 1)
        return closed_up(chosen)[:, :count] if typical else chosen


def doubtful_cover(view: PoolView) -> Tensor:
    """Return what each available record would cover of what is in doubt, (B, N): uncertain herding on 128 records.

    Records marked as selected count as known. In pools of more than 2,048 available records, 2,048 are looked at.
    """
    return _herded(view, 0)[0]


def worth_a_look(view: PoolView, count: int) -> Tensor:
    """Return what herding may come to want while it fills a batch of ``count``, (B, 512 + count), repeats allowed.

    The 512 records of largest :func:`doubtful_cover`, and the batch that herding alone would choose; -1 for none.
    """
    score, picks = _herded(view, count)
    return torch.cat([top(score, view, min(_WORTH, score.shape[1])), picks], 1)


def _herded(view: PoolView, count: int) -> tuple[Tensor, Tensor]:
    return herded(view, 1 - view.margin, count, "mean", _LOOKED_AT, _STANDING, unit_length=False)


def _without(view: PoolView, parts: list[Tensor]) -> PoolView:
    """Return the view with what is chosen already marked as selected."""
    if not parts:
        return view
    taken = view.selected.clone()
    for picks in parts:
        mark(taken, picks)
    rest = dataclasses.replace(view, selected=taken)
    # Candidates are no batch: they exclude none but themselves.
    rest.__dict__["available"] = view.available & ~taken
    return rest


def _representatives(view: PoolView, count: int) -> Tensor:
    """Return the positions (B, count) of the records nearest to the centres of as many clusters.

    -1 last where there are fewer.
    """
    from alrl.strategies.diversity.kernels import compiled_clusters

    some = min(_CLUSTERED, view.exists.shape[1])
    drawn = best(view.noise, view.offered, view.noise, some)
    rows = torch.arange(len(drawn), device=drawn.device)[:, None].expand_as(drawn)
    weight = torch.zeros_like(view.noise)
    weight[rows[drawn >= 0], drawn[drawn >= 0]] = 1.0
    number = (drawn >= 0).sum(1).clamp(1, count)
    label, centre = kmeans(view, view.features, weight, number)
    nearest = np.full((len(drawn), centre.shape[1]), -1, dtype=np.int64)
    compiled_clusters.closest_to_centres(rows_of(view.features), label, centre, rows_of(view.noise), nearest)
    picks = torch.from_numpy(nearest).to(drawn.device)
    return closed_up(torch.nn.functional.pad(picks, (0, count - picks.shape[1]), value=-1))
