"""A learned querying strategy: a set-scoring network, the features it reads and the candidates it chooses from."""

from __future__ import annotations

import copy
import dataclasses
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import torch
from safetensors.torch import save
from torch import Tensor

from alrl.agents.guard.guard import Guard
from alrl.agents.networks.ensemble import Ensemble
from alrl.agents.networks.set_scorer import CandidateScorer, SetScorer
from alrl.envs.candidates import CandidateSource, drawn
from alrl.errors import InvalidQueryError, InvalidRecipeError
from alrl.loop.pool_view import KEPT_IN_BATCH, PoolView
from alrl.loop.view_fields import Need
from alrl.metadata import FeatureSet
from alrl.recipes.suggest import unknown
from alrl.strategies.base import Strategy

_NEAR = 1e-3
"""Distance of nearly equal records, in root mean squared distances between two records of the pool."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Policy(Strategy):
    """Plays wherever a rule does: in a simulator, in an environment, or on one's own data through :meth:`query`.

    Raises InvalidRecipeError for a mixture with labelled candidates: a strategy picks records that have no label.
    """

    name: str = "policy"  # type: ignore[misc]
    """Name in tables."""
    network: CandidateScorer
    """Scores candidates."""
    features: FeatureSet
    """What the network reads."""
    mixture: CandidateSource
    """Which records it chooses from."""
    card: Mapping[str, Any] = field(default_factory=dict)
    """Where it comes from: recipes, training data sets, seeds, results, ranges of the features in training."""
    guard: Guard | None = None
    """Gives the choice to a rule in a state unlike those of training; None for a policy that always chooses."""
    fell_back: list[Tensor] | None = field(default=None, repr=False)
    """A list to which each choice appends whether the guard made it, (B,) bool: see :meth:`watched`."""

    def __post_init__(self) -> None:
        if self.mixture.labelled:
            raise InvalidRecipeError(
                f"candidates: labelled = {self.mixture.labelled} given for a policy, which picks records that have no"
                " label; leave it out, or train with an agent of Stable-Baselines3's own on ActiveLearningVecEnv"
            )

    @classmethod
    def untrained(
        cls,
        features: FeatureSet,
        mixture: CandidateSource,
        *,
        seed: int = 0,
        name: str = "policy",
        width: int = 64,
        members: int = 1,
        margin_start: bool = True,
        without: Collection[str] = (),
        relative: bool = False,
    ) -> Policy:
        """Return a policy that chooses as margin sampling does; its weights are drawn from ``seed``.

        With several ``members`` its network is an ensemble. Without ``margin_start`` it chooses by chance instead, and
        the features ``without`` are those that it never looks at; ``relative`` shows it each feature also against those
        of the other candidates. Raises InvalidRecipeError for an unknown feature.
        """
        named = [feature.name for feature in (*features.record, *features.loop)]
        for unseen in without:
            if unseen not in named:
                raise InvalidRecipeError(unknown("feature to do without", unseen, named))
        draw = torch.Generator().manual_seed(seed)
        networks = [
            SetScorer(
                record=len(features.record),
                loop=len(features.loop),
                margin_column=features.margin_column,
                width=width,
                margin_start=margin_start,
                blind=[named.index(unseen) for unseen in without],
                relative=relative,
                generator=draw,
            )
            for _ in range(members)
        ]
        network = networks[0] if members == 1 else Ensemble(networks)
        return cls(name=name, network=network, features=features, mixture=mixture)

    @property
    def needs(self) -> frozenset[Need]:
        """What the view must hold for its features and its candidates."""
        return self.features.needs | self.mixture.needs

    @property
    def ordered(self) -> bool:
        """False where sizes of a batch have weights of their own."""
        return self.network.of_batch(1) is self.network

    @property
    def fingerprint(self) -> str:
        """SHA-256, in hexadecimal, of the weights as a policy file holds them, and of the guard where there is one."""
        digest = hashlib.sha256(self.weights())
        if self.guard is not None:
            content = {**self.guard.to_json(), **self.guard.ranges.to_card(self.features)}
            digest.update(json.dumps(content, sort_keys=True).encode())
        return digest.hexdigest()

    def weights(self) -> bytes:
        """Return the network's weights in safetensors format."""
        return save({name: value.contiguous() for name, value in self.network.state_dict().items()})

    def to(self, device: torch.device | str) -> Policy:
        """Return the same policy with its weights on ``device``; this one stays where it is."""
        guard = self.guard.to(device) if self.guard is not None else None
        return dataclasses.replace(self, network=copy.deepcopy(self.network).to(device), guard=guard)

    def watched(self, fell_back: list[Tensor]) -> Policy:
        """Return the same policy, which appends to ``fell_back`` for each choice whether the guard made it, (B,) bool.

        Only policies that have a guard do so, in :meth:`select` and :meth:`score`.
        """
        return dataclasses.replace(self, fell_back=fell_back)

    def score_candidates(self, view: PoolView, batch: int = 1) -> tuple[Tensor, Tensor]:
        """Return candidates (B, K), -1 for none, and their scores (B, K) in a ``batch``, minus infinity for none.

        Where the guard fires they are the fallback's. Raises InvalidQueryError, which names the feature, if one cannot
        be computed from the view, is not finite or lies outside its bounds.
        """
        candidates = drawn(self.mixture, view)
        seen = self.features.observe(view, candidates)
        self.features.check(seen)
        with torch.no_grad():
            scores = self.network.of_batch(batch)(seen.candidates, seen.loop, seen.mask)
        if bool(scores.isnan().any()):
            raise InvalidQueryError(
                f"the policy {self.name!r} scores a candidate with NaN: its weights are too large for these features;"
                " get the original, or train it again"
            )
        if self.guard is None:
            return candidates, scores
        fired = self.guard.triggers(seen)
        if self.fell_back is not None:
            self.fell_back.append(fired)
        return self.guard.fallback_scores(view, fired, candidates, scores)

    def score(self, view: PoolView) -> Tensor:
        """Return scores (B, N): those of the candidates, minus infinity for records that are none."""
        candidates, scores = self.score_candidates(view)
        full = torch.full((*view.exists.shape[:1], view.exists.shape[1] + 1), -torch.inf, device=scores.device)
        at = torch.where(candidates >= 0, candidates, view.exists.shape[1])
        # Rules may name one record twice: it is worth the better of its scores.
        return full.scatter_reduce(1, at, scores, "amax")[:, :-1]

    def select(self, view: PoolView, count: int = 1) -> Tensor:
        """Return the next batch (B, count), filled pick by pick: each choice sees what the batch already holds.

        Records that are nearly equal to one of the batch count as known: they are chosen only when no others are left.
        """
        if count < 1:
            raise InvalidQueryError(f"batch of {count} records asked for; a batch has at least 1 record")
        picks = []
        for _ in range(count):
            candidates, scores = self.score_candidates(view, count)
            best = scores.argmax(1, keepdim=True)
            picks.append(candidates.gather(1, best)[:, 0])
            if len(picks) < count:
                view = _with_near(view.with_selected(picks[-1]), picks[-1])
        return torch.stack(picks, 1)

    def query(
        self,
        model: Any,
        X_pool: Any,
        X_labelled: Any,
        y_labelled: Any,
        *,
        batch_size: int = 1,
        labels_left: int | None = None,
        seed: int = 0,
        features: Any = None,
        classes: Sequence[Any] | None = None,
        return_scores: bool = False,
    ) -> Any:
        """Return the records of ``X_pool`` to be labelled next, most wanted first.

        Arguments, values and errors are those of :func:`alrl.agents.query.query`.
        """
        from alrl.agents.query import query

        return query(
            self,
            model,
            X_pool,
            X_labelled,
            y_labelled,
            batch_size=batch_size,
            labels_left=labels_left,
            seed=seed,
            features=features,
            classes=classes,
            return_scores=return_scores,
        )


def _with_near(view: PoolView, picks: Tensor) -> PoolView:
    """Return the view in which records nearly equal to the ``picks`` (B,) count as in the batch; -1 picks nothing."""
    distance = view.geometry.distance_from(picks.clamp_min(0)[:, None])[..., 0]
    near = (distance <= _NEAR * view.geometry.extent[:, None]) & (picks >= 0)[:, None] & ~view.selected
    if not bool(near.any()):
        return view
    marked = dataclasses.replace(view, near_batch=near if view.near_batch is None else view.near_batch | near)
    marked.__dict__.update({name: value for name, value in view.__dict__.items() if name in KEPT_IN_BATCH})
    return marked
